package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// staged is one of PayPal's rows on its way into the table.
type staged struct {
	id, code      string
	initiated     time.Time
	currency      string
	class         class
	status        string
	amount, fee   int64
	owner         string // a uuid, or empty
	invoiceID     string
	referenceID   string
	referenceType string
	unreadable    string
	detail        string // JSON, or empty
	updated       time.Time
}

// detail is one of PayPal's rows in a form that does not depend on PayPal's JSON: what a person needs to see of money
// that came without us, and what adopting it needs. It is personal data.
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

// transaction is the row in the form that package settle takes.
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

func stagedOf(t paypal.Transaction, at time.Time) (staged, error) {
	s := staged{
		id: t.ID, code: t.EventCode, initiated: orElse(t.InitiatedAt, at), currency: string(t.Amount.Currency),
		class: classify(t.EventCode, t.Amount.Minor, t.ReferenceID), status: t.Status, amount: t.Amount.Minor,
		invoiceID: t.InvoiceID, referenceID: t.ReferenceID, referenceType: t.ReferenceType, unreadable: t.Unreadable,
		updated: orElse(t.UpdatedAt, orElse(t.InitiatedAt, at)),
	}
	if t.Fee != nil {
		s.fee = t.Fee.Minor
	}
	if id, err := uuid.Parse(t.CustomID); err == nil && len(t.CustomID) == len(id.String()) {
		s.owner = t.CustomID
	}
	if s.class == back || s.class == gift && s.owner == "" {
		text, err := json.Marshal(detailOf(t))
		if err != nil {
			return s, fmt.Errorf("write the details of %s: %w", t.ID, err)
		}
		s.detail = string(text)
	}
	return s, nil
}

func orElse(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

func (s staged) key() string {
	return strings.Join([]string{s.id, s.code, moment(s.initiated), s.currency}, "|")
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// stage stores a page of PayPal's rows, in one statement. A row that came before is written again: PayPal's latest
// version counts. A row without an id cannot be found again, and is only logged.
func (l *run) stage(ctx context.Context, page []paypal.Transaction, seen map[string]bool) error {
	rows := map[string]staged{} // one statement must not write a row twice
	for _, t := range page {
		if t.ID == "" {
			l.log.WarnContext(ctx, "PayPal lists a transaction without a usable id", "at", t.InitiatedAt, "code", t.EventCode,
				"why", t.Unreadable)
			continue
		}
		s, err := stagedOf(t, l.from)
		if err != nil {
			return err
		}
		key := s.key()
		rows[key] = s
		seen[key] = true
	}
	if len(rows) == 0 {
		return nil
	}
	// In one order, so that two processes working on the same run lock the rows in the same order and do not
	// deadlock.
	sorted := make([]staged, 0, len(rows))
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		sorted = append(sorted, rows[key])
	}
	return l.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return l.insert(ctx, tx, sorted) })
}

// insert writes rows, passing each column as one array.
func (l *run) insert(ctx context.Context, tx *sqlx.Tx, rows []staged) error {
	column := func(of func(staged) string) []byte { return db.Texts(db.Column(rows, of)) }
	number := func(of func(staged) int64) []byte {
		return column(func(s staged) string { return strconv.FormatInt(of(s), 10) })
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO paypal_transaction (run_id, paypal_id, code, initiated_at, currency, class, status, amount_minor,
			fee_minor, owner, invoice_id, reference_id, reference_type, unreadable, detail, updated_at)
		SELECT $1, paypal_id, code, initiated::timestamptz, currency, class, status, amount::bigint,
			fee::bigint, nullif(owner, '')::uuid, invoice_id, reference_id, reference_type, unreadable,
			nullif(detail, '')::jsonb, updated::timestamptz
		FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
				$10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])
			AS t (paypal_id, code, initiated, currency, class, status, amount, fee, owner, invoice_id, reference_id,
				reference_type, unreadable, detail, updated)
		ON CONFLICT (run_id, paypal_id, code, initiated_at, currency) DO UPDATE SET
			class = excluded.class, status = excluded.status, amount_minor = excluded.amount_minor,
			fee_minor = excluded.fee_minor, unreadable = excluded.unreadable, detail = excluded.detail,
			updated_at = excluded.updated_at`, l.id,
		column(func(s staged) string { return s.id }), column(func(s staged) string { return s.code }),
		column(func(s staged) string { return moment(s.initiated) }), column(func(s staged) string { return s.currency }),
		column(func(s staged) string { return string(s.class) }), column(func(s staged) string { return s.status }),
		number(func(s staged) int64 { return s.amount }), number(func(s staged) int64 { return s.fee }),
		column(func(s staged) string { return s.owner }), column(func(s staged) string { return s.invoiceID }),
		column(func(s staged) string { return s.referenceID }), column(func(s staged) string { return s.referenceType }),
		column(func(s staged) string { return s.unreadable }), column(func(s staged) string { return s.detail }),
		column(func(s staged) string { return moment(s.updated) }))
	if err != nil {
		return fmt.Errorf("keep PayPal's rows: %w", err)
	}
	return nil
}
