package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// staged is one of PayPal's rows on its way into the table. Its JSON is what the INSERT unpacks.
type staged struct {
	ID            string     `json:"paypal_id"`
	Code          string     `json:"code"`
	Initiated     time.Time  `json:"initiated_at"`
	Currency      string     `json:"currency"`
	Class         class      `json:"class"`
	Status        string     `json:"status"`
	Amount        int64      `json:"amount_minor"`
	Fee           int64      `json:"fee_minor"`
	Owner         *uuid.UUID `json:"owner"`
	InvoiceID     string     `json:"invoice_id"`
	ReferenceID   string     `json:"reference_id"`
	ReferenceType string     `json:"reference_type"`
	Unreadable    string     `json:"unreadable"`
	Detail        *detail    `json:"detail"`
	Updated       time.Time  `json:"updated_at"`
}

// detail is a row of PayPal's in words that do not depend on its JSON: what a person needs to see of money that came
// without us, and what adopting it needs. It is personal data.
type detail struct {
	ID            string    `json:"id"`
	Code          string    `json:"code"`
	Status        string    `json:"status"`
	Amount        int64     `json:"amount_minor"`
	Currency      string    `json:"currency"`
	Fee           *int64    `json:"fee_minor,omitempty"`
	ReferenceID   string    `json:"reference_id,omitempty"`
	ReferenceType string    `json:"reference_type,omitempty"`
	CustomID      string    `json:"custom_id,omitempty"`
	InvoiceID     string    `json:"invoice_id,omitempty"`
	Note          string    `json:"note,omitempty"`
	PayerID       string    `json:"payer_id,omitempty"`
	Email         string    `json:"payer_email,omitempty"`
	GivenName     string    `json:"payer_given_name,omitempty"`
	Surname       string    `json:"payer_surname,omitempty"`
	Country       string    `json:"payer_country,omitempty"`
	Initiated     time.Time `json:"initiated_at"`
	Updated       time.Time `json:"updated_at"`
}

func detailOf(t paypal.Transaction) *detail {
	d := &detail{
		ID: t.ID, Code: t.EventCode, Status: t.Status, Amount: t.Amount.Minor, Currency: string(t.Amount.Currency),
		ReferenceID: t.ReferenceID, ReferenceType: t.ReferenceType, CustomID: t.CustomID, InvoiceID: t.InvoiceID,
		Note:    t.Note,
		PayerID: t.Payer.ID, Email: t.Payer.Email, GivenName: t.Payer.GivenName, Surname: t.Payer.Surname,
		Country:   t.Payer.Country,
		Initiated: t.InitiatedAt, Updated: t.UpdatedAt,
	}
	if t.Fee != nil {
		d.Fee = &t.Fee.Minor
	}
	return d
}

// transaction is the row as package contribution takes it.
func (d detail) transaction() paypal.Transaction {
	t := paypal.Transaction{
		ID: d.ID, EventCode: d.Code, Status: d.Status, ReferenceID: d.ReferenceID, ReferenceType: d.ReferenceType,
		CustomID:  d.CustomID,
		InvoiceID: d.InvoiceID, Note: d.Note, Amount: money.New(d.Amount, money.Currency(d.Currency)),
		InitiatedAt: d.Initiated, UpdatedAt: d.Updated,
		Payer: paypal.Payer{ID: d.PayerID, Email: d.Email, GivenName: d.GivenName, Surname: d.Surname, Country: d.Country},
	}
	if d.Fee != nil {
		fee := money.New(*d.Fee, money.Currency(d.Currency))
		t.Fee = &fee
	}
	return t
}

func stagedOf(t paypal.Transaction, at time.Time) staged {
	s := staged{
		ID: t.ID, Code: t.EventCode, Initiated: orElse(t.InitiatedAt, at), Currency: string(t.Amount.Currency),
		Status: t.Status,
		Class:  classify(t.EventCode, t.Amount.Minor, t.ReferenceID), Amount: t.Amount.Minor, InvoiceID: t.InvoiceID,
		ReferenceID: t.ReferenceID, ReferenceType: t.ReferenceType, Unreadable: t.Unreadable,
		Updated: orElse(t.UpdatedAt, orElse(t.InitiatedAt, at)),
	}
	if t.Fee != nil {
		s.Fee = t.Fee.Minor
	}
	if id, err := uuid.Parse(t.CustomID); err == nil && len(t.CustomID) == len(id.String()) {
		s.Owner = &id
	}
	if s.Class == back || s.Class == gift && s.Owner == nil {
		s.Detail = detailOf(t)
	}
	return s
}

func orElse(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

func (s staged) key() string {
	return strings.Join([]string{s.ID, s.Code, s.Initiated.UTC().Format(time.RFC3339Nano), s.Currency}, "|")
}

// stage keeps a page of PayPal's rows, in one statement. A row that came before is written again: what PayPal says last
// counts. A row without an id cannot be found again, and is said in the log only.
func (l *run) stage(ctx context.Context, page []paypal.Transaction, seen map[string]bool) error {
	rows := map[string]staged{} // one statement must not write a row twice
	for _, t := range page {
		if t.ID == "" {
			l.log.WarnContext(ctx, "PayPal lists a transaction without a usable id", "at", t.InitiatedAt, "code", t.EventCode,
				"why", t.Unreadable)
			continue
		}
		s := stagedOf(t, l.from)
		key := s.key()
		rows[key] = s
		seen[key] = true
	}
	if len(rows) == 0 {
		return nil
	}
	// In one order, so that two processes at the same run wait for each other and do not deadlock.
	sorted := make([]staged, 0, len(rows))
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		sorted = append(sorted, rows[key])
	}
	text, err := json.Marshal(sorted)
	if err != nil {
		return fmt.Errorf("write PayPal's rows: %w", err)
	}
	return l.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO paypal_transaction (run_id, paypal_id, code, initiated_at, currency, class, status, amount_minor,
				fee_minor, owner,
			                                invoice_id, reference_id, reference_type, unreadable, detail, updated_at)
			SELECT $1, t.paypal_id, t.code, t.initiated_at, t.currency, t.class, t.status, t.amount_minor, t.fee_minor, t.owner,
			       t.invoice_id, t.reference_id, t.reference_type, t.unreadable, t.detail, t.updated_at
			FROM json_to_recordset($2::json) AS t(paypal_id text, code text, initiated_at timestamptz, currency text,
				class text, status text,
			     amount_minor bigint, fee_minor bigint, owner uuid, invoice_id text, reference_id text, reference_type text,
				unreadable text,
			     detail jsonb, updated_at timestamptz)
			ON CONFLICT (run_id, paypal_id, code, initiated_at, currency) DO UPDATE SET
			    class = excluded.class, status = excluded.status, amount_minor = excluded.amount_minor,
				fee_minor = excluded.fee_minor,
			    unreadable = excluded.unreadable, detail = excluded.detail, updated_at = excluded.updated_at`, l.id,
			string(text))
		if err != nil {
			return fmt.Errorf("keep PayPal's rows: %w", err)
		}
		return nil
	})
}
