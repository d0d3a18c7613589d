package mail_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/mail"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func link(key, to string) mail.Message {
	return mail.Message{
		Kind: mail.ManageLink, Key: key, To: to, Name: "Ada", Locale: "en-GB",
		Args: mail.ManageLinkArgs{URL: "https://give.example.org/manage/abc", Minutes: 15},
	}
}

func enqueue(t *testing.T, d *db.DB, all ...mail.Message) error {
	t.Helper()
	return d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		return mail.Enqueue(ctx, tx, noon, all...)
	})
}

func count(t *testing.T, d *db.DB, where string, args ...any) int {
	t.Helper()
	var n int
	if err := d.GetContext(t.Context(), &n, `SELECT count(*) FROM mail WHERE `+where, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAFactIsToldOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if err := enqueue(t, d, link("1", "ada@example.org"), link("2", "ada@example.org"), link("1", "eve@example.org")); err != nil {
		t.Fatal(err)
	}
	if err := enqueue(t, d, link("2", "eve@example.org")); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, `state = 'queued' AND due_at = $1 AND recipient = 'ada@example.org'`, noon); n != 2 {
		t.Errorf("%d mails, want 2", n)
	}
	if n := count(t, d, `true`); n != 2 {
		t.Errorf("%d mails in all, want 2", n)
	}
}

func TestNobodyIsNotTold(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if err := enqueue(t, d, link("1", "")); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, `true`); n != 0 {
		t.Errorf("%d mails", n)
	}
}

// What readers wrote must not keep the transaction from being committed that books their money.
func TestOddWordsDoNotStopTheTransaction(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	odd := link("1", "no address\r\nBcc: all@example.org\x00\xff")
	odd.Name, odd.Locale = "Ada\r\nBcc: x\x00", "\x00"
	odd.Args = mail.ManageLinkArgs{URL: "a\x00b\xff"}
	if err := enqueue(t, d, odd); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, `recipient !~ '[[:cntrl:]]' AND name !~ '[[:cntrl:]]'`); n != 1 {
		t.Errorf("%d mails with clean lines", n)
	}
}

func TestMistakesOfTheProgram(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for name, c := range map[string]struct {
		change func(*mail.Message)
		says   string
	}{
		"unknown kind":            {func(m *mail.Message) { m.Kind = "letter" }, `no kind "letter"`},
		"no key":                  {func(m *mail.Message) { m.Key = "" }, "no key"},
		"another kind's argument": {func(m *mail.Message) { m.Args = "url" }, "takes mail.ManageLinkArgs, not string"},
	} {
		m := link("1", "ada@example.org")
		c.change(&m)
		if err := enqueue(t, d, m); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
