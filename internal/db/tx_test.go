package db_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
)

// withTable is a fresh database with a table t (n int PRIMARY KEY, v int).
func withTable(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.New(t)
	makeTable(t, d)
	return d
}

func makeTable(t *testing.T, d *db.DB) {
	t.Helper()
	if _, err := d.ExecContext(t.Context(), `CREATE TABLE t (n int PRIMARY KEY, v int NOT NULL DEFAULT 0 CHECK (v >= 0))`); err != nil {
		t.Fatal(err)
	}
}

func insert(n int) func(context.Context, *sqlx.Tx) error {
	return func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO t (n) VALUES ($1)`, n)
		return err
	}
}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.GetContext(t.Context(), &n, `SELECT count(*) FROM t`); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestInTxCommitsOrRollsBack(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	if err := d.InTx(t.Context(), insert(1)); err != nil {
		t.Fatal(err)
	}
	own := fault.New(fault.Conflict, "Done already.")
	err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		return errors.Join(insert(2)(ctx, tx), own)
	})
	if !errors.Is(err, own) {
		t.Fatalf("got %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			if err := insert(3)(ctx, tx); err != nil {
				return err
			}
			panic("a defect")
		})
	}()
	if n := count(t, d); n != 1 {
		t.Fatalf("%d rows, want the committed one", n)
	}
	if open := d.Stats().InUse; open != 0 {
		t.Fatalf("%d connections were not given back", open)
	}
}

// What is told of a transaction is told once it is committed, and once.
func TestAfterCommit(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	var told []string
	tell := func(ctx context.Context, what string) { db.AfterCommit(ctx, func() { told = append(told, what) }) }
	lost := errors.New("no")
	for name, fn := range map[string]func(ctx context.Context, tx *sqlx.Tx) error{
		"an error": func(context.Context, *sqlx.Tx) error { return lost },
		"a broken transaction": func(ctx context.Context, tx *sqlx.Tx) error {
			_, _ = tx.ExecContext(ctx, `SELECT nonsense`) // swallowed: COMMIT finds out
			return nil
		},
	} {
		err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			tell(ctx, name)
			return fn(ctx, tx)
		})
		if err == nil || len(told) > 0 {
			t.Errorf("%s: %v, told %v", name, err, told)
		}
	}
	runs := 0
	err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		tell(ctx, "first")
		tell(ctx, "second")
		if runs++; runs < 3 { // as if it had lost against another one
			_, err := tx.ExecContext(ctx, `DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`)
			return err
		}
		if len(told) > 0 {
			t.Errorf("told before COMMIT: %v", told)
		}
		return insert(1)(ctx, tx)
	})
	if err != nil || runs != 3 || !slices.Equal(told, []string{"first", "second"}) {
		t.Errorf("%v after %d runs, told %v", err, runs, told)
	}
	if tell(t.Context(), "outside"); len(told) != 2 {
		t.Errorf("outside of a transaction: %v", told)
	}
}

func TestInTxNoticesASwallowedError(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		_ = insert(1)(ctx, tx)
		_ = insert(1)(ctx, tx) // refused; the transaction is broken from here on
		return nil
	})
	if err == nil || errors.Is(err, db.ErrCommitUnknown) {
		t.Fatalf("got %v", err)
	}
	if n := count(t, d); n != 0 {
		t.Fatalf("%d rows of a broken transaction", n)
	}
}

func TestInTxRunsAgainAfterADeadlock(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	for _, n := range []int{1, 2} {
		if err := d.InTx(t.Context(), insert(n)); err != nil {
			t.Fatal(err)
		}
	}
	// Each locks its first row, waits for the other to have done so, and goes for the other's.
	var first sync.WaitGroup
	first.Add(2)
	cross := func(mine, other int, runs *int) error {
		return d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			*runs++
			if _, err := tx.ExecContext(ctx, `UPDATE t SET v = v + 1 WHERE n = $1`, mine); err != nil {
				return err
			}
			if *runs == 1 {
				first.Done()
				first.Wait()
			}
			_, err := tx.ExecContext(ctx, `UPDATE t SET v = v + 1 WHERE n = $1`, other)
			return err
		})
	}
	var runs [2]int
	var errs [2]error
	var both sync.WaitGroup
	both.Go(func() { errs[0] = cross(1, 2, &runs[0]) })
	both.Go(func() { errs[1] = cross(2, 1, &runs[1]) })
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	// It may lose more than once: its next run can be back at its row before the other one, which waits for it, wakes up.
	if min(runs[0], runs[1]) != 1 || max(runs[0], runs[1]) == 1 {
		t.Errorf("%v runs: one of the two should have run again", runs)
	}
	var sum int
	if err := d.Get(&sum, `SELECT sum(v) FROM t`); err != nil || sum != 4 {
		t.Fatalf("sum %d, %v; want 4: each transaction once", sum, err)
	}
}

func TestInTxRunsAgainAfterASerializationFailure(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	for _, c := range []struct {
		failures, runs int
		want           fault.Kind
	}{{2, 3, 0}, {100, 5, fault.Unavailable}} {
		runs := 0
		err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			runs++
			if runs <= c.failures {
				_, err := tx.ExecContext(ctx, `DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$`)
				return err
			}
			return insert(c.failures)(ctx, tx)
		})
		if runs != c.runs || fault.KindOf(err) != c.want || (err == nil) != (c.want == 0) {
			t.Errorf("%d failures: %d runs, %v", c.failures, runs, err)
		}
	}
}

func TestDeadlineEndsATransactionBeforeCommit(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	started := time.Now()
	err := d.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := insert(1)(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `SELECT pg_sleep(20)`)
		return err
	})
	if !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if time.Since(started) > 10*time.Second {
		t.Fatal("the statement went on after the deadline")
	}

	// A function that does not look at its context does not get its COMMIT either.
	ctx, cancel = context.WithCancel(t.Context())
	err = d.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		err := insert(2)(ctx, tx)
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, db.ErrCommitUnknown) {
		t.Fatalf("got %v", err)
	}
	if n := count(t, d); n != 0 {
		t.Fatalf("%d rows of requests that had ended", n)
	}
}

func TestDeadlineDoesNotCancelCommit(t *testing.T) {
	t.Parallel()
	p, d := openProxied(t, db.Options{})
	makeTable(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	dials := p.dials.Load()
	p.intercept(func(*wire) bool {
		cancel()
		time.Sleep(200 * time.Millisecond)
		return true
	})
	if err := d.InTx(ctx, insert(1)); err != nil {
		t.Fatalf("the deadline reached COMMIT: %v", err)
	}
	if p.dials.Load() != dials {
		t.Error("a cancel request was sent")
	}
	p.intercept(func(*wire) bool { return true })
	if n := count(t, d); n != 1 {
		t.Fatalf("%d rows", n)
	}
}

func TestLostAnswerToCommitIsUnknown(t *testing.T) {
	t.Parallel()
	p, d := openProxied(t, db.Options{})
	makeTable(t, d)
	for _, c := range []struct {
		name   string
		meddle func(*wire) bool
		rows   int // what a look by key finds afterwards
	}{
		{"the answer is lost", commitThenSilence, 1},
		{"COMMIT itself is lost", func(*wire) bool { return false }, 1},
	} {
		p.intercept(c.meddle)
		runs := 0
		err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			runs++
			db.AfterCommit(ctx, func() { t.Errorf("%s: it is told as committed", c.name) })
			return insert(len(c.name))(ctx, tx)
		})
		if !errors.Is(err, db.ErrCommitUnknown) || !fault.Is(err, fault.Unavailable) || runs != 1 {
			t.Fatalf("%s: %v after %d runs", c.name, err, runs)
		}
		p.intercept(func(*wire) bool { return true })
		if n := count(t, d); n != c.rows {
			t.Errorf("%s: %d rows, want %d", c.name, n, c.rows)
		}
	}
}

func TestRefusedCommitIsKnown(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	d.MustExec(`CREATE TABLE late (n int REFERENCES t DEFERRABLE INITIALLY DEFERRED)`)
	err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO late VALUES (7)`)
		return err
	})
	if db.SQLState(err) != "23503" || errors.Is(err, db.ErrCommitUnknown) {
		t.Fatalf("got %v", err)
	}
}

func TestInReadTxSeesOneStateAndWritesNothing(t *testing.T) {
	t.Parallel()
	d := withTable(t)
	err := d.InReadTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		var before, after int
		if err := tx.GetContext(ctx, &before, `SELECT count(*) FROM t`); err != nil {
			return err
		}
		if err := d.InTx(ctx, insert(1)); err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &after, `SELECT count(*) FROM t`); err != nil {
			return err
		}
		if before != 0 || after != 0 {
			t.Errorf("counted %d, then %d", before, after)
		}
		return insert(2)(ctx, tx)
	})
	if db.SQLState(err) != "25006" || !fault.Is(err, fault.Unavailable) {
		t.Fatalf("writing gave %v", err)
	}
}

// The server ends a statement that takes too long; the connection can be used again, and other transactions have no
// limit.
func TestInReadTxEndsALongStatement(t *testing.T) {
	t.Parallel()
	d, err := db.Open(t.Context(), dbtest.NewURL(t), db.Options{MaxOpen: 1, ReadTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	sleep := func(seconds string) func(context.Context, *sqlx.Tx) error {
		return func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, `SELECT pg_sleep(`+seconds+`)`)
			return err
		}
	}
	if err := d.InReadTx(t.Context(), sleep("60")); !fault.Is(err, fault.Unavailable) || !db.IsCancelled(err) {
		t.Errorf("a statement of a minute: %v", err)
	}
	if err := d.InReadTx(t.Context(), sleep("0")); err != nil {
		t.Errorf("a short one after it: %v", err)
	}
	if err := d.InTx(t.Context(), sleep("0.2")); err != nil {
		t.Errorf("in an ordinary transaction: %v", err)
	}
}
