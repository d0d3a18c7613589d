package subscription

import (
	"errors"
	"slices"
	"time"

	"readerfund/internal/paypal"
)

// State is where a subscription stands. docs/lifecycle.md draws how it moves.
type State string

// The states.
const (
	Unknown         State = ""                 // not heard of yet; never stored
	ApprovalPending State = "approval_pending" // it exists but does not charge yet
	Active          State = "active"           // PayPal charges the reader when the time comes
	Suspended       State = "suspended"        // paused, or PayPal gave up charging; it can go on
	Cancelled       State = "cancelled"        // ended by the reader, by us or by PayPal
	Expired         State = "expired"          // ended because its plan did
)

// States lists the states in the order a subscription can go through them.
func States() []State {
	return []State{Unknown, ApprovalPending, Active, Suspended, Cancelled, Expired}
}

// Ended reports whether the state is final.
func (s State) Ended() bool { return s == Cancelled || s == Expired }

// Runs reports whether PayPal may charge the reader, now or once it is resumed.
func (s State) Runs() bool { return s == Active || s == Suspended }

// transitions is the only transition table of a subscription: for each state, the state that PayPal's latest answer
// leads to, in the order of States() without the first. PayPal's APPROVED is not a state of its own: a subscription
// that the payer has approved charges nothing until it is activated.
//
// How to read it. Answers are taken in the order of PayPal's status_update_time, so that a late one changes nothing.
// Once a subscription is approved it is never pending again, and one that has ended does not begin again.
var transitions = map[State][]State{
	// approval pending, active, suspended, cancelled, expired
	Unknown:         {ApprovalPending, Active, Suspended, Cancelled, Expired},
	ApprovalPending: {ApprovalPending, Active, Suspended, Cancelled, Expired},
	Active:          {Active, Active, Suspended, Cancelled, Expired},
	Suspended:       {Suspended, Active, Suspended, Cancelled, Expired},
	Cancelled:       {Cancelled, Cancelled, Cancelled, Cancelled, Cancelled},
	Expired:         {Expired, Expired, Expired, Expired, Expired},
}

// next looks up the state that follows.
func next(from, seen State) State { return transitions[from][slices.Index(States(), seen)-1] }

// stateOf reads PayPal's status.
func stateOf(s paypal.SubscriptionStatus) (State, bool) {
	switch s {
	case paypal.SubscriptionApprovalPending, paypal.SubscriptionApproved:
		return ApprovalPending, true
	case paypal.SubscriptionActive:
		return Active, true
	case paypal.SubscriptionSuspended:
		return Suspended, true
	case paypal.SubscriptionCancelled:
		return Cancelled, true
	case paypal.SubscriptionExpired:
		return Expired, true
	default:
		return Unknown, false
	}
}

// ErrStatus reports an answer whose status is not one of PayPal's.
var ErrStatus = errors.New("the subscription has a status that is none")

// Approved reports whether the payer has approved the subscription in an answer.
func Approved(seen paypal.Subscription) bool {
	return seen.Status != paypal.SubscriptionApprovalPending
}

// Apply learns from one answer of PayPal's, and reports whether it brought anything new. The same answer again
// changes nothing, and answers in any order lead to the same result: an answer older than the last one learned is
// ignored, unless it reports the end. A field that an answer leaves out keeps its value. The error is ErrStatus; the
// subscription is unchanged then.
func (s *Subscription) Apply(seen paypal.Subscription, now time.Time) (news bool, err error) {
	learned, known := stateOf(seen.Status)
	if !known {
		return false, ErrStatus
	}
	updatedAt := precise(orElse(seen.UpdatedAt, now))
	statusAt := precise(orElse(seen.StatusAt, updatedAt))
	stale := statusAt.Before(s.StatusAt) || statusAt.Equal(s.StatusAt) && updatedAt.Before(s.SeenAt)
	if s.State.Ended() && !learned.Ended() || stale && !learned.Ended() || stale && s.State.Ended() {
		return s.learnSince(seen, updatedAt), nil
	}
	before := *s
	if to := next(s.State, learned); to != s.State || !to.Ended() && statusAt.After(s.StatusAt) {
		s.State, s.Note = to, seen.StatusNote
	}
	if !s.State.Ended() || s.EndedAt.IsZero() {
		s.StatusAt = statusAt
	}
	s.SeenAt = updatedAt
	s.learnTerms(seen, updatedAt)
	s.learnBilling(seen)
	if at := LaterStart(seen); !at.IsZero() && Approved(seen) {
		s.StartsAt = at
	}
	if (s.State != ApprovalPending || s.AwaitsStart()) && s.StartedAt.IsZero() {
		s.StartedAt = precise(orElse(seen.CreatedAt, s.StatusAt))
	}
	if s.State.Ended() && s.EndedAt.IsZero() {
		s.EndedAt = s.StatusAt
	}
	return before != *s, nil
}

// learnTerms takes what is charged and how often from PayPal, also when the reader has changed it since.
func (s *Subscription) learnTerms(seen paypal.Subscription, updatedAt time.Time) {
	if seen.PlanID != "" {
		s.PlanID = seen.PlanID
	}
	if seen.Amount != nil && seen.Amount.Minor > 0 {
		s.Amount = *seen.Amount
	}
	if f, ok := frequencyOf(seen.Every); ok && f != s.Frequency {
		s.Frequency, s.FrequencySince = f, time.Time{}
	}
	s.learnSince(seen, updatedAt)
}

// learnSince records since when the present frequency applies, and reports whether that was new. PayPal does not give
// that time: we use the earliest update_time of an answer with that frequency, or the charge before it that was made
// at it. A reader agrees to each change, so an answer cannot come so late that two changes lie between.
func (s *Subscription) learnSince(seen paypal.Subscription, updatedAt time.Time) (news bool) {
	if f, ok := frequencyOf(seen.Every); !ok || f != s.Frequency {
		return false
	}
	since := updatedAt
	if at := precise(seen.LastPaymentAt.Add(-chargeSlack)); at.Before(since) && chargedAs(seen) == seen.Every {
		since = at
	}
	if !s.FrequencySince.IsZero() && !since.Before(s.FrequencySince) {
		return false
	}
	s.FrequencySince = since
	return true
}

// chargeSlack bounds the difference between PayPal's date of a charge and the date that the subscription shows for
// it; it is generous.
const chargeSlack = time.Hour

// chargedAs is the frequency at which the latest charge was taken, judged by the date of the next one; empty when
// that fits neither. PayPal may charge for a change at once, before it has told us of it.
func chargedAs(seen paypal.Subscription) paypal.Interval {
	if seen.LastPaymentAt.IsZero() || seen.NextBillingAt.IsZero() {
		return ""
	}
	switch days := seen.NextBillingAt.Sub(seen.LastPaymentAt).Hours() / 24; {
	case days > 26 && days < 33:
		return paypal.Monthly
	case days > 363 && days < 368:
		return paypal.Yearly
	default:
		return ""
	}
}

// laterStart is how long after its creation a subscription must start to count as starting later. PayPal's start_time
// can be off by hours, even when none was requested.
const laterStart = 48 * time.Hour

// LaterStart is when the first charge of a subscription is due, if that is not at its creation; zero otherwise.
func LaterStart(seen paypal.Subscription) time.Time {
	if seen.CreatedAt.IsZero() || seen.StartAt.Sub(seen.CreatedAt) <= laterStart {
		return time.Time{}
	}
	return precise(seen.StartAt)
}

// Early reports whether a charge was taken well before the time at which the first one was due.
func Early(charge, due time.Time) bool { return due.Sub(charge) > laterStart }

// learnBilling takes the state of the billing from an answer.
func (s *Subscription) learnBilling(seen paypal.Subscription) {
	s.NextBillingAt = precise(seen.NextBillingAt)
	if s.State.Ended() {
		s.NextBillingAt = time.Time{}
	}
	s.CyclesCompleted, s.FailedPayments = max(s.CyclesCompleted, seen.CyclesCompleted), seen.FailedPayments
	s.Outstanding.Currency = s.Amount.Currency
	if seen.Outstanding != nil && seen.Outstanding.Currency == s.Amount.Currency {
		s.Outstanding = *seen.Outstanding
	}
	if seen.LastPaymentAt.After(s.LastPaymentAt) {
		s.LastPaymentAt = precise(seen.LastPaymentAt)
	}
	s.RetryAt = time.Time{}
	if f := seen.LastFailed; f != nil && !f.At.IsZero() {
		s.LastFailedAt, s.LastFailedReason, s.RetryAt = precise(f.At), f.Reason, precise(f.RetryAt)
	}
}

// frequencyOf reads PayPal's interval unit.
func frequencyOf(every paypal.Interval) (string, bool) {
	switch every {
	case paypal.Monthly:
		return "month", true
	case paypal.Yearly:
		return "year", true
	default:
		return "", false
	}
}

func orElse(at, otherwise time.Time) time.Time {
	if at.IsZero() {
		return otherwise
	}
	return at
}

// precise is a time as PostgreSQL keeps it.
func precise(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }
