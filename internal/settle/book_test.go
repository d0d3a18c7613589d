package settle_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/settle"
)

// Whoever had to wait for the lock learns from the rows as they are then, and not as they were when it asked: news that
// comes by several ways at once is booked once, and each refund counts.
func TestNewsThatWaitsForTheLockSeesWhatWasWritten(t *testing.T) {
	t.Parallel()
	d := bare(t)
	c := mustBegin(t, d)
	src := byWebhook
	first := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		err := d.DB.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			if _, err := d.Applier.Apply(ctx, tx, settle.CaptureSeen(c.ID, src, captureOf("CAP", "COMPLETED"))); err != nil {
				return err
			}
			close(first)
			for waiting := 0; waiting < 3; { // until the others wait for the row
				if err := d.DB.GetContext(ctx, &waiting, `
					SELECT count(*) FROM pg_stat_activity
					WHERE datname = current_database() AND wait_event_type = 'Lock'`); err != nil {
					return err
				}
				time.Sleep(time.Millisecond)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-first
	for _, id := range []string{"R1", "R2", "R1"} {
		all.Go(func() {
			back := paypal.Refund{ID: id, CaptureID: "CAP", Status: paypal.RefundCompleted, Amount: eur(1250), CreatedAt: noon}
			_, err := d.Applier.ApplyAll(t.Context(), []settle.Fact{
				settle.CaptureSeen(c.ID, src, captureOf("CAP", "PARTIALLY_REFUNDED")), settle.RefundSeen(c.ID, src, back),
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	want := "charge 2500 EUR CAP 2026-03-01 12:01:00+00\nfee -120 EUR CAP 2026-03-01 12:01:00+00\n" +
		"refund -1250 EUR R1 2026-03-01 12:00:00+00\nrefund -1250 EUR R2 2026-03-01 12:00:00+00"
	if got := entries(t.Context(), t, d.DB, c.ID); got != want {
		t.Errorf("entries\n%s\nwant\n%s", got, want)
	}
	if now, err := d.Contributions.Get(t.Context(), c.ID); err != nil || now.State != contribution.Refunded {
		t.Errorf("it is %s, %v", now.State, err)
	}
}

// One odd fact among others is left out: the rest is applied, a person is asked to look, all in one transaction, and
// what PayPal says rightly elsewhere among the facts settles it at once.
func TestContradictionsAreLeftOut(t *testing.T) {
	t.Parallel()
	d := bare(t)
	c := mustBegin(t, d)
	src := byWebhook
	odd := captureOf("CAP", "TELEPORTED")
	tooMuch := paypal.Refund{ID: "R", CaptureID: "CAP", Status: paypal.RefundCompleted, Amount: eur(2600), CreatedAt: noon}
	got, err := d.Applier.ApplyAll(t.Context(), []settle.Fact{
		settle.CaptureSeen(c.ID, src, captureOf("CAP", "COMPLETED")), settle.CaptureSeen(c.ID, src, odd),
		settle.RefundSeen(c.ID, src, tooMuch),
	})
	said, is := errors.AsType[*settle.ContradictionError](err)
	if !is || said.Code != review.PaymentStatus || got.State != contribution.Completed {
		t.Errorf("it is %q: %v", got.State, err)
	}
	if open := looks(t, d, got); strings.Contains(open, "TELEPORTED") || !strings.Contains(open, "26.00 EUR") {
		t.Errorf("open: %q", open)
	}
	if _, err := d.Applier.ApplyAll(t.Context(), []settle.Fact{settle.CaptureSeen(c.ID, src, odd)}); err == nil {
		t.Error("nothing but an odd fact was applied")
	}
	if open := looks(t, d, got); !strings.Contains(open, "TELEPORTED") {
		t.Errorf("open: %q", open)
	}
}

// A contribution of the version before names its article by its address alone; so does a gift that was written down at
// the same moment as another one for a new article. Its next news completes it, and the entries say it.
func TestArticlesAreRows(t *testing.T) {
	t.Parallel()
	d := bare(t)
	const address = "https://gazette.example/a-long-story"
	begin := func() contribution.Contribution {
		c, err := d.Contributions.Begin(t.Context(), contribution.Intent{
			Campaign: campaign.DefaultSlug, Amount: "25.00", Currency: "EUR", Frequency: "once", Article: address,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	older, newer := begin(), begin()
	if _, err := d.DB.Exec(`UPDATE contribution SET article_id = NULL WHERE id = $1`, older.ID); err != nil {
		t.Fatal(err)
	}
	apply(t, d, settle.CaptureSeen(older.ID, byWebhook, captureOf("OLDER", "COMPLETED")))
	apply(t, d, settle.CaptureSeen(newer.ID, byWebhook, captureOf("NEWER", "COMPLETED")))
	var linked []string
	err := d.DB.Select(&linked, `
		SELECT l.kind || ' ' || a.address FROM ledger_entry l JOIN article a ON a.id = l.article_id
		JOIN contribution c ON c.id = l.contribution_id AND c.article_id = a.id
		WHERE l.campaign_id = c.campaign_id AND l.frequency = 'once' ORDER BY l.id`)
	if err != nil || len(linked) != 4 || linked[3] != "fee "+address {
		t.Errorf("%q, %v", linked, err)
	}
	var articles int
	if err := d.DB.Get(&articles, `SELECT count(*) FROM article`); err != nil || articles != 1 {
		t.Errorf("%d articles, %v", articles, err)
	}
}

// What several payments of one contribution come to is its state; what each of them is, it is by itself, whichever came
// first.
func TestStatusFollowsFromAllPayments(t *testing.T) {
	t.Parallel()
	d := bare(t)
	for name, order := range map[string][]int{"the refund last": {0, 1, 2}, "the second payment last": {0, 2, 1}} {
		c := mustBegin(t, d)
		src := byWebhook
		one, two := "A-"+c.Receipt, "B-"+c.Receipt
		back := paypal.Refund{
			ID: "R-" + c.Receipt, CaptureID: one, Status: paypal.RefundCompleted, Amount: eur(2500), CreatedAt: noon,
		}
		facts := []settle.Fact{
			settle.CaptureSeen(c.ID, src, captureOf(one, "COMPLETED")),
			settle.CaptureSeen(c.ID, src, captureOf(two, "COMPLETED")),
			settle.RefundSeen(c.ID, src, back),
		}
		for _, i := range order {
			c = apply(t, d, facts[i])
		}
		var states []string
		err := d.DB.Select(&states, `SELECT state FROM payment WHERE contribution_id = $1 ORDER BY paypal_id`, c.ID)
		if err != nil || c.State != contribution.PartiallyRefunded || strings.Join(states, " ") != "refunded completed" {
			t.Errorf("%s: it is %s, its payments %q, %v", name, c.State, states, err)
		}
	}
}

func TestLedgerAndContributionUseTheSameWords(t *testing.T) {
	t.Parallel()
	known := map[contribution.State]bool{}
	for _, s := range contribution.States() {
		known[s] = true
	}
	for _, s := range ledger.States() {
		if s != ledger.Unknown && !known[contribution.State(s)] {
			t.Errorf("a payment may be %s, and a contribution not", s)
		}
	}
}
