package e2e

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/db/localpg"
	"readerfund/migrations"
)

// ground is a PostgreSQL of the harness's own, which it may stop, starve and fill up. The service signs in as an ordinary
// account that owns its tables, so that limits on accounts and databases hold for it; the harness looks on as superuser.
type ground struct {
	dir    string
	server *localpg.Server
	admin  *db.DB
}

const (
	serviceAccount = "service"
	tinySpace      = "tiny" // the tablespace of a disk that can be filled, where the system lets us mount one
	tinyMegabytes  = 48
)

func openGround(t *testing.T) *ground {
	t.Helper()
	g := &ground{dir: t.TempDir()}
	// Not a port that an outgoing connection gets while the server is stopped.
	_, text, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	g.start(t, port)
	t.Cleanup(func() {
		if err := g.server.Stop(); err != nil {
			t.Error(err)
		}
		if err := localpg.Remove(g.dir); err != nil {
			t.Error(err)
		}
	})
	g.admin = openDatabase(t, g.server.URL("postgres"))
	g.exec(t, `CREATE ROLE `+serviceAccount+` LOGIN PASSWORD 'service'`)
	g.exec(t, `CREATE DATABASE pristine OWNER `+serviceAccount)
	d, err := db.Open(t.Context(), g.as(serviceAccount, "pristine"), db.Options{MaxOpen: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context(), d, migrations.FS); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return g
}

// start starts the server, again on the same port after it was stopped. Deadlocks are looked for sooner than usual, so
// that a round does not spend its time waiting for them.
func (g *ground) start(t *testing.T, port int) {
	t.Helper()
	server, err := localpg.Start(t.Context(), localpg.Options{Dir: g.dir, Port: port, Settings: map[string]string{"deadlock_timeout": "100ms"}})
	if err != nil {
		t.Fatal(err)
	}
	g.server = server
}

// stop ends the server, and restart brings it back where it was. What was committed is kept.
func (g *ground) stop(t *testing.T) {
	t.Helper()
	if err := g.server.Stop(); err != nil {
		t.Error(err)
	}
}

func (g *ground) restart(t *testing.T) { t.Helper(); g.start(t, g.server.Port()) }

// exec runs a statement as superuser, again when the connection is one that a stopped server left behind.
func (g *ground) exec(t *testing.T, statement string) {
	t.Helper()
	var err error
	for range 5 {
		if _, err = g.admin.ExecContext(context.WithoutCancel(t.Context()), statement); err == nil || db.SQLState(err) != "" {
			break
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// database makes a fresh database, migrated or empty, for as long as the test takes, and gives its name.
func (g *ground) database(t *testing.T, empty bool, space string) string {
	t.Helper()
	name, template := "round_"+strings.ReplaceAll(uuid.NewString(), "-", ""), "pristine"
	if empty {
		template = "template0"
	}
	statement := `CREATE DATABASE ` + name + ` TEMPLATE ` + template + ` OWNER ` + serviceAccount
	if space != "" {
		statement += ` TABLESPACE ` + space
	}
	g.exec(t, statement)
	t.Cleanup(func() { g.exec(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return name
}

// as is the address of a database for an account other than the superuser.
func (g *ground) as(account, database string) string {
	u, err := url.Parse(g.server.URL(database))
	if err != nil {
		panic(err) // the server wrote it
	}
	u.User = url.UserPassword(account, account)
	return u.String()
}

// sever ends every connection of the service to a database.
func (g *ground) sever(t *testing.T, database string) {
	t.Helper()
	g.exec(t, fmt.Sprintf(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '%s' AND usename = '%s'`, database, serviceAccount))
}

// mountTiny makes a small disk for one database, and gives its folder; why not, where the system does not allow it.
func (g *ground) mountTiny(t *testing.T) (folder, whyNot string) {
	t.Helper()
	var data string
	var err error
	if err = g.admin.GetContext(t.Context(), &data, `SELECT current_setting('data_directory')`); err != nil {
		t.Fatal(err)
	}
	folder, err = os.MkdirTemp("", "readerfund-disk-") //nolint:usetesting // the server runs under another account, which must get there
	if err != nil {
		t.Fatal(err)
	}
	if err := mount(folder, tinyMegabytes, data); err != nil {
		_ = os.Remove(folder) // it is empty
		return "", err.Error()
	}
	// Unmounted last, when the tablespace and the database on it are gone.
	t.Cleanup(func() {
		for range 50 { // the server closes its files a moment after it said that they are gone
			if err = unmount(folder); err == nil {
				err = os.Remove(folder)
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if err != nil {
			t.Errorf("%s is still mounted: %v", folder, err)
		}
	})
	return folder, ""
}
