package faults

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
	"readerfund/internal/db/dbtest"
	"readerfund/internal/db/localpg"
	"readerfund/internal/testkit"
	"readerfund/migrations"
)

// cluster is a PostgreSQL of the harness's own, which it may stop, starve and fill up. The service signs in as an
// ordinary account that owns its tables, so that limits on accounts and databases hold for it; the harness looks on as
// superuser.
type cluster struct {
	dir    string
	server *localpg.Server
	admin  *db.DB
}

const (
	serviceRole        = "service"
	smallTablespace    = "tiny" // the tablespace of a disk that can be filled, where the system lets us mount one
	smallDiskMegabytes = 48
)

func startCluster(t *testing.T) *cluster {
	t.Helper()
	g := &cluster{dir: dbtest.ClusterFolder(t)}
	// Not a port that an outgoing connection gets while the server is stopped.
	_, text, err := net.SplitHostPort(testkit.FreeAddress(t))
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
	})
	g.admin = testkit.OpenDatabase(t, g.server.URL("postgres"))
	g.exec(t, `CREATE ROLE `+serviceRole+` LOGIN PASSWORD 'service'`)
	g.exec(t, `CREATE DATABASE pristine OWNER `+serviceRole)
	d, err := db.Open(t.Context(), g.urlFor(serviceRole, "pristine"), db.Options{MaxOpen: 2})
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
func (g *cluster) start(t *testing.T, port int) {
	t.Helper()
	server, err := localpg.Start(
		t.Context(),
		localpg.Options{Dir: g.dir, Port: port, Settings: map[string]string{"deadlock_timeout": "100ms"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	g.server = server
}

// stop ends the server, and restart brings it back where it was. What was committed is kept.
func (g *cluster) stop(t *testing.T) {
	t.Helper()
	if err := g.server.Stop(); err != nil {
		t.Error(err)
	}
}

func (g *cluster) restart(t *testing.T) { t.Helper(); g.start(t, g.server.Port()) }

// exec runs a statement as superuser, again when the connection is one that a stopped server left behind.
func (g *cluster) exec(t *testing.T, statement string) {
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
func (g *cluster) database(t *testing.T, empty bool, space string) string {
	t.Helper()
	name, template := "round_"+strings.ReplaceAll(uuid.NewString(), "-", ""), "pristine"
	if empty {
		template = "template0"
	}
	statement := `CREATE DATABASE ` + name + ` TEMPLATE ` + template + ` OWNER ` + serviceRole
	if space != "" {
		statement += ` TABLESPACE ` + space
	}
	g.exec(t, statement)
	t.Cleanup(func() { g.exec(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return name
}

// urlFor is the address of a database for an account other than the superuser.
func (g *cluster) urlFor(account, database string) string {
	u, err := url.Parse(g.server.URL(database))
	if err != nil {
		panic(err) // the server wrote it
	}
	u.User = url.UserPassword(account, account)
	return u.String()
}

// disconnect ends every connection of the service to a database.
func (g *cluster) disconnect(t *testing.T, database string) {
	t.Helper()
	g.exec(
		t,
		fmt.Sprintf(
			`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '%s' AND usename = '%s'`,
			database,
			serviceRole,
		),
	)
}

// mountSmallDisk makes a small disk for one database, and gives its folder; why not, where the system does not allow
// it.
func (g *cluster) mountSmallDisk(t *testing.T) (folder, whyNot string) {
	t.Helper()
	var data string
	var err error
	if err = g.admin.GetContext(t.Context(), &data, `SELECT current_setting('data_directory')`); err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: the server runs under another account, which must get there.
	folder, err = os.MkdirTemp("", "readerfund-disk-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	if err := mount(folder, smallDiskMegabytes, data); err != nil {
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
