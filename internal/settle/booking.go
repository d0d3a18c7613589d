package settle

import (
	"context"
	"runtime/debug"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// booking is facts about one contribution to apply, with a further step under the same lock. Bookings that come at
// about the same time share a transaction: one read, one write, one commit. If one fails, the others do not: each is
// then booked alone, in its caller's goroutine.
type booking struct {
	facts []Fact
	also  func(*application) error // runs again if the transaction does
}

// booked is the result of a booking in a shared transaction.
type booked struct {
	done  *application // nil if it was not booked
	again bool         // another booking of the batch is about the same contribution: the next batch takes it
}

// bookingsAtOnce: a second concurrent transaction would make both batches smaller, and planning their statements
// costs more than two processors gain.
const bookingsAtOnce = 1

// book applies a booking, together with others if there are any.
func (s *Applier) book(ctx context.Context, b booking) (*application, error) {
	for {
		got, err := s.bookings.Do(ctx, b)
		switch {
		case err != nil:
			return nil, db.Translate(err)
		case got.done != nil:
			return got.done, nil
		case !got.again:
			return s.bookAlone(ctx, b)
		}
	}
}

// bookAlone waits for the contribution if another transaction has locked it.
func (s *Applier) bookAlone(ctx context.Context, b booking) (a *application, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		locked, err := contribution.LockBook(ctx, tx, wanted(b.facts))
		if err != nil {
			return err
		}
		if a, err = s.learn(locked, b); err != nil {
			return err
		}
		return s.save(ctx, tx, a)
	})
	return a, err
}

// bookTogether applies bookings in one transaction. It leaves out those whose contribution it cannot lock at once,
// and those from which nothing can be learned. If the transaction fails, it leaves out all of them, unless each alone
// would fail the same way or it is unknown whether the transaction was committed.
func (s *Applier) bookTogether(ctx context.Context, all []booking) (results []booked, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			s.log.ErrorContext(ctx, "booking contributions together made the program fail; each goes alone",
				"count", len(all), "panic", reason, "stack", string(debug.Stack()))
			results, err = make([]booked, len(all)), nil
		}
	}()
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		results = make([]booked, len(all))
		var want []contribution.Wanted
		firsts := map[uuid.UUID]int{}
		for n, b := range all {
			w := wanted(b.facts)
			if _, results[n].again = firsts[w.ID]; !results[n].again {
				firsts[w.ID], want = n, append(want, w)
			}
		}
		locked, err := contribution.LockBooks(ctx, tx, want...)
		if err != nil {
			return err
		}
		var learned []*application
		for _, w := range want {
			n, its := firsts[w.ID], locked[w.ID]
			if its == nil {
				continue
			}
			if a := s.tryLearn(its, all[n]); a != nil {
				results[n].done, learned = a, append(learned, a)
			}
		}
		return s.save(ctx, tx, learned...)
	})
	if err == nil {
		return results, nil
	}
	if !db.IsContended(err) && (len(all) == 1 || fault.Is(err, fault.Unavailable)) {
		return nil, err
	}
	s.log.WarnContext(ctx, "contributions could not be booked together; each goes alone", "count", len(all), "error", err)
	return make([]booked, len(all)), nil
}

// learn applies a booking's facts to a contribution, in memory.
func (s *Applier) learn(locked *contribution.Locked, b booking) (*application, error) {
	a, err := learn(locked, b.facts, s.now())
	if err != nil {
		return nil, err
	}
	// Opened before the facts settle reviews: another fact may carry PayPal's correct answer.
	for _, contradiction := range a.contradictions {
		a.Book.Reviews.Open(contradiction.Code, contradiction.Args)
	}
	if b.facts[0].isOrder() && len(a.contradictions) == 0 {
		a.settled = append(a.settled, settledByOrder()...)
	}
	return a, b.also(a)
}

// tryLearn is learn, but returns nil on failure: the caller gets the error when the booking is applied alone.
func (s *Applier) tryLearn(locked *contribution.Locked, b booking) (a *application) {
	defer func() {
		if recover() != nil {
			a = nil
		}
	}()
	a, err := s.learn(locked, b)
	if err != nil {
		return nil
	}
	return a
}
