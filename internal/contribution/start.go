package contribution

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/fault"
)

// Start is StartIf without a condition.
func (d *Desk) Start(ctx context.Context, in Intent) (Contribution, error) {
	return d.StartIf(ctx, in, func(context.Context) error { return nil })
}

// StartIf writes the reader's intent down, committed, and only then asks PayPal for an order. The contribution it returns
// has an ApproveURL to send the reader to, unless it came further already (the same key sent again later).
//
// admit is asked before a new contribution is written, and its error ends the start. It is not asked where there is
// nothing new to write: a field is wrong, or the key made its one contribution before.
//
// Errors: a join of fault.Invalid, one for each wrong field; fault.Conflict when the key was used with other input;
// fault.Unavailable when PayPal or the database does not answer; fault.Refused when PayPal says no. Nothing was charged
// then. After an Unavailable, sending the same key again cannot make a second order; after a Refused it gets the same
// answer, and a new try needs a new key.
func (d *Desk) StartIf(ctx context.Context, in Intent, admit func(context.Context) error) (Contribution, error) {
	read, err := d.read(ctx, in)
	if err != nil {
		return Contribution{}, err
	}
	c, err := d.made(ctx, read)
	if fault.Is(err, fault.NotFound) {
		if err := admit(ctx); err != nil {
			return Contribution{}, err
		}
		c, err = d.write(ctx, read)
	}
	if err != nil {
		return Contribution{}, err
	}
	if c.OrderID != "" || c.State != Started && c.State != OrderUnknown {
		return c, d.unstartable(c)
	}
	// Every caller waits on its own context for the one call they share: the first one's leaving is no answer to others.
	c, err = detached.Run(ctx, &d.calls, func(ctx context.Context) (Contribution, error) {
		got, err, _ := d.ordering.Do(c.ID.String(), func() (any, error) { return d.order(ctx, c, in.Locale) })
		ordered, _ := got.(Contribution)
		return ordered, err
	})
	return c, d.answer(err)
}

// unstartable is the error for a contribution whose order PayPal refused, when it is sent again.
func (d *Desk) unstartable(c Contribution) error {
	if c.State == Failed {
		return refusal(nil, c.Reason)
	}
	return nil
}

// answer turns what stopped a start into something to tell the reader.
func (d *Desk) answer(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.Wrap(err, fault.Unavailable, "paypal.silent_nothing_charged")
	}
	return db.Translate(err)
}

// made is the contribution that the same key made; the error is fault.NotFound when there is none.
func (d *Desk) made(ctx context.Context, in intent) (Contribution, error) {
	if !in.key.Valid {
		return Contribution{}, fault.New(fault.NotFound, "contribution.no_key")
	}
	c, err := find(ctx, d.db, "c.idempotency_key = $1", in.key)
	if err != nil {
		return Contribution{}, db.Translate(err)
	}
	return in.same(c)
}

// same gives back the contribution that the intent's key made, unless that was with other input.
func (in intent) same(c Contribution) (Contribution, error) {
	if string(c.digest) != string(in.digest) {
		return Contribution{}, fault.New(fault.Conflict, "contribution.key_used")
	}
	return c, nil
}

// write inserts the contribution, or finds the one that the same key made.
func (d *Desk) write(ctx context.Context, in intent) (Contribution, error) {
	for range 3 { // a receipt number drawn twice is drawn again; three in a row do not happen
		id, err := uuid.NewV7()
		if err != nil {
			return Contribution{}, fmt.Errorf("make an id: %w", err)
		}
		receipt := newReceipt()
		err = d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			return insert(ctx, tx, id, receipt, in, d.now(), d.sweepEvery)
		})
		if err != nil && !errors.Is(err, db.ErrCommitUnknown) {
			return Contribution{}, err
		}
		// Whether this insert won, another copy of the key did, or COMMIT's answer was lost: the row tells.
		c, err := find(ctx, d.db, "c.id = $1 OR c.idempotency_key = $2", id, in.key)
		switch {
		case fault.Is(err, fault.NotFound):
			continue
		case err != nil:
			return Contribution{}, db.Translate(err)
		}
		return in.same(c)
	}
	return Contribution{}, fault.New(fault.Unavailable, "contribution.not_saved")
}

func insert(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, receipt string, in intent, now time.Time, every time.Duration) error {
	// A conflict is either the same key sent again or, once in a long time, a receipt number drawn twice; the caller
	// tells them apart by reading.
	made, err := tx.ExecContext(ctx, `
		WITH known AS (SELECT id FROM article WHERE digest = sha256(convert_to($9::text, 'UTF8'))),
		written AS (
			INSERT INTO article (address, digest) SELECT $9::text, sha256(convert_to($9::text, 'UTF8'))
			WHERE $9::text <> '' AND NOT EXISTS (SELECT 1 FROM known)
			ON CONFLICT (digest) DO NOTHING RETURNING id)
		INSERT INTO contribution (id, receipt, idempotency_key, intent_digest, campaign_id, frequency, amount_minor, currency,
		                          article, article_id, name, email, message, naming, cover_fee, utm_source, utm_medium,
		                          utm_campaign, utm_term, utm_content, state, check_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce((SELECT id FROM known), (SELECT id FROM written)),
		        $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $22)
		ON CONFLICT DO NOTHING`,
		id, receipt, in.key, in.digest, in.campaign.ID, string(in.frequency), in.amount.Minor, string(in.amount.Currency), in.article,
		in.name, in.email, in.message, string(in.naming), in.coverFee,
		in.utm.Source, in.utm.Medium, in.utm.Campaign, in.utm.Term, in.utm.Content, string(Started),
		check{state: Started, createdAt: now}.next(now, every), now)
	if err != nil {
		return fmt.Errorf("write contribution: %w", err)
	}
	if n, err := made.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO contribution_event (contribution_id, fact, from_state, to_state, source, at) VALUES ($1, 'started', '', $2, $3, $4)`,
		id, string(Started), string(ByStart), now)
	if err != nil {
		return fmt.Errorf("record start: %w", err)
	}
	return nil
}

// receiptLetters are Crockford's base 32: no I, L, O or U, so that a number read out loud or copied by hand survives.
const receiptLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newReceipt draws a receipt number like "K7M3-9QX2": 40 random bits.
func newReceipt() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	for i := range b {
		b[i] = receiptLetters[b[i]%32]
	}
	return string(b[:4]) + "-" + string(b[4:])
}
