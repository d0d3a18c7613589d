package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/db/localpg"
)

// F29: the database is lost, and comes back from a backup from before many gifts, refunds and a dispute. The commands are
// those that docs/operations.md tells; afterwards our books equal PayPal's. READERFUND_BACKUP_GIFTS says how many gifts
// the backup does not have.
func TestRestoredBackupIsReconciled(t *testing.T) {
	t.Parallel()
	s := openScene(t)
	v := s.serve()
	s.giveMany(10)
	dir := t.TempDir()
	s.fromTheDocs(dir, "backup")

	s.giveMany(many(t, "READERFUND_BACKUP_GIFTS", 60))
	s.balanced(time.Minute)
	before := s.count("contribution WHERE state <> 'created'")
	if err := v.stop(syscall.SIGTERM, 20*time.Second); err != nil {
		t.Fatal(err)
	}

	s.settings["DATABASE_URL"] = dbtest.NewEmptyURL(t)
	s.db = openDatabase(t, s.settings["DATABASE_URL"])
	s.fromTheDocs(dir, "restore")
	s.balanced(10 * time.Second)
	if after := s.count("contribution WHERE state <> 'created'"); after != before {
		t.Errorf("%d gifts, %d before the database was lost", after, before)
	}
	if n := s.count("contribution WHERE origin = 'restored'"); n < before-10 {
		t.Errorf("%d of %d gifts were restored: the backup cannot have had the others", n, before)
	}
	if lost := s.count("contribution c JOIN campaign k ON k.id = c.campaign_id WHERE k.slug <> 'support'"); lost != 0 {
		t.Errorf("%d gifts lost their campaign", lost)
	}
	if out := s.command("", "reconcile"); !strings.Contains(out, "0 unexplained") {
		t.Errorf("a second run says:\n%s", out)
	}
}

// many is how often something is done: little by default, as much as the variable says when somebody has the time.
func many(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number above 0", name, text)
	}
	return n
}

// giveMany has gifts made and paid, eight readers at a time. Every fifth is refunded in part, every seventh whole, and
// every ninth disputed.
func (s *scene) giveMany(n int) {
	s.t.Helper()
	queue := make(chan int)
	var readers sync.WaitGroup
	for range 8 {
		v := s.visitor()
		readers.Go(func() {
			for i := range queue {
				if err := s.giveOne(v, i); err != nil {
					s.t.Errorf("gift %d: %v", i, err)
				}
			}
		})
	}
	for i := range n {
		queue <- i
	}
	close(queue)
	readers.Wait()
}

func (s *scene) giveOne(v *visitor, i int) error {
	a, err := v.give("25.00", "EUR", "")
	if err != nil {
		return err
	}
	g, err := a.started()
	if err != nil {
		return err
	}
	back, err := s.bank.approve(g.order(), "")
	if err != nil {
		return err
	}
	if _, err := v.send("GET", strings.Replace(back, s.base, "", 1), ""); err != nil {
		return err
	}
	captures := s.bank.capturesOf(g.ID)
	if len(captures) != 1 {
		return nil // a webhook captures it
	}
	hook := "/sandbox/captures/" + captures[0].ID
	switch {
	case i%5 == 0:
		err = s.bank.hook("POST", hook+"/refund", fields{"amount": "10.00"}, nil)
	case i%7 == 0:
		err = s.bank.hook("POST", hook+"/refund", fields{}, nil)
	case i%9 == 0:
		err = s.bank.hook("POST", hook+"/dispute", fields{"outcome": []string{"buyer", "seller"}[i%2]}, nil)
	}
	return err
}

var docsCommand = regexp.MustCompile("(?s)<!-- (\\w+) -->\n```sh\n(.*?)```")

// fromTheDocs runs the commands that docs/operations.md gives under a name, in a folder, as its reader would.
func (s *scene) fromTheDocs(dir, name string) {
	s.t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		s.t.Fatal(err)
	}
	script := ""
	for _, found := range docsCommand.FindAllStringSubmatch(string(text), -1) {
		if found[1] == name {
			script = found[2]
		}
	}
	if script == "" {
		s.t.Fatalf("docs/operations.md has no commands under %q", name)
	}
	tools, err := localpg.Find()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-euc", script)
	cmd.Dir = dir
	cmd.Env = append(environment(s.settings), "PATH="+tools+":"+filepath.Dir(program(s.t, "readerfund"))+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	s.t.Logf("%s:\n%s", name, out)
}
