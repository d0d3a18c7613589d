package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

var source = settle.Source{Way: contribution.ByReconcile}

// theirPayments compares PayPal's payments with ours: status, amount, currency, fee.
func (l *run) theirPayments() comparison {
	return comparison{
		name:   "payments",
		next:   l.nextTheirs,
		find:   l.findPayments,
		asks:   l.asksPayment,
		repair: l.repairPayment,
	}
}

// nextTheirs returns the time at which the next batch of PayPal's payments ends.
func (l *run) nextTheirs(ctx context.Context, after string) (string, error) {
	return l.nextMoment(ctx, `
		SELECT initiated_at FROM paypal_transaction WHERE run_id = $1 AND initiated_at > $2 ORDER BY initiated_at LIMIT $3`,
		l.id, scope{after: after}.from(), batch)
}

// findPayments compares in detail the payments of a range of time that our books do not have in the same way.
func (l *run) findPayments(ctx context.Context, s scope) ([]finding, error) {
	if s.keys != nil {
		return l.findPaymentsByID(ctx, s)
	}
	ids, err := l.doubtful(ctx, s)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	found, err := l.findPaymentsByID(ctx, scope{keys: ids})
	// If PayPal lists an id more than once, one row counts, and the range that contains this row reports it.
	return slices.DeleteFunc(found, func(f finding) bool { return !s.includes(f.pair.At) }), err
}

// doubtful returns the payments of a range of time that are not settled on both sides with the same amount, to the
// cent, and about the same time; there are few. Both sides were written in the order of time, so a range of time lies
// together on the disk. A range of ids does not: comparing that would read a page for every row.
func (l *run) doubtful(ctx context.Context, s scope) ([]string, error) {
	return l.ids(ctx, `
		SELECT DISTINCT paypal_id FROM (
			SELECT t.paypal_id, settled.kind, t.currency, settled.amount_minor
			FROM paypal_transaction t, LATERAL (VALUES
				(CASE WHEN t.status IN ('S', 'V') AND t.unreadable = '' THEN 'payment' ELSE 'unsettled' END, t.amount_minor),
				('charge', t.amount_minor), ('fee', t.fee_minor)) settled (kind, amount_minor)
			WHERE t.run_id = $1 AND t.class = 'gift' AND t.initiated_at > $2 AND t.initiated_at <= $3
			EXCEPT (
				SELECT paypal_id, 'payment', currency, amount_minor FROM payment
				WHERE status = 'completed' AND occurred_at >= $4 AND occurred_at <= $5
				UNION ALL
				SELECT paypal_ref, kind, currency, amount_minor FROM ledger_entry
				WHERE kind IN ('charge', 'fee') AND occurred_at >= $4 AND occurred_at <= $5)) d`,
		l.id, s.from(), s.to(), later(s.from(), l.from).Add(-near), s.to().Add(near))
}

func (l *run) findPaymentsByID(ctx context.Context, s scope) ([]finding, error) {
	theirs, args := s.condition("paypal_id")
	ours, _ := s.condition("p.paypal_id")
	charged, _ := s.condition("e.paypal_ref")
	taken, _ := s.condition("f.paypal_ref")
	// One of PayPal's rows for each id, the settled one if it lists several. The sides agree in nearly every row. Only for
	// the others is the contribution looked up, by the marks that our payments carry.
	//
	// The condition on the keys is repeated for each table: PostgreSQL does not derive it for the joined tables, and would
	// read them from end to end for every batch.
	found, err := l.pairs(ctx, `
		WITH theirs AS (
			SELECT DISTINCT ON (paypal_id) * FROM paypal_transaction
			WHERE run_id = $1 AND class = 'gift' AND `+theirs+`
			ORDER BY paypal_id, (status IN ('S', 'V')) DESC, updated_at DESC)
		SELECT t.paypal_id AS ref, t.code, t.initiated_at AS at, t.status, t.currency, t.amount_minor, t.fee_minor,
			t.unreadable,
		       t.reference_id, t.reference_type, t.detail,
		       p.status AS our_status, p.amount_minor AS our_amount, p.currency AS our_currency,
		       e.amount_minor AS booked, f.amount_minor AS booked_fee, o.id AS owner, o.receipt,
			coalesce(p.kind = 'direct', false) AS direct,
		       t.owner::text AS mark_id, t.invoice_id AS mark_receipt
		FROM theirs t
		LEFT JOIN payment p ON p.paypal_id = t.paypal_id AND `+ours+`
		LEFT JOIN ledger_entry e ON e.kind = 'charge' AND e.paypal_ref = t.paypal_id AND `+charged+`
		LEFT JOIN ledger_entry f ON f.kind = 'fee' AND f.paypal_ref = t.paypal_id AND `+taken+`
		LEFT JOIN LATERAL (
			SELECT c.id, c.receipt FROM contribution c
			WHERE c.id = coalesce(p.contribution_id,
			      (SELECT x.id FROM contribution x WHERE x.id = t.owner),
			      (SELECT x.id FROM contribution x WHERE t.reference_type = 'ODR' AND x.order_id = t.reference_id),
			      (SELECT x.contribution_id FROM subscription x
			       WHERE t.reference_type = 'SUB' AND x.paypal_id = t.reference_id),
			      (SELECT x.id FROM contribution x WHERE t.invoice_id <> '' AND x.receipt = t.invoice_id))) o ON true
		WHERE `+stillRunning+` AND NOT coalesce(t.unreadable = '' AND CASE
			WHEN t.status IN ('S', 'V') THEN p.status = 'completed' AND p.amount_minor = t.amount_minor
				AND p.currency = t.currency
			     AND e.amount_minor = t.amount_minor AND e.currency = t.currency AND coalesce(f.amount_minor, 0) = t.fee_minor
			WHEN t.status = 'P' THEN p.status = 'pending' AND p.amount_minor = t.amount_minor AND p.currency = t.currency
			ELSE p.id IS NULL OR p.status = 'declined' END, false)`, args...)
	if err != nil {
		return nil, fmt.Errorf("compare payments: %w", err)
	}
	return found, nil
}

// asksPayment asks the API if transaction search calls a payment unfinished or denied that we have as completed: the
// search is behind, and lists a change of status late. For a charge that we do not have, it asks whose the
// subscription is.
func (l *run) asksPayment(ctx context.Context, f *finding) (bool, error) {
	if f.pair.ofUnknownSubscription() {
		return false, l.askWhose(ctx, f)
	}
	if f.pair.Direct || deref(f.pair.OurStatus) != "completed" || f.pair.moved() || f.pair.Unreadable != "" {
		return false, nil
	}
	seen, err := l.seen(ctx, f.key)
	if err != nil {
		return false, err
	}
	ours := money.New(deref(f.pair.OurAmount), money.Currency(deref(f.pair.OurCurrency)))
	return cameIn(seen) && seen.Amount == ours, nil
}

// askWhose turns a charge into money from elsewhere if its subscription does not carry an id like those of our
// contributions.
func (l *run) askWhose(ctx context.Context, f *finding) error {
	id := f.pair.Reference
	ours, known := l.subscriptions.Load(id)
	if !known {
		sub, err := l.paypal.Subscription(ctx, id)
		if err != nil && !paypal.NotFound(err) {
			return fmt.Errorf("ask about subscription %s: %w", id, err)
		}
		ours = err == nil && settle.OwnID(sub.CustomID) != uuid.Nil
		l.subscriptions.Store(id, ours)
	}
	if ours != true {
		f.differences = f.pair.fromElsewhere(f.pair.base())
		f.permanent = true
	}
	return nil
}

// seen is a payment as PayPal's API returns it: a capture, or the charge of a subscription.
func (l *run) seen(ctx context.Context, id string) (paypal.Capture, error) {
	seen, err := l.paypal.Capture(ctx, id)
	if paypal.NotFound(err) {
		return l.paypal.Sale(ctx, id)
	}
	return seen, err
}

// cameIn reports whether the capture's money came in, even if it has been returned since.
func cameIn(c paypal.Capture) bool {
	return c.Status == paypal.CaptureCompleted || c.Status == paypal.CapturePartiallyRefunded ||
		c.Status == paypal.CaptureRefunded
}

// repairPayment asks PayPal's API about the payment, and books the answer.
func (l *run) repairPayment(ctx context.Context, f finding) error {
	if f.pair.Direct {
		return nil // only transaction search has it: there is nothing to ask the API for
	}
	switch {
	case f.pair.ofUnknownSubscription():
		_, err := l.adopter.RestoreSubscription(ctx, f.pair.Reference, f.key, source)
		return err
	case f.pair.lost():
		_, err := l.adopter.Restore(ctx, f.key, source)
		return err
	case f.pair.RefType == subscriptionReference:
		_, err := l.payments.SettleSale(ctx, f.key, f.pair.Reference, source)
		return err
	}
	_, err := l.payments.SettleCapture(ctx, f.key, source)
	if paypal.NotFound(err) && f.pair.RefType == "ODR" {
		_, err = l.settler.SettleOrder(ctx, f.pair.Reference, source)
	}
	return err
}

// theirRefunds compares PayPal's refunds, reversals and chargebacks with ours.
func (l *run) theirRefunds() comparison {
	return comparison{
		name:   "refunds",
		next:   func(ctx context.Context, after string) (string, error) { return l.stretch(ctx, back, after) },
		find:   l.findRefunds,
		repair: l.repairRefund,
	}
}

func (l *run) findRefunds(ctx context.Context, s scope) ([]finding, error) {
	theirs, args := s.condition("paypal_id")
	ours, _ := s.condition("r.paypal_id")
	given, _ := s.condition("f.paypal_ref")
	// A refund of a payment that we do not have belongs to that payment's owner, by PayPal's row of it. What a person
	// decided about the payment applies to the refund as well.
	found, err := l.pairs(ctx, `
		WITH theirs AS (
			SELECT DISTINCT ON (paypal_id) * FROM paypal_transaction
			WHERE run_id = $1 AND class = 'back' AND `+theirs+`
			ORDER BY paypal_id, (status = 'S') DESC, updated_at DESC)
		SELECT t.paypal_id AS ref, t.code, t.initiated_at AS at, t.status, t.currency, t.amount_minor, t.fee_minor,
			t.unreadable,
		       t.reference_id, t.reference_type, t.detail,
		       r.status AS our_status, r.amount_minor AS our_amount, r.currency AS our_currency,
		       e.amount AS booked, f.amount_minor AS booked_fee, o.id AS owner, o.receipt,
			coalesce(p.kind = 'direct', false) AS direct,
		       (SELECT d.state FROM discrepancy d WHERE d.kind = 'unknown_payer' AND d.paypal_ref = t.reference_id
			ORDER BY d.id LIMIT 1) AS parent_state,
		       paid.owner::text AS mark_id, paid.invoice_id AS mark_receipt
		FROM theirs t
		LEFT JOIN LATERAL (
			SELECT g.owner, g.invoice_id FROM paypal_transaction g
			WHERE g.run_id = $1 AND g.paypal_id = t.reference_id AND g.class = 'gift' LIMIT 1) paid ON true
		LEFT JOIN refund r ON r.paypal_id = t.paypal_id AND `+ours+`
		LEFT JOIN payment p ON p.id = coalesce(r.payment_id, (SELECT q.id FROM payment q WHERE q.paypal_id = t.reference_id))
		LEFT JOIN LATERAL (
			SELECT sum(x.amount_minor)::bigint AS amount, max(x.currency) AS currency FROM ledger_entry x
			WHERE x.kind IN ('refund', 'reversal') AND x.paypal_ref = t.paypal_id) e ON true
		LEFT JOIN ledger_entry f ON f.kind = 'fee_refund' AND f.paypal_ref = t.paypal_id AND `+given+`
		LEFT JOIN LATERAL (
			SELECT c.id, c.receipt FROM contribution c
			WHERE c.id = coalesce(p.contribution_id,
			      (SELECT x.id FROM contribution x WHERE x.id = paid.owner),
			      (SELECT x.id FROM contribution x WHERE x.id = t.owner))) o ON true
		WHERE `+stillRunning+` AND NOT coalesce(t.unreadable = '' AND CASE
			WHEN t.status = 'S' THEN r.status = 'completed' AND r.amount_minor = -t.amount_minor AND r.currency = t.currency
			     AND e.amount = t.amount_minor AND e.currency = t.currency AND coalesce(f.amount_minor, 0) = t.fee_minor
			WHEN t.status = 'P' THEN r.status = 'pending' AND r.amount_minor = -t.amount_minor AND r.currency = t.currency
			ELSE r.id IS NULL OR r.status = 'failed' END, false)`, args...)
	if err != nil {
		return nil, fmt.Errorf("compare refunds: %w", err)
	}
	return found, nil
}

// repairRefund asks PayPal's API about the refund and books the answer. The refund of an adopted payment is in
// transaction search alone, so that report is booked.
func (l *run) repairRefund(ctx context.Context, f finding) error {
	if f.pair.Direct {
		d := readDetail(f.pair.Detail)
		if d == nil || d.Status != "S" {
			return nil
		}
		_, err := l.adopter.AdoptRefund(ctx, d.transaction(), source)
		return err
	}
	_, err := l.payments.SettleRefund(ctx, f.key, reversed(f.pair.Code), source)
	return err
}

// answered reports whether PayPal or our own rules refused, so that asking again would not help.
func answered(err error) bool {
	return errors.Is(err, settle.ErrNotOurs) || paypal.NotFound(err)
}
