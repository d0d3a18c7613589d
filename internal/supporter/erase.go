package supporter

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/field"
	"readerfund/internal/mail"
)

// Erased counts what an erasure deleted, or would delete.
type Erased struct {
	Gifts      []Gift
	Words      int64    // contributions whose name, address or message is deleted
	Addresses  int64    // name and postal address for receipts
	Profiles   int64    // what PayPal told us about the person
	Deliveries int64    // webhook bodies
	Later      int64    // webhook bodies that are still being worked on, and are deleted once they are settled
	Payments   int64    // details of payments made in PayPal directly
	Mails      int64    // mails to the person: to whom, and what they said
	Notes      int64    // remarks of staff, reasons of refunds, and their copies in the audit log
	Others     []string // other addresses on the same contributions, each to be erased separately
}

// Erase deletes everything that identifies a person: what they typed, what PayPal told us, what staff wrote about them.
// Contributions, payments and the ledger stay, so that no figure changes, and nothing that PayPal later says about
// those contributions brings the person's data back. A new gift of the same person is stored like any other.
//
// dry only counts. Errors are fault.Invalid for text that is no address, and fault.NotFound if nothing is known about
// it.
func (s *Service) Erase(ctx context.Context, address string, dry bool) (Erased, error) {
	address, err := field.Email("address", address)
	if err != nil {
		return Erased{}, err
	}
	var e Erased
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		e = Erased{}
		if err := s.erase(ctx, tx, address, &e); err != nil {
			return err
		}
		if dry {
			return errDry
		}
		return s.audit(ctx, tx, ActionErase, e.Gifts, map[string]string{
			"words": fmt.Sprint(e.Words), "profiles": fmt.Sprint(e.Profiles), "deliveries": fmt.Sprint(e.Deliveries),
			"addresses": fmt.Sprint(e.Addresses), "payments": fmt.Sprint(e.Payments), "mails": fmt.Sprint(e.Mails),
			"notes": fmt.Sprint(e.Notes),
		})
	})
	if errors.Is(err, errDry) {
		err = nil
	}
	return e, err
}

// errDry rolls a dry run back, so that it counts with the same statements that erase.
var errDry = errors.New("a dry run keeps nothing")

// written replaces what staff wrote about a person.
const written = "(erased)"

func (s *Service) erase(ctx context.Context, tx *sqlx.Tx, address string, e *Erased) error {
	var err error
	if e.Gifts, err = find(ctx, tx, address); err != nil {
		return err
	}
	now, mine := s.now().UTC(), ids(e.Gifts)
	// Locked in the order in which everything that changes a contribution locks, so that news about one of them waits.
	_, err = tx.ExecContext(ctx, `SELECT 1 FROM contribution WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`, mine)
	if err != nil {
		return fmt.Errorf("lock contributions: %w", err)
	}
	err = tx.SelectContext(ctx, &e.Others, `
		SELECT DISTINCT a.address FROM contribution c LEFT JOIN supporter s ON s.id = c.supporter_id
		CROSS JOIN LATERAL (VALUES (lower(c.email)), (s.email)) a (address)
		WHERE c.id = ANY($1::uuid[]) AND a.address <> '' AND a.address <> $2 ORDER BY 1`, mine, address)
	if err != nil {
		return fmt.Errorf("find other addresses: %w", err)
	}
	if e.Notes, err = audit.EraseWords(ctx, tx, receipts(e.Gifts), written); err != nil {
		return err
	}
	if e.Mails, err = mail.Erase(ctx, tx, address, now); err != nil {
		return err
	}
	for _, step := range []struct {
		what  string
		count *int64
		query string
		args  []any
	}{
		{"staff's words", &e.Notes, `
			UPDATE contribution_event SET detail = $2 WHERE contribution_id = ANY($1::uuid[])
			AND fact IN ('note', 'looked', 'refund_asked') AND detail NOT IN ('', $2)`, []any{mine, written}},
		{"refund requests", &e.Notes, `
			UPDATE refund_request SET reason = $2, note = CASE note WHEN '' THEN '' ELSE $2 END
			WHERE contribution_id = ANY($1::uuid[]) AND reason <> $2`, []any{mine, written}},
		{"changes of subscriptions", &e.Notes, `
			UPDATE subscription_change SET reason = $2
			WHERE contribution_id = ANY($1::uuid[]) AND reason NOT IN ('', $2)`, []any{mine, written}},
		{"reviews", &e.Notes, `
			UPDATE review SET closed_why = $2
			WHERE contribution_id = ANY($1::uuid[]) AND closed_why NOT IN ('', $2)`, []any{mine, written}},
		{"payments made in PayPal", &e.Payments, `
			WITH locked AS ( -- in the order in which a reconciliation writes them
			    SELECT id FROM discrepancy
			    WHERE erased_at IS NULL AND (lower(detail ->> 'payer_email') = $5
			       OR detail IS NOT NULL AND contribution_id = ANY($1::uuid[]))
			    ORDER BY kind, paypal_ref, code FOR UPDATE)
			UPDATE discrepancy d SET detail = d.detail - $2::text[], erased_at = $3,
			    note = CASE d.note WHEN '' THEN '' ELSE $4 END
			FROM locked WHERE d.id = locked.id`, []any{mine, personal(), now, written, address}},
		{"PayPal's rows being compared", nil, `
			UPDATE paypal_transaction SET detail = detail - $1::text[] WHERE lower(detail ->> 'payer_email') = $2`,
			[]any{personal(), address}},
		{"deliveries", &e.Deliveries, eraseBodies(settled + ` AND w.contribution_id = ANY($2::uuid[])`),
			[]any{now, mine}},
		{"deliveries under way", &e.Later, `
			SELECT 1 FROM webhook_event w
			WHERE w.body_erased_at IS NULL AND NOT (` + settled + `) AND w.contribution_id = ANY($1::uuid[])`, []any{mine}},
		{"names on receipts", nil, `
			UPDATE receipt SET name = '', address = '', country = ''
			WHERE contribution_id = ANY($1::uuid[]) AND (name <> '' OR address <> '' OR country <> '')`, []any{mine}},
		{"postal address", &e.Addresses, `DELETE FROM receipt_address WHERE email = $1`, []any{address}},
		{"words", &e.Words, `
			UPDATE contribution SET name = '', email = '', message = '', naming = '', supporter_id = NULL, erased_at = $2,
			    -- newsletters write their readers' numbers into these
			    utm_source = '', utm_medium = '', utm_campaign = '', utm_term = '', utm_content = '',
			    -- and what a page says about its article can be anything
			    section = '', author = '', article_ref = '', tribute_name = '', locale = '', later_message = '',
			    intent_digest = sha256(('erased ' || id)::bytea)
			WHERE id = ANY($1::uuid[]) AND erased_at IS NULL`, []any{mine, now}},
		{"profile", &e.Profiles, `
			DELETE FROM supporter WHERE id IN (
			    SELECT s.id FROM supporter s WHERE NOT EXISTS (SELECT 1 FROM contribution c WHERE c.supporter_id = s.id)
			      AND (s.email = $1 OR s.email = ANY($2))
			    ORDER BY s.email FOR UPDATE OF s)`, []any{address, texts(e.Others)}}, // in the order of bookings
	} {
		done, err := tx.ExecContext(ctx, step.query, step.args...)
		if err != nil {
			return fmt.Errorf("erase %s: %w", step.what, err)
		}
		n, err := done.RowsAffected()
		if err != nil {
			return fmt.Errorf("erase %s: %w", step.what, err)
		}
		if step.count != nil {
			*step.count += n
		}
	}
	return s.eraseStray(ctx, tx, address, e)
}

// eraseStray empties deliveries that contain the address and belong to no contribution: those that were ignored, and
// those that were refused as forged.
func (s *Service) eraseStray(ctx context.Context, tx *sqlx.Tx, address string, e *Erased) error {
	now, like := s.now().UTC(), "%"+escapeLike(address)+"%"
	for _, step := range []struct{ what, query string }{
		{"ignored deliveries", eraseBodies(settled + ` AND w.contribution_id IS NULL
			AND (lower(encode(w.body, 'escape')) LIKE $2 OR EXISTS (
			    SELECT 1 FROM webhook_body b WHERE b.event_id = w.id AND lower(encode(b.body, 'escape')) LIKE $2))`)},
		{"refused deliveries", eraseRefused(`lower(encode(body, 'escape')) LIKE $2`)},
	} {
		done, err := tx.ExecContext(ctx, step.query, now, like)
		if err != nil {
			return fmt.Errorf("erase %s: %w", step.what, err)
		}
		n, err := done.RowsAffected()
		if err != nil {
			return fmt.Errorf("erase %s: %w", step.what, err)
		}
		e.Deliveries += n
	}
	return nil
}
