package manage

import (
	"context"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// consentWithin is how long we keep asking for the reader's consent. A later consent still counts: PayPal's news of
// it changes the subscription all the same.
const consentWithin = 72 * time.Hour

// revise asks PayPal for the page on which the reader consents, in the language in which they gave. Back here it goes
// on in the same.
func (s *Service) revise(ctx context.Context, c Change) (approveURL string, err error) {
	every := paypal.Monthly
	if c.Frequency == contribution.Yearly {
		every = paypal.Yearly
	}
	gift, err := s.contributions.Get(ctx, c.Contribution)
	if err != nil {
		return "", err
	}
	address, lang := s.baseURL+"/manage/changes/"+c.ID.String(), ""
	if gift.Locale != "" {
		lang = "?lang=" + url.QueryEscape(gift.Locale)
	}
	for range 2 {
		var planID string
		var override *money.Amount
		if planID, override, err = s.plans.For(ctx, every, c.Amount); err != nil {
			return "", err
		}
		approveURL, err = s.paypal.ReviseSubscription(ctx, paypal.ReviseRequest{
			ID: c.Subscription, PlanID: planID, Amount: override, BrandName: s.publication,
			Locale: gift.Locale, ReturnURL: address + "/return" + lang, CancelURL: address + "/cancel" + lang,
		})
		if err == nil {
			return approveURL, nil
		}
		again, problem := s.plans.Refused(ctx, planID, err)
		if problem != nil || !again {
			return "", err
		}
	}
	return "", err
}

// saveConsent saves where the reader can consent. If there is no such page, nothing will change at PayPal and the
// reader is told at once, because there is nothing to wait for.
func (s *Service) saveConsent(ctx context.Context, c Change, approveURL string, err error) (Change, error) {
	switch {
	case paypal.Refused(err):
		looked, lookErr := s.look(ctx, c)
		if lookErr == nil && !looked.UnderWay() {
			return looked, nil
		}
		return s.end(ctx, c, Refused, codeOf(err))
	case err != nil:
		if c, ended := s.end(ctx, c, Expired, codeOf(err)); ended != nil {
			return c, ended
		}
		return c, unavailable(err)
	}
	leased := c.leaseUntil
	err = s.locked(ctx, c.ID, func(ctx context.Context, tx *sqlx.Tx, of contribution.Contribution, now *Change) error {
		c = *now
		if !c.UnderWay() || !c.leaseUntil.Equal(leased) {
			return nil
		}
		c.ApproveURL = approveURL
		at := s.now().UTC()
		if err := save(ctx, tx, of, &c, Approval, "", at); err != nil {
			return err
		}
		return putSending(ctx, tx, c.ID, at.Add(lookEvery), at)
	})
	return c, err
}

// Returned is for a reader who comes back from PayPal after consenting. The subscription's state shows whether they
// did: it may take PayPal a moment, and then the change is still in state Approval.
func (s *Service) Returned(ctx context.Context, id uuid.UUID) (Change, error) {
	c, err := find(ctx, s.db, id, "")
	if err != nil || c.State != Approval && c.State != Expired {
		return c, err
	}
	looked, err := s.look(ctx, c)
	if err != nil {
		return c, unavailable(err)
	}
	if looked.State != Approval {
		return looked, nil
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		now := s.now().UTC()
		return putSending(ctx, tx, id, now.Add(soon), now)
	})
	return looked, err
}

// TurnedBack is for a reader who comes back from PayPal without having consented. PayPal is asked all the same.
func (s *Service) TurnedBack(ctx context.Context, id uuid.UUID) (Change, error) {
	c, err := find(ctx, s.db, id, "")
	if err != nil || c.State != Approval {
		return c, err
	}
	looked, err := s.look(ctx, c)
	if err != nil {
		return c, unavailable(err)
	}
	if looked.State != Approval {
		return looked, nil
	}
	return s.end(ctx, looked, Expired, "")
}
