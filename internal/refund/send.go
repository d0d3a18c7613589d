package refund

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

const (
	// rememberedFor is how long we rely on PayPal remembering a refund's PayPal-Request-Id: it keeps it for 45 days
	// (Payments v2). After that the same request could pay twice.
	rememberedFor = 40 * 24 * time.Hour
	// leasedFor is how long one process has a request for itself: longer than its call to PayPal may take.
	leasedFor = time.Minute
)

// send has PayPal make the refund, and saves what came of it. Sending it again is the same refund to PayPal; still, one
// process at a time does it, so that what each of them was told can be told apart.
func (s *Service) send(ctx context.Context, r Request) (Request, error) {
	if !r.UnderWay() {
		return r, nil
	}
	sent, err := detached.Run(ctx, &s.calls, func(ctx context.Context) (Request, error) {
		r, mine, err := s.lease(ctx, r.ID)
		if err != nil || !mine {
			return r, err
		}
		if s.now().Sub(r.AskedAt) > rememberedFor {
			return s.giveUp(ctx, r)
		}
		made, err := s.paypal.RefundCapture(ctx, r.Payment, paypal.RefundRequest{
			RequestID: "refund-" + r.ID.String(), Amount: r.Amount, InvoiceID: r.invoiceID, Note: r.Note,
			CustomID: r.Contribution.String(),
		})
		return s.saveOutcome(ctx, r, made, err)
	})
	if err != nil {
		return r, db.Translate(err)
	}
	return sent, nil
}

// lease takes a request for sending, unless another process has it or it has ended. From now on PayPal may have made
// the refund: that is committed before PayPal hears of it, so that a process that dies leaves the doubt behind. The
// request that comes back still says what was in doubt before.
func (s *Service) lease(ctx context.Context, id uuid.UUID) (r Request, mine bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// The row's lock decides between two processes that want it at once.
		if r, err = find(ctx, tx, "r.id = $1 FOR UPDATE OF r", id); err != nil {
			return err
		}
		now := s.now().UTC().Truncate(time.Microsecond) // as PostgreSQL keeps it: the lease is told by it
		if mine = r.UnderWay() && !now.Before(r.leaseUntil); !mine {
			return nil
		}
		r.leaseUntil = now.Add(leasedFor)
		_, err = tx.ExecContext(ctx, `UPDATE refund_request SET doubt_at = $2, lease_until = $3 WHERE id = $1`, id, now,
			r.leaseUntil)
		return err
	})
	if err != nil {
		return r, false, fmt.Errorf("lease a refund for sending: %w", err)
	}
	return r, mine, nil
}

// saveOutcome saves what PayPal answered to a refund. What an earlier attempt may have done, no later answer undoes:
// where one is in doubt, PayPal's books decide.
func (s *Service) saveOutcome(ctx context.Context, r Request, made paypal.Refund, err error) (Request, error) {
	if err == nil {
		return s.book(ctx, r, made)
	}
	s.log.WarnContext(ctx, "PayPal made no refund", "contribution", r.Contribution, "request", r.ID, "error", err)
	r.unanswered = err
	if paypal.OutcomeUnknown(err) {
		r.doubtSince = s.now()
	}
	refused := paypal.Refused(err)
	// DUPLICATE_INVOICE_ID says that PayPal has a refund with this number, by a request that it has forgotten.
	if r.doubtSince.IsZero() && !paypal.HasIssue(err, "DUPLICATE_INVOICE_ID") {
		if refused {
			code, advice := paypal.Advice(err)
			return s.end(ctx, r, Refused, code, advice.String())
		}
		return s.postpone(ctx, r, r.State) // not sent, or told to come back
	}
	if !refused {
		return s.postpone(ctx, r, Unknown)
	}
	code, advice := paypal.Advice(err)
	return s.endIfNotMade(ctx, r, Refused, code, advice.String())
}

// book applies the refund that PayPal made, which ends the request.
func (s *Service) book(ctx context.Context, r Request, made paypal.Refund) (Request, error) {
	src := settle.Source{Way: contribution.ByStaff}
	seen := []settle.Fact{settle.RefundSeen(r.Contribution, src, made)}
	if _, err := s.applier.ApplyAll(ctx, seen); err != nil {
		r.doubtSince = s.now()
		_, postponed := s.postpone(ctx, r, Unknown)
		return r, errors.Join(err, postponed)
	}
	return find(ctx, s.db, "r.id = $1", r.ID)
}

// end ends a request without a refund, unless another process has taken it over.
func (s *Service) end(ctx context.Context, r Request, state State, code, advice string) (Request, error) {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := contribution.Lock(ctx, tx, r.Contribution)
		if err != nil {
			return err
		}
		leased := r.leaseUntil
		if r, err = find(ctx, tx, "r.id = $1", r.ID); err != nil {
			return err
		}
		if !r.UnderWay() || !r.leaseUntil.Equal(leased) {
			return nil
		}
		now := s.now().UTC()
		r.State, r.Answer, r.Advice = state, code, advice
		if err := update(ctx, tx, r, now); err != nil {
			return err
		}
		event := contribution.Event{Kind: "refund_refused", Detail: code, Ref: r.Payment}
		if err := contribution.AddEvent(ctx, tx, c, event, now); err != nil {
			return err
		}
		return auditAnswer(ctx, tx, c, r, c.State, now)
	})
	return r, err
}

// postpone leaves the request to the queue, and the lease to whoever comes next. What was in doubt before stays so.
func (s *Service) postpone(ctx context.Context, r Request, state State) (Request, error) {
	ctx, cancel := detached.Saving(ctx)
	defer cancel()
	_, err := s.db.ExecContext(ctx, `
		UPDATE refund_request
		SET state = $2, doubt_at = $3, lease_until = NULL
		WHERE id = $1 AND state IN ('asked', 'unknown') AND lease_until = $4`,
		r.ID, string(state), sql.NullTime{Time: r.doubtSince, Valid: !r.doubtSince.IsZero()}, r.leaseUntil)
	if err != nil {
		return r, fmt.Errorf("postpone refund request: %w", err)
	}
	r.State, r.leaseUntil = state, time.Time{}
	return r, nil
}
