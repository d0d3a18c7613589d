// Package supporter manages personal data: it finds what we store about one person, exports it, erases it, and deletes
// what has been kept for long enough.
//
// It never touches money: ledger entries, payments, refunds and every figure of a report stay as they are. It does not
// decide who a contribution belongs to; package contribution does, when PayPal names the payer.
package supporter

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/field"
)

// The audit log's actions on a person's data. The subject counts contributions and names no person: an entry with the
// address would keep what was erased.
const (
	ActionFind   audit.Action = "supporter.find"
	ActionExport audit.Action = "supporter.export"
	ActionErase  audit.Action = "supporter.erase"
)

// Config is what a Service needs. Log may be nil if nothing is deleted.
type Config struct {
	DB        *db.DB
	Retention Retention
	Actor     string // who runs it, for the audit log; empty: the command line
	Now       func() time.Time
	Log       *slog.Logger
}

// Service manages people's data. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	db        *db.DB
	retention Retention
	actor     string
	now       func() time.Time
	log       *slog.Logger
}

// New makes a Service.
func New(cfg Config) *Service {
	return &Service{
		db: cfg.DB, retention: cfg.Retention, actor: cmp.Or(cfg.Actor, audit.CommandLine), now: cfg.Now, log: cfg.Log,
	}
}

// Gift is one contribution of a person, for a list.
type Gift struct {
	ID        uuid.UUID `db:"id"`
	Receipt   string    `db:"receipt"`
	State     string    `db:"state"`
	Minor     int64     `db:"amount_minor"`
	Currency  string    `db:"currency"`
	CreatedAt time.Time `db:"created_at"`
	Erased    bool      `db:"erased"`
}

// Find lists what a person has given or started to give, oldest first: contributions that the address was typed into,
// and those that PayPal names it for. The error is fault.Invalid for text that is no address, and fault.NotFound if
// nothing is known about it.
func (s *Service) Find(ctx context.Context, address string) ([]Gift, error) {
	address, err := field.Email("address", address)
	if err != nil {
		return nil, err
	}
	var gifts []Gift
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if gifts, err = find(ctx, tx, address); err != nil {
			return err
		}
		return s.audit(ctx, tx, ActionFind, gifts, nil)
	})
	return gifts, err
}

// HasGiven reports whether a person with the address has given, or gives regularly: PayPal names it for a payment, or a
// reader who paid typed it. It takes one lookup along two indexes. The address is in the form in which it is stored: in
// lower case.
func (s *Service) HasGiven(ctx context.Context, address string) (bool, error) {
	var given bool
	err := s.db.GetContext(ctx, &given, `
		SELECT EXISTS (SELECT 1 FROM supporter s JOIN contribution c ON c.supporter_id = s.id WHERE s.email = $1)
		    OR EXISTS (SELECT 1 FROM contribution WHERE email <> '' AND lower(email) = $1 AND completed_at IS NOT NULL)`,
		address)
	if err != nil {
		return false, db.Translate(fmt.Errorf("look for a supporter: %w", err))
	}
	return given, nil
}

// find reads a person's contributions. The error is fault.NotFound if the address is not known at all.
func find(ctx context.Context, tx *sqlx.Tx, address string) ([]Gift, error) {
	var gifts []Gift
	err := tx.SelectContext(ctx, &gifts, `
		SELECT c.id, c.receipt, c.state, c.amount_minor, c.currency, c.created_at, c.erased_at IS NOT NULL AS erased
		FROM contribution c
		WHERE c.supporter_id = (SELECT id FROM supporter WHERE email = $1) OR c.email <> '' AND lower(c.email) = $1
		ORDER BY c.created_at, c.id`, address)
	if err != nil {
		return nil, fmt.Errorf("find contributions of a person: %w", err)
	}
	if len(gifts) > 0 {
		return gifts, nil
	}
	var known bool
	err = tx.GetContext(ctx, &known, `SELECT EXISTS (SELECT 1 FROM supporter WHERE email = $1)
		OR EXISTS (SELECT 1 FROM discrepancy WHERE lower(detail ->> 'payer_email') = $1)`, address)
	if err != nil {
		return nil, fmt.Errorf("find a person: %w", err)
	}
	if !known {
		return nil, fault.New(fault.NotFound, "supporter.unknown")
	}
	return nil, nil
}

// audit records what was done, and to how many contributions.
func (s *Service) audit(
	ctx context.Context, tx *sqlx.Tx, action audit.Action, gifts []Gift, detail map[string]string,
) error {
	if detail == nil {
		detail = map[string]string{}
	}
	detail["receipts"] = strings.Join(receipts(gifts), ", ")
	return audit.Write(ctx, tx, audit.Entry{
		At: s.now().UTC(), Actor: s.actor, Action: action,
		Subject: fmt.Sprintf("%d contributions", len(gifts)), Detail: detail,
	})
}

func receipts(gifts []Gift) []string {
	all := make([]string, len(gifts))
	for i, g := range gifts {
		all[i] = g.Receipt
	}
	return all
}

func ids(gifts []Gift) any {
	all := make([]string, len(gifts))
	for i, g := range gifts {
		all[i] = g.ID.String()
	}
	return db.Array(all)
}
