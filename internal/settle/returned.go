package settle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// SettleReturned handles news that money of a sale went back when the news names only the sale. PayPal's API does not
// list a sale's refunds and reversals, but its record of transactions does: each one found there is settled.
// subscriptionID is as for SettleSale. The error is a *ContradictionError when the record, which is up to three hours
// behind, does not have it or may not be read.
func (p *Payments) SettleReturned(
	ctx context.Context, saleID, subscriptionID string, src Source,
) (contribution.Contribution, error) {
	seen, facts, err := p.seenSale(ctx, saleID, subscriptionID, src)
	if err != nil {
		return contribution.Contribution{}, err
	}
	return p.settleReturned(ctx, seen, facts, src)
}

// settleSeen applies a sale, and its refunds and reversals if PayPal says that there are any. Those that PayPal's
// record does not have yet, or does not let us read, come with news of their own, or with reconciling.
func (p *Payments) settleSeen(
	ctx context.Context, seen paypal.Capture, facts []Fact, src Source,
) (contribution.Contribution, error) {
	if !seen.Refunded() {
		return p.applier.ApplyAll(ctx, facts)
	}
	c, err := p.settleReturned(ctx, seen, facts, src)
	odd, is := errors.AsType[*ContradictionError](err)
	if is && odd.Code == review.ReturnNotListed || !paypal.Temporary(err) {
		return c, nil
	}
	return c, err
}

// settleReturned applies a sale, and the refunds and reversals that PayPal's record has of it from about the time
// when the sale last changed.
func (p *Payments) settleReturned(
	ctx context.Context, seen paypal.Capture, facts []Fact, src Source,
) (contribution.Contribution, error) {
	c, gone, err := p.applyReturned(ctx, seen.ID, facts)
	if err != nil || gone == seen.Amount.Minor {
		return c, err
	}
	since := seen.UpdatedAt
	if since.IsZero() {
		since = seen.CreatedAt
	}
	since = since.Add(-24 * time.Hour)
	rows, _, err := p.Returned(ctx, seen.ID, since, since.Add(paypal.MaxWindow))
	notListed := contradiction(review.ReturnNotListed, review.Args{"payment": seen.ID})
	switch {
	case !paypal.Temporary(err): // if we lack the permission, trying again does not help: a person has to look
		return c, fmt.Errorf("%w: %s", notListed, err.Error())
	case err != nil:
		return c, err
	}
	for _, row := range rows {
		if _, err := p.SettleRefund(ctx, row.ID, row.EventCode != paypal.RefundCode, src); err != nil {
			return c, err
		}
	}
	if c, gone, err = p.applyReturned(ctx, seen.ID, facts); err != nil {
		return c, err
	}
	if seen.Status == paypal.CaptureRefunded && gone < seen.Amount.Minor || seen.Refunded() && gone == 0 {
		return c, notListed
	}
	return c, nil
}

// applyReturned applies a sale's facts, and returns how much of it went back by our books, in minor units.
func (p *Payments) applyReturned(
	ctx context.Context, saleID string, facts []Fact,
) (c contribution.Contribution, gone int64, err error) {
	c, err = p.applier.applyAnd(ctx, facts, func(a *application) error {
		for _, paid := range a.Book.Payments() {
			if paid.PayPalID == saleID {
				gone = paid.Returned()
			}
		}
		return nil
	})
	return c, gone, err
}

// Returned lists the refunds and reversals of a sale in PayPal's record of transactions between two times, as far as
// the second has passed. reaches is how far the record goes: anything before that which it lacks did not happen.
func (p *Payments) Returned(
	ctx context.Context, saleID string, from, until time.Time,
) (rows []paypal.Transaction, reaches time.Time, err error) {
	until = earlier(until, p.now())
	for ; from.Before(until); from = from.Add(paypal.MaxWindow) {
		to := earlier(from.Add(paypal.MaxWindow), until)
		for _, code := range []string{paypal.RefundCode, paypal.ReversalCode, paypal.ChargebackCode} {
			found, refreshed, err := p.record(ctx, paypal.TransactionQuery{From: from, To: to, Code: code})
			if errors.Is(err, paypal.ErrNotReportedYet) {
				return rows, reaches, nil
			}
			if err != nil {
				return nil, time.Time{}, fmt.Errorf("ask what went back of sale %s: %w", saleID, err)
			}
			for _, row := range found {
				if row.ReferenceID == saleID && row.ID != saleID && row.Unreadable == "" && row.Amount.Minor < 0 &&
					(row.Status == "S" || row.Status == "P") {
					rows = append(rows, row)
				}
			}
			reaches = refreshed
		}
	}
	return rows, reaches, nil
}

// record reads all pages of a window of PayPal's record. refreshed is how far the record reaches.
func (p *Payments) record(
	ctx context.Context, q paypal.TransactionQuery,
) (rows []paypal.Transaction, refreshed time.Time, err error) {
	for q.Page = 1; ; q.Page++ {
		found, err := p.paypal.Transactions(ctx, q)
		if err != nil {
			return nil, time.Time{}, err
		}
		rows = append(rows, found.Transactions...)
		if q.Page >= found.Pages {
			return rows, found.RefreshedAt, nil
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
