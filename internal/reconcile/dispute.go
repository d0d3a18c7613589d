package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/settle"
)

// part is one of the four ways in which a dispute moves money, with the names that both sides give it.
type part struct {
	class      class  // PayPal's
	sign       int    // of PayPal's amounts
	code, kind string // PayPal's code of it, for people; the kind of our entry
}

var disputeParts = []part{
	{hold, -1, holdCode, "dispute_hold"},
	{release, 1, "T1111", "dispute_release"},
	{disputeFee, -1, "T0106", "chargeback_fee"},
	{disputeFee, 1, "T0106+", "chargeback_fee_refund"},
}

// holdCode is PayPal's code of money held back because of a dispute.
const holdCode = "T1110"

const (
	// slack is how far our date and PayPal's of one movement may differ: the Disputes API does not say when a dispute
	// left the inquiry (20 days at most), so our hold has the date of the dispute's beginning.
	slack = 21 * 24 * time.Hour
)

// disputePair is one part of the disputes about one payment, summed on both sides.
type disputePair struct {
	Ref      string        `db:"ref"` // the payment
	Part     int           `db:"part"`
	Currency string        `db:"currency"`
	Theirs   int64         `db:"theirs"` // within the span
	Ours     int64         `db:"ours"`   // ever
	At       time.Time     `db:"at"`
	Owner    uuid.NullUUID `db:"owner"`
	Receipt  *string       `db:"receipt"`
	Parent   *string       `db:"parent_state"`
}

// disputeMoney compares what PayPal took, held and released because of disputes with our entries, by payment.
// PayPal's rows name the payment and not the dispute, and a hold may lie before the span that its release is in: so
// our entries must add up to at least what PayPal lists.
func (l *run) disputeMoney() comparison {
	return comparison{
		name:   "disputes",
		next:   func(ctx context.Context, after string) (string, error) { return l.nextReference(ctx, after) },
		find:   l.findDisputes,
		repair: l.repairDisputes,
	}
}

// nextReference returns the last payment of the next batch of those that have disputes or conversions.
func (l *run) nextReference(ctx context.Context, after string) (string, error) {
	var upTo *string
	err := l.db.GetContext(ctx, &upTo, `
		SELECT max(reference_id) FROM (
			SELECT DISTINCT reference_id FROM paypal_transaction
			WHERE run_id = $1 AND class IN ('hold', 'release', 'case_fee', 'conversion') AND reference_id > $2
			ORDER BY reference_id LIMIT $3) b`,
		l.id, after, batch)
	if err != nil {
		return "", fmt.Errorf("find the next batch: %w", err)
	}
	return deref(upTo), nil
}

func (l *run) findDisputes(ctx context.Context, s scope) ([]finding, error) {
	where, args := s.condition("t.reference_id")
	var rows []disputePair
	err := l.db.SelectContext(ctx, &rows, `
		WITH part (part, class, sign, kind) AS (VALUES
			(0, 'hold', -1, 'dispute_hold'), (1, 'release', 1, 'dispute_release'),
			(2, 'case_fee', -1, 'chargeback_fee'), (3, 'case_fee', 1, 'chargeback_fee_refund')),
		theirs AS (
			SELECT t.reference_id AS ref, k.part, k.kind, t.currency, sum(t.amount_minor)::bigint AS theirs,
				max(t.initiated_at) AS at
			FROM paypal_transaction t JOIN part k ON k.class = t.class AND k.sign = sign(t.amount_minor)
			WHERE t.run_id = $1 AND t.class IN ('hold', 'release', 'case_fee', 'conversion') AND t.status = 'S' AND `+where+`
			GROUP BY 1, 2, 3, 4)
		SELECT t.ref, t.part, t.currency, t.theirs, t.at, coalesce(o.ours, 0) AS ours, c.id AS owner, c.receipt,
		       (SELECT d.state FROM discrepancy d WHERE d.kind = 'unknown_payer' AND d.paypal_ref = t.ref ORDER BY d.id LIMIT 1) AS parent_state
		FROM theirs t
		LEFT JOIN payment p ON p.paypal_id = t.ref
		LEFT JOIN LATERAL (
			SELECT sum(e.amount_minor)::bigint AS ours FROM ledger_entry e
			WHERE e.contribution_id = p.contribution_id AND e.payment_id = p.id AND e.kind = t.kind AND e.currency = t.currency) o ON true
		LEFT JOIN contribution c ON c.id = coalesce(p.contribution_id,
			(SELECT x.id FROM contribution x JOIN paypal_transaction g ON g.owner = x.id
			 WHERE g.run_id = $1 AND g.paypal_id = t.ref AND g.class = 'gift' LIMIT 1))
		WHERE `+stillRunning+` AND abs(coalesce(o.ours, 0)) < abs(t.theirs)
		ORDER BY t.ref, t.part`, append([]any{l.id}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("compare disputes: %w", err)
	}
	var found []finding
	for _, row := range rows {
		d := row.difference()
		if n := len(found); n > 0 && found[n-1].key == row.Ref {
			found[n-1].differences = append(found[n-1].differences, d)
			continue
		}
		found = append(found, finding{key: row.Ref, differences: []Difference{d}, permanent: !row.Owner.Valid})
	}
	return found, nil
}

func (p disputePair) difference() Difference {
	d := Difference{
		Kind: MissingHere, Ref: p.Ref, Code: disputeParts[p.Part].code, Contribution: p.Owner.UUID, Receipt: deref(p.Receipt),
		Parent: p.Ref,
		Theirs: money.New(p.Theirs, money.Currency(p.Currency)).String(), At: p.At.UTC(), state: "open",
	}
	if p.Ours != 0 {
		d.Ours = money.New(p.Ours, money.Currency(p.Currency)).String()
	}
	if !p.Owner.Valid {
		d.Kind = UnknownPayer
		if deref(p.Parent) == "set_aside" {
			d.state = "set_aside"
		}
	}
	return d
}

// repairDisputes asks PayPal for the payment's disputes, and books each as the Disputes API returns it.
func (l *run) repairDisputes(ctx context.Context, f finding) error {
	ids, err := l.paypal.DisputesOf(ctx, f.key)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := l.disputes.Settle(ctx, id, source); err != nil {
			return err
		}
	}
	return nil
}

// askAboutDisputes asks about every dispute that changed since a little before the span and that our record does not
// match: its webhook may be lost, and an inquiry moves no money that PayPal's record would show.
func (l *run) askAboutDisputes(ctx context.Context) error {
	l.report("asking about disputes")
	listed := map[string]time.Time{}
	flush := func() error {
		err := l.settleDisputes(ctx, listed)
		clear(listed)
		return err
	}
	err := l.paypal.DisputesSince(ctx, l.from, func(id string, updated time.Time) error {
		listed[id] = updated
		if len(listed) < 500 {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	switch {
	case err == nil:
		return nil
	case unanswered(err):
		return fmt.Errorf("list disputes: %w", err)
	default:
		l.warn(ctx, i18n.New("reconcile.unchecked_disputes"), err)
		return nil
	}
}

// warn adds to the result what could not be checked: the rest of the run is still useful.
func (l *run) warn(ctx context.Context, unchecked i18n.Message, err error) {
	l.log.WarnContext(ctx, unchecked.String(), "run", l.id, "error", err)
	l.result.Warnings = append(l.result.Warnings, unchecked)
}

func (l *run) settleDisputes(ctx context.Context, listed map[string]time.Time) error {
	ids := make([]string, 0, len(listed))
	for id := range listed {
		ids = append(ids, id)
	}
	var known []struct {
		ID      string    `db:"paypal_id"`
		Changed time.Time `db:"changed_at"`
	}
	if err := l.db.SelectContext(ctx, &known, `SELECT paypal_id, changed_at FROM dispute WHERE paypal_id = ANY($1)`,
		db.Array(ids)); err != nil {
		return fmt.Errorf("find known disputes: %w", err)
	}
	for _, k := range known {
		if updated := listed[k.ID]; !updated.IsZero() && !updated.After(k.Changed) {
			delete(listed, k.ID)
		}
	}
	found := make([]finding, 0, len(listed))
	for id := range listed {
		found = append(found, finding{key: id})
	}
	return l.each(ctx, found, func(ctx context.Context, f *finding) error {
		_, err := l.disputes.Settle(ctx, f.key, source)
		if err != nil && !errors.Is(err, settle.ErrNotOurs) {
			l.log.WarnContext(ctx, "a dispute could not be asked about", "run", l.id, "dispute", f.key, "error", err)
		}
		return err
	})
}

// conversions compares PayPal's exchanges into another currency with our notes of them.
func (l *run) conversions() comparison {
	return comparison{
		name: "conversions",
		next: func(ctx context.Context, after string) (string, error) { return l.nextReference(ctx, after) },
		find: l.findConversions,
		repair: func(ctx context.Context, f finding) error {
			_, err := l.payments.SettleCapture(ctx, f.key, source)
			return err
		},
	}
}

func (l *run) findConversions(ctx context.Context, s scope) ([]finding, error) {
	where, args := s.condition("t.reference_id")
	var rows []struct {
		Ref     string    `db:"ref"`
		Theirs  string    `db:"theirs"`
		At      time.Time `db:"at"`
		Owner   uuid.UUID `db:"owner"`
		Receipt string    `db:"receipt"`
	}
	err := l.db.SelectContext(ctx, &rows, `
		SELECT t.reference_id AS ref, string_agg(t.amount_minor::text || ' ' || t.currency, ', '
			ORDER BY t.amount_minor) AS theirs,
		       max(t.initiated_at) AS at, c.id AS owner, c.receipt
		FROM paypal_transaction t
		JOIN payment p ON p.paypal_id = t.reference_id
		JOIN contribution c ON c.id = p.contribution_id
		LEFT JOIN conversion x ON x.payment_id = p.id
		WHERE t.run_id = $1 AND t.class = 'conversion' AND t.status = 'S' AND x.payment_id IS NULL
		  AND p.kind <> 'direct' AND `+stillRunning+` AND `+where+`
		GROUP BY t.reference_id, c.id, c.receipt`, append([]any{l.id}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("compare conversions: %w", err)
	}
	var found []finding
	for _, row := range rows {
		found = append(found, finding{key: row.Ref, differences: []Difference{{
			Kind: MissingHere, Ref: row.Ref, Code: "T0200", Contribution: row.Owner, Receipt: row.Receipt, Parent: row.Ref,
			Theirs: "converted: " + inWords(row.Theirs), At: row.At.UTC(), state: "open",
		}}})
	}
	return found, nil
}

// inWords writes "-4700 USD, 4324 EUR", in minor units, the way people read amounts.
func inWords(minor string) string {
	var words []string
	for _, one := range strings.Split(minor, ", ") {
		var n int64
		var c string
		if _, err := fmt.Sscanf(one, "%d %s", &n, &c); err == nil {
			words = append(words, money.New(n, money.Currency(c)).String())
		}
	}
	return strings.Join(words, ", ")
}
