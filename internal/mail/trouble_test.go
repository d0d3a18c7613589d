package mail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/mail"
	"readerfund/internal/mail/catcher"
	"readerfund/internal/testkit"
)

func TestEveryKindHasAName(t *testing.T) {
	t.Parallel()
	for _, k := range mail.Kinds() {
		if !i18n.Has("mail.kind." + string(k)) {
			t.Errorf("the staff page has no name for %q", k)
		}
	}
}

func TestTroubleIsListedAndSentAgain(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.catcher.Fail(catcher.Fault{At: catcher.AtRcpt, Code: 550})
	o.enqueue(link("1", "ada@example.org"), link("2", "eve@example.org"), link("3", "no address"))
	o.send()
	// A link that has run out, or was shown to nobody knows whom, is not sent again; so these stand for other kinds.
	testkit.Exec(t, o.db, `UPDATE mail SET args = '{"url": "https://give.example.org", "minutes": 1}' WHERE key <> '2'`)
	all, err := o.Troubles(t.Context())
	if err != nil || len(all.Mails) != 3 || all.Count[mail.Failed] != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	var ada mail.Trouble
	for _, m := range all.Mails {
		if m.Key == "1" {
			ada = m
		}
		if m.Again != (m.Key != "2") || strings.Contains(m.To+m.Answer, "ada@") || m.Since != noon {
			t.Errorf("%+v", m)
		}
	}
	if ada.To != "a…@example.org" || !strings.Contains(ada.Answer, "5.1.1 <a…@example.org>: as asked for") {
		t.Errorf("%+v", ada)
	}
	o.catcher.Fail(catcher.Fault{})
	by := mail.By{Name: "staff@example.org"}
	o.clock.Advance(time.Minute)
	if err := o.Again(t.Context(), ada.ID, by); err != nil {
		t.Fatal(err)
	}
	for _, id := range []uuid.UUID{ada.ID, uuid.Must(uuid.NewV7())} {
		if err := o.Again(t.Context(), id, by); !fault.Is(err, fault.Conflict) {
			t.Errorf("again: %v", err)
		}
	}
	o.send()
	o.want("1", mail.Sent)
	if n, err := o.AgainAll(t.Context(), mail.Failed, by); err != nil || n != 1 { // the one that has no address
		t.Errorf("%d, %v", n, err)
	}
	o.send()
	o.want("3", mail.Failed)
	if _, err := o.AgainAll(t.Context(), mail.Sent, by); !fault.Is(err, fault.Invalid) {
		t.Errorf("what was sent is sent again: %v", err)
	}
	if n, err := o.AgainAll(t.Context(), mail.Off, by); err != nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	if n := testkit.Count(t, o.db, `audit_entry WHERE action = 'mail.again' AND subject IN ('manage_link 1', '1 × failed')`); n != 2 {
		t.Errorf("%d entries in the audit log", n)
	}
}
