package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/fault"
)

const insertOnce = `INSERT INTO t (n) VALUES ($1) ON CONFLICT (n) DO UPDATE SET n = excluded.n WHERE t.n < 0 RETURNING n`

// interceptText has the proxy ask f about each message that holds the text.
func (p *proxy) interceptText(text string, f func(w *wire, message []byte) (forward bool)) {
	meddle := func(w *wire, message []byte) bool { return !bytes.Contains(message, []byte(text)) || f(w, message) }
	p.atMessage.Store(&meddle)
}

func TestLostAnswerToOneStatementIsUnknown(t *testing.T) {
	t.Parallel()
	p, d := openProxied(t, db.Options{})
	makeTable(t, d)
	for i, c := range []struct {
		name   string
		meddle func(*wire, []byte) bool
		rows   int // what a look by key finds afterwards
	}{
		{"the statement itself is lost", func(*wire, []byte) bool { return false }, 0},
		{"the answer is lost", func(w *wire, message []byte) bool {
			w.mute.Store(true)
			if _, err := w.server.Write(message); err == nil {
				<-w.answered
			}
			return false
		}, 1},
	} {
		p.interceptText("INSERT INTO t", c.meddle)
		_, err := db.GetOnce[int](t.Context(), d, insertOnce, i)
		if !errors.Is(err, db.ErrCommitUnknown) || !fault.Is(err, fault.Unavailable) {
			t.Fatalf("%s: %v", c.name, err)
		}
		p.interceptText("INSERT INTO t", func(*wire, []byte) bool { return true })
		if got := count(t, d); got != c.rows {
			t.Errorf("%s: %d rows, want %d", c.name, got, c.rows)
		}
	}
}

func TestDeadlineDoesNotCancelOneStatement(t *testing.T) {
	t.Parallel()
	p, d := openProxied(t, db.Options{})
	makeTable(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	dials := p.dials.Load()
	p.interceptText("INSERT INTO t", func(*wire, []byte) bool { cancel(); return true })
	if n, err := db.GetOnce[int](ctx, d, insertOnce, 1); err != nil || n != 1 {
		t.Fatalf("the deadline reached the statement: %v", err)
	}
	if p.dials.Load() != dials {
		t.Error("a cancel request was sent")
	}
	if _, err := db.GetOnce[int](ctx, d, insertOnce, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("a statement is sent for a request that has ended: %v", err)
	}
}

func TestRefusedStatementIsKnown(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	if _, err := db.GetOnce[int](t.Context(), d, insertOnce, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := db.GetOnce[int](t.Context(), d, insertOnce, 1); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row: %v", err)
	}
	_, err := db.GetOnce[int](t.Context(), d, `INSERT INTO t (n) VALUES ($1) RETURNING n / 0`, 5)
	if db.SQLState(err) != "22012" || errors.Is(err, db.ErrCommitUnknown) {
		t.Errorf("refused: %v", err)
	}
}

// Behind a long lock a statement is neither done nor refused. It is not cancelled: once the lock ends it takes place.
func TestOneStatementDoesNotWaitForALongLock(t *testing.T) {
	t.Parallel()
	p, d := openProxied(t, db.Options{OnceTimeout: 200 * time.Millisecond})
	makeTable(t, d)
	locked, err := d.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := locked.ExecContext(t.Context(), `LOCK TABLE t IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	dials := p.dials.Load()
	began := time.Now()
	if _, err := db.GetOnce[int](t.Context(), d, insertOnce, 1); !errors.Is(err, db.ErrCommitUnknown) {
		t.Errorf("behind a lock: %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it waited %s", took)
	}
	if err := locked.Rollback(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); count(t, d) != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the statement was cancelled")
		}
	}
	if n := p.dials.Load() - dials; n > 1 { // the statement's own connection, and none that carries a cancel request
		t.Errorf("%d connections were opened", n)
	}
	if got, err := db.GetOnce[int](t.Context(), d, insertOnce, 2); err != nil || got != 2 {
		t.Errorf("afterwards: %d, %v", got, err)
	}
}
