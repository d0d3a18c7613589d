package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/mail"
	"readerfund/internal/mail/catcher"
	"readerfund/internal/testkit"
)

// F28: the mail server refuses, says "not now", is slow, hangs up, or takes a mail and dies before it says so; and the
// service is killed while it sends.
func mailFails(h *fixture) {
	for _, f := range []catcher.Fault{
		{At: catcher.AfterData, Cut: true, Times: 2},
		{At: catcher.AtRcpt, Code: 451, Times: 3},
		{At: catcher.AtRcpt, Code: 550, Times: 1},
		{At: catcher.AtMail, Code: 421, Times: 1},
		{At: catcher.AtData, Cut: true, Times: 1},
		{At: catcher.AfterData, Slow: time.Second, Times: 2},
	} {
		h.Mail.Fail(f)
		h.tell()
		h.eventuallyMail("the fault strikes", func() (bool, string) {
			return h.Mail.Failed() > 0, "it does not"
		})
		if f.Slow > 0 { // a mail is kept, and its sender dies before it hears of it
			h.restartAll()
		}
		h.struck += h.Mail.Failed()
		h.Mail.Fail(catcher.Fault{})
		h.tell()
		caught := len(h.Mail.Mails())
		h.eventuallyMail("mail is taken again", func() (bool, string) {
			return len(h.Mail.Mails()) > caught, fmt.Sprintf("still %d mails", caught)
		})
	}
}

// tell writes a mail down for each payment, and gives some more to write about.
func (h *fixture) tell() {
	h.T.Helper()
	h.waitForGifts(h.load.Given() + 1)
	testkit.Eventually(h.T, harness.RetryFor, "there is something to tell", func() (bool, string) {
		var told int
		err := h.DB.InTx(h.T.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			var payments []string
			err := tx.SelectContext(ctx, &payments, `
				SELECT paypal_id FROM payment WHERE paypal_id NOT IN (SELECT key FROM mail WHERE kind = $1)`, mail.ManageLink)
			if err != nil {
				return err
			}
			told = len(payments)
			for _, id := range payments {
				// Twice: it is one fact all the same.
				m := mail.Message{
					Kind: mail.ManageLink, Key: id, To: "reader-" + id + "@example.org",
					Args: mail.ManageLinkArgs{URL: h.BaseURL + "/manage/" + id, Minutes: 15},
				}
				if err := mail.Enqueue(ctx, tx, time.Now(), m, m); err != nil {
					return err
				}
			}
			return nil
		})
		return err == nil && told > 0, fmt.Sprintf("%d payments, %v", told, err)
	})
}

// eventuallyMail waits, and has what mails wait for be over meanwhile.
func (h *fixture) eventuallyMail(what string, so func() (bool, string)) {
	h.T.Helper()
	testkit.Eventually(h.T, settleTimeout, what, func() (bool, string) {
		h.mustExec(`UPDATE mail SET due_at = now() WHERE due_at > now() + interval '20 seconds'
			AND tried_at < now() - interval '2 seconds'`)
		return so()
	})
}

// sameMails checks that each fact was told: at least once, always under the same Message-ID, marked once, and nothing
// else.
func sameMails(h *fixture, f *harness.Differences) {
	h.T.Helper()
	h.eventuallyMail("no mail waits", func() (bool, string) {
		n := h.Count("mail WHERE state = 'queued'")
		return n == 0, fmt.Sprintf("%d mails wait", n)
	})
	copies := map[string]int{}
	for _, m := range h.Mail.Mails() {
		copies[m.MessageID()]++
	}
	var rows []struct {
		ID     string     `db:"message_id"`
		State  mail.State `db:"state"`
		Answer string     `db:"answer"`
		Tries  int        `db:"tries"`
	}
	if err := h.DB.SelectContext(h.T.Context(), &rows, `SELECT message_id, state, answer, tries FROM mail`); err != nil {
		h.T.Fatal(err)
	}
	refused := 0
	for _, row := range rows {
		switch n := copies[row.ID]; {
		case row.State == mail.Failed:
			refused++
		case row.State != mail.Sent:
			f.Unexplained = append(f.Unexplained, fmt.Sprintf("mail %s is %s: %s", row.ID, row.State, row.Answer))
		case n == 0:
			f.Lost = append(f.Lost, "mail "+row.ID+" is marked as sent, and was not")
		case n > row.Tries:
			f.Doubled = append(f.Doubled, fmt.Sprintf("mail %s was sent %d times, tried %d times", row.ID, n, row.Tries))
		}
		delete(copies, row.ID)
	}
	for id, n := range copies {
		f.Unexplained = append(f.Unexplained, fmt.Sprintf("%d mails %s, of which nothing is known", n, id))
	}
	if refused > 1 {
		f.Unexplained = append(f.Unexplained, fmt.Sprintf("%d mails are given up, and one was refused", refused))
	}
}
