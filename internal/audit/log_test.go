package audit_test

import (
	"context"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
)

// entries is the log, the newest entry first.
func entries(t *testing.T, d *db.DB) []audit.Entry {
	t.Helper()
	page, err := audit.NewLog(audit.Config{DB: d, Reading: d, Now: time.Now}).List(t.Context(), audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Entries
}

// What was not done is not in the log.
func TestAnEntryGoesWithItsTransaction(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	tx, err := d.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.Write(t.Context(), tx, audit.Entry{
		At: time.Now(), Actor: audit.CommandLine, Action: "staff.add",
	}); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if log := entries(t, d); len(log) != 0 {
		t.Errorf("got %+v", log)
	}
}

func TestAFloodIsOneEntry(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for _, key := range []string{"one", "two", "one", "one"} {
		e := audit.Entry{
			At: time.Now(), Actor: audit.Unknown, Action: "staff.sign_in_failed", Subject: key,
			Detail: map[string]string{"reason": "wrong password"},
		}
		if err := audit.Count(t.Context(), d, e, key); err != nil {
			t.Fatal(err)
		}
	}
	log := entries(t, d)
	if len(log) != 2 || log[0].Detail["times"] != "" || log[1].Detail["times"] != "3" ||
		log[1].Detail["reason"] != "wrong password" {
		t.Errorf("got %+v", log)
	}
}

func TestALookIsRecordedOnceAnHour(t *testing.T) {
	t.Parallel()
	d, now := dbtest.New(t), time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	log := audit.NewLog(audit.Config{DB: d, Reading: d, Now: func() time.Time { return now }})
	for _, look := range []struct {
		after time.Duration
		actor string
		want  int
	}{{0, "ann", 1}, {59 * time.Minute, "ann", 1}, {0, "bob", 2}, {time.Minute, "ann", 3}} {
		now = now.Add(look.after)
		e := audit.Entry{Actor: look.actor, Action: "contribution.view", Subject: "AAAA-0001"}
		if err := log.RecordView(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if n := len(entries(t, d)); n != look.want {
			t.Errorf("%s at %s: %d entries, want %d", look.actor, now, n, look.want)
		}
	}
}

func TestEraseWords(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		for _, subject := range []string{"AAAA-0001", "BBBB-0002"} {
			e := audit.Entry{
				At: time.Now(), Actor: audit.CommandLine, Action: "contribution.note", Subject: subject,
				Detail: map[string]string{"note": "She is ill.", "reason": "", "before": "completed"},
			}
			if err := audit.Write(ctx, tx, e); err != nil {
				return err
			}
		}
		for _, want := range []int64{1, 0} {
			if n, err := audit.EraseWords(ctx, tx, []string{"AAAA-0001"}, "(erased)"); err != nil || n != want {
				t.Errorf("%d entries, %v, want %d", n, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	log := entries(t, d)
	if erased := log[1].Detail; erased["note"] != "(erased)" || erased["reason"] != "" || erased["before"] != "completed" {
		t.Errorf("got %v", erased)
	}
	if other := log[0].Detail["note"]; other != "She is ill." {
		t.Errorf("another subject's note is %q", other)
	}
}
