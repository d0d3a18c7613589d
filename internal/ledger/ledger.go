// Package ledger keeps the money of contributions: payments, refunds and reversals of them, disputes about them, and
// the append-only entries from which every sum on a page or in a report is made. Facts about money go in, entries
// come out.
//
// Its core is pure. Load reads the book of one contribution, Book.Apply learns from facts in memory, Save writes what
// is new; each is one statement. It makes no network calls, it does not know how a reader came to pay (that is the
// contribution's checkout), and it makes no reports.
package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/review"
)

// ErrNotOurs is returned for something at PayPal that belongs to no contribution here.
var ErrNotOurs = errors.New("no contribution here belongs to it")

// Subject is what the payments of a book are for. Campaign, article and the payment's frequency are copied into each
// entry when it is booked, so that reports need no join and erasing a person cannot change a figure.
type Subject struct {
	Contribution uuid.UUID
	Campaign     uuid.UUID
	Frequency    string       // "once", "month" or "year", as the reader chose at the beginning
	Article      int64        // 0 if the reader did not come from an article
	Amount       money.Amount // what the reader chose to give
	Receipt      string       // the contribution's number
}

// once reports whether this is a one-time gift: then one payment of exactly that amount is expected.
func (s Subject) once() bool { return s.Frequency == "once" }

// Source is how a fact reached us. Event is the webhook event's row, 0 for every other way.
type Source struct {
	Way   string
	Event int64
}

// Book is everything the ledger knows about one contribution. It is not safe for concurrent use: its user has locked
// the contribution.
type Book struct {
	subject   Subject
	payments  []*Payment // in the order we learned of them
	entries   map[entryKey]entry
	booked    []booked             // entries that have no row yet
	uncopied  bool                 // entries lack columns that the version before does not know
	elsewhere map[string]uuid.UUID // PayPal's ids that facts name and that belong to another contribution

	// Reviews are the contribution's. Apply opens and resolves them in memory; the caller saves them.
	Reviews *review.List
}

// New returns the book of a contribution that has no payments yet.
func New(s Subject, reviews *review.List) *Book {
	return &Book{subject: s, entries: map[entryKey]entry{}, Reviews: reviews}
}

// Apply learns from one fact, and reports whether it brought anything new. Applying a fact again changes nothing, and
// facts in any order lead to the same states and the same entries, provided that a payment is known before its
// refunds and reversals.
//
// The error is a *ContradictionError, or wraps ErrNotOurs, when the fact is impossible; the book is unchanged then.
func (b *Book) Apply(f Fact, src Source, now time.Time) (news bool, err error) {
	now = now.UTC().Truncate(time.Microsecond) // as PostgreSQL keeps it
	switch {
	case f.capture != nil:
		news, err = b.applyCapture(*f.capture, f.direct, src, now)
	case f.refund != nil:
		news, err = b.applyRefund(*f.refund, f.reversal, src, now)
	case f.dispute != nil:
		news, err = b.applyDispute(*f.dispute, src, now)
	default:
		return false, errors.New("an empty fact says nothing")
	}
	if err != nil {
		return false, err
	}
	for _, p := range b.payments {
		p.advance()
	}
	b.number()
	b.reviewPaidTwice()
	return news, nil
}

// number gives a receipt number to each payment whose money is in. The first gets the contribution's own, which the
// reader has and which PayPal has as invoice_id; the second gets "K7M3-9QX2-2". These are unique because
// contributions' numbers are.
func (b *Book) number() {
	given := 0
	for _, p := range b.payments {
		if p.Receipt != "" {
			given++
		}
	}
	for _, p := range b.payments {
		if p.Receipt != "" || p.Status != StatusCompleted {
			continue
		}
		given++
		p.Receipt, p.changed = b.subject.Receipt, true
		if given > 1 {
			p.Receipt = fmt.Sprintf("%s-%d", b.subject.Receipt, given)
		}
	}
}

// payment finds a payment by PayPal's id; nil if the book has none.
func (b *Book) payment(id string) *Payment {
	for _, p := range b.payments {
		if p.PayPalID == id {
			return p
		}
	}
	return nil
}

// Payments returns the known payments, in the order we learned of them.
func (b *Book) Payments() []Payment {
	all := make([]Payment, 0, len(b.payments))
	for _, p := range b.payments {
		all = append(all, *p)
	}
	return all
}

// Standing sums up all payments of a book. Gross and Back are minor units, both positive.
type Standing struct {
	Payments    int       // known, whatever became of them
	Pending     bool      // PayPal holds one of them back
	Strongest   Status    // the furthest state that any of them reached; empty if there are none
	Gross, Back int64     // what completed, and how much of it went back
	Reversed    bool      // PayPal or a bank took some of it back
	Disputed    bool      // a dispute is open
	CompletedAt time.Time // when the first of them completed; zero if none did

	recurs bool // they are charges of a subscription
	kept   bool // one that completed has not been returned in full
}

// Standing sums the book up.
func (b *Book) Standing() Standing {
	s := Standing{Payments: len(b.payments), recurs: !b.subject.once()}
	for _, p := range b.payments {
		s.Strongest = strongest(s.Strongest, p.Status)
		s.Pending = s.Pending || p.Status == StatusPending
		if p.Status == StatusCompleted {
			s.Gross += p.Amount.Minor
			if s.CompletedAt.IsZero() || p.OccurredAt.Before(s.CompletedAt) {
				s.CompletedAt = p.OccurredAt
			}
		}
		back, reversed := p.back()
		s.Back += back
		s.Reversed = s.Reversed || reversed
		s.kept = s.kept || p.Status == StatusCompleted && back < p.Amount.Minor
		s.Disputed = s.Disputed || p.disputed()
	}
	return s
}

// State describes all payments together by the furthest state; Unknown if there are none. For recurring payments,
// refunds and reversals only count once everything went back: returning some charges does not end years of support.
func (s Standing) State() State {
	switch {
	case !s.recurs || s.Strongest != StatusCompleted || !s.kept:
	case s.Disputed:
		return Disputed
	default:
		return Completed
	}
	f, known := reduce(s.Strongest, s.Gross, s.Back, s.Reversed, s.Disputed)
	if !known {
		return Unknown
	}
	return next(Unknown, f)
}
