package admission_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"readerfund/internal/admission"
	"readerfund/internal/fault"
	"readerfund/internal/testkit"
)

func TestAPaidGiftIsTakenOutOfTheCounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t, narrow())
	v := at("a", "home")
	id := f.gift(v)
	if n := f.passes(3, v); n != 2 {
		t.Fatalf("%d beside the first, want 2", n)
	}
	f.weigh()
	if n := f.passes(1, v); n != 0 {
		t.Error("a gift that is not paid yet was taken out")
	}
	f.become(id, "completed")
	f.weigh() // twice changes nothing
	if n := f.passes(3, v); n != 1 {
		t.Errorf("%d after one was paid, want 1", n)
	}
}

// A declined card counts for fifteen gifts, for its address, its network and among all, and no more than the most are
// remembered.
func TestADeclinedCardCountsAsFifteen(t *testing.T) {
	t.Parallel()
	f := newFixture(t, narrow())
	v := at("a", "home")
	first, second := f.gift(v), f.gift(v)
	f.become(first, "declined") // 15 and 1 of 20
	f.weigh()                   // twice changes nothing
	for _, other := range []admission.Visitor{at("neighbour", "home"), at("stranger", "elsewhere")} {
		if n := f.begin(other); n == nil || n.Challenge == nil { // 16 where 8 and 12 are free
			t.Errorf("%v: %+v, want to be asked", other, n)
		}
	}
	if passed, last := f.solves(6, v); passed != 4 || last.Challenge != nil {
		t.Errorf("%d more gifts of the address, and then %+v, want 4 and to wait", passed, last)
	}
	f.become(second, "declined")
	f.clock.Advance(admission.Window / 20)
	if passed, _ := f.solves(2, v); passed != 1 {
		t.Errorf("%d once one is forgotten, want 1", passed)
	}
}

func TestWhereAGiftWasBegunIsForgottenAfterADay(t *testing.T) {
	t.Parallel()
	f := newFixture(t, narrow())
	f.gift(at("a", "home"))
	kept := func() (n int) {
		t.Helper()
		if err := f.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := f.db.GetContext(t.Context(), &n, `SELECT count(*) FROM gift_origin`); err != nil {
			t.Fatal(err)
		}
		return n
	}
	f.clock.Advance(24 * time.Hour)
	if kept() != 1 {
		t.Error("forgotten within a day")
	}
	f.clock.Advance(time.Second)
	if kept() != 0 {
		t.Error("kept for longer than a day")
	}
}

// Two periodic jobs take rows of the same table, each in an order of its own: neither waits for the other.
func TestPeriodicJobsLeaveOutWhatTheOtherDeletes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, narrow())
	v := at("a", "home")
	first, second := f.gift(v), f.gift(v)
	held := `SELECT 1 FROM gift_origin WHERE contribution_id = '` + first.String() + `' FOR UPDATE`
	f.exec(`UPDATE contribution SET state = 'declined' WHERE id IN ($1, $2)`, first, second)
	testkit.Beside(t, f.db, held, f.CountOutcomes)
	if n := testkit.Count(t, f.db, `gift_origin`); n != 1 {
		t.Errorf("%d are left, and one was held", n)
	}
	f.clock.Advance(48 * time.Hour)
	testkit.Beside(t, f.db, held, f.Tidy)
	if n := testkit.Count(t, f.db, `gift_origin`); n != 1 {
		t.Errorf("%d are left, and one was held", n)
	}
}

// Gifts are let in where the counts fail, but no more of them than all together have free.
func TestGiftsThatCannotBeCountedAreLetInAndTold(t *testing.T) {
	t.Parallel()
	c := narrow()
	c.All.Free = 3
	f := newFixture(t, c)
	v := at("a", "home")
	began := f.Now()
	f.exec(`ALTER TABLE rate_limit RENAME TO away`)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Admit(over, v, admission.Proof{}); err == nil {
		t.Error("a gift whose reader has left was let in")
	}
	for range 3 {
		if pass, err := f.Admit(t.Context(), v, admission.Proof{}); err != nil || pass == (admission.Pass{}) {
			t.Fatalf("%+v, %v", pass, err)
		}
	}
	f.clock.Advance(time.Second)
	_, err := f.Admit(t.Context(), v, admission.Proof{})
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Unavailable {
		t.Errorf("the fourth: %v, want it unavailable", err)
	}
	if gifts, since := f.Uncounted(); gifts != 3 || !since.Equal(began) {
		t.Errorf("told of %d since %v, want 3 since %v", gifts, since, began)
	}
	f.exec(`ALTER TABLE away RENAME TO rate_limit`)
	if n := f.begin(v); n != nil {
		t.Errorf("counted again: %v", n)
	}
	f.clock.Advance(admission.Window + time.Second)
	if gifts, _ := f.Uncounted(); gifts != 0 {
		t.Errorf("still told of %d", gifts)
	}
}

// The note does not wait for the disk, and whatever comes after it on the same connection does.
func TestTheNotesHasteIsItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, narrow())
	f.db.SetMaxOpenConns(1)
	f.exec(`SET synchronous_commit = 'local'`) // the server of the tests has it off
	f.gift(at("a", "home"))
	var after string
	if err := f.db.Get(&after, `SHOW synchronous_commit`); err != nil || after != "local" {
		t.Errorf("the next statement's commit: synchronous_commit is %q, %v", after, err)
	}
	var notes int
	if err := f.db.Get(&notes, `SELECT count(*) FROM gift_origin`); err != nil || notes != 1 {
		t.Errorf("%d notes, %v", notes, err)
	}
}
