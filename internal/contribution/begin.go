package contribution

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/checkout"
	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// Begin writes the reader's intent down, committed: PayPal has not heard of it yet. The same key gives the contribution
// that it gave before.
//
// admit is asked before a new contribution is written, and its error ends the start. It is not asked where there is
// nothing new to write: a field is wrong, or the key made its one contribution before. It may be nil.
//
// Errors: a join of fault.Invalid, one for each wrong field; fault.Conflict when the key was used with other input;
// fault.Unavailable when the database does not answer. Sending the same key again cannot make a second one then.
func (s *Service) Begin(ctx context.Context, in Intent, admit func(context.Context) error) (Contribution, error) {
	read, err := s.read(ctx, in)
	if err != nil {
		return Contribution{}, err
	}
	if read.key.Valid {
		c, err := find(ctx, s.db, "c.idempotency_key = $1", read.key)
		if !fault.Is(err, fault.NotFound) {
			return read.same(c, db.Translate(err))
		}
	}
	if admit != nil {
		if err := admit(ctx); err != nil {
			return Contribution{}, err
		}
	}
	return s.write(ctx, read)
}

// same gives back the contribution that the intent's key made, unless that was with other input.
func (in intent) same(c Contribution, err error) (Contribution, error) {
	if err != nil {
		return Contribution{}, err
	}
	if string(c.digest) != string(in.digest) {
		return Contribution{}, fault.New(fault.Conflict, "contribution.key_used")
	}
	return c, nil
}

// write inserts the contribution, or finds the one that the same key made.
func (s *Service) write(ctx context.Context, in intent) (Contribution, error) {
	var unsaved error = fault.New(fault.Unavailable, "contribution.not_saved")
	for range 3 { // a receipt number drawn twice is drawn again; three in a row do not happen
		id, err := uuid.NewV7()
		if err != nil {
			return Contribution{}, fmt.Errorf("make an id: %w", err)
		}
		c, err := s.insert(ctx, id, NewReceipt(), in)
		if err == nil || !errors.Is(err, sql.ErrNoRows) && !errors.Is(err, db.ErrCommitUnknown) {
			return c, err
		}
		if errors.Is(err, db.ErrCommitUnknown) {
			unsaved = err // it may still be saved, behind a lock
		}
		// Whether another copy of the key was first or the statement's answer was lost: the row tells.
		c, err = find(ctx, s.db, "c.id = $1 OR c.idempotency_key = $2", id, in.key)
		if !fault.Is(err, fault.NotFound) {
			return in.same(c, db.Translate(err))
		}
	}
	return Contribution{}, unsaved
}

// insert writes the contribution and the first line of its history, in one statement. The error is sql.ErrNoRows where
// the key or the receipt number is taken.
func (s *Service) insert(ctx context.Context, id uuid.UUID, receipt string, in intent) (Contribution, error) {
	now := s.now().UTC().Truncate(time.Microsecond) // as PostgreSQL keeps it
	begun := checkout.Checkout{Kind: checkout.Order, State: checkout.Started, CreatedAt: now}
	c := Contribution{
		ID: id, Receipt: receipt, CampaignID: in.campaign.ID, Campaign: in.campaign.Slug, Frequency: in.frequency,
		Amount: in.amount, Article: in.article, Name: in.name, Email: in.email, Message: in.message, Naming: in.naming,
		CoverFee: in.coverFee, UTM: in.utm, State: Started, Checkout: begun, CreatedAt: now, UpdatedAt: now,
		key: in.key, digest: in.digest,
	}
	_, err := db.GetOnce[uuid.UUID](ctx, s.db, `
		WITH known AS (SELECT id FROM article WHERE digest = sha256(convert_to($9::text, 'UTF8'))),
		written AS (
			INSERT INTO article (address, digest) SELECT $9::text, sha256(convert_to($9::text, 'UTF8'))
			WHERE $9::text <> '' AND NOT EXISTS (SELECT 1 FROM known)
			ON CONFLICT (digest) DO NOTHING RETURNING id),
		begun AS (
			INSERT INTO contribution (id, receipt, idempotency_key, intent_digest, campaign_id, frequency, amount_minor,
			                          currency, article, article_id, name, email, message, naming, cover_fee, utm_source,
			                          utm_medium, utm_campaign, utm_term, utm_content, state, check_at, created_at,
			                          updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce((SELECT id FROM known), (SELECT id FROM written)),
			        $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $22)
			ON CONFLICT DO NOTHING RETURNING id, state, created_at),
		history AS (
			INSERT INTO contribution_event (contribution_id, fact, from_state, to_state, source, at)
			SELECT id, 'started', '', state, $23, created_at FROM begun)
		SELECT id FROM begun`,
		id, receipt, in.key, in.digest, in.campaign.ID, string(in.frequency), in.amount.Minor, string(in.amount.Currency),
		in.article, in.name, in.email, in.message, string(in.naming), in.coverFee,
		in.utm.Source, in.utm.Medium, in.utm.Campaign, in.utm.Term, in.utm.Content, string(Started),
		begun.NextCheck(checkout.Money{}, 0, now, s.sweepEvery), now, string(ByStart))
	if err != nil {
		return Contribution{}, fmt.Errorf("write contribution: %w", err)
	}
	return c, nil
}

// receiptLetters are Crockford's base 32: no I, L, O or U, so that a number read out loud or copied by hand survives.
const receiptLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewReceipt draws a receipt number like "K7M3-9QX2": 40 random bits.
func NewReceipt() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	for i := range b {
		b[i] = receiptLetters[b[i]%32]
	}
	return string(b[:4]) + "-" + string(b[4:])
}
