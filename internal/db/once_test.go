package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"testing"

	"readerfund/internal/db"
	"readerfund/internal/fault"
)

const insertOnce = `INSERT INTO t (n) VALUES ($1) ON CONFLICT (n) DO UPDATE SET n = excluded.n WHERE t.n < 0 RETURNING n`

// meddleWith has the proxy ask f about each message that holds the text.
func (p *proxy) meddleWith(text string, f func(w *wire, message []byte) (forward bool)) {
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
		p.meddleWith("INSERT INTO t", c.meddle)
		var n int
		err := d.GetOnce(t.Context(), &n, insertOnce, i)
		if !errors.Is(err, db.ErrCommitUnknown) || !fault.Is(err, fault.Unavailable) {
			t.Fatalf("%s: %v", c.name, err)
		}
		p.meddleWith("INSERT INTO t", func(*wire, []byte) bool { return true })
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
	p.meddleWith("INSERT INTO t", func(*wire, []byte) bool { cancel(); return true })
	var n int
	if err := d.GetOnce(ctx, &n, insertOnce, 1); err != nil || n != 1 {
		t.Fatalf("the deadline reached the statement: %v", err)
	}
	if p.dials.Load() != dials {
		t.Error("a cancel request was sent")
	}
	if err := d.GetOnce(ctx, &n, insertOnce, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("a statement is sent for a request that has ended: %v", err)
	}
}

func TestRefusedStatementIsKnown(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	var n int
	if err := d.GetOnce(t.Context(), &n, insertOnce, 1); err != nil {
		t.Fatal(err)
	}
	if err := d.GetOnce(t.Context(), &n, insertOnce, 1); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row: %v", err)
	}
	err := d.GetOnce(t.Context(), &n, `INSERT INTO t (n) VALUES ($1) RETURNING n / 0`, 5)
	if db.SQLState(err) != "22012" || errors.Is(err, db.ErrCommitUnknown) {
		t.Errorf("refused: %v", err)
	}
}
