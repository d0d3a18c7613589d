package reconcile

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"readerfund/internal/db"
)

// comparison compares one aspect of both sides. It goes through its keys in batches, so that a million rows take no
// more memory than a thousand, and repeats the comparison for single keys after fixing.
type comparison struct {
	name string
	// next returns the last key of the batch that follows a key; empty when there is none left.
	next func(ctx context.Context, after string) (string, error)
	// find returns the differences in a part of the keys.
	find func(ctx context.Context, s scope) ([]finding, error)
	// asks checks a finding with PayPal's API, which knows more than its record and sooner, and reports whether that
	// explains it; nil if the record is sufficient. It may add PayPal's answer to the finding.
	asks func(ctx context.Context, f *finding) (bool, error)
	// repair brings news of one finding into the books; nil if nothing can.
	repair func(ctx context.Context, f finding) error
}

// scope is the set of keys to compare: a range of them, or single ones. Our row numbers and times are keys, too.
type scope struct {
	after, upTo string
	keys        []string
}

// condition restricts a column to the scope, as SQL whose parameters begin with $2.
func (s scope) condition(column string) (string, []any) {
	if s.keys != nil {
		return column + " = ANY($2)", []any{db.Array(s.keys)}
	}
	return column + " > $2 AND " + column + " <= $3", []any{s.after, s.upTo}
}

// first and last are the scope as our row numbers: greater than first, up to last.
func (s scope) first() int64 { n, _ := strconv.ParseInt(s.after, 10, 64); return n } // 0 before all
func (s scope) last() int64  { n, _ := strconv.ParseInt(s.upTo, 10, 64); return n }

// from and to are the scope as a range of time: later than from, up to to.
func (s scope) from() time.Time { t, _ := time.Parse(time.RFC3339Nano, s.after); return t } // zero before all
func (s scope) to() time.Time   { t, _ := time.Parse(time.RFC3339Nano, s.upTo); return t }

func (s scope) includes(t time.Time) bool { return t.After(s.from()) && !t.After(s.to()) }

// finding is one key with its differences.
type finding struct {
	key         string
	pair        pair
	differences []Difference
	permanent   bool  // only a person can resolve it
	explained   bool  // by PayPal's API
	failure     error // why it could not be checked or fixed
}

// batch is how many keys one statement compares: few enough that it answers well within the time after which the
// database counts as lost.
const batch = 5000

// near is how far PayPal's date of a payment and ours usually differ at most. If they differ more, the payment is
// compared by its id, which takes longer.
const near = 10 * time.Minute

// compare goes through all keys of a comparison, and fixes and stores the differences it finds.
func (l *run) compare(ctx context.Context, c comparison) error {
	for after := ""; ; {
		upTo, err := c.next(ctx, after)
		if err != nil || upTo == "" {
			return err
		}
		found, err := c.find(ctx, scope{after: after, upTo: upTo})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			if err := l.resolve(ctx, c, found); err != nil {
				return err
			}
			l.report("comparing " + c.name)
		}
		after = upTo
		if err := l.heartbeat(ctx); err != nil {
			return err
		}
	}
}

// resolve checks findings with PayPal, fixes those it can, compares again, and stores the outcome of each difference.
func (l *run) resolve(ctx context.Context, c comparison, found []finding) error {
	found, err := l.unexplained(ctx, c, found)
	if err != nil || len(found) == 0 {
		return err
	}
	if l.order.Dry {
		l.findings.add(c, found)
		return nil
	}
	if err := l.repairAll(ctx, c, found); err != nil {
		return err
	}
	left, err := l.compareAgain(ctx, c, found)
	if err != nil {
		return err
	}
	return l.save(ctx, found, left)
}

// compareAgain returns the differences that remain, by key.
func (l *run) compareAgain(ctx context.Context, c comparison, found []finding) (map[string][]Difference, error) {
	left := map[string][]Difference{}
	var tried []string
	for _, f := range found {
		if c.repair != nil && !f.permanent && f.failure == nil {
			tried = append(tried, f.key)
		} else {
			left[f.key] = f.differences
		}
	}
	if len(tried) == 0 {
		return left, nil
	}
	again, err := c.find(ctx, scope{keys: tried})
	if err != nil {
		return nil, err
	}
	if again, err = l.unexplained(ctx, c, again); err != nil {
		return nil, err
	}
	for _, f := range again {
		left[f.key] = f.differences
	}
	return left, nil
}

// stretch returns the last id of the next batch of PayPal's rows of a class.
func (l *run) stretch(ctx context.Context, class class, after string) (string, error) {
	var upTo *string
	err := l.db.GetContext(ctx, &upTo, `
		SELECT max(paypal_id) FROM (
			SELECT paypal_id FROM paypal_transaction WHERE run_id = $1 AND class = $2 AND paypal_id > $3 ORDER BY paypal_id
			LIMIT $4) b`,
		l.id, string(class), after, batch)
	if err != nil {
		return "", fmt.Errorf("find the next batch: %w", err)
	}
	return deref(upTo), nil
}

// nextMoment returns the last of the times that a query lists, as a key.
func (l *run) nextMoment(ctx context.Context, moments string, args ...any) (string, error) {
	var upTo sql.NullTime
	if err := l.db.GetContext(ctx, &upTo, `SELECT max(at) FROM (`+moments+`) b (at)`, args...); err != nil {
		return "", fmt.Errorf("find the next batch: %w", err)
	}
	if !upTo.Valid {
		return "", nil
	}
	return moment(upTo.Time), nil
}

// ids returns the PayPal ids that a query finds. It only selects candidates, and so is right even if another process
// has finished the run and PayPal's rows are gone.
func (l *run) ids(ctx context.Context, query string, args ...any) ([]string, error) {
	var ids []string
	if err := l.db.SelectContext(ctx, &ids, query, args...); err != nil {
		return nil, fmt.Errorf("find what may differ: %w", err)
	}
	return ids, nil
}

// pairs runs a comparison's SQL and compares both sides of each row.
func (l *run) pairs(ctx context.Context, query string, args ...any) ([]finding, error) {
	var rows []pair
	if err := l.db.SelectContext(ctx, &rows, query, append([]any{l.id}, args...)...); err != nil {
		return nil, err
	}
	var found []finding
	for _, p := range rows {
		if differences := p.differences(); len(differences) > 0 {
			found = append(found, finding{key: p.Ref, pair: p, differences: differences, permanent: permanent(differences)})
		}
	}
	return found, nil
}

// permanent reports whether only a person can resolve the differences: we never change what we have booked
// differently from PayPal, and money from elsewhere belongs to no contribution.
func permanent(all []Difference) bool {
	for _, d := range all {
		switch d.Kind {
		case MissingHere, MissingThere, WrongStatus:
			return false
		case WrongFee:
			return false // a fee that is missing here can be booked; a different one cannot
		case WrongAmount, WrongMoney, UnknownPayer:
		}
	}
	return true
}

// stillRunning is the condition that a run has not ended: when another process has ended it, PayPal's rows are gone,
// and everything would seem to be missing there.
const stillRunning = `EXISTS (SELECT 1 FROM reconcile_run r WHERE r.id = $1 AND r.state IN ('running', 'broken'))`

func readDetail(text []byte) *detail {
	var d detail
	if len(text) == 0 || json.Unmarshal(text, &d) != nil {
		return nil
	}
	return &d
}
