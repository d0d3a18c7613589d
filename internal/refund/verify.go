package refund

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/i18n"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/settle"
)

// visibleAfter is how long a refund may take to show in PayPal's books. Before that, not finding it says nothing.
const visibleAfter = time.Minute

// errNotListed is why a request that PayPal's books do not show is not ended yet.
var errNotListed = errors.New("PayPal does not list the refund, and may not list it yet")

// giveUp ends a request that PayPal no longer remembers: sending it again could pay twice. Where PayPal's books do not
// tell either, a person has to look.
func (s *Service) giveUp(ctx context.Context, r Request) (Request, error) {
	r, err := s.endIfNotMade(ctx, r, Failed, "", i18n.New("refund.never_answered").String())
	if err != nil || !r.UnderWay() {
		return r, err
	}
	return r, s.applier.OpenReview(ctx, r.Contribution, review.RefundUnanswered,
		review.Args{"amount": r.Amount.String(), "number": r.invoiceID, "payment": r.Payment})
}

// endIfNotMade ends a request that may have been carried out, if PayPal's books say that it was not. While they cannot
// be read, it stays unknown.
func (s *Service) endIfNotMade(ctx context.Context, r Request, state State, code, advice string) (Request, error) {
	if err := s.readPayPalsBooks(ctx, r); err != nil {
		s.log.WarnContext(ctx, "whether PayPal made a refund cannot be told yet", "contribution", r.Contribution,
			"request", r.ID, "error", err)
		r.unanswered = err
		return s.postpone(ctx, r, Unknown)
	}
	found, err := find(ctx, s.db, "r.id = $1", r.ID)
	if err != nil || !found.UnderWay() {
		return found, err
	}
	if s.now().Sub(r.doubtSince) < visibleAfter {
		r.unanswered = errNotListed
		return s.postpone(ctx, r, Unknown)
	}
	return s.end(ctx, r, state, code, advice)
}

// readPayPalsBooks reads the payment and everything that went back of it at PayPal, and applies it; what belongs to the
// request ends it (OnApplied). A nil error means that all of it was seen.
func (s *Service) readPayPalsBooks(ctx context.Context, r Request) error {
	c, err := s.contributions.Get(ctx, r.Contribution)
	if err != nil {
		return err
	}
	if c.Frequency.Recurs() {
		return s.readSale(ctx, r)
	}
	seen, err := s.paypal.Capture(ctx, r.Payment)
	if err != nil {
		return fmt.Errorf("ask about capture %s: %w", r.Payment, err)
	}
	o, err := s.paypal.Order(ctx, c.Checkout.PayPalID)
	if err != nil {
		return fmt.Errorf("ask about the refunds of order %s: %w", c.Checkout.PayPalID, err)
	}
	listed := int64(0)
	for i, back := range o.Refunds {
		if back.CaptureID != r.Payment {
			continue
		}
		if back.Status == paypal.RefundCompleted {
			listed += back.Amount.Minor
		}
		if back.InvoiceID == "" {
			if o.Refunds[i], err = s.paypal.Refund(ctx, back.ID); err != nil {
				return fmt.Errorf("ask about refund %s: %w", back.ID, err)
			}
			o.Refunds[i].InvoiceID = s.likelyInvoice(ctx, r, o.Refunds[i])
		}
	}
	if seen.Refunded() && listed == 0 || seen.Status == paypal.CaptureRefunded && listed < seen.Amount.Minor {
		return fmt.Errorf("capture %s was refunded, and order %s does not list all of it", r.Payment, c.Checkout.PayPalID)
	}
	src := settle.Source{Way: contribution.ByStaff}
	facts := append(settle.OrderSeen(c.ID, src, o), settle.CaptureSeen(c.ID, src, seen))
	_, err = s.applier.ApplyAll(ctx, facts)
	return err
}

// readSale is readPayPalsBooks for the charge of a subscription. No order lists what went back of it: PayPal only says
// whether something did. So all was seen where nothing did, or where all did that came in and is in our books; the rest
// PayPal's record of transactions tells.
func (s *Service) readSale(ctx context.Context, r Request) error {
	seen, err := s.paypal.Sale(ctx, r.Payment)
	if err != nil {
		return fmt.Errorf("ask about sale %s: %w", r.Payment, err)
	}
	if _, err := s.payments.SettleSale(ctx, r.Payment, "", settle.Source{Way: contribution.ByStaff}); err != nil {
		return err
	}
	if !seen.Refunded() {
		return nil
	}
	all, err := readRefundable(ctx, s.db, r.Contribution)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(p Refundable) bool { return p.Payment == r.Payment && p.Left.Minor == 0 }) {
		return nil
	}
	return s.readRecord(ctx, r)
}

// recordBehind is how far PayPal's record of transactions may be behind.
const recordBehind = 3 * time.Hour

// readRecord applies what PayPal's record has of a sale's money that went back since the request was made.
func (s *Service) readRecord(ctx context.Context, r Request) error {
	rows, reaches, err := s.payments.Returned(ctx, r.Payment, r.AskedAt.Add(-time.Minute), s.now())
	if err != nil {
		return err
	}
	src := settle.Source{Way: contribution.ByStaff}
	var facts []settle.Fact
	likely := 0
	for _, row := range rows {
		back, err := s.paypal.Refund(ctx, row.ID)
		if err != nil {
			return fmt.Errorf("ask about refund %s: %w", row.ID, err)
		}
		back.CaptureID = r.Payment // which PayPal may leave out there
		if row.EventCode != paypal.RefundCode {
			facts = append(facts, settle.ReversalSeen(r.Contribution, src, back))
			continue
		}
		if back.InvoiceID == "" {
			if back.InvoiceID = s.likelyInvoice(ctx, r, back); back.InvoiceID != "" {
				likely++
			}
		}
		facts = append(facts, settle.RefundSeen(r.Contribution, src, back))
	}
	if likely > 1 {
		return fmt.Errorf("%d refunds of sale %s may be the one that was asked for", likely, r.Payment)
	}
	if len(facts) > 0 {
		if _, err := s.applier.ApplyAll(ctx, facts); err != nil {
			return err
		}
	}
	now, err := find(ctx, s.db, "r.id = $1", r.ID)
	if err == nil && now.UnderWay() && reaches.Before(r.doubtSince.Add(recordBehind)) {
		return fmt.Errorf("sale %s was refunded, and PayPal's record may not show all of it yet", r.Payment)
	}
	return err
}

// likelyInvoice says whose a refund is that PayPal gives without its invoice number: the request's, where nothing
// speaks against it. That way round nobody is paid twice.
func (s *Service) likelyInvoice(ctx context.Context, r Request, back paypal.Refund) string {
	if back.InvoiceID != "" {
		return back.InvoiceID
	}
	var taken bool
	err := s.db.GetContext(ctx, &taken, `SELECT EXISTS (SELECT 1 FROM refund_request WHERE refund_id = $1)`, back.ID)
	if err != nil || taken || back.Amount != r.Amount || back.CreatedAt.Before(r.AskedAt.Add(-time.Minute)) {
		return ""
	}
	return r.invoiceID
}
