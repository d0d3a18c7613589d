package mail_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/mail"
	"readerfund/internal/mail/catcher"
	"readerfund/internal/money"
)

// receipts enqueues as many as a renewal day brings.
func (o *office) receipts(n int) {
	o.Helper()
	all := make([]mail.Message, n)
	for i := range all {
		all[i] = mail.Message{Kind: mail.Receipt, Key: fmt.Sprint("r", i), To: fmt.Sprintf("reader%d@example.org", i),
			Args: mail.ReceiptArgs{Kind: "receipt", Serial: fmt.Sprint(i), Amount: money.New(500, "EUR"), Frequency: "month"}}
	}
	o.enqueue(all...)
}

// arrived waits until a mail to an address has arrived, and reports how many came before it.
func (o *office) arrived(to string) (before int) {
	o.Helper()
	for range 1000 {
		for n, m := range o.catcher.Mails() {
			if strings.Join(m.To, "") == to {
				return n
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	o.Fatalf("no mail to %s arrives", to)
	return 0
}

// While 2,000 receipts go to a slow relay, the link that a reader waits for goes at once; the receipts go on beside it.
func TestALinkDoesNotWaitBehindReceipts(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.catcher.Fail(catcher.Fault{At: catcher.AfterData, Slow: 20 * time.Millisecond})
	o.receipts(2000)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- o.Send(ctx) }()
	for len(o.catcher.Mails()) < 10 {
		time.Sleep(10 * time.Millisecond)
	}
	o.enqueue(link("1", "ada@example.org"))
	if err := o.SendPrompt(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := o.arrived("ada@example.org")
	if waiting := count(t, o.db, `kind = 'receipt' AND state = 'queued'`); before > 200 || waiting < 1500 {
		t.Errorf("%d mails came before the link, and %d receipts wait", before, waiting)
	}
	for len(o.catcher.Mails()) < before+20 { // and the receipts go on
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if n := count(t, o.db, `kind = 'receipt' AND state = 'queued' AND tries > 0`); n > 0 {
		t.Errorf("%d receipts have used up a try", n)
	}
}

// Where nobody sends prompt mail beside it, Send does so first, and neither lane keeps the other from its turn.
func TestSendTakesPromptMailFirst(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.receipts(10)
	var links []mail.Message
	for n := range 60 { // more than are claimed at once
		links = append(links, link(fmt.Sprint(n), fmt.Sprintf("link%d@example.org", n)))
	}
	o.enqueue(links...)
	o.send()
	mails := o.catcher.Mails()
	if len(mails) != 70 || !strings.HasPrefix(mails[0].To[0], "link") || !strings.HasPrefix(mails[69].To[0], "link") {
		t.Fatalf("%d mails, the first to %s and the last to %s", len(mails), mails[0].To, mails[len(mails)-1].To)
	}
	if before := o.arrived("reader0@example.org"); before < 50 || before >= 60 {
		t.Errorf("%d mails came before the first receipt", before)
	}
}

// What waited too long is not sent, in whichever lane.
func TestALinkThatHasRunOutIsNotSent(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	late := link("1", "ada@example.org")
	late.NotAfter = noon.Add(30 * time.Minute)
	o.enqueue(late)
	o.clock.Advance(30 * time.Minute)
	if err := o.SendPrompt(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.want("1", mail.Expired)
	if n := len(o.catcher.Mails()); n != 0 {
		t.Errorf("%d mails are sent", n)
	}
}

// SendPrompt leaves the others alone, and each lane is read along its index.
func TestLanesAreApart(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.receipts(1)
	if err := o.SendPrompt(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.want("r0", mail.Queued)
	var index string
	if err := o.db.Get(&index, `SELECT pg_get_indexdef('mail_prompt'::regclass)`); err != nil {
		t.Fatal(err)
	}
	for _, k := range mail.Kinds() {
		if named := strings.Contains(index, "'"+string(k)+"'"); named != mail.Prompt(k) {
			t.Errorf("%s is prompt: %v; in the index: %v", k, mail.Prompt(k), named)
		}
	}
	var plan []string
	err := o.db.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `SET LOCAL enable_seqscan = off`); err != nil { // the table is small
			return err
		}
		return tx.SelectContext(ctx, &plan,
			`EXPLAIN SELECT id FROM mail WHERE due_at <= now() AND `+mail.PromptWhere+` ORDER BY due_at LIMIT 50`)
	})
	if err != nil || !strings.Contains(strings.Join(plan, "\n"), "mail_prompt") {
		t.Errorf("%v\n%s", err, strings.Join(plan, "\n"))
	}
}
