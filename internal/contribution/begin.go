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

// Begin writes the reader's intent and commits it before PayPal hears of it. A key that was used before returns the
// contribution it made then.
//
// admit is called before a new contribution is written; if it returns an error, nothing is begun. It is not called
// when there is nothing new to write: when a field is wrong, or the key has already made its contribution. It may be
// nil.
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
		// Another copy of the key may have been first, or the statement's answer was lost: the row shows which.
		c, err = find(ctx, s.db, "c.id = $1 OR c.idempotency_key = $2", id, in.key)
		if !fault.Is(err, fault.NotFound) {
			return in.same(c, db.Translate(err))
		}
	}
	return Contribution{}, unsaved
}

// insert writes the contribution and the first line of its history. The error is sql.ErrNoRows if the key or the
// receipt number is taken.
func (s *Service) insert(ctx context.Context, id uuid.UUID, receipt string, in intent) (Contribution, error) {
	now := s.now().UTC().Truncate(time.Microsecond) // as PostgreSQL keeps it
	c := Contribution{
		ID: id, Receipt: receipt, CampaignID: in.campaign.ID, Campaign: in.campaign.Slug, Frequency: in.frequency,
		Amount: in.amount, Article: in.article, Name: in.name, Email: in.email, Message: in.message, Naming: in.naming,
		CoverFee: in.coverFee, Covered: in.covered, Tribute: in.tribute, Locale: in.locale, Source: in.source,
		State: Started, CreatedAt: now, UpdatedAt: now,
		key: in.key, digest: in.digest,
		Checkout: checkout.Checkout{
			Kind: in.frequency.Checkout(), State: checkout.Started, CreatedAt: now, FirstChargeAt: in.firstChargeAt,
		},
	}
	got, err := s.begun.Do(ctx, c)
	if err == nil {
		err = got.err
	}
	if err != nil {
		return Contribution{}, fmt.Errorf("write contribution: %w", err)
	}
	if c.Article != "" && got.article == 0 {
		// The first gift on this article creates the article's row. If that fails, the next load of the gift does it.
		_ = linkArticle(ctx, s.db, &got.article, id, c.Article)
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
