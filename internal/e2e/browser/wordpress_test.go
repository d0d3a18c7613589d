package browser

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// A newsroom on WordPress puts the plugin's one file in its place, says where Readerfund is, and writes the shortcode
// or the block into a story. A reader gives from there.
func TestOnWordPress(t *testing.T) {
	t.Parallel()
	root, err := exec.Command(testkit.Root(t, "scripts", "setup-wordpress.sh")).Output()
	if err != nil {
		if os.Getenv("READERFUND_WORDPRESS") == "required" {
			t.Fatal("there is no WordPress")
		}
		t.Skip("there is no WordPress (`make test-wordpress` gets it where it can)")
	}
	browser := openBrowser(t)
	address := testkit.FreeAddress(t)
	s := harness.New(t, "EMBED_ORIGINS", "http://"+address)
	s.Serve()
	w := newWordPress(t, strings.TrimSpace(string(root)), address)
	stories := w.install(
		map[string]any{"readerfund": map[string]any{"address": s.BaseURL, "room": true}},
		`[readerfund campaign="support"]`, `<!-- wp:readerfund/appeal {"campaign":"support","format":"inline"} /-->`)
	w.serve()
	for n, story := range stories {
		name := []string{"shortcode", "block"}[n]
		b := browser.openTab(t, screens()[n*2])
		b.open(story)
		b.awaitAppeal() // in sight, because the story is short and room is kept
		if moved := eval[string](b, shifted); moved != "" {
			t.Errorf("%s: the page's layout shifts by %s", name, moved)
		}
		b.screenshotBoth("wordpress-" + name)
		for line := range strings.Lines(w.log()) {
			if strings.Contains(line, "readerfund") { // it complains of itself as well
				t.Errorf("%s: %s", name, line)
			}
		}
		b.do(cdp.Evaluate[cdp.Void](appealRoot + `.querySelector(".rf-button").scrollIntoView()`))
		b.navigate(cdp.Evaluate[cdp.Void](appealRoot + `.querySelector(".rf-button").click()`))
		b.expect("not PayPal", "Approve 10.00 EUR")
		if n := s.Count("contribution WHERE article = $1", story); n != 1 {
			t.Errorf("%s: %d gifts of %s, want one", name, n, story)
		}
	}
}

// wordPress is one on a database of its own, served by PHP itself.
type wordPress struct {
	t            *testing.T
	dir, address string
}

func newWordPress(t *testing.T, root, address string) *wordPress {
	t.Helper()
	w := &wordPress{t: t, dir: t.TempDir(), address: address}
	w.must(exec.Command("cp", "-rL", root, w.dir+"/site"))
	plugin := testkit.Root(t, "integrations", "wordpress", "readerfund.php")
	w.must(exec.Command("cp", plugin, w.dir+"/site/wp-content/plugins/readerfund.php"))
	_ = os.Remove(w.dir + "/site/wp-config.php") // Debian's, which reads /etc
	config := fmt.Sprintf(`<?php
		define('DB_NAME', 'wp'); define('DB_USER', 'root'); define('DB_PASSWORD', ''); define('DB_HOST', 'localhost:%[1]s');
		define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
		define('WP_DEBUG', true); define('WP_DEBUG_DISPLAY', false); define('WP_DEBUG_LOG', '%[3]s');
		define('WP_HTTP_BLOCK_EXTERNAL', true); define('DISABLE_WP_CRON', true);
		define('WP_HOME', 'http://%[2]s'); define('WP_SITEURL', 'http://%[2]s');
		$table_prefix = 'wp_';
		if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
		require_once ABSPATH . 'wp-settings.php';`, w.socket(), address, w.dir+"/debug.log")
	if err := os.WriteFile(w.dir+"/site/wp-config.php", []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	w.startMariaDB()
	return w
}

// socket is where MariaDB listens; a socket's path may have at most 107 characters.
func (w *wordPress) socket() string {
	return filepath.Join(os.TempDir(), filepath.Base(w.address)+".sock")
}

// startMariaDB starts one that listens on a socket alone. It refuses to run as root, as PostgreSQL does.
func (w *wordPress) startMariaDB() {
	w.t.Helper()
	data := w.dir + "/db"
	if err := os.Mkdir(data, 0o755); err != nil {
		w.t.Fatal(err)
	}
	account, err := user.Current()
	if err != nil {
		w.t.Fatal(err)
	}
	name := account.Username
	if account.Uid == "0" {
		name = "mysql" // Debian's package makes it
		w.must(exec.Command("chown", "mysql", data))
		w.must(exec.Command("chmod", "o+x", filepath.Dir(w.dir), w.dir))
	}
	w.must(exec.Command("mariadb-install-db", "--no-defaults", "--user="+name, "--datadir="+data,
		"--auth-root-authentication-method=normal", "--skip-test-db"))
	w.start(exec.Command("mariadbd", "--no-defaults", "--user="+name, "--datadir="+data, "--socket="+w.socket(),
		"--skip-networking", "--innodb-flush-log-at-trx-commit=0"))
	testkit.Eventually(w.t, time.Minute, "MariaDB answers", func() (bool, string) {
		out, err := exec.Command("mariadb", "--no-defaults", "--socket="+w.socket(), "--user=root",
			"--execute=CREATE DATABASE IF NOT EXISTS wp").CombinedOutput()
		return err == nil, string(out)
	})
}

// install installs WordPress with the plugin, and gives the addresses of stories that end with these appeals.
func (w *wordPress) install(options map[string]any, appeals ...string) []string {
	w.t.Helper()
	cmd := exec.Command("php", testkit.Root(w.t, "internal", "e2e", "browser", "testdata", "wordpress.php"))
	cmd.Env = append(os.Environ(), "WP_ROOT="+w.dir+"/site", "WP_URL=http://"+w.address,
		"WP_OPTIONS="+w.json(options), "WP_STORIES="+w.json(appeals))
	out, err := cmd.Output()
	stories := strings.Fields(string(out))
	if err != nil || len(stories) != len(appeals) {
		w.t.Fatalf("install WordPress: %v\n%.300s\n%s", err, out, w.log())
	}
	return stories
}

// log is what WordPress has to complain of.
func (w *wordPress) log() string {
	text, err := os.ReadFile(w.dir + "/debug.log")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err.Error()
	}
	return string(text)
}

func (w *wordPress) json(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func (w *wordPress) serve() {
	w.t.Helper()
	w.start(exec.Command("php", "-S", w.address, "-t", w.dir+"/site"))
	testkit.Eventually(w.t, time.Minute, "WordPress answers", func() (bool, string) {
		out, err := exec.Command("php", "-r", `exit(@file_get_contents($argv[1]) === false ? 1 : 0);`, "http://"+w.address).
			CombinedOutput()
		return err == nil, string(out)
	})
}

func (w *wordPress) must(cmd *exec.Cmd) {
	w.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

// start starts a program for as long as the test takes.
func (w *wordPress) start(cmd *exec.Cmd) {
	w.t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // it was killed
		_ = os.Remove(w.socket())
	})
}
