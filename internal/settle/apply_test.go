package settle_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// begun is a contribution of 25.00 EUR of which PayPal has not heard.
func begun(ctx context.Context, d *world) (contribution.Contribution, error) {
	return d.Contributions.Begin(ctx, contribution.Intent{
		Campaign: campaign.DefaultSlug, Amount: "25.00", Currency: "EUR", Frequency: "once",
	}, nil)
}

func eur(minor int64) money.Amount { return money.New(minor, "EUR") }

func captureOf(id, status string) paypal.Capture {
	fee := eur(120)
	c := paypal.Capture{ID: id, Status: paypal.CaptureStatus(status), Amount: eur(2500), CreatedAt: noon.Add(time.Minute)}
	if status != "PENDING" && status != "DECLINED" {
		c.Fee = &fee
	}
	return c
}

// step is news as it arrives: facts that one look at PayPal gives together.
type step struct {
	name  string
	facts func(id uuid.UUID) []settle.Fact
}

func history(rt *rapid.T) []step {
	tag := uuid.NewString()
	src := byWebhook
	order := paypal.Order{ID: "O-" + tag, Status: paypal.OrderCreated,
		ApproveURL: "https://www.sandbox.paypal.com/checkoutnow?token=O-" + tag}
	approved := order
	approved.Status = paypal.OrderApproved
	approved.Payer = paypal.Payer{Email: tag + "@example.org", GivenName: "Ada"}
	one := func(name string, f func(id uuid.UUID) settle.Fact) step {
		return step{name, func(id uuid.UUID) []settle.Fact { return []settle.Fact{f(id)} }}
	}
	capture := func(n, status string) step {
		return one("capture "+n+" "+status, func(id uuid.UUID) settle.Fact {
			return settle.CaptureSeen(id, src, captureOf(n+tag, status))
		})
	}
	refund := func(n, status string, minor int64) step {
		return step{"refund " + n + " " + status, func(id uuid.UUID) []settle.Fact {
			r := paypal.Refund{ID: n + tag, CaptureID: "B" + tag, Status: paypal.RefundStatus(status), Amount: eur(minor),
				CreatedAt: noon.Add(time.Hour)}
			return []settle.Fact{settle.CaptureSeen(id, src, captureOf("B"+tag, "PARTIALLY_REFUNDED")),
				settle.RefundSeen(id, src, r)}
		}}
	}
	dispute := func(n string, status paypal.DisputeStatus, stage paypal.DisputeStage, at time.Duration,
		fees ...paypal.DisputeFee) step {
		return step{"dispute " + n + " " + string(status) + " " + string(stage), func(id uuid.UUID) []settle.Fact {
			d := paypal.Dispute{ID: n + tag, CaptureIDs: []string{"B" + tag}, Status: status, Stage: stage, Amount: eur(2500),
				Fees:      fees,
				CreatedAt: noon.Add(2 * time.Hour), UpdatedAt: noon.Add(2*time.Hour + at)}
			return []settle.Fact{settle.CaptureSeen(id, src, captureOf("B"+tag, "COMPLETED")), settle.DisputeSeen(id, src, d)}
		}}
	}
	fee := paypal.DisputeFee{Amount: eur(1600), At: noon.Add(3 * time.Hour)}
	reversal := step{"reversal", func(id uuid.UUID) []settle.Fact {
		r := paypal.Refund{ID: "rv" + tag, CaptureID: "B" + tag, Status: paypal.RefundCompleted, Amount: eur(900),
			CreatedAt: noon.Add(4 * time.Hour)}
		return []settle.Fact{settle.CaptureSeen(id, src, captureOf("B"+tag, "PARTIALLY_REFUNDED")),
			settle.ReversalSeen(id, src, r)}
	}}
	all := []step{
		dispute("d1", paypal.DisputeOpen, "INQUIRY", 0),
		dispute("d1", paypal.DisputeWaitingForSeller, "CHARGEBACK", time.Minute),
		dispute("d1", paypal.DisputeResolved, "CHARGEBACK", time.Hour, fee),
		dispute("d2", paypal.DisputeOpen, "INQUIRY", 0), dispute("d2", paypal.DisputeResolved, "INQUIRY", time.Hour),
		reversal,
		one("order unanswered", func(id uuid.UUID) settle.Fact { return settle.OrderUnanswered(id, src) }),
		{"order created", func(id uuid.UUID) []settle.Fact { return settle.OrderSeen(id, src, order) }},
		{"order approved", func(id uuid.UUID) []settle.Fact { return settle.OrderSeen(id, src, approved) }},
		one("cancelled", settle.ReaderCancelled),
		one("order gone", func(id uuid.UUID) settle.Fact { return settle.OrderGone(id, src) }),
		one("attempt 1 unanswered", func(id uuid.UUID) settle.Fact { return settle.CaptureUnanswered(id, src, 1) }),
		one("attempt 1 refused", func(id uuid.UUID) settle.Fact {
			return settle.CaptureRefused(id, src, 1, "INSTRUMENT_DECLINED", "")
		}),
		one("attempt 2 unanswered", func(id uuid.UUID) settle.Fact { return settle.CaptureUnanswered(id, src, 2) }),
		one("attempt 2 refused", func(id uuid.UUID) settle.Fact {
			return settle.CaptureRefused(id, src, 2, "INSTRUMENT_DECLINED", "")
		}),
		capture("A", "DECLINED"), capture("B", "PENDING"), capture("B", "COMPLETED"), capture("B", "REFUNDED"),
		refund("r1", "PENDING", 1000), refund("r1", "COMPLETED", 1000), refund("r2", "COMPLETED", 1500),
		refund("r3", "FAILED", 500),
	}
	picked := rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, 9, rapid.ID[int]).Draw(rt, "steps")
	slices.Sort(picked)
	steps := make([]step, 0, len(picked))
	for _, i := range picked {
		steps = append(steps, all[i])
	}
	return steps
}

// Any order of arrival, with duplicates, ends in the same state and the same entries.
func TestFactsInAnyOrderEndTheSame(t *testing.T) {
	t.Parallel()
	d := bare(t)
	ctx := t.Context()
	tried := 0
	rapid.Check(t, func(rt *rapid.T) {
		steps := history(rt)
		again := steps[rapid.IntRange(0, len(steps)-1).Draw(rt, "again")]
		shuffled := rapid.Permutation(append(slices.Clone(steps), again)).Draw(rt, "arrival")
		wantState, wantEntries := play(ctx, rt, d, steps)
		gotState, gotEntries := play(ctx, rt, d, shuffled)
		if gotState != wantState || gotEntries != wantEntries {
			rt.Fatalf("%s ended in %s with\n%s\nbut %s ended in %s with\n%s", names(steps), wantState, wantEntries,
				names(shuffled), gotState, gotEntries)
		}
		tried++
	})
	t.Logf("%d histories, each in two orders of arrival", tried)
}

func names(steps []step) string {
	all := make([]string, 0, len(steps))
	for _, s := range steps {
		all = append(all, s.name)
	}
	return strings.Join(all, ", ")
}

// play applies the steps to a fresh contribution, rolled back afterwards so that PayPal's ids can be used again.
func play(ctx context.Context, rt *rapid.T, d *world, steps []step) (contribution.State, string) {
	c, err := begun(ctx, d)
	if err != nil {
		rt.Fatal(err)
	}
	tx, err := d.DB.BeginTxx(ctx, nil)
	if err != nil {
		rt.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range steps {
		for _, f := range s.facts(c.ID) {
			if c, err = d.Applier.Apply(ctx, tx, f); err != nil {
				rt.Fatalf("%s: %v", s.name, err)
			}
		}
	}
	return c.State, entries(ctx, rt, tx, c.ID)
}

func entries(ctx context.Context, t interface{ Fatal(...any) }, q sqlx.QueryerContext, id uuid.UUID) string {
	var lines []string
	err := sqlx.SelectContext(ctx, q, &lines, `
		SELECT kind || ' ' || amount_minor || ' ' || currency || ' ' || paypal_ref || ' ' || occurred_at
		FROM ledger_entry WHERE contribution_id = $1 ORDER BY 1`, id)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func apply(t *testing.T, d *world, facts ...settle.Fact) contribution.Contribution {
	t.Helper()
	c, err := d.Applier.ApplyAll(t.Context(), facts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustBegin(t *testing.T, d *world) contribution.Contribution {
	t.Helper()
	c, err := begun(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChargeAndFeeAreBookedOnceTheMoneyIsIn(t *testing.T) {
	t.Parallel()
	d := bare(t)
	c := mustBegin(t, d)
	src := byReader

	c = apply(t, d, settle.CaptureSeen(c.ID, src, captureOf("CAP", "PENDING")))
	if got := entries(t.Context(), t, d.DB, c.ID); c.State != contribution.Pending || got != "" ||
		!c.CompletedAt.IsZero() {
		t.Fatalf("pending is not paid: state %s, completed %s, entries %q", c.State, c.CompletedAt, got)
	}
	for range 3 {
		c = apply(t, d, settle.CaptureSeen(c.ID, src, captureOf("CAP", "COMPLETED")))
	}
	want := "charge 2500 EUR CAP 2026-03-01 12:01:00+00\nfee -120 EUR CAP 2026-03-01 12:01:00+00"
	if got := entries(t.Context(), t, d.DB, c.ID); c.State != contribution.Completed || got != want ||
		c.CompletedAt.IsZero() {
		t.Fatalf("state %s, entries\n%s\nwant\n%s", c.State, got, want)
	}
	var lines int
	if err := d.DB.Get(&lines, `SELECT count(*) FROM contribution_event WHERE contribution_id = $1`, c.ID); err != nil ||
		lines != 3 {
		t.Fatalf("history has %d lines (%v), want started, pending, completed", lines, err)
	}
}

func TestPartialRefundsAddUp(t *testing.T) {
	t.Parallel()
	d := bare(t)
	c := mustBegin(t, d)
	src := byWebhook
	seen := func(id string, minor int64) []settle.Fact {
		r := paypal.Refund{ID: id, CaptureID: "CAP", Status: paypal.RefundCompleted, Amount: eur(minor),
			FeeRefunded: eur(minor / 100), CreatedAt: noon}
		return []settle.Fact{settle.CaptureSeen(c.ID, src, captureOf("CAP", "PARTIALLY_REFUNDED")),
			settle.RefundSeen(c.ID, src, r)}
	}
	for _, want := range []struct {
		id    string
		minor int64
		state contribution.State
	}{
		{"R1", 1000, contribution.PartiallyRefunded}, {"R2", 500, contribution.PartiallyRefunded},
		{"R1", 1000, contribution.PartiallyRefunded}, {"R3", 1000, contribution.Refunded},
	} {
		if got := apply(t, d, seen(want.id, want.minor)...); got.State != want.state {
			t.Fatalf("after %s: %s, want %s", want.id, got.State, want.state)
		}
	}
	var back, fee int64
	err := d.DB.QueryRowx(`
		SELECT coalesce(sum(amount_minor) FILTER (WHERE kind = 'refund'), 0),
		       coalesce(sum(amount_minor) FILTER (WHERE kind = 'fee_refund'), 0)
		FROM ledger_entry WHERE contribution_id = $1`, c.ID).Scan(&back, &fee)
	if err != nil || back != -2500 || fee != 25 {
		t.Fatalf("refunds %d, fee given back %d (%v)", back, fee, err)
	}
}

func TestAPersonIsAskedToLookAtWhatCannotBe(t *testing.T) {
	t.Parallel()
	d := bare(t)
	src := byWebhook

	other := mustBegin(t, d)
	seen := captureOf("CAP-LESS", "COMPLETED")
	seen.Amount = eur(2000)
	other = apply(t, d, settle.CaptureSeen(other.ID, src, seen))
	if !strings.Contains(looks(t, d, other), "20.00 EUR") || other.State != contribution.Completed {
		t.Errorf("another amount than chosen: state %s, attention %q", other.State, looks(t, d, other))
	}

	changed := mustBegin(t, d)
	apply(t, d, settle.CaptureSeen(changed.ID, src, captureOf("CAP-FEE", "COMPLETED")))
	seen, fee := captureOf("CAP-FEE", "REFUNDED"), eur(130)
	seen.Fee = &fee
	changed = apply(t, d, settle.CaptureSeen(changed.ID, src, seen))
	if !strings.Contains(looks(t, d, changed), "fee of CAP-FEE") {
		t.Errorf("another fee than booked: attention %q", looks(t, d, changed))
	}
	if got := entries(t.Context(), t, d.DB, changed.ID); !strings.Contains(got, "fee -120 ") ||
		strings.Contains(got, "130") {
		t.Errorf("the ledger was changed:\n%s", got)
	}
}

func TestNewsOfOthersIsRefused(t *testing.T) {
	t.Parallel()
	d := bare(t)
	src := byWebhook
	mine, theirs := mustBegin(t, d), mustBegin(t, d)
	apply(t, d, settle.CaptureSeen(theirs.ID, src, captureOf("THEIRS", "COMPLETED")))
	apply(t, d, settle.OrderSeen(mine.ID, src, paypal.Order{ID: "MY-ORDER", Status: paypal.OrderCreated})...)

	stranger := captureOf("STRANGER", "COMPLETED")
	stranger.CustomID = theirs.ID.String()
	for name, f := range map[string]settle.Fact{
		"a capture booked elsewhere": settle.CaptureSeen(mine.ID, src, captureOf("THEIRS", "COMPLETED")),
		"a capture made for another": settle.CaptureSeen(mine.ID, src, stranger),
		"a second order": settle.OrderSeen(mine.ID, src,
			paypal.Order{ID: "OTHER", Status: paypal.OrderCreated})[0],
		"a status nobody knows": settle.CaptureSeen(mine.ID, src, captureOf("ODD", "TELEPORTED")),
		"a refund of an unseen capture": settle.RefundSeen(mine.ID, src,
			paypal.Refund{ID: "R", CaptureID: "NEVER", Status: paypal.RefundCompleted, Amount: eur(1)}),
		"no such contribution": settle.OrderGone(uuid.New(), src),
	} {
		if _, err := d.Applier.ApplyAll(t.Context(), []settle.Fact{f}); err == nil {
			t.Errorf("%s was applied", name)
		}
	}
	if got := entries(t.Context(), t, d.DB, mine.ID); got != "" {
		t.Errorf("entries came of it:\n%s", got)
	}
}

// The database itself holds every uniqueness, so that no code path can book twice.
func TestTheDatabaseRefusesDoubles(t *testing.T) {
	t.Parallel()
	d := bare(t)
	c := mustBegin(t, d)
	apply(t, d, append(settle.OrderSeen(c.ID, bySweep, paypal.Order{ID: "ORDER", Status: paypal.OrderCreated}),
		settle.CaptureSeen(c.ID, bySweep, captureOf("CAP", "COMPLETED")))...)
	other := mustBegin(t, d)
	for name, statement := range map[string]string{
		"order":   `UPDATE contribution SET order_id = 'ORDER' WHERE id = '` + other.ID.String() + `'`,
		"receipt": `UPDATE contribution SET receipt = '` + c.Receipt + `' WHERE id = '` + other.ID.String() + `'`,
		"capture": `
			INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at,
			                     recorded_at)
			SELECT contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at FROM payment`,
		"entry": `
			INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
			                          recorded_at, source)
			SELECT contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at, recorded_at, source
			FROM ledger_entry`,
	} {
		if _, err := d.DB.Exec(statement); !db.IsUnique(err) {
			t.Errorf("a second %s: %v", name, err)
		}
	}
	if _, err := d.DB.Exec(`UPDATE ledger_entry SET amount_minor = -amount_minor`); !db.IsCheck(err) {
		t.Errorf("a charge that takes money out: %v", err)
	}
}
