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
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
)

// Start writes the reader's intent down, committed, and only then asks PayPal for an order. The contribution it returns
// has an ApproveURL to send the reader to, unless it came further already (the same key sent again later).
//
// Errors: a join of fault.Invalid, one for each wrong field; fault.Conflict when the key was used with other input;
// fault.Unavailable when PayPal or the database does not answer. After an Unavailable nothing was charged, and sending
// the same key again cannot make a second order.
func (d *Desk) Start(ctx context.Context, in Intent) (Contribution, error) {
	read, err := d.read(ctx, in)
	if err != nil {
		return Contribution{}, err
	}
	c, err := d.write(ctx, read)
	if err != nil {
		return Contribution{}, err
	}
	if c.OrderID != "" || c.State != Started && c.State != OrderUnknown {
		return c, d.unstartable(c)
	}
	got, err, _ := d.ordering.Do(c.ID.String(), func() (any, error) {
		return seeThrough(ctx, d, func(ctx context.Context) (Contribution, error) { return d.order(ctx, c, in.Locale) })
	})
	c, _ = got.(Contribution)
	return c, d.answer(err)
}

// unstartable is the error for a contribution whose order PayPal refused, when it is sent again.
func (d *Desk) unstartable(c Contribution) error {
	if c.State == Failed {
		return refusal(c.Reason)
	}
	return nil
}

// answer turns what stopped a start into something to tell the reader.
func (d *Desk) answer(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.Unavailablef(err, "PayPal does not answer at the moment. Nothing was charged.")
	}
	return db.Translate(err)
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
		case string(c.digest) != string(in.digest):
			return Contribution{}, fault.Conflictf("This form was sent before with other content. Please load the page again and send it once more.")
		}
		return c, nil
	}
	return Contribution{}, fault.Unavailablef(nil, "Your gift could not be noted. Nothing was charged. Please try again.")
}

func insert(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, receipt string, in intent, now time.Time, every time.Duration) error {
	// A conflict is either the same key sent again or, once in a long time, a receipt number drawn twice; the caller
	// tells them apart by reading.
	made, err := tx.ExecContext(ctx, `
		INSERT INTO contribution (id, receipt, idempotency_key, intent_digest, campaign_id, frequency, amount_minor, currency, article,
		                          name, email, message, anonymous, cover_fee, state, check_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
		ON CONFLICT DO NOTHING`,
		id, receipt, in.key, in.digest, in.campaign.ID, string(in.frequency), in.amount.Minor, string(in.amount.Currency), in.article,
		in.name, in.email, in.message, in.anonymous, in.coverFee, string(Started),
		nextCheck(Started, false, false, false, 0, now, now, every), now)
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

// order asks PayPal for the order and saves what came of it. The contribution's id is the PayPal-Request-Id, so asking
// again within six hours gives the same order.
func (d *Desk) order(ctx context.Context, c Contribution, locale string) (Contribution, error) {
	src := Source{Way: ByStart}
	address := d.baseURL + "/contributions/" + c.ID.String()
	o, err := d.paypal.CreateOrder(ctx, paypal.OrderRequest{
		RequestID: c.ID.String(), CustomID: c.ID.String(), InvoiceID: c.Receipt, ReferenceID: c.Campaign, Amount: c.Amount,
		Description: d.description(), BrandName: d.publication, Locale: locale,
		ReturnURL: address + "/return", CancelURL: address + "/cancel",
	})
	if err == nil {
		return d.applyAll(ctx, OrderSeen(c.ID, src, o))
	}
	d.log.WarnContext(ctx, "PayPal made no order", "contribution", c.ID, "error", err)
	unavailable := fault.Unavailablef(err, "PayPal does not answer at the moment. Nothing was charged.")
	no, refused := refusedBy(err)
	switch {
	case paypal.OutcomeUnknown(err):
		_, saveErr := d.applyAll(ctx, []Fact{OrderUnanswered(c.ID, src)})
		return c, errors.Join(unavailable, saveErr)
	case refused:
		if _, saveErr := d.applyAll(ctx, []Fact{OrderRefused(c.ID, src, reasonOf(no))}); saveErr != nil {
			return c, errors.Join(unavailable, saveErr)
		}
		return c, refusal(reasonOf(no))
	default:
		return c, unavailable // it was not sent, or PayPal told us to come back: still only started
	}
}

// description is what PayPal shows the reader, at most 127 characters (Orders v2, purchase_unit.description).
func (d *Desk) description() string {
	text := []rune("Contribution to " + d.publication)
	return string(text[:min(len(text), 127)])
}

// refusal says in words why PayPal makes no order.
func refusal(reason string) error {
	switch reason {
	case "MAX_VALUE_EXCEEDED", "TRANSACTION_LIMIT_EXCEEDED", "CANNOT_BE_ZERO_OR_NEGATIVE":
		return fault.Invalidf("amount", "PayPal does not take this amount. Please choose another one.")
	case "CURRENCY_NOT_SUPPORTED", "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER", "INVALID_CURRENCY_CODE", "DECIMALS_NOT_SUPPORTED":
		return fault.Invalidf("currency", "PayPal does not take this currency here. Please choose another one.")
	default:
		return fault.Unavailablef(nil, "PayPal could not take this contribution. Nothing was charged.")
	}
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
