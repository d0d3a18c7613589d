package dashboard_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/dashboard"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/health"
	"readerfund/internal/listing"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/migrations"
)

// What staff see of an installation of the version before is the same once it is migrated: every contribution with all
// that is known of it, what waits, what is wrong. The golden file was written by the code of schema 14 on schema 14.
// cmd/readerfund holds what leaves the house, reports and downloads, to the same.
func TestMigrationKeepsEveryView(t *testing.T) {
	t.Parallel()
	now, err := time.Parse(time.RFC3339, dbtest.InstallationTime)
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), dbtest.NewInstallation(t), db.Options{MaxOpen: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if _, err := db.Migrate(t.Context(), d, migrations.FS); err != nil {
		t.Fatal(err)
	}
	w := &views{
		t: t, reports: report.New(d, zone(t, "Europe/Lisbon"), "EUR"), views: dashboard.New(d, zone(t, "Europe/Lisbon")),
		monitor: health.New(d), now: now,
	}
	w.everyContribution()
	w.everyEntry()
	w.whatPayPalSent()
	w.reconciliation()
	w.health()
	const golden = "testdata/schema14.golden.gz"
	if *update {
		pack(t, golden, w.text.String())
	}
	want := strings.SplitAfter(unpack(t, golden), "\n")
	for i, line := range strings.SplitAfter(w.text.String(), "\n") {
		if i >= len(want) || line != want[i] {
			t.Fatalf("line %d\nis  %q\nwas %q", i+1, line, append(want, "", "")[min(i, len(want))])
		}
	}
}

// views writes what staff see, a line for each thing, in an order and form of its own: field names are not in it.
type views struct {
	t       *testing.T
	reports *report.Reports
	views   *dashboard.Views
	monitor *health.Monitor
	now     time.Time
	text    strings.Builder
}

func (w *views) line(kind string, values ...any) {
	w.text.WriteString(kind)
	for _, v := range values {
		switch v := v.(type) {
		case time.Time:
			if v.IsZero() {
				w.text.WriteString(" | -")
				continue
			}
			w.text.WriteString(" | " + v.UTC().Format(time.RFC3339Nano))
		case money.Amount:
			w.text.WriteString(" | " + v.Decimal() + " " + string(v.Currency))
		default:
			fmt.Fprintf(&w.text, " | %v", v)
		}
	}
	w.text.WriteByte('\n')
}

func (w *views) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *views) everyContribution() {
	ctx := w.t.Context()
	var all []uuid.UUID
	w.must(w.views.EachContribution(ctx, dashboard.ContributionsQuery{}, func(c dashboard.Contribution) error {
		all = append(all, c.ID)
		return nil
	}))
	for _, id := range all {
		h, err := w.views.History(ctx, id)
		w.must(err)
		w.history(h)
	}
	for _, search := range []string{
		"aero@reader.example", "Ærø", "maud", "o'hara", "=sum", "JZFV-XMJ7", "nothing like it",
	} {
		page, err := w.views.Contributions(ctx, dashboard.ContributionsQuery{Search: search, Mail: true})
		w.must(err)
		for _, c := range page.Contributions {
			w.line("found by "+search, c.Receipt, c.Reader(), c.Mail())
		}
	}
}

func (w *views) history(h dashboard.History) {
	c := h.Contribution
	w.line("contribution", c.ID, c.Receipt, c.Status, c.Reason, c.Attention, c.Amount, c.Gross, c.Fee, c.Refunded, c.Held,
		c.Net,
		c.Campaign, c.Article, c.Name, c.Email, c.Message, c.Naming, c.PayerName, c.PayerMail, c.OrderID, c.CaptureID,
		c.Converted, c.Rate, c.Source.UTM, c.CreatedAt, c.CompletedAt)
	w.line("  more", h.Frequency, h.Heading, h.CoverFee, h.Origin, h.UpdatedAt, h.CheckAt)
	for _, p := range h.Payments {
		w.line("  payment", p.ID, p.Kind, p.PayPalID, p.Status, p.Reason, p.Amount, p.OccurredAt, p.RecordedAt)
	}
	for _, r := range h.Refunds {
		w.line("  refund", r.PaymentID, r.Kind, r.PayPalID, r.Status, r.Reason, r.Amount, r.OccurredAt, r.RecordedAt)
	}
	for _, a := range h.Asked {
		w.line("  refund request", a.ID, a.Number, a.Amount, a.Reason, a.Note, a.Actor, a.State, a.Answer, a.Advice,
			a.RefundID,
			a.AskedAt, a.EndedAt, a.CheckAt)
	}
	for _, d := range h.Disputes {
		w.line("  dispute", d.PaymentID, d.PayPalID, d.Open, d.PayPalStatus, d.Stage, d.Channel, d.Reason, d.Outcome,
			d.Amount,
			d.MayAccept, d.RespondBy, d.Acceptance, d.OpenedAt, d.ChangedAt)
	}
	for _, v := range h.Turned {
		w.line("  conversion", v.From, v.To, v.Rate)
	}
	for _, e := range h.Entries {
		w.line("  entry", e.ID, e.Kind, e.Amount, e.PayPalRef, e.OccurredAt, e.RecordedAt, e.Source, e.WebhookID)
	}
	for _, e := range h.Events {
		w.line("  event", e.ID, e.Fact, e.Detail, e.PayPalRef, e.From, e.To, e.Source, e.WebhookID, e.At)
	}
	for _, r := range h.Reviews {
		w.line("  review", r.ID, r.Code, r.Text(), r.OpenedAt, r.ClosedAt, r.ClosedBy, r.Why)
	}
	for _, e := range h.Webhooks {
		w.line("  webhook", e.ID)
	}
	for _, m := range h.Timeline() {
		w.line("  at", m.At, m.Event != nil, m.Entry != nil, m.Webhook != nil, m.Review != nil)
	}
}

func (w *views) everyEntry() {
	w.must(w.reports.EachLedgerLine(w.t.Context(), report.LedgerQuery{}, func(l report.LedgerLine) error {
		w.line("ledger", l.ID, l.Kind, l.Amount, l.PayPalRef, l.OccurredAt, l.RecordedAt, l.Source, l.WebhookID, l.Receipt,
			l.Campaign, l.Article, l.Name)
		return nil
	}))
}

func (w *views) whatPayPalSent() {
	for q := (dashboard.InboxQuery{Limit: listing.MaxLimit}); ; {
		page, err := w.views.Inbox(w.t.Context(), q)
		w.must(err)
		for _, e := range page.Webhooks {
			w.line("webhook", e.ID, e.EventID, e.Type, e.ResourceID, e.State, e.Note, e.Attempts, e.SentAt, e.ReceivedAt,
				e.ProcessedAt, e.DueAt, e.ContributionID, e.Receipt)
			delivered, err := w.views.Webhook(w.t.Context(), e.ID)
			w.must(err)
			w.line("  delivery", len(delivered.Headers), len(delivered.Body), delivered.Headers, delivered.ErasedAt)
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	suspects, err := w.views.Suspects(w.t.Context(), w.now, 100)
	w.must(err)
	for _, s := range suspects {
		w.line("suspect", s.TransmissionID, s.EventID, s.Type, s.Copies, s.FirstSeenAt, s.LastSeenAt, s.OriginalID)
	}
}

func (w *views) reconciliation() {
	r, err := w.views.Reconciliation(w.t.Context(), w.now)
	w.must(err)
	w.line("reconciliation", r.Payments, r.Unexplained, r.SetAside, r.Adopted, r.CheckedTo, r.EndedAt, r.Fixed, r.Running,
		r.Broken, r.BrokenAt)
	page, err := w.views.Differences(w.t.Context(), dashboard.DifferencesQuery{Limit: listing.MaxLimit})
	w.must(err)
	for _, d := range page.Differences {
		w.line("difference", d.ID, d.Kind, d.State, d.Ref, d.Code, d.Parent, d.ContributionID, d.Receipt, d.Ours, d.Theirs,
			d.Advice, d.Note, d.Actor, d.At, d.FirstSeen, d.LastSeen, d.ClosedAt)
		if s := d.Sender; s != nil {
			w.line("  from", s.Name, s.Email, s.Country, s.Note, s.Amount)
		}
	}
}

func (w *views) health() {
	a, err := w.monitor.Attention(w.t.Context(), w.now)
	w.must(err)
	w.line("waits for a person", a.Contributions, a.Disputes, a.Refunds, a.Parked, a.Suspects)
	v, err := w.monitor.Snapshot(w.t.Context(), w.now)
	w.must(err)
	for _, p := range []struct {
		name string
		health.Backlog
	}{
		{"approved", v.Approved}, {"pending", v.Pending}, {"capture unknown", v.CaptureUnknown},
		{"without order", v.WithoutOrder},
		{"orders refused in a row", v.OrdersRefused}, {"orders refused now", v.OrdersRefusedNow}, {"to review", v.ToReview},
		{"events overdue", v.Overdue}, {"events unsettled", v.Unsettled}, {"events parked", v.Parked},
		{"suspects", v.Suspects},
		{"cards declined", v.CardsDeclined}, {"begun", v.Started}, {"paid", v.Completed},
		{"sign-ins refused", v.SignInsRefused},
		{"refunds", v.Refunds}, {"refunds held", v.RefundsHeld}, {"disputes", v.Disputes}, {"unexplained", v.Unexplained},
		{"unchecked", v.Unreconciled},
	} {
		w.line(p.name, p.Count, p.Oldest, p.Names)
	}
	w.line("without news", v.Silence.Run, v.Silence.Since, v.Silence.Last)
}

func pack(t *testing.T, file, text string) {
	t.Helper()
	var b bytes.Buffer
	packed := gzip.NewWriter(&b)
	if _, err := packed.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatalf("%v: run with -update to write it", err)
	}
	defer func() { _ = f.Close() }()
	packed, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
