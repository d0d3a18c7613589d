package dashboard

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/listing"
	"readerfund/internal/money"
)

// Reconciliation summarizes how PayPal's record and our books compare: "12,431 payments, 0 unexplained, checked to 21
// Nov 18:00". Times are UTC, and zero for events that did not happen.
type Reconciliation struct {
	Payments    int64     // completed and compared
	Unexplained int64     // open differences, which wait for a person
	SetAside    int64     // that a person set aside
	Adopted     int64     // that a person adopted
	CheckedTo   time.Time // everything before was compared; zero before the first run has ended
	EndedAt     time.Time // of the latest run that ended
	Fixed       int64     // differences that the latest run fixed
	Running     bool      // a run is in progress
	Broken      string    // why the latest run was interrupted; empty if it was not
	BrokenAt    time.Time
}

// silentRun is the time without a step after which a run no longer counts as in progress.
const silentRun = 5 * time.Minute

// Reconciliation returns how the books compare.
func (v *Views) Reconciliation(ctx context.Context, now time.Time) (Reconciliation, error) {
	var out Reconciliation
	err := v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var row struct {
			CheckedTo   sql.NullTime  `db:"checked_to"`
			EndedAt     sql.NullTime  `db:"ended_at"`
			Mended      sql.NullInt64 `db:"mended"`
			Running     bool          `db:"running"`
			Unexplained int64         `db:"unexplained"`
			SetAside    int64         `db:"set_aside"`
			Adopted     int64         `db:"adopted"`
		}
		err := tx.GetContext(ctx, &row, `
			SELECT (SELECT max(checked_to) FROM reconcile_run WHERE state = 'done' AND follows) AS checked_to,
			       l.ended_at, l.mended,
			       EXISTS (SELECT 1 FROM reconcile_run WHERE state = 'running' AND NOT dry AND seen_at > $1) AS running,
			       d.unexplained, d.set_aside, d.adopted
			FROM (SELECT count(*) FILTER (WHERE state = 'open') AS unexplained,
			             count(*) FILTER (WHERE state = 'set_aside') AS set_aside,
			             count(*) FILTER (WHERE state = 'adopted') AS adopted FROM discrepancy) d
			LEFT JOIN (SELECT ended_at, mended FROM reconcile_run WHERE state = 'done' ORDER BY id DESC LIMIT 1) l ON true`,
			now.Add(-silentRun))
		if err != nil {
			return fmt.Errorf("read reconciliation: %w", err)
		}
		out = Reconciliation{
			Unexplained: row.Unexplained, SetAside: row.SetAside, Adopted: row.Adopted,
			CheckedTo: utc(row.CheckedTo), EndedAt: utc(row.EndedAt), Fixed: row.Mended.Int64, Running: row.Running,
		}
		if err := tx.GetContext(ctx, &out.Payments, `
			SELECT count(*) FROM payment WHERE status = 'completed' AND occurred_at <= $1`, out.CheckedTo); err != nil {
			return fmt.Errorf("count payments: %w", err)
		}
		return out.readBroken(ctx, tx)
	})
	return out, err
}

// readBroken reads why the latest run was interrupted, if it was.
func (out *Reconciliation) readBroken(ctx context.Context, tx *sqlx.Tx) error {
	var latest struct {
		State string    `db:"state"`
		Note  string    `db:"note"`
		Seen  time.Time `db:"seen_at"`
	}
	err := tx.GetContext(ctx, &latest, `
		SELECT state, note, seen_at FROM reconcile_run WHERE NOT dry ORDER BY id DESC LIMIT 1`)
	if err != nil && !db.IsNotFound(err) {
		return fmt.Errorf("read the latest run: %w", err)
	}
	if err == nil && latest.State == "broken" {
		out.Broken, out.BrokenAt = latest.Note, latest.Seen.UTC()
	}
	return nil
}

// Difference is one point in which PayPal's record and our books differ, or did. Times are UTC.
type Difference struct {
	ID             int64
	Kind           string // missing_here, missing_there, amount, fee, status, currency, unknown_payer
	State          string // open, mended, gone, adopted, set_aside
	Ref            string // PayPal's id of it
	Code           string // PayPal's event code; empty if only our books have it
	Parent         string // the payment that a refund or a hold belongs to
	ContributionID uuid.UUID
	Receipt        string
	Ours, Theirs   string // in words; empty for nothing
	Advice         string // what a person can do
	Note           string // the outcome, or why it could not be fixed
	Actor          string // who set it aside or adopted it
	At             time.Time
	FirstSeen      time.Time
	LastSeen       time.Time
	ClosedAt       time.Time
	Sender         *Sender // the sender of money that did not come through us
}

// Adoptable reports whether it can become a contribution: it must be a payment from elsewhere, not a part of another
// payment.
func (d Difference) Adoptable() bool {
	return d.Kind == "unknown_payer" && d.Parent == "" && (d.State == "open" || d.State == "set_aside")
}

// Sender is the sender of money that did not come through us, as PayPal knows them. It is personal data.
type Sender struct {
	Name, Email, Country, Note string
	Amount                     money.Amount
}

// DifferenceKinds lists the kinds; DifferenceStates the states.
func DifferenceKinds() []string {
	return []string{"missing_here", "missing_there", "amount", "fee", "status", "currency", "unknown_payer"}
}

// DifferenceStates lists the states of a difference.
func DifferenceStates() []string { return []string{"open", "set_aside", "adopted", "mended", "gone"} }

// DifferencesQuery asks for differences, the latest found first. Empty fields restrict nothing.
type DifferencesQuery struct {
	State, Kind string
	Search      string // PayPal's id of it or of its payment
	After       string // the cursor that the page before gave
	Limit       int    // 0 for listing.DefaultLimit
}

// DifferencesPage is a page of differences. Next is the cursor of the next page, empty on the last one.
type DifferencesPage struct {
	Differences []Difference
	Next        string
}

type differenceRow struct {
	ID             int64          `db:"id"`
	Kind           string         `db:"kind"`
	State          string         `db:"state"`
	Ref            string         `db:"paypal_ref"`
	Code           string         `db:"code"`
	Parent         string         `db:"parent_ref"`
	ContributionID uuid.NullUUID  `db:"contribution_id"`
	Receipt        sql.NullString `db:"receipt"`
	Ours           string         `db:"ours"`
	Theirs         string         `db:"theirs"`
	Advice         string         `db:"advice"`
	Note           string         `db:"note"`
	Actor          string         `db:"actor"`
	At             time.Time      `db:"occurred_at"`
	FirstSeen      time.Time      `db:"first_seen"`
	LastSeen       time.Time      `db:"last_seen"`
	ClosedAt       sql.NullTime   `db:"closed_at"`
	Detail         []byte         `db:"detail"`
}

const selectDifference = `
	SELECT d.id, d.kind, d.state, d.paypal_ref, d.code, d.parent_ref, d.contribution_id, c.receipt, d.ours, d.theirs,
	       d.advice, d.note, d.actor, d.occurred_at, d.first_seen, d.last_seen, d.closed_at, d.detail
	FROM discrepancy d LEFT JOIN contribution c ON c.id = d.contribution_id`

func (row differenceRow) RowNumber() int64 { return row.ID }

func (row differenceRow) difference() Difference {
	return Difference{
		ID: row.ID, Kind: row.Kind, State: row.State, Ref: row.Ref, Code: row.Code, Parent: row.Parent,
		ContributionID: row.ContributionID.UUID, Receipt: row.Receipt.String, Ours: row.Ours, Theirs: row.Theirs,
		Advice: row.Advice, Note: row.Note, Actor: row.Actor, At: row.At.UTC(), FirstSeen: row.FirstSeen.UTC(),
		LastSeen: row.LastSeen.UTC(), ClosedAt: utc(row.ClosedAt), Sender: readStranger(row.Detail),
	}
}

// readStranger parses what the reconciler stored of PayPal's row.
func readStranger(text []byte) *Sender {
	var in struct {
		Given    string `json:"payer_given_name"`
		Surname  string `json:"payer_surname"`
		Email    string `json:"payer_email"`
		Country  string `json:"payer_country"`
		Note     string `json:"note"`
		Minor    int64  `json:"amount_minor"`
		Currency string `json:"currency"`
	}
	if len(text) == 0 || json.Unmarshal(text, &in) != nil {
		return nil
	}
	return &Sender{
		Name: strings.TrimSpace(in.Given + " " + in.Surname), Email: in.Email, Country: in.Country, Note: in.Note,
		Amount: money.New(in.Minor, money.Currency(in.Currency)),
	}
}

// Differences returns one page of differences. Errors are fault.Invalid if the query is wrong.
func (v *Views) Differences(ctx context.Context, q DifferencesQuery) (DifferencesPage, error) {
	w, err := differenceConditions(q)
	if err != nil {
		return DifferencesPage{}, err
	}
	rows, next, err := listing.Newest[differenceRow](ctx, v.db, listing.List{
		Things: "differences", SQL: selectDifference, Where: w, Number: "d.id", After: q.After, Limit: q.Limit,
	})
	page := DifferencesPage{Next: next}
	for _, row := range rows {
		page.Differences = append(page.Differences, row.difference())
	}
	return page, err
}

func differenceConditions(q DifferencesQuery) (listing.Where, error) {
	if q.State != "" && !slices.Contains(DifferenceStates(), q.State) {
		return listing.Where{}, fault.Input("state", "report.state_unknown", fault.Args{
			"state": q.State, "known": strings.Join(DifferenceStates(), ", "),
		})
	}
	if q.Kind != "" && !slices.Contains(DifferenceKinds(), q.Kind) {
		return listing.Where{}, fault.Input("kind", "report.kind_unknown", fault.Args{
			"kind": q.Kind, "known": strings.Join(DifferenceKinds(), ", "),
		})
	}
	if err := listing.CheckText("search", q.Search); err != nil {
		return listing.Where{}, err
	}
	var w listing.Where
	w.Equal("d.state", q.State)
	w.Equal("d.kind", q.Kind)
	if search := strings.TrimSpace(q.Search); search != "" {
		w.Addf("(d.paypal_ref = %[1]s OR d.parent_ref = %[1]s)", w.Arg(strings.ToUpper(search)))
	}
	return w, nil
}

// Difference returns one difference. The error is fault.NotFound if there is none.
func (v *Views) Difference(ctx context.Context, id int64) (Difference, error) {
	var row differenceRow
	err := v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, selectDifference+` WHERE d.id = $1`, id)
	})
	if db.IsNotFound(err) {
		return Difference{}, fault.New(fault.NotFound, "reconcile.not_found")
	}
	if err != nil {
		return Difference{}, fmt.Errorf("read difference: %w", err)
	}
	return row.difference(), nil
}
