package db_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/db/localpg"
	"readerfund/internal/fault"
)

func TestOpenSaysWhatIsWrongWithoutThePassword(t *testing.T) {
	t.Parallel()
	good, err := url.Parse(dbtest.NewURL(t))
	if err != nil {
		t.Fatal(err)
	}
	const secret = "p4ss/w%rd"
	with := func(change func(u *url.URL)) string {
		u := *good
		u.User = url.UserPassword("readerfund", secret)
		change(&u)
		return u.String()
	}
	for _, c := range []struct {
		name, address, says string
		kind                fault.Kind
	}{
		{"empty", "", "Write the database's address", fault.Invalid},
		{"not an address", "postgres://u:p4ss/w%rd@host/db", "Write the database's address", fault.Invalid},
		{"another scheme", "mysql://u:" + url.QueryEscape(secret) + "@host/db", "Write the database's address",
			fault.Invalid},
		{"unknown sslmode", with(func(u *url.URL) { u.RawQuery = "sslmode=perhaps&password=" + url.QueryEscape(secret) }), "cannot be", fault.Invalid},
		{"port", with(func(u *url.URL) { u.Host = "127.0.0.1:99999" }), "cannot be", fault.Invalid},
		{"wrong password", with(func(*url.URL) {}), "refuses the user or the password", fault.Unavailable},
		{"nobody there", with(func(u *url.URL) { u.Host = "127.0.0.1:1" }), "does not answer", fault.Unavailable},
		{"no TLS there", with(func(u *url.URL) { u.RawQuery = "" }), "sslmode=disable", fault.Unavailable},
		{"no such database", strings.Replace(good.String(), good.Path, "/nothing", 1), "no database of that name",
			fault.Unavailable},
	} {
		_, err := db.Open(t.Context(), c.address, db.Options{})
		if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v; want %q", c.name, err, c.says)
			continue
		}
		password, _ := good.User.Password()
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), "p4ss", password} {
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), form) {
				t.Errorf("%s: the password is in %v", c.name, err)
			}
		}
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	var at time.Time
	var zone, name string
	err := d.QueryRow(`SELECT timestamptz '2026-07-01 12:00+02', current_setting('timezone'), current_setting('application_name')`).Scan(&at, &zone, &name)
	if err != nil {
		t.Fatal(err)
	}
	if at.Location() != time.UTC || at.Hour() != 10 || zone != "UTC" || name != "readerfund" {
		t.Errorf("%v, %s, %s", at, zone, name)
	}
	var found []int64
	if err := d.Get(db.Array(&found), `SELECT array_agg(n) FROM unnest($1::bigint[]) n WHERE n = ANY($2)`,
		db.Array([]int64{1, 2, 3}), db.Array([]int64{2, 3})); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(found, []int64{2, 3}) {
		t.Errorf("got %v", found)
	}
}

func TestConstraints(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	exec := func(query string) error {
		_, err := d.ExecContext(t.Context(), query)
		return err
	}
	if err := exec(`INSERT INTO t (n) VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		query string
		is    func(error) bool
	}{
		{`INSERT INTO t (n) VALUES (1)`, db.IsUnique},
		{`INSERT INTO t (n, v) VALUES (2, -1)`, db.IsCheck},
	} {
		err := exec(c.query)
		if !c.is(err) || fault.KindOf(db.Translate(err)) != fault.Internal {
			t.Errorf("%s: %v", c.query, err)
		}
		matches := 0
		for _, is := range []func(error) bool{db.IsUnique, db.IsCheck, db.IsNotFound} {
			if is(err) {
				matches++
			}
		}
		if matches != 1 {
			t.Errorf("%s: %d of the tests say yes", c.query, matches)
		}
	}
	var n int
	if err := d.Get(&n, `SELECT n FROM t WHERE n = 9`); !db.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	state := func(code string) error {
		return fmt.Errorf("insert: %w", &pq.Error{Code: pqerror.Code(code), Message: "m"})
	}
	own := fault.New(fault.NotFound, "No such thing.")
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{state("08006"), fault.Unavailable}, {state("53300"), fault.Unavailable}, {state("53100"), fault.Unavailable},
		{state("57P01"), fault.Unavailable}, {state("57P03"), fault.Unavailable}, {state("25006"), fault.Unavailable},
		{state("58030"), fault.Unavailable}, {state("40001"), fault.Unavailable}, {state("57014"), fault.Unavailable},
		{state("28P01"), fault.Unavailable}, {state("55P03"), fault.Unavailable},
		{state("23505"), fault.Internal}, {state("42P01"), fault.Internal}, {state("22P02"), fault.Internal},
		{state("XX000"), fault.Internal},
		{driver.ErrBadConn, fault.Unavailable}, {io.ErrUnexpectedEOF, fault.Unavailable},
		{context.DeadlineExceeded, fault.Unavailable},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, fault.Unavailable},
		{context.Canceled, fault.Internal}, {errors.New("a defect"), fault.Internal}, {own, fault.NotFound},
		{fmt.Errorf("while full: %w: %w", own, state("53100")), fault.NotFound},
	} {
		got := db.Translate(c.err)
		if fault.KindOf(got) != c.want || !errors.Is(got, c.err) {
			t.Errorf("%v became %v (%v), want %v", c.err, got, fault.KindOf(got), c.want)
		}
	}
	if db.Translate(nil) != nil {
		t.Error("no error became one")
	}
}

func TestServerStopsAndComesBack(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pg")
	start := func(port int) *localpg.Server {
		s, err := localpg.Start(t.Context(), localpg.Options{
			Dir: dir, Port: port, Settings: map[string]string{"wal_level": "replica"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := start(0)
	t.Cleanup(func() {
		if err := errors.Join(s.Stop(), localpg.Remove(dir)); err != nil {
			t.Error(err)
		}
	})
	d, err := db.Open(t.Context(), s.URL("postgres"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	makeTable(t, d)
	var data string
	if err := d.Get(&data, `SHOW data_directory`); err != nil {
		t.Fatal(err)
	}

	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := d.InTx(t.Context(), insert(1)); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("stopped: %v", err)
	}
	s = start(s.Port())
	if err := d.InTx(t.Context(), insert(1)); err != nil {
		t.Fatalf("back again: %v", err)
	}

	// A primary that was demoted under the pool answers, but takes nothing.
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "standby.signal"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s = start(s.Port())
	if err := d.InTx(t.Context(), insert(2)); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("standby: %v", err)
	}
	if n := count(t, d); n != 1 {
		t.Fatalf("%d rows on the standby", n)
	}
}

func TestSilentServerCountsAsLost(t *testing.T) {
	t.Parallel()
	p, d := openProxied(t, db.Options{AnswerTimeout: 2 * time.Second, MaxOpen: 1})
	makeTable(t, d)
	p.deaf.Store(true)
	started := time.Now()
	if err := d.InTx(t.Context(), insert(1)); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	if took := time.Since(started); took > 20*time.Second {
		t.Fatalf("took %v", took)
	}
	p.deaf.Store(false)
	if err := d.InTx(t.Context(), insert(1)); err != nil {
		t.Fatalf("a fresh connection: %v", err)
	}
}

func TestFullPoolIsUnavailable(t *testing.T) {
	t.Parallel()
	d, err := db.Open(t.Context(), dbtest.NewURL(t), db.Options{MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	busy, err := d.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := d.InTx(ctx, insert(1)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if err := busy.Rollback(); err != nil {
		t.Fatal(err)
	}
}
