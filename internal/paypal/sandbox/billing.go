package sandbox

import "time"

// billing is how far a subscription has been paid.
type billing struct {
	Completed   map[int]int // cycles billed, by sequence
	Outstanding int64
	Failed      int // payments in a row
	LastPayment *payment
	LastFailed  *failedPayment
	NextBilling time.Time // as PayPal shows it: of the next charge, or of the next attempt at it
	Script      failureScript

	Anchor    int       // the day of the month on which it began
	Scheduled time.Time // when the cycle that is to be charged next was due
	Due       time.Time // when it is charged: some hours after NextBilling; zero: never
	Lapsed    bool      // suspended because payments failed
	Attempts  int       // at that cycle so far; each of them failed
}

type payment struct {
	Amount money
	At     time.Time
}

type failedPayment struct {
	Amount  money
	At      time.Time
	Reason  string
	RetryAt time.Time // zero: it is not tried again
}

// saleOutcome is what comes of charging a payer.
type saleOutcome string

const (
	saleCompleted saleOutcome = "completed"
	salePending   saleOutcome = "pending" // an eCheck that has to clear
	saleHeld      saleOutcome = "held"    // completed, but PayPal holds the funds back
	saleFailed    saleOutcome = "failed"
)

// failureScript is what a test wants to come of the next Times attempts to charge a payer.
type failureScript struct {
	Times   int
	Outcome saleOutcome
	Reason  string // of a failure
}

// retryDays are how long after the day of a payment PayPal tries again. Source: PayPal, "Subscriptions", failed
// payments.
var retryDays = [...]int{5, 10}

// beginBilling bills a subscription that has just become ACTIVE for the first time, and gives what is to be told after
// the event ACTIVATED. Holds s.mu.
func (s *Server) beginBilling(sub *subscription) (tell func()) {
	now, b := s.now(), &sub.Billing
	*b = billing{Completed: map[int]int{}, Script: b.Script, Anchor: now.Day(), Scheduled: now,
		NextBilling: tenOClock(now)}
	setUp, goesOn := s.setUp(sub)
	switch {
	case !goesOn:
	case sub.Start.After(now):
		s.awaitStart(sub)
	case s.books.billing.FirstSale > 0:
		b.Due = now.Add(time.Duration(s.books.billing.FirstSale))
		s.enterAgenda(b.Due, sub)
		s.changed(sub)
	default:
		first := s.charge(sub)
		return func() { setUp(); first() }
	}
	return setUp
}

// setUp charges the set-up fee, if there is one, in a payment of its own. It gives what is to be told of it, and
// whether the subscription goes on: where the payment fails, setup_fee_failure_action says so, and what goes on has the
// fee outstanding. Holds s.mu.
func (s *Server) setUp(sub *subscription) (tell func(), goesOn bool) {
	p, b := &s.books.terms(sub).Preferences, &sub.Billing
	if p.SetupFee == nil || p.SetupFee.Minor == 0 {
		return func() {}, true
	}
	outcome, reason := s.outcomeOf(sub)
	if outcome != saleFailed {
		k := s.take(sub, bill{money: *p.SetupFee}, outcome)
		return func() { s.emitSale(k) }, true
	}
	b.Failed++
	b.LastFailed = &failedPayment{Amount: *p.SetupFee, At: s.now(), Reason: reason}
	if p.SetupFeeFailure == setupContinues {
		b.Outstanding += p.SetupFee.Minor
		return func() { s.emitSubscription("PAYMENT.FAILED", sub) }, true
	}
	return func() {
		s.emitSubscription("PAYMENT.FAILED", sub)
		s.end(sub, "")
	}, false
}

// awaitStart has an ACTIVE subscription charged for the first time on the day of its start, or on the next day where
// that day's run has begun. Holds s.mu.
func (s *Server) awaitStart(sub *subscription) {
	day := tenOClock(sub.Start)
	if day.Before(s.now()) {
		day = day.AddDate(0, 0, 1)
	}
	sub.Billing.Anchor = day.Day()
	s.schedule(sub, day)
}

// resumeBilling goes on with a subscription that is ACTIVE again, and gives what is to be told after the event
// ACTIVATED. What it would have been charged meanwhile it is not charged any more. Holds s.mu.
func (s *Server) resumeBilling(sub *subscription) (tell func()) {
	b, now := &sub.Billing, s.now()
	b.Attempts, b.Lapsed = 0, false
	c := s.books.terms(sub).current(b)
	if c == nil {
		s.stopBilling(sub)
		return func() { s.expire(sub) }
	}
	next := tenOClock(b.Scheduled)
	for next.Before(now) {
		next = c.after(next, b.Anchor, s.books.billing.drifts())
	}
	s.schedule(sub, next)
	return func() {}
}

// stopBilling leaves a subscription that is suspended, or has ended, alone. Holds s.mu.
func (s *Server) stopBilling(sub *subscription) {
	sub.Billing.Due, sub.Billing.NextBilling = time.Time{}, time.Time{}
	s.changed(sub)
}

// scheduleBilling takes a subscription that the journal kept into the run of payments.
func (s *Server) scheduleBilling(sub *subscription) {
	if due := sub.Billing.Due; !due.IsZero() {
		s.enterAgenda(due, sub)
	}
	if sub.Approval != nil {
		s.enterAgenda(sub.Approval.At, sub)
	}
	if sub.awaitsStart() {
		s.enterAgenda(sub.Start, sub)
	}
}

// changed keeps a subscription whose payments have gone on. Holds s.mu.
func (s *Server) changed(sub *subscription) {
	sub.Updated = s.now()
	s.keepSubscription(sub)
}

// schedule has a subscription charged for the cycle that is due on a day. Holds s.mu.
func (s *Server) schedule(sub *subscription, day time.Time) {
	sub.Billing.Scheduled = day
	s.attemptOn(sub, day)
}

// attemptOn has the charge made in the run of a day. Holds s.mu.
func (s *Server) attemptOn(sub *subscription, day time.Time) {
	b := &sub.Billing
	b.NextBilling = day
	b.Due = day.Add(jitter(sub.ID, day, time.Duration(s.books.billing.Jitter)))
	s.enterAgenda(b.Due, sub)
	s.changed(sub)
}

// next goes on to the cycle after the present one; a subscription without another is not charged again. Holds s.mu.
func (s *Server) next(sub *subscription, c *cycle) {
	b := &sub.Billing
	b.Completed[c.Sequence]++
	b.Attempts = 0
	day := c.after(tenOClock(b.Scheduled), b.Anchor, s.books.billing.drifts())
	if s.books.terms(sub).current(b) == nil {
		b.Scheduled = day
		b.Due, b.NextBilling = time.Time{}, time.Time{}
		s.changed(sub)
		return
	}
	s.schedule(sub, day)
}

// charge makes the payment that is due, or fails to, and gives what is to be told of it. Holds s.mu.
func (s *Server) charge(sub *subscription) (tell func()) {
	t, b := s.books.terms(sub), &sub.Billing
	c := t.current(b)
	if c == nil {
		s.stopBilling(sub)
		return func() {}
	}
	due := s.price(sub, c)
	price := due.money
	if t.Preferences.AutoBill {
		due.Minor += b.Outstanding
	}
	if due.Minor == 0 { // a free trial
		s.next(sub, c)
		return func() { s.expire(sub) }
	}
	outcome, reason := s.outcomeOf(sub)
	if outcome == saleFailed {
		return s.fail(sub, c, price, reason)
	}
	if t.Preferences.AutoBill {
		b.Outstanding = 0
	}
	k := s.take(sub, due, outcome)
	s.next(sub, c)
	return func() {
		s.emitSale(k)
		s.expire(sub)
	}
}

// take makes a payment of a subscription, whatever it is for. Holds s.mu.
func (s *Server) take(sub *subscription, due bill, outcome saleOutcome) *capture {
	b := &sub.Billing
	k := s.enterSale(sub, due, outcome, s.now())
	b.Failed, b.LastPayment = 0, &payment{due.money, k.Created}
	if b.LastFailed != nil {
		b.LastFailed.RetryAt = time.Time{}
	}
	s.changed(sub)
	return k
}

// fail notes an attempt that failed. Two more are made; after the last the cycle is over, and its price outstanding.
// Holds s.mu.
func (s *Server) fail(sub *subscription, c *cycle, price money, reason string) (tell func()) {
	t, b, now := s.books.terms(sub), &sub.Billing, s.now()
	perAttempt := s.books.billing.Threshold == thresholdAttempt
	if b.Attempts++; perAttempt || b.Attempts == 1 {
		b.Failed++
	}
	b.LastFailed = &failedPayment{Amount: price, At: now, Reason: reason}
	day := tenOClock(b.Scheduled)
	var retry time.Time
	if b.Attempts <= len(retryDays) {
		retry = day.AddDate(0, 0, retryDays[b.Attempts-1])
		if !retry.Before(c.after(day, b.Anchor, s.books.billing.drifts())) {
			retry = time.Time{} // the next cycle is charged before
		}
	}
	threshold := t.Preferences.Threshold
	suspends := threshold > 0 && b.Failed >= threshold && (perAttempt || retry.IsZero())
	if !suspends && !retry.IsZero() {
		b.LastFailed.RetryAt = retry
		s.attemptOn(sub, retry)
		return func() { s.emitSubscription("PAYMENT.FAILED", sub) }
	}
	b.Outstanding += price.Minor
	s.next(sub, c)
	return func() {
		s.emitSubscription("PAYMENT.FAILED", sub)
		if suspends {
			b.Lapsed = true
			s.setSubscriptionStatus(sub, statusSuspended, "")
			s.stopBilling(sub)
			s.emitSubscription("SUSPENDED", sub)
			return
		}
		s.expire(sub)
	}
}

// expire ends a subscription whose last cycle is over. Holds s.mu.
func (s *Server) expire(sub *subscription) {
	if sub.Status == statusActive && s.books.terms(sub).current(&sub.Billing) == nil {
		s.setSubscriptionStatus(sub, statusExpired, "")
		s.emitSubscription("EXPIRED", sub)
	}
}

// current is the cycle that is billed next; nil if all are over.
func (t *terms) current(b *billing) *cycle {
	for i := range t.Cycles {
		if c := &t.Cycles[i]; c.Total == 0 || b.Completed[c.Sequence] < c.Total {
			return c
		}
	}
	return nil
}
