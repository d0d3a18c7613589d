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

// This file is the ledger invariant L of docs/ARCHITECTURE: for each capture and refund, our entries equal PayPal's own,
// and neither side has one that the other lacks.

// differences lists every line that only one side has; none means that L holds.
func (s *scene) differences() ([]string, error) {
	theirs, err := s.theirBooks()
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's ledger: %w", err)
	}
	ours, err := s.ourBooks()
	if err != nil {
		return nil, fmt.Errorf("read our ledger: %w", err)
	}
	var all []string
	for _, line := range slices.Sorted(maps.Keys(theirs)) {
		if !ours[line] {
			all = append(all, "only PayPal has:  "+line)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(ours)) {
		if !theirs[line] {
			all = append(all, "only we have:     "+line)
		}
	}
	return all, nil
}

// balanced waits until L holds, and shows what differs when it does not.
func (s *scene) balanced(within time.Duration) {
	s.t.Helper()
	eventually(s.t, within, "our ledger equals the sandbox's", func() (bool, string) {
		different, err := s.differences()
		if err != nil {
			s.t.Fatal(err)
		}
		return len(different) == 0, fmt.Sprintf("%d lines differ:\n%s", len(different), strings.Join(different[:min(len(different), 40)], "\n"))
	})
}

// theirBooks writes the sandbox's ledger the way ours would have to look.
func (s *scene) theirBooks() (map[string]bool, error) {
	all, err := s.bank.ledger()
	if err != nil {
		return nil, err
	}
	states := map[string]string{
		"COMPLETED": "completed", "PARTIALLY_REFUNDED": "partially_refunded", "REFUNDED": "refunded", "PENDING": "pending", "DECLINED": "declined",
	}
	lines := map[string]bool{}
	for _, m := range all {
		switch {
		case m.Kind != "capture":
			lines[entryLine("back", m.ID, m.CustomID, "-"+m.Amount, m.Currency)] = true
			continue
		case m.Status != "PENDING" && m.Status != "DECLINED":
			lines[entryLine("charge", m.ID, m.CustomID, m.Amount, m.Currency)] = true
			lines[entryLine("fee", m.ID, m.CustomID, "-"+m.Fee, m.Currency)] = true
		}
		lines[stateLine(m.CustomID, states[m.Status])] = true
	}
	return lines, nil
}

func (s *scene) ourBooks() (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	var entries []struct {
		Kind, Ref, Contribution, Currency string
		Amount                            int64
	}
	err := s.db.SelectContext(ctx, &entries, `
		SELECT CASE WHEN kind IN ('refund', 'reversal') THEN 'back' ELSE kind END AS kind, paypal_ref AS ref,
		       contribution_id::text AS contribution, currency, amount_minor AS amount
		FROM ledger_entry`)
	if err != nil {
		return nil, err
	}
	lines := map[string]bool{}
	for _, e := range entries {
		lines[entryLine(e.Kind, e.Ref, e.Contribution, money.New(e.Amount, money.Currency(e.Currency)).Decimal(), e.Currency)] = true
	}
	var states []struct{ ID, State string }
	err = s.db.SelectContext(ctx, &states, `
		SELECT id::text, state FROM contribution
		WHERE state IN ('pending', 'completed', 'partially_refunded', 'refunded', 'reversed')
		   OR state = 'declined' AND EXISTS (SELECT 1 FROM payment p WHERE p.contribution_id = contribution.id)`)
	for _, c := range states {
		lines[stateLine(c.ID, c.State)] = true
	}
	return lines, err
}

func entryLine(kind, ref, contribution, amount, currency string) string {
	return fmt.Sprintf("%-7s %s of %s: %s %s", kind, ref, contribution, strings.Replace(amount, "-0.00", "0.00", 1), currency)
}

func stateLine(contribution, state string) string {
	return fmt.Sprintf("state   of %s: %s", contribution, state)
}
