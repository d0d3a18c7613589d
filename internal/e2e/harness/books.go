package harness

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/testkit"
)

// Differences are the ways in which the two sides differ, each in words.
type Differences struct {
	Lost        []string // at PayPal, and not here
	Doubled     []string // here more than once, or more than at PayPal; or the reader charged more than once
	Unexplained []string // any other difference
}

// All are all of them.
func (f Differences) All() []string { return slices.Concat(f.Lost, f.Doubled, f.Unexplained) }

// Add adds another comparison's.
func (f *Differences) Add(other Differences) {
	f.Lost, f.Doubled = append(f.Lost, other.Lost...), append(f.Doubled, other.Doubled...)
	f.Unexplained = append(f.Unexplained, other.Unexplained...)
}

// Booking is what one side says of one thing: a charge, a fee, money that went back, a hold.
type Booking struct {
	Minor                  int64
	Currency, Contribution string
}

func (b Booking) String() string {
	return fmt.Sprintf("%s of %s", money.New(b.Minor, money.Currency(b.Currency)), b.Contribution)
}

// Books are one side's bookings, by kind and PayPal's id, and its states, by contribution.
type Books struct {
	Bookings map[string]Booking
	States   map[string]string
}

// post adds to a booking; what comes to nothing is none.
func (b Books) post(kind, ref string, more Booking) {
	key := kind + " " + ref
	more.Minor += b.Bookings[key].Minor
	if b.Bookings[key] = more; more.Minor == 0 {
		delete(b.Bookings, key)
	}
}

// Compare compares the two sides.
func (s *Fixture) Compare() (Differences, error) {
	all, err := s.PayPal.Ledger()
	if err != nil {
		return Differences{}, fmt.Errorf("read the sandbox's ledger: %w", err)
	}
	theirs, err := TheirBooks(all)
	if err != nil {
		return Differences{}, err
	}
	ours, err := s.ourBooks()
	if err != nil {
		return Differences{}, fmt.Errorf("read our ledger: %w", err)
	}
	if s.Restored {
		maps.DeleteFunc(theirs.States, func(id, state string) bool { return state == "declined" && ours.States[id] == "" })
	}
	f := compareBooks(theirs, ours)
	f.Doubled = slices.Concat(f.Doubled, chargedTwice(all), subscribedTwice(all))
	return f, nil
}

func compareBooks(theirs, ours Books) (f Differences) {
	for _, key := range slices.Sorted(maps.Keys(theirs.Bookings)) {
		their := theirs.Bookings[key]
		our, there := ours.Bookings[key]
		switch {
		case !there:
			f.Lost = append(f.Lost, fmt.Sprintf("only PayPal has %s: %v", key, their))
		case our == their:
		case our.Currency == their.Currency && our.Contribution == their.Contribution &&
			max(our.Minor, -our.Minor) > max(their.Minor, -their.Minor):
			f.Doubled = append(f.Doubled, fmt.Sprintf("PayPal has %s: %v, and we have %v", key, their, our))
		default:
			f.Unexplained = append(f.Unexplained, fmt.Sprintf("PayPal has %s: %v, and we have %v", key, their, our))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(ours.Bookings)) {
		if _, there := theirs.Bookings[key]; !there {
			f.Doubled = append(f.Doubled, fmt.Sprintf("only we have %s: %v", key, ours.Bookings[key]))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(theirs.States)) {
		if theirs.States[id] != ours.States[id] {
			f.Unexplained = append(
				f.Unexplained,
				fmt.Sprintf("at PayPal %s is %s, and here it is %q", id, theirs.States[id], ours.States[id]),
			)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ours.States)) {
		if _, there := theirs.States[id]; !there {
			f.Unexplained = append(
				f.Unexplained,
				fmt.Sprintf("here %s is %s, and PayPal has no money of it", id, ours.States[id]),
			)
		}
	}
	return f
}

// chargedTwice lists the contributions that PayPal took money for more than once.
func chargedTwice(all []testkit.Movement) (twice []string) {
	captures := map[string]int{}
	for _, m := range all {
		if m.Kind == "capture" && m.Status != "DECLINED" {
			captures[m.CustomID]++
		}
	}
	for _, id := range slices.Sorted(maps.Keys(captures)) {
		if captures[id] > 1 {
			twice = append(twice, fmt.Sprintf("PayPal has %d captures for %s", captures[id], id))
		}
	}
	return twice
}

// Balanced waits until L holds, and shows what differs when it does not.
func (s *Fixture) Balanced(within time.Duration) {
	s.T.Helper()
	testkit.Eventually(s.T, within, "our ledger equals the sandbox's", func() (bool, string) {
		f, err := s.Compare()
		if err != nil {
			s.T.Fatal(err)
		}
		different := f.All()
		return len(
				different,
			) == 0, fmt.Sprintf(
				"%d lines differ:\n%s",
				len(different),
				strings.Join(different[:min(len(different), 40)], "\n"),
			)
	})
}

// TheirBooks writes the sandbox's ledger the way ours would have to look.
func TheirBooks(all []testkit.Movement) (Books, error) {
	b := Books{map[string]Booking{}, map[string]string{}}
	reversed, disputed := map[string]bool{}, map[string]bool{} // captures
	for _, m := range all {
		reversed[m.Parent] = reversed[m.Parent] || m.Kind == "reversal"
		disputed[m.Parent] = disputed[m.Parent] ||
			m.Kind == "dispute" && !strings.HasPrefix(m.Status, "RESOLVED") && m.Status != "ACCEPTED"
		if m.CustomID == "" {
			continue // money that came to PayPal without us is the reconciler's to find
		}
		for kind, amount := range parts(m) {
			sum, err := money.Parse(strings.TrimPrefix(amount, "-"), money.Currency(m.Currency))
			if err != nil {
				return Books{}, fmt.Errorf("the sandbox's ledger has %+v: %w", m, err)
			}
			if strings.HasPrefix(amount, "-") {
				sum = sum.Neg()
			}
			b.post(kind, m.ID, Booking{sum.Minor, m.Currency, m.CustomID})
		}
	}
	for _, m := range all {
		if !isPayment(m) || m.CustomID == "" {
			continue
		}
		state, before := stateOf(m, reversed[m.ID], disputed[m.ID]), b.States[m.CustomID]
		if m.SubscriptionID == "" || rank(state) > rank(before) {
			b.States[m.CustomID] = state
		}
	}
	return b, nil
}

// isPayment reports whether a line of the sandbox's ledger is money that a reader gave.
func isPayment(m testkit.Movement) bool { return m.Kind == "capture" || m.Kind == "sale" }

// rank is how much the state of one payment says of a contribution that has several: an open dispute most, then that
// there is one which has not gone back.
func rank(state string) int {
	return slices.Index([]string{"", "declined", "pending", "refunded", "reversed", "completed", "disputed"}, state)
}

// parts are the bookings that follow from one line of the sandbox's ledger, by our names.
func parts(m testkit.Movement) map[string]string {
	switch {
	case m.Kind == "dispute":
		return map[string]string{"held": "-" + m.Held, "case fee": "-" + m.Fee}
	case !isPayment(m) && m.Status != "COMPLETED": // a refund that is on its way, or came to nothing
		return nil
	case !isPayment(m):
		return map[string]string{"back": "-" + m.Amount, "fee back": m.Fee}
	case m.Status == "PENDING" || m.Status == "DECLINED":
		return nil
	default:
		return map[string]string{"charge": m.Amount, "fee": "-" + m.Fee}
	}
}

// stateOf is what a contribution should be whose capture stands so.
func stateOf(m testkit.Movement, reversed, disputed bool) string {
	switch {
	case m.Status == "REFUNDED" && reversed:
		return "reversed"
	case disputed && (m.Status == "COMPLETED" || m.Status == "PARTIALLY_REFUNDED"):
		return "disputed"
	case m.SubscriptionID != "" && m.Status == "PARTIALLY_REFUNDED":
		return "completed" // a payment of several
	default:
		return strings.ToLower(m.Status)
	}
}

func (s *Fixture) ourBooks() (Books, error) {
	ctx, cancel := context.WithTimeout(s.T.Context(), time.Minute)
	defer cancel()
	b := Books{map[string]Booking{}, map[string]string{}}
	var entries []struct {
		Kind, Ref, Contribution, Currency string
		Amount                            int64
	}
	err := s.DB.SelectContext(ctx, &entries, `
		SELECT CASE WHEN kind IN ('refund', 'reversal') THEN 'back'
		            WHEN kind = 'fee_refund' THEN 'fee back'
		            WHEN kind IN ('dispute_hold', 'dispute_release') THEN 'held'
		            WHEN kind IN ('chargeback_fee', 'chargeback_fee_refund') THEN 'case fee'
		            ELSE kind END AS kind,
		       paypal_ref AS ref, contribution_id::text AS contribution, currency, amount_minor AS amount
		FROM ledger_entry`)
	if err != nil {
		return b, err
	}
	for _, e := range entries {
		b.post(e.Kind, e.Ref, Booking{e.Amount, e.Currency, e.Contribution})
	}
	var states []struct{ ID, State string }
	err = s.DB.SelectContext(ctx, &states, `
		SELECT id::text, state FROM contribution
		WHERE state IN ('pending', 'completed', 'partially_refunded', 'refunded', 'reversed', 'disputed')
		   OR state = 'declined' AND EXISTS (SELECT 1 FROM payment p WHERE p.contribution_id = contribution.id)`)
	for _, c := range states {
		b.States[c.ID] = c.State
	}
	return b, err
}
