package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/testkit"
)

// engine is a kind of browser.
type engine struct {
	name  string
	start func(t *testing.T, width, height int) wire
}

// engines are those that READERFUND_ENGINES names.
func engines() []engine {
	all := []engine{{"chromium", startChromium}, {"firefox", startFirefox}, {"webkit", startWebKit}}
	wanted := strings.Fields(os.Getenv("READERFUND_ENGINES"))
	return slices.DeleteFunc(all, func(e engine) bool { return !slices.Contains(wanted, e.name) })
}

// programs are what scripts/setup-engines.sh found: a name and a path on each line.
func programs(t *testing.T) map[string]string {
	t.Helper()
	if len(engines()) == 0 {
		t.Skip("READERFUND_ENGINES names no engine (`make test-engines` names all three)")
	}
	out, err := exec.Command(testkit.Root(t, "scripts", "setup-engines.sh")).Output()
	if err != nil {
		t.Fatalf("not all engines are here: %v", err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		found[name] = path
	}
	return found
}

func startChromium(t *testing.T, width, height int) wire {
	t.Helper()
	p := programs(t)
	address := testkit.FreeAddress(t)
	run(t, nil, p["chromedriver"], "--port="+port(address))
	return session(t, address, map[string]any{"goog:chromeOptions": map[string]any{
		"binary": p["chromium"],
		"args":   []string{"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"},
		"mobileEmulation": map[string]any{"deviceMetrics": map[string]any{ // a window cannot be as narrow as a phone
			"width": width, "height": height, "pixelRatio": 1, "mobile": false, "touch": false,
		}},
	}})
}

// startFirefox starts one without geckodriver, which only translates what Firefox speaks itself.
func startFirefox(t *testing.T, width, height int) wire {
	t.Helper()
	profile, address := t.TempDir(), testkit.FreeAddress(t)
	prefs := fmt.Sprintf("user_pref(\"marionette.port\", %s);\nuser_pref(\"network.proxy.type\", 0);\n"+
		"user_pref(\"app.update.disabledForTesting\", true);\nuser_pref(\"ui.systemUsesDarkTheme\", 0);\n", port(address))
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(prefs), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, []string{"HOME=" + profile, "MOZ_HEADLESS_WIDTH=1500", "MOZ_HEADLESS_HEIGHT=1200"}, programs(t)["firefox"],
		"--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", profile)
	w := eventually(t, func(ctx context.Context) (*marionette, error) { return dialMarionette(ctx, address) })
	t.Cleanup(func() { _ = w.conn.Close() })
	// A window cannot be as narrow as a phone, but the page in it can.
	for _, step := range []struct {
		name   string
		params map[string]any
	}{
		{"WebDriver:SetWindowRect", map[string]any{"width": 1500, "height": 1200}},
		{"Marionette:SetContext", map[string]any{"value": "chrome"}},
		{"WebDriver:ExecuteScript", map[string]any{"script": `
			const tab = gBrowser.selectedBrowser;
			[tab.style.minWidth, tab.style.maxWidth] = [arguments[0] + "px", arguments[0] + "px"];
			[tab.style.minHeight, tab.style.maxHeight] = [arguments[1] + "px", arguments[1] + "px"];`,
			"args": []any{width, height}}},
		{"Marionette:SetContext", map[string]any{"value": "content"}},
	} {
		if _, err := w.send(step.name, step.params); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// startWebKit starts WebKitGTK's small browser, which needs a display.
func startWebKit(t *testing.T, width, height int) wire {
	t.Helper()
	p, dir := programs(t), t.TempDir()
	env := []string{"DISPLAY=" + display(t, p["xvfb"], dir), "HOME=" + t.TempDir(), "GTK_THEME=Adwaita", "no_proxy=*",
		"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1", "NO_AT_BRIDGE=1"} // it shows pages of ours alone
	address := testkit.FreeAddress(t)
	run(t, env, p["webkitdriver"], "--port="+port(address))
	w := session(t, address, map[string]any{"webkitgtk:browserOptions": map[string]any{
		"binary": p["minibrowser"], "args": []string{"--automation", "--full-screen"}, // without its own toolbar
	}})
	fit(t, w, width, height)
	return &onDisplay{overHTTP: w, file: filepath.Join(dir, "Xvfb_screen0")}
}

// fit makes a window so large that the page in it has this size.
func fit(t *testing.T, w wire, width, height int) {
	t.Helper()
	s := newTab(t, w, "")
	wantWidth, wantHeight := width, height
	for range 3 {
		s.call(resize, map[string]any{"width": wantWidth, "height": wantHeight, "x": 0, "y": 0})
		var size []int
		s.eval(&size, `return [innerWidth, innerHeight]`)
		if size[0] == width && size[1] == height {
			return
		}
		wantWidth, wantHeight = wantWidth+width-size[0], wantHeight+height-size[1]
	}
	t.Log("the window does not take the size exactly")
}

// display starts a screen that nobody sees, and keeps what is on it in a folder.
func display(t *testing.T, xvfb, dir string) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.Command(xvfb, "-displayfd", "3", "-screen", "0", "1600x1400x24", "-nolisten", "tcp",
		"-nocursor", "-fbdir", dir) // a pointer that turns while a page comes would be in its picture
	cmd.ExtraFiles = []*os.File{write}
	start(t, cmd)
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	number, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("the display does not come up: %v", err)
	}
	return ":" + strings.TrimSpace(number)
}

func session(t *testing.T, address string, capabilities map[string]any) *overHTTP {
	t.Helper()
	w := eventually(t, func(ctx context.Context) (*overHTTP, error) { return newSession(ctx, address, capabilities) })
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, _ = w.send(ctx, http.MethodDelete, "", nil) // the process is stopped in any case
	})
	return w
}

// eventually tries again while the program comes up.
func eventually[W any](t *testing.T, try func(ctx context.Context) (W, error)) W {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		w, err := try(ctx)
		if err == nil {
			return w
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// run starts a program for as long as the test takes.
func run(t *testing.T, env []string, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	start(t, cmd)
}

func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it starts is stopped with it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Errorf("stop %s: %v", cmd.Path, err)
		}
		_ = cmd.Wait() // it was killed
	})
}

func port(address string) string {
	_, number, _ := strings.Cut(address, ":")
	if _, err := strconv.Atoi(number); err != nil {
		panic("an address without a port: " + address)
	}
	return number
}
