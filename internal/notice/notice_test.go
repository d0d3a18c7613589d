package notice_test

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/mail"
	"readerfund/internal/manage"
	"readerfund/internal/money"
	"readerfund/internal/notice"
	"readerfund/internal/settle"
	"readerfund/internal/subscription"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// world is a newsroom that tells its readers.
type world struct {
	*newsroom.Newsroom
	notices *notice.Service
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{}
	clock := testkit.NewClock()
	listen := func(n *notice.Service) settle.Listener { return n.OnApplied }
	cfg := notice.Config{
		Manage: func(id uuid.UUID) string { return "https://give.example.org/manage/gift/" + id.String() },
		Statement: func(_ uuid.UUID, year int, of uuid.UUID) string {
			return "https://give.example.org/statements/" + strconv.Itoa(year) + "?of=" + of.String()
		},
		YearlyDays: []int{7, 30}, Zone: time.UTC, Now: clock.Now, Log: slog.New(slog.DiscardHandler),
	}
	told := notice.New(cfg)
	w.Newsroom = newsroom.New(t, newsroom.Options{Clock: clock, Listeners: []settle.Listener{listen(told)}})
	cfg.DB = w.DB
	w.notices = notice.New(cfg)
	return w
}

// letter is a mail that was written.
type letter struct {
	Kind, Key, Recipient, Args string
}

func (l letter) gift(t *testing.T) (a mail.GiftArgs) {
	t.Helper()
	if err := json.Unmarshal([]byte(l.Args), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) letters() (all []letter) {
	w.T.Helper()
	if err := w.DB.Select(&all, `SELECT kind, key, recipient, args FROM mail ORDER BY created_at, id`); err != nil {
		w.T.Fatal(err)
	}
	return all
}

func (w *world) kinds() string {
	w.T.Helper()
	var kinds []string
	for _, l := range w.letters() {
		kinds = append(kinds, l.Kind)
	}
	return strings.Join(kinds, ", ")
}

// last is the latest mail, which has to be of a kind.
func (w *world) last(kind mail.Kind) mail.GiftArgs {
	w.T.Helper()
	all := w.letters()
	if len(all) == 0 || all[len(all)-1].Kind != string(kind) {
		w.T.Fatalf("want %s as the last of: %s", kind, w.kinds())
	}
	return all[len(all)-1].gift(w.T)
}

// pass has days go by, and PayPal charge what falls due; and we ask how the subscription stands.
func (w *world) pass(c contribution.Contribution, days int) {
	w.T.Helper()
	for range days {
		w.Clock.Advance(24 * time.Hour)
		w.PayPal.Must("POST", "/sandbox/clock", testkit.Fields{"advance": "0s"}, nil)
	}
	w.ask(c)
}

func (w *world) ask(c contribution.Contribution) {
	w.T.Helper()
	src := settle.Source{Way: contribution.BySweep}
	if _, err := w.Settler.SettleSubscription(w.T.Context(), c.Checkout.PayPalID, src); err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) sub(c contribution.Contribution) subscription.Subscription {
	w.T.Helper()
	s, err := subscription.Find(w.T.Context(), w.DB, c.Checkout.PayPalID)
	if err != nil {
		w.T.Fatal(err)
	}
	return s
}

var reader = manage.By{Kind: manage.ByReader}

// From the welcome to the end, each fact is told once, to the reader, with the way to stop.
func TestALifeIsTold(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := w.Subscribe("month", "10.00")
	welcome := w.last(mail.Welcome)
	if welcome.Scheduled || welcome.Amount.String() != "10.00 EUR" || welcome.Frequency != "month" ||
		welcome.Reference != c.Receipt ||
		!welcome.Next.Equal(w.sub(c).NextBillingAt) || welcome.Next.IsZero() || !strings.HasSuffix(welcome.Manage,
		c.ID.String()) {
		t.Errorf("the welcome: %+v", welcome)
	}
	w.pass(c, 32) // a renewal is told by its receipt, and by nothing else
	if got := w.kinds(); got != "welcome" {
		t.Fatalf("after a renewal: %s", got)
	}
	ctx := t.Context()
	if _, err := w.Manage.Pause(ctx, c.ID, 2, reader); err != nil {
		t.Fatal(err)
	}
	if paused := w.last(mail.Paused); paused.Until.IsZero() {
		t.Errorf("paused: %+v", paused)
	}
	if _, err := w.Manage.Resume(ctx, c.ID, reader); err != nil {
		t.Fatal(err)
	}
	w.last(mail.Resumed)
	if _, err := w.Manage.ChangeAmount(ctx, c.ID, money.New(500, "EUR"), reader); err != nil {
		t.Fatal(err)
	}
	changed := w.last(mail.Changed)
	if changed.Amount.String() != "5.00 EUR" || changed.Before.String() != "10.00 EUR" || changed.MissesNext {
		t.Errorf("changed: %+v", changed)
	}
	if _, err := w.Manage.Stop(ctx, c.ID, reader); err != nil {
		t.Fatal(err)
	}
	if stopped := w.last(mail.Stopped); stopped.By != "reader" || stopped.Amount.String() != "5.00 EUR" {
		t.Errorf("stopped: %+v", stopped)
	}
	for range 2 {
		w.ask(c)
	}
	if got := w.kinds(); got != "welcome, paused, resumed, changed, stopped" {
		t.Errorf("told: %s", got)
	}
	for _, l := range w.letters() {
		if !strings.Contains(l.Recipient, "@") {
			t.Errorf("%s goes to %q", l.Kind, l.Recipient)
		}
	}
}

// What begins later is welcomed with the day of its first charge, once, whichever way PayPal keeps it until then.
func TestWhatBeginsLaterIsTold(t *testing.T) {
	t.Parallel()
	for _, waitsAs := range []string{"active", "approved"} {
		w := open(t)
		first := w.Clock.Now().AddDate(0, 1, 0)
		c := w.BeginLater("4.00", first, waitsAs)
		if welcome := w.last(mail.Welcome); welcome.First.Sub(first).Abs() > 24*time.Hour || !welcome.Scheduled ||
			welcome.Amount.String() != "4.00 EUR" {
			t.Errorf("%s: %+v", waitsAs, welcome)
		}
		w.pass(c, 36)
		if got := w.kinds(); got != "welcome" || w.Count("payment") != 1 {
			t.Errorf("%s: after its first charge: %s, %d payments", waitsAs, got, w.Count("payment"))
		}
		c = w.BeginLater("4.00", w.Clock.Now().AddDate(0, 1, 0), waitsAs)
		if _, err := w.Manage.Stop(t.Context(), c.ID, reader); err != nil {
			t.Fatal(err)
		}
		if stopped := w.last(mail.Stopped); stopped.First.IsZero() || w.kinds() != "welcome, welcome, stopped" {
			t.Errorf("%s: stopped before its first charge: %s, %+v", waitsAs, w.kinds(), stopped)
		}
	}
}

// A pause while a dispute is open says so, also of a gift whose latest charge failed; a reader's own pause does not,
// nor does one at PayPal.
func TestAPauseForADisputeIsTold(t *testing.T) {
	t.Parallel()
	for name, failed := range map[string]int{"running": 0, "failing": 1} {
		w := open(t)
		c := w.Subscribe("month", "10.00")
		if failed > 0 {
			w.PayPal.Must("POST", "/sandbox/subscriptions/"+c.Checkout.PayPalID+"/fail", testkit.Fields{"times": failed}, nil)
			w.pass(c, 32)
			w.last(mail.PaymentFailed)
		}
		w.Dispute(w.Capture(c.ID), testkit.Fields{"stage": "CHARGEBACK"})
		changes, err := w.Manage.Changes(t.Context(), c.ID)
		if err != nil || len(changes) != 1 {
			t.Fatalf("%s: %v, %v", name, changes, err)
		}
		if err := w.Manage.Process(t.Context(), changes[0].ID.String()); err != nil {
			t.Fatal(err)
		}
		if paused := w.last(mail.Paused); !paused.Disputed || !paused.Until.IsZero() {
			t.Errorf("%s: %+v", name, paused)
		}
	}
	w := open(t)
	c := w.Subscribe("month", "10.00")
	if _, err := w.Manage.Pause(t.Context(), c.ID, 2, reader); err != nil {
		t.Fatal(err)
	}
	if paused := w.last(mail.Paused); paused.Disputed {
		t.Errorf("the reader's own pause: %+v", paused)
	}
	c = w.Subscribe("month", "12.00")
	if err := w.Client.SuspendSubscription(t.Context(), c.Checkout.PayPalID, "for a while"); err != nil {
		t.Fatal(err)
	}
	w.ask(c)
	if paused := w.last(mail.Paused); paused.Disputed || paused.Amount.String() != "12.00 EUR" {
		t.Errorf("a pause at PayPal: %+v", paused)
	}
}

// A change within ten days of a charge may be too late for it, and the mail says so then and only then.
func TestAChangeThatMayMissTheNextCharge(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := w.Subscribe("month", "10.00")
	w.Clock.Set(w.sub(c).NextBillingAt.Add(-9 * 24 * time.Hour))
	if _, err := w.Manage.ChangeAmount(t.Context(), c.ID, money.New(500, "EUR"), reader); err != nil {
		t.Fatal(err)
	}
	if changed := w.last(mail.Changed); !changed.MissesNext || !changed.Next.Equal(w.sub(c).NextBillingAt) {
		t.Errorf("changed: %+v", changed)
	}
}

// What was stopped at PayPal is said to have been.
func TestStoppedAtPayPal(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := w.Subscribe("month", "10.00")
	if err := w.Client.CancelSubscription(t.Context(), c.Checkout.PayPalID, "I want no more of it"); err != nil {
		t.Fatal(err)
	}
	w.ask(c)
	if stopped := w.last(mail.Stopped); stopped.By != "paypal" {
		t.Errorf("stopped: %+v", stopped)
	}
}

// A failed payment is told kindly, each time it fails; where PayPal gives up, that is said, and not as a pause.
func TestFailedPaymentsAreTold(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := w.Subscribe("month", "10.00")
	w.PayPal.Must("POST", "/sandbox/subscriptions/"+c.Checkout.PayPalID+"/fail", testkit.Fields{"times": 9}, nil)
	for range 24 {
		w.pass(c, 5)
	}
	var failed []mail.GiftArgs
	for _, l := range w.letters()[1:] {
		if l.Kind != string(mail.PaymentFailed) {
			t.Errorf("told: %s", l.Kind)
		}
		failed = append(failed, l.gift(t))
	}
	if len(failed) == 0 || !failed[len(failed)-1].Suspended || failed[0].Suspended || failed[0].Retry.IsZero() {
		t.Errorf("failed payments: %+v", failed)
	}
	if s := w.sub(c); s.State != subscription.Suspended {
		t.Errorf("the subscription is %s", s.State)
	}
}

// Money that comes after the end is told, with when the end was.
func TestChargedAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := w.Subscribe("month", "10.00")
	if _, err := w.Manage.Stop(t.Context(), c.ID, reader); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(48 * time.Hour)
	w.PayPal.Must("POST", "/sandbox/subscriptions/"+c.Checkout.PayPalID+"/renew", testkit.Fields{"late": true}, nil)
	var sale string
	for _, m := range w.Ledger() {
		if m.Kind == "sale" {
			sale = m.ID
		}
	}
	src := settle.Source{Way: contribution.ByWebhook}
	if _, err := w.Payments.SettleSale(t.Context(), sale, c.Checkout.PayPalID, src); err != nil {
		t.Fatal(err)
	}
	if late := w.last(mail.ChargedAfterEnd); late.Amount.String() != "10.00 EUR" || !late.At.After(late.Ended) || late.Ended.IsZero() {
		t.Errorf("charged after the end: %+v", late)
	}
}

// A subscription that ran before we heard of it, as after a database was lost, is not welcomed again.
func TestAnOldSubscriptionIsNotWelcomed(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := w.Subscribe("month", "10.00")
	w.Exec(`DELETE FROM mail`)
	w.Exec(`DELETE FROM subscription`)
	w.pass(c, 5)
	if got := w.kinds(); got != "" {
		t.Errorf("told: %s", got)
	}
}

// A yearly charge is told 30 and 7 days before, each once, and not of what was stopped.
func TestYearlyChargesAreToldBefore(t *testing.T) {
	t.Parallel()
	w := open(t)
	kept, stopped := w.Subscribe("year", "60.00"), w.Subscribe("year", "70.00")
	w.Subscribe("month", "5.00")
	w.Exec(`DELETE FROM mail`)
	next := w.sub(kept).NextBillingAt
	for _, c := range []struct {
		before time.Duration
		wants  int
	}{
		{31 * 24 * time.Hour, 0}, {29 * 24 * time.Hour, 2}, {20 * 24 * time.Hour, 2}, {6 * 24 * time.Hour, 3},
		{2 * 24 * time.Hour, 3}, {-24 * time.Hour, 3},
	} {
		w.Clock.Set(next.Add(-c.before))
		if c.wants == 3 && w.sub(stopped).State.Runs() {
			w.Exec(`UPDATE subscription SET state = 'cancelled' WHERE paypal_id = $1`, stopped.Checkout.PayPalID)
		}
		for range 2 {
			if err := w.notices.Yearly(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.Count("mail WHERE kind = 'yearly_notice'"); n != c.wants {
			t.Fatalf("%v before: %d notices, want %d", c.before, n, c.wants)
		}
	}
	if last := w.last(mail.YearlyNotice); !last.Next.Equal(next) || last.Amount.String() != "60.00 EUR" {
		t.Errorf("the notice: %+v", last)
	}
}

// PayPal charges many at the same moment: all of them are told in one run, however many batches that takes.
func TestYearlyChargesAtTheSameMoment(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := w.Subscribe("year", "60.00")
	w.Exec(`INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, frequency,
	                                  amount_minor, currency, next_billing_at, recorded_at)
	        SELECT 'I-COPY' || n, contribution_id, plan_id, state, status_at, seen_at, frequency,
	               amount_minor, currency, next_billing_at, recorded_at
	        FROM subscription, generate_series(1, 600) AS n`)
	w.Clock.Set(w.sub(c).NextBillingAt.Add(-20 * 24 * time.Hour))
	if err := w.notices.Yearly(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.Count("mail WHERE kind = 'yearly_notice'"); n != 601 {
		t.Errorf("%d notices, want 601", n)
	}
}
