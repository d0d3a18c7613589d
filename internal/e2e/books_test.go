package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"readerfund/internal/money"
)

// This file is the ledger invariant L of docs/ARCHITECTURE: for each capture, refund and dispute, our entries equal
// PayPal's own, and neither side has one that the other lacks.

// findings are the ways in which the two sides differ, each in words.
type findings struct {
	lost        []string // at PayPal, and not here
	doubled     []string // here more than once, or more than at PayPal; or the reader charged more than once
	unexplained []string // any other difference
}

func (f findings) all() []string { return slices.Concat(f.lost, f.doubled, f.unexplained) }

func (f *findings) add(other findings) {
	f.lost, f.doubled = append(f.lost, other.lost...), append(f.doubled, other.doubled...)
	f.unexplained = append(f.unexplained, other.unexplained...)
}

// booking is what one side says of one thing: a charge, a fee, money that went back, a hold.
type booking struct {
	minor                  int64
	currency, contribution string
}

func (b booking) String() string {
	return fmt.Sprintf("%s of %s", money.New(b.minor, money.Currency(b.currency)), b.contribution)
}

// books are one side's bookings, by kind and PayPal's id, and its states, by contribution.
type books struct {
	bookings map[string]booking
	states   map[string]string
}

// post adds to a booking; what comes to nothing is none.
func (b books) post(kind, ref string, more booking) {
	key := kind + " " + ref
	more.minor += b.bookings[key].minor
	if b.bookings[key] = more; more.minor == 0 {
		delete(b.bookings, key)
	}
}

// audit compares the two sides.
func (s *scene) audit() (findings, error) {
	all, err := s.bank.ledger()
	if err != nil {
		return findings{}, fmt.Errorf("read the sandbox's ledger: %w", err)
	}
	theirs, err := theirBooks(all)
	if err != nil {
		return findings{}, err
	}
	ours, err := s.ourBooks()
	if err != nil {
		return findings{}, fmt.Errorf("read our ledger: %w", err)
	}
	if s.forgot {
		maps.DeleteFunc(theirs.states, func(id, state string) bool { return state == "declined" && ours.states[id] == "" })
	}
	f := compare(theirs, ours)
	f.doubled = append(f.doubled, chargedTwice(all)...)
	return f, nil
}

func compare(theirs, ours books) (f findings) {
	for _, key := range slices.Sorted(maps.Keys(theirs.bookings)) {
		their := theirs.bookings[key]
		our, there := ours.bookings[key]
		switch {
		case !there:
			f.lost = append(f.lost, fmt.Sprintf("only PayPal has %s: %v", key, their))
		case our == their:
		case our.currency == their.currency && our.contribution == their.contribution && max(our.minor, -our.minor) > max(their.minor, -their.minor):
			f.doubled = append(f.doubled, fmt.Sprintf("PayPal has %s: %v, and we have %v", key, their, our))
		default:
			f.unexplained = append(f.unexplained, fmt.Sprintf("PayPal has %s: %v, and we have %v", key, their, our))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(ours.bookings)) {
		if _, there := theirs.bookings[key]; !there {
			f.doubled = append(f.doubled, fmt.Sprintf("only we have %s: %v", key, ours.bookings[key]))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(theirs.states)) {
		if theirs.states[id] != ours.states[id] {
			f.unexplained = append(f.unexplained, fmt.Sprintf("at PayPal %s is %s, and here it is %q", id, theirs.states[id], ours.states[id]))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ours.states)) {
		if _, there := theirs.states[id]; !there {
			f.unexplained = append(f.unexplained, fmt.Sprintf("here %s is %s, and PayPal has no money of it", id, ours.states[id]))
		}
	}
	return f
}

// chargedTwice lists the contributions that PayPal took money for more than once.
func chargedTwice(all []movement) (twice []string) {
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

// balanced waits until L holds, and shows what differs when it does not.
func (s *scene) balanced(within time.Duration) {
	s.t.Helper()
	eventually(s.t, within, "our ledger equals the sandbox's", func() (bool, string) {
		f, err := s.audit()
		if err != nil {
			s.t.Fatal(err)
		}
		different := f.all()
		return len(different) == 0, fmt.Sprintf("%d lines differ:\n%s", len(different), strings.Join(different[:min(len(different), 40)], "\n"))
	})
}

// theirBooks writes the sandbox's ledger the way ours would have to look.
func theirBooks(all []movement) (books, error) {
	b := books{map[string]booking{}, map[string]string{}}
	reversed, disputed := map[string]bool{}, map[string]bool{} // captures
	for _, m := range all {
		reversed[m.Parent] = reversed[m.Parent] || m.Kind == "reversal"
		disputed[m.Parent] = disputed[m.Parent] || m.Kind == "dispute" && !strings.HasPrefix(m.Status, "RESOLVED") && m.Status != "ACCEPTED"
		if m.CustomID == "" {
			continue // money that came to PayPal without us is the reconciler's to find
		}
		for kind, amount := range parts(m) {
			sum, err := money.Parse(strings.TrimPrefix(amount, "-"), money.Currency(m.Currency))
			if err != nil {
				return books{}, fmt.Errorf("the sandbox's ledger has %+v: %w", m, err)
			}
			if strings.HasPrefix(amount, "-") {
				sum = sum.Neg()
			}
			b.post(kind, m.ID, booking{sum.Minor, m.Currency, m.CustomID})
		}
	}
	for _, m := range all {
		if m.Kind == "capture" && m.CustomID != "" {
			b.states[m.CustomID] = stateOf(m, reversed[m.ID], disputed[m.ID])
		}
	}
	return b, nil
}

// parts are the bookings that follow from one line of the sandbox's ledger, by our names.
func parts(m movement) map[string]string {
	switch {
	case m.Kind == "dispute":
		return map[string]string{"held": "-" + m.Held, "case fee": "-" + m.Fee}
	case m.Kind != "capture" && m.Status != "COMPLETED": // a refund that is on its way, or came to nothing
		return nil
	case m.Kind != "capture":
		return map[string]string{"back": "-" + m.Amount, "fee back": m.Fee}
	case m.Status == "PENDING" || m.Status == "DECLINED":
		return nil
	default:
		return map[string]string{"charge": m.Amount, "fee": "-" + m.Fee}
	}
}

// stateOf is what a contribution should be whose capture stands so.
func stateOf(m movement, reversed, disputed bool) string {
	switch {
	case m.Status == "REFUNDED" && reversed:
		return "reversed"
	case disputed && (m.Status == "COMPLETED" || m.Status == "PARTIALLY_REFUNDED"):
		return "disputed"
	default:
		return strings.ToLower(m.Status)
	}
}

func (s *scene) ourBooks() (books, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	b := books{map[string]booking{}, map[string]string{}}
	var entries []struct {
		Kind, Ref, Contribution, Currency string
		Amount                            int64
	}
	err := s.db.SelectContext(ctx, &entries, `
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
		b.post(e.Kind, e.Ref, booking{e.Amount, e.Currency, e.Contribution})
	}
	var states []struct{ ID, State string }
	err = s.db.SelectContext(ctx, &states, `
		SELECT id::text, state FROM contribution
		WHERE state IN ('pending', 'completed', 'partially_refunded', 'refunded', 'reversed', 'disputed')
		   OR state = 'declined' AND EXISTS (SELECT 1 FROM payment p WHERE p.contribution_id = contribution.id)`)
	for _, c := range states {
		b.states[c.ID] = c.State
	}
	return b, err
}
