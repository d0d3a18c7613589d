package reconcile

import (
	"context"
	"fmt"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/i18n"
)

// findings collects what a dry run finds. It keeps no more than a person can read.
type findings struct {
	all  []Difference
	more int64
}

// mostGathered is far more than a person reads.
const mostGathered = 10_000

// add notes findings, and whether a run would fix them.
func (s *findings) add(c comparison, found []finding) {
	for _, f := range found {
		for _, d := range f.differences {
			if d.state == "set_aside" {
				continue
			}
			if len(s.all) == mostGathered {
				s.more++
				continue
			}
			d.Note, d.Advice = explainFailure(f.failure).String(), d.advise().String()
			if d.Mendable = c.repair != nil && !f.permanent && d.fixable(f); d.Mendable {
				d.Advice = i18n.New("reconcile.advice_run").String()
			}
			s.all = append(s.all, d)
		}
	}
}

// fixable reports whether news from PayPal can resolve the difference: booked entries are not changed.
func (d Difference) fixable(f finding) bool {
	switch d.Kind {
	case MissingHere:
		return true
	case WrongStatus:
		return deref(f.pair.OurStatus) != "completed"
	case WrongFee:
		return f.pair.BookedFee == nil
	default:
		return false
	}
}

// finishDry reports what was found, without what a person has set aside, and removes every trace of the run.
func (l *run) finishDry(ctx context.Context) error {
	l.result = Result{Run: l.id, From: l.from, CheckedTo: l.checkedTo(), Dry: true, Unopened: l.findings.more}
	err := l.db.GetContext(ctx, &l.result.Payments, `
		SELECT count(*) FROM (SELECT DISTINCT paypal_id FROM paypal_transaction WHERE run_id = $1 AND class = 'gift'
			AND status <> 'D') g`, l.id)
	if err != nil {
		return fmt.Errorf("count payments: %w", err)
	}
	err = l.db.GetContext(ctx, &l.result.Elsewhere,
		`SELECT count(*) FROM paypal_transaction WHERE run_id = $1 AND class = 'other'`, l.id)
	if err != nil {
		return fmt.Errorf("count other movements: %w", err)
	}
	aside, err := l.setAside(ctx)
	if err != nil {
		return err
	}
	for _, d := range l.findings.all {
		if aside[d.key()] == [2]string{d.Ours, d.Theirs} {
			l.result.SetAside++
			continue
		}
		if d.Mendable {
			l.result.Fixed++
		}
		l.result.Open = append(l.result.Open, d)
	}
	return l.erase(ctx)
}

// setAside returns which findings a person has set aside, with what either side said then.
func (l *run) setAside(ctx context.Context) (map[[3]string][2]string, error) {
	refs := make([]string, 0, len(l.findings.all))
	for _, d := range l.findings.all {
		refs = append(refs, d.Ref)
	}
	var rows []struct {
		Kind   string    `db:"kind"`
		Ref    string    `db:"paypal_ref"`
		Code   string    `db:"code"`
		Ours   string    `db:"ours"`
		Theirs string    `db:"theirs"`
		At     time.Time `db:"occurred_at"`
	}
	err := l.db.SelectContext(ctx, &rows, `
		SELECT kind, paypal_ref, code, ours, theirs, occurred_at FROM discrepancy WHERE state = 'set_aside'
			AND paypal_ref = ANY($1)`, db.Array(refs))
	if err != nil {
		return nil, fmt.Errorf("read what was set aside: %w", err)
	}
	all := map[[3]string][2]string{}
	for _, r := range rows {
		all[[3]string{r.Kind, r.Ref, r.Code}] = [2]string{r.Ours, r.Theirs}
	}
	return all, nil
}
