package contribution

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/review"
)

// Apply is the one door by which news changes a contribution: it locks it, keeps what the facts say, moves the state along
// the transition table and writes the ledger entries that follow. The facts are about one contribution. Applying a fact
// again changes nothing; facts in any order end in the same state and the same entries, provided a refund's capture is
// applied before the refund. The contribution as it stands afterwards is returned.
func (d *Desk) Apply(ctx context.Context, tx *sqlx.Tx, facts ...Fact) (Contribution, error) {
	c, _, err := d.apply(ctx, tx, facts, false)
	return c, err
}

// apply is Apply, and says at which fact it failed. The row is read once and written once, whatever the number of facts.
// whole says that they are all that one look at PayPal gave.
func (d *Desk) apply(ctx context.Context, tx *sqlx.Tx, facts []Fact, whole bool) (Contribution, int, error) {
	c, err := lock(ctx, tx, facts[0].contribution)
	if err != nil {
		return Contribution{}, 0, err
	}
	l := lesson{now: d.now(), from: c.State, stale: true}
	for at, f := range facts {
		if f.contribution != c.ID {
			return Contribution{}, at, fmt.Errorf("apply %s to contribution %s: it is about %s", f.kind(), c.ID, f.contribution)
		}
		if err := d.take(ctx, tx, &c, f, &l); err != nil {
			return Contribution{}, at, err
		}
	}
	last := len(facts) - 1
	if whole && facts[0].order.ID != "" {
		l.settled = append(l.settled, settledByOrder()...)
	}
	if _, err := review.Resolve(ctx, tx, c.ID, review.Settled, l.now, l.settled...); err != nil {
		return Contribution{}, last, err
	}
	if !l.news {
		return c, last, d.tell(ctx, tx, c, facts, false, l.from)
	}
	if err := save(ctx, tx, &c, l.from, l.known, l.now, d.sweepEvery); err != nil {
		return Contribution{}, last, err
	}
	for _, answer := range l.answers {
		if err := answer(c); err != nil {
			return Contribution{}, last, err
		}
	}
	if err := d.tell(ctx, tx, c, facts, true, l.from); err != nil {
		return Contribution{}, last, err
	}
	db.AfterCommit(ctx, func() {
		for _, way := range l.ways {
			d.metrics.Transition(way[0], way[1], way[2])
		}
	})
	return c, last, nil
}

// lesson is what the facts of one Apply come to.
type lesson struct {
	now   time.Time
	from  State // before the first of them
	news  bool  // one of them was
	known knowledge
	stale bool // known has to be read (again)

	answers []func(Contribution) error // write down what became of what staff asked PayPal for, once the state is known
	ways    [][3]string                // changes of the state: from, to, source
	settled []review.Match             // what a person need not look at any more
}

// take learns from one fact and moves the state. What was new is written into the history; the contribution itself is not
// written yet.
func (d *Desk) take(ctx context.Context, tx *sqlx.Tx, c *Contribution, f Fact, l *lesson) error {
	news, err := learn(ctx, tx, c, f, l.now)
	if err != nil {
		return fmt.Errorf("apply %s to contribution %s: %w", f.kind(), c.ID, err)
	}
	l.settled = append(l.settled, settledBy(f)...)
	answered, err := l.answer(ctx, tx, f)
	if err != nil || !news && !answered {
		return err
	}
	l.news = true
	if l.stale || f.capture != nil || f.refund != nil || f.dispute != nil {
		if l.known, err = know(ctx, tx, *c); err != nil {
			return err
		}
		l.stale = false
	}
	l.known.captureDoubt, l.known.captureRefused, l.known.gone = c.captureDoubt, c.captureRefused, c.gone
	if err := notePaidTwice(ctx, tx, *c, l.known, l.now); err != nil {
		return err
	}
	from := c.State
	c.State = next(from, reduce(f.news, l.known))
	if c.State != Declined || c.gone {
		c.retryAt = time.Time{}
	}
	if c.State != from || f.pending() && c.State == Pending {
		c.Reason = f.detail // a payment may be held for one reason after the other
	}
	if err := noteCharged(ctx, tx, *c, from, f, l.now); err != nil {
		return err
	}
	if c.State != from {
		l.ways = append(l.ways, [3]string{string(from), string(c.State), string(f.source.Way)})
	}
	if !news {
		return nil
	}
	return record(ctx, tx, *c, f, from, l.now)
}

// answer ends what staff asked PayPal for and the fact says the end of. The note of it is written once the state is
// known.
func (l *lesson) answer(ctx context.Context, tx *sqlx.Tx, f Fact) (news bool, err error) {
	if f.dispute == nil {
		return false, nil
	}
	by, detail, err := answerAcceptance(ctx, tx, *f.dispute)
	if err != nil || detail == nil {
		return false, err
	}
	l.answers = append(l.answers, func(c Contribution) error {
		detail["before"], detail["after"] = string(l.from), string(c.State)
		return Audit(ctx, tx, by, ActionAcceptDispute, c, l.now.UTC(), detail)
	})
	return true, nil
}

// applyAll applies several facts about one contribution in one transaction, but for those that cannot be.
func (d *Desk) applyAll(ctx context.Context, facts []Fact) (Contribution, error) {
	return d.withoutOdd(ctx, facts)
}

// tryAll applies all of them or none, and says at which it failed. whole is apply's.
func (d *Desk) tryAll(ctx context.Context, facts []Fact, whole bool) (c Contribution, at int, err error) {
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var err error
		c, at, err = d.apply(ctx, tx, facts, whole)
		return err
	})
	return c, at, err
}

// Lock reads a contribution and keeps everybody else from changing it until the transaction ends. It returns
// fault.NotFound when there is none.
func Lock(ctx context.Context, tx *sqlx.Tx, id uuid.UUID) (Contribution, error) {
	return lock(ctx, tx, id)
}

func lock(ctx context.Context, tx *sqlx.Tx, id uuid.UUID) (Contribution, error) {
	// Everything that can change a contribution queues up here, so that what follows reads and writes alone. The
	// campaign's row is only read: FOR UPDATE OF leaves it unlocked.
	return find(ctx, tx, "c.id = $1 FOR UPDATE OF c", id)
}

// kind names the fact for the history.
func (f Fact) kind() string {
	switch {
	case f.capture != nil:
		return "capture_" + lower(string(f.capture.Status))
	case f.refund != nil && f.reversal:
		return "reversal_" + lower(string(f.refund.Status))
	case f.refund != nil:
		return "refund_" + lower(string(f.refund.Status))
	case f.dispute != nil && f.dispute.Open():
		return "dispute_open"
	case f.dispute != nil:
		return "dispute_resolved"
	default:
		return string(f.news)
	}
}

// learn keeps what the fact says beside the state. It answers whether any of it was new; a fact that says nothing new
// ends here.
func learn(ctx context.Context, tx *sqlx.Tx, c *Contribution, f Fact, now time.Time) (bool, error) {
	switch {
	case f.capture != nil:
		return learnCapture(ctx, tx, c, f, now)
	case f.refund != nil:
		return learnRefund(ctx, tx, c, f, now)
	case f.dispute != nil:
		return learnDispute(ctx, tx, c, f, now)
	}
	switch f.news {
	case orderCreated, orderApproved:
		return learnOrder(ctx, tx, c, f, now)
	case captureUnanswered:
		news := f.attempt > c.captureDoubt && f.attempt > c.captureRefused
		c.captureDoubt = max(c.captureDoubt, f.attempt)
		return news, nil
	case captureRefused:
		news := f.attempt > c.captureRefused
		c.captureRefused = max(c.captureRefused, f.attempt)
		if news {
			c.RetryURL = f.retryURL
		}
		return news, nil
	case orderGone:
		news := !c.gone
		c.gone = true
		return news, nil
	default:
		return next(c.State, f.news) != c.State, nil
	}
}

func learnOrder(ctx context.Context, tx *sqlx.Tx, c *Contribution, f Fact, now time.Time) (bool, error) {
	news := next(c.State, f.news) != c.State
	switch c.OrderID {
	case f.order.ID:
	case "":
		c.OrderID, news = f.order.ID, true
	default:
		return false, contradiction(review.SecondOrder, review.Args{"order": f.order.ID, "known": c.OrderID})
	}
	if !c.goneSince.IsZero() && !c.gone { // PayPal did not know it for a moment
		c.goneSince, news = time.Time{}, true
	}
	if c.ApproveURL == "" && f.order.ApproveURL != "" {
		c.ApproveURL, news = f.order.ApproveURL, true
	}
	if f.order.Payer.Email != "" && !c.hasSupporter {
		if err := linkSupporter(ctx, tx, c, f.order.Payer, now); err != nil {
			return false, err
		}
		news = true
	}
	return news, nil
}

// know reads the rows that the state follows from.
func know(ctx context.Context, tx *sqlx.Tx, c Contribution) (knowledge, error) {
	var k knowledge
	if err := tx.SelectContext(ctx, &k.payments, selectPayments, c.ID); err != nil {
		return k, fmt.Errorf("read payments: %w", err)
	}
	if len(k.payments) == 0 {
		return k, nil
	}
	err := tx.QueryRowxContext(ctx, `
		SELECT coalesce(sum(r.amount_minor), 0), coalesce(bool_or(r.kind = 'reversal'), false),
		       EXISTS (SELECT 1 FROM dispute d JOIN payment p ON p.id = d.payment_id WHERE p.contribution_id = $1 AND d.status = 'open')
		FROM refund r JOIN payment p ON p.id = r.payment_id
		WHERE p.contribution_id = $1 AND r.status = 'completed'`, c.ID).Scan(&k.back, &k.reversed, &k.disputed)
	if err != nil {
		return k, fmt.Errorf("sum refunds: %w", err)
	}
	return k, nil
}

// save writes the contribution back. A new state starts the sweep's looks afresh.
func save(ctx context.Context, tx *sqlx.Tx, c *Contribution, from State, k knowledge, now time.Time, every time.Duration) error {
	c.UpdatedAt = now
	at := check{
		state: c.State, hasOrder: c.OrderID != "", closed: len(k.payments) > 0 || c.gone, caseOpen: k.disputed,
		returned: c.returned, retryAt: c.retryAt, createdAt: c.CreatedAt,
	}.next(now, every)
	_, err := tx.ExecContext(ctx, `
		UPDATE contribution
		SET state = $2, reason = $3, order_id = nullif($4, ''), approve_url = $5, retry_url = $6,
		    capture_attempt = $7, capture_doubt = $8, capture_refused = $9, gone_since = $10, gone = $11,
		    updated_at = $12, completed_at = $13,
		    checks = CASE WHEN $14 THEN 0 ELSE checks END,
		    retry_at = $16,
		    check_at = CASE WHEN $14 OR $15::timestamptz IS NULL THEN $15::timestamptz
		                    ELSE coalesce(check_at, $15::timestamptz) END
		WHERE id = $1`,
		c.ID, string(c.State), c.Reason, c.OrderID, c.ApproveURL, c.RetryURL,
		c.captureAttempt, c.captureDoubt, c.captureRefused, null(c.goneSince), c.gone,
		now, null(c.CompletedAt), c.State != from, null(at), null(c.retryAt))
	if err != nil {
		return fmt.Errorf("save contribution %s: %w", c.ID, err)
	}
	return nil
}

// record adds a line to the contribution's history.
func record(ctx context.Context, tx *sqlx.Tx, c Contribution, f Fact, from State, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO contribution_event (contribution_id, fact, detail, paypal_ref, from_state, to_state, source, webhook_event_id, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		c.ID, f.kind(), f.detail, f.ref, string(from), string(c.State), string(f.source.Way), f.source.event(), now)
	if err != nil {
		return fmt.Errorf("record history of %s: %w", c.ID, err)
	}
	return nil
}

func (s Source) event() sql.NullInt64 { return sql.NullInt64{Int64: s.Event, Valid: s.Event != 0} }

func null(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

// ErrNotOurs is returned for something PayPal knows that no contribution here belongs to.
var ErrNotOurs = errors.New("no contribution here belongs to it")
