package reconcile

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/i18n"
)

// savedDifference is a difference on its way into the table. Its JSON is what the INSERT unpacks.
type savedDifference struct {
	Kind         Kind       `json:"kind"`
	Ref          string     `json:"paypal_ref"`
	Code         string     `json:"code"`
	Contribution *uuid.UUID `json:"contribution_id"`
	Parent       string     `json:"parent_ref"`
	Ours         string     `json:"ours"`
	Theirs       string     `json:"theirs"`
	At           time.Time  `json:"occurred_at"`
	Detail       *detail    `json:"detail"`
	State        string     `json:"state"`
	Advice       string     `json:"advice"`
	Note         string     `json:"note"`
	Closed       *time.Time `json:"closed_at"`
}

func (d Difference) saved(state, note string, now time.Time) savedDifference {
	k := savedDifference{
		Kind: d.Kind, Ref: d.Ref, Code: d.Code, Parent: d.Parent, Ours: d.Ours, Theirs: d.Theirs, At: d.At, Detail: d.detail,
		State: state, Advice: d.advise().String(), Note: note,
	}
	if d.Contribution != uuid.Nil {
		k.Contribution = &d.Contribution
	}
	if state != "open" {
		k.Closed = &now
	}
	return k
}

// save stores the outcome of each finding: left open, or fixed. left has what still differs, by key.
func (l *run) save(ctx context.Context, found []finding, left map[string][]Difference) error {
	now := l.now().UTC()
	var rows []savedDifference
	var mended []Kind
	for _, f := range found {
		still := map[[3]string]bool{}
		for _, d := range left[f.key] {
			still[d.key()] = true
			note := explainFailure(f.failure).String()
			if d.state == "set_aside" {
				note = i18n.New("reconcile.note_payment_set_aside").String()
			}
			rows = append(rows, d.saved(d.state, note, now))
		}
		for _, d := range f.differences {
			if still[d.key()] {
				continue
			}
			if _, open := left[f.key]; open && d.Kind == MissingHere {
				continue // it is here now, but differs in another way
			}
			rows = append(rows, d.saved("mended", i18n.New("reconcile.note_fixed").String(), now))
			mended = append(mended, d.Kind)
		}
	}
	if err := l.write(ctx, rows, now); err != nil {
		return err
	}
	l.mended += int64(len(mended))
	for _, kind := range mended {
		l.metrics.ReconcileFixed(string(kind))
	}
	return nil
}

func (d Difference) key() [3]string { return [3]string{string(d.Kind), d.Ref, d.Code} }

// write stores differences. One that a person set aside stays so, unless it has become another difference since.
func (l *run) write(ctx context.Context, rows []savedDifference, now time.Time) error {
	text, err := json.Marshal(dedupe(rows))
	if err != nil {
		return fmt.Errorf("write differences: %w", err)
	}
	return l.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO discrepancy AS d (kind, paypal_ref, code, contribution_id, parent_ref, ours, theirs, occurred_at, detail,
			                              state, advice, note, run_id, first_seen, last_seen, closed_at)
			SELECT t.kind, t.paypal_ref, t.code, t.contribution_id, t.parent_ref, t.ours, t.theirs, t.occurred_at, t.detail,
			       t.state, t.advice, t.note, $1, $3, $3, t.closed_at
			FROM jsonb_to_recordset($2::jsonb) AS t(kind text, paypal_ref text, code text, contribution_id uuid,
			     parent_ref text, ours text, theirs text, occurred_at timestamptz,
			     detail jsonb, state text, advice text, note text, closed_at timestamptz)
			ORDER BY t.kind, t.paypal_ref, t.code
			ON CONFLICT (kind, paypal_ref, code) DO UPDATE SET
			    contribution_id = excluded.contribution_id, parent_ref = excluded.parent_ref, ours = excluded.ours,
			    theirs = excluded.theirs,
			    occurred_at = excluded.occurred_at,
			    detail = CASE WHEN d.erased_at IS NULL THEN coalesce(excluded.detail, d.detail) ELSE d.detail END,
			    state = excluded.state, advice = excluded.advice,
			    note = excluded.note, actor = '', run_id = excluded.run_id, last_seen = excluded.last_seen,
			    closed_at = excluded.closed_at
			WHERE d.state <> 'set_aside' OR (d.ours, d.theirs) IS DISTINCT FROM (excluded.ours, excluded.theirs)`,
			l.id, string(text), now)
		if err != nil {
			return fmt.Errorf("keep differences: %w", err)
		}
		return nil
	})
}

// dedupe keeps one row of each difference, because one statement can only write one: a fee that PayPal took in two
// currencies is one difference here. Open rows win over fixed ones.
func dedupe(rows []savedDifference) []savedDifference {
	place := map[[3]string]int{}
	var all []savedDifference
	for _, k := range rows {
		key := [3]string{string(k.Kind), k.Ref, k.Code}
		n, there := place[key]
		switch {
		case !there:
			place[key] = len(all)
			all = append(all, k)
		case all[n].State == "mended":
			all[n] = k
		case k.State != "mended":
			all[n].Ours, all[n].Theirs = joined(all[n].Ours, k.Ours), joined(all[n].Theirs, k.Theirs)
		}
	}
	return all
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// mostListed is how many open differences a result lists; the staff page has all of them.
const mostListed = 1000

// readResult reads what the run found, whichever process wrote it.
func (l *run) readResult(ctx context.Context) error {
	var r struct {
		From      time.Time    `db:"from_at"`
		CheckedTo sql.NullTime `db:"checked_to"`
		Payments  int64        `db:"payments"`
		Elsewhere int64        `db:"elsewhere"`
		Mended    int64        `db:"mended"`
	}
	err := l.db.GetContext(ctx, &r, `
		SELECT from_at, checked_to, payments, elsewhere, mended FROM reconcile_run WHERE id = $1`, l.id)
	if err != nil {
		return fmt.Errorf("read the run: %w", err)
	}
	recovered, warnings := l.result.Recovered, l.result.Warnings
	l.result = Result{
		Run: l.id, From: r.From.UTC(), CheckedTo: r.CheckedTo.Time.UTC(), Payments: r.Payments, Elsewhere: r.Elsewhere,
		Fixed: r.Mended, Recovered: recovered, Warnings: warnings,
	}
	counts, err := l.counts(ctx)
	if err != nil {
		return err
	}
	if l.result.Open, err = l.open(ctx); err != nil {
		return err
	}
	open := int64(0)
	for key, n := range counts {
		switch key.state {
		case "open":
			open += n
		case "set_aside":
			l.result.SetAside += n
		case "adopted":
			l.result.Adopted += n
		}
	}
	l.result.Unopened = max(0, open-int64(len(l.result.Open)))
	for _, k := range Kinds() {
		l.metrics.ReconcileOpen(string(k), counts[count{k, "open"}])
	}
	l.metrics.ReconcileCheckedTo(l.result.CheckedTo)
	return nil
}

type count struct {
	kind  Kind
	state string
}

func (l *run) counts(ctx context.Context) (map[count]int64, error) {
	var rows []struct {
		Kind  Kind   `db:"kind"`
		State string `db:"state"`
		N     int64  `db:"n"`
	}
	err := l.db.SelectContext(ctx, &rows, `
		SELECT kind, state, count(*) AS n FROM discrepancy
		WHERE state IN ('open', 'set_aside', 'adopted') GROUP BY kind, state`)
	if err != nil {
		return nil, fmt.Errorf("count differences: %w", err)
	}
	counts := map[count]int64{}
	for _, r := range rows {
		counts[count{r.Kind, r.State}] = r.N
	}
	return counts, nil
}

func (l *run) open(ctx context.Context) ([]Difference, error) {
	var rows []struct {
		ID           int64         `db:"id"`
		Kind         Kind          `db:"kind"`
		Ref          string        `db:"paypal_ref"`
		Code         string        `db:"code"`
		Contribution uuid.NullUUID `db:"contribution_id"`
		Receipt      *string       `db:"receipt"`
		Parent       string        `db:"parent_ref"`
		Ours         string        `db:"ours"`
		Theirs       string        `db:"theirs"`
		At           time.Time     `db:"occurred_at"`
		Advice       string        `db:"advice"`
		Note         string        `db:"note"`
	}
	err := l.db.SelectContext(ctx, &rows, `
		SELECT d.id, d.kind, d.paypal_ref, d.code, d.contribution_id, c.receipt, d.parent_ref, d.ours, d.theirs,
		       d.occurred_at, d.advice, d.note
		FROM discrepancy d LEFT JOIN contribution c ON c.id = d.contribution_id
		WHERE d.state = 'open' ORDER BY d.occurred_at, d.id LIMIT $1`, mostListed)
	if err != nil {
		return nil, fmt.Errorf("list open differences: %w", err)
	}
	all := make([]Difference, 0, len(rows))
	for _, r := range rows {
		all = append(all, Difference{
			ID: r.ID, Kind: r.Kind, Ref: r.Ref, Code: r.Code, Contribution: r.Contribution.UUID, Receipt: deref(r.Receipt),
			Parent: r.Parent, Ours: r.Ours, Theirs: r.Theirs, At: r.At.UTC(), Advice: r.Advice, Note: r.Note,
		})
	}
	return all, nil
}
