package command

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/db/localpg"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// F29: the database is lost, and comes back from a backup from before many gifts, refunds and a dispute. The commands
// are those that docs/operations.md tells; afterwards our books equal PayPal's. READERFUND_BACKUP_GIFTS says how many
// gifts the backup does not have.
func TestRestoredBackupIsReconciled(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	v := s.Serve()
	giveMany(s, 10)
	dir := t.TempDir()
	fromTheDocs(s, dir, "backup")

	giveMany(s, testkit.Many(t, "READERFUND_BACKUP_GIFTS", 15, 60))
	s.Balanced(time.Minute)
	before := s.Count("contribution WHERE state <> 'created'")
	if err := v.Stop(syscall.SIGTERM, time.Minute); err != nil {
		t.Fatal(err)
	}

	s.Settings["DATABASE_URL"] = dbtest.NewEmptyURL(t)
	s.DB = testkit.OpenDatabase(t, s.Settings["DATABASE_URL"])
	fromTheDocs(s, dir, "restore")
	s.Balanced(time.Minute)
	if after := s.Count("contribution WHERE state <> 'created'"); after != before {
		t.Errorf("%d gifts, %d before the database was lost", after, before)
	}
	if n := s.Count("contribution WHERE origin = 'restored'"); n < before-10 {
		t.Errorf("%d of %d gifts were restored: the backup cannot have had the others", n, before)
	}
	if lost := s.Count("contribution c JOIN campaign k ON k.id = c.campaign_id WHERE k.slug <> 'support'"); lost != 0 {
		t.Errorf("%d gifts lost their campaign", lost)
	}
	if out := s.Command("", "reconcile"); !strings.Contains(out, "0 unexplained") {
		t.Errorf("a second run says:\n%s", out)
	}
}

// giveMany has gifts made and paid, eight readers at a time. Every fifth is refunded in part, every seventh whole, and
// every ninth disputed.
func giveMany(s *harness.Fixture, n int) {
	s.T.Helper()
	queue := make(chan int)
	var readers sync.WaitGroup
	for range 8 {
		v := s.Client()
		readers.Go(func() {
			for i := range queue {
				if err := giveOne(s, v, i); err != nil {
					s.T.Errorf("gift %d: %v", i, err)
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

func giveOne(s *harness.Fixture, v *harness.Client, i int) error {
	a, err := v.Give("25.00", "EUR", "")
	if err != nil {
		return err
	}
	g, err := a.Started()
	if err != nil {
		return err
	}
	back, err := s.PayPal.Approve(g.Order(), "")
	if err != nil {
		return err
	}
	if _, err := v.Send("GET", strings.Replace(back, s.BaseURL, "", 1), ""); err != nil {
		return err
	}
	captures := s.PayPal.CapturesOf(g.ID)
	if len(captures) != 1 {
		return nil // a webhook captures it
	}
	hook := "/sandbox/captures/" + captures[0].ID
	switch {
	case i%5 == 0:
		err = s.PayPal.Hook("POST", hook+"/refund", testkit.Fields{"amount": "10.00"}, nil)
	case i%7 == 0:
		err = s.PayPal.Hook("POST", hook+"/refund", testkit.Fields{}, nil)
	case i%9 == 0:
		err = s.PayPal.Hook("POST", hook+"/dispute", testkit.Fields{"outcome": []string{"buyer", "seller"}[i%2]}, nil)
	}
	return err
}

var docsCommand = regexp.MustCompile("(?s)<!-- (\\w+) -->\n```sh\n(.*?)```")

// fromTheDocs runs the commands that docs/operations.md gives under a name, in a folder, as its reader would.
func fromTheDocs(s *harness.Fixture, dir, name string) {
	s.T.Helper()
	text, err := os.ReadFile(testkit.Root(s.T, "docs", "operations.md"))
	if err != nil {
		s.T.Fatal(err)
	}
	script := ""
	for _, found := range docsCommand.FindAllStringSubmatch(string(text), -1) {
		if found[1] == name {
			script = found[2]
		}
	}
	if script == "" {
		s.T.Fatalf("docs/operations.md has no commands under %q", name)
	}
	tools, err := localpg.Find()
	if err != nil {
		s.T.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.T.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-euc", script)
	cmd.Dir = dir
	cmd.Env = append(
		harness.Environment(s.Settings),
		"PATH="+tools+":"+filepath.Dir(harness.Program(s.T, "readerfund"))+":"+os.Getenv("PATH"),
	)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.T.Fatalf("%s: %v\n%s", name, err, out)
	}
	s.T.Logf("%s:\n%s", name, out)
}
