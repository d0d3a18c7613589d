package contribution

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// arrived writes gifts with a message each, whose money is in.
func arrived(t *testing.T, s *Service, d *db.DB, n int) []uuid.UUID {
	t.Helper()
	var ids []uuid.UUID
	for range n {
		c := full(t, d, uuid.NewString())
		if _, err := s.insertOne(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	if _, err := d.ExecContext(t.Context(), `UPDATE contribution SET completed_at = created_at`); err != nil {
		t.Fatal(err)
	}
	return ids
}

// readers are who has read each gift's messages, by the first letter of their names; "-" where nobody has.
func readers(t *testing.T, d *db.DB, ids []uuid.UUID) (all string) {
	t.Helper()
	for _, id := range ids {
		var by string
		err := d.GetContext(t.Context(), &by, `
			SELECT CASE WHEN message_read_at IS NULL THEN '-' ELSE left(message_read_by, 1) END FROM contribution WHERE id = $1`, id)
		if err != nil {
			t.Fatal(err)
		}
		all += by
	}
	return all
}

var ada, bob = Actor{Name: "ada@example.org"}, Actor{Name: "bob@example.org"}

func TestWhatAReaderWritesIsReadOnceByOnePerson(t *testing.T) {
	t.Parallel()
	s, d := desk(t)
	ids := arrived(t, s, d, 3)
	mark := func(by Actor, want int, shown ...Shown) {
		t.Helper()
		if unread, err := s.MarkRead(t.Context(), shown, by); err != nil || unread != want {
			t.Errorf("%d of %d are unread, want %d: %v", unread, len(shown), want, err)
		}
	}
	stand := func(want string) {
		t.Helper()
		if got := readers(t, d, ids); got != want {
			t.Errorf("read by %s, want %s", got, want)
		}
	}
	mark(ada, 0, Shown{ids[0], false}, Shown{ID: uuid.New()})
	mark(bob, 0, Shown{ids[0], false}, Shown{ids[1], false})
	stand("ab-")

	// A page from before the reader wrote once more marks nothing as read that it did not show.
	write := func(id uuid.UUID) {
		t.Helper()
		if err := s.LeaveMessage(t.Context(), id, "And another thing"); err != nil {
			t.Fatal(err)
		}
	}
	write(ids[0])
	write(ids[2])
	stand("-b-")
	mark(bob, 2, Shown{ids[0], false}, Shown{ids[1], false}, Shown{ids[2], false})
	stand("-b-")
	mark(bob, 0, Shown{ids[0], true}, Shown{ids[2], true})
	write(ids[0]) // pressed twice
	stand("bbb")

	if err := s.MarkUnread(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	stand("b-b")
	if err := s.MarkUnread(t.Context(), uuid.New()); !fault.Is(err, fault.NotFound) {
		t.Errorf("a gift that is not there: %v", err)
	}
}

func TestAllMessagesThatAListHadAreMarked(t *testing.T) {
	t.Parallel()
	s, d := desk(t)
	ids := arrived(t, s, d, readAtOnce+3)
	if err := s.LeaveMessage(t.Context(), ids[0], "Before the list"); err != nil {
		t.Fatal(err)
	}
	shown := time.Now()
	if err := s.LeaveMessage(t.Context(), ids[1], "After the list"); err != nil {
		t.Fatal(err)
	}
	_, err := d.ExecContext(t.Context(), `UPDATE contribution SET completed_at = $2 WHERE id = $1`, ids[2],
		shown.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	first := len(ids) - 2
	if err := s.MarkAllRead(t.Context(), ids[first], shown, ada); err != nil {
		t.Fatal(err)
	}
	got := readers(t, d, ids)
	if got[:4] != "a--a" || got[first-1:] != "aa-" {
		t.Errorf("the oldest are read by %s, the newest by %s", got[:4], got[first-1:])
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.MarkAllRead(t.Context(), ids[first], shown, ada); err == nil {
		t.Error("without a database, all is well")
	}
	if _, err := s.MarkRead(t.Context(), []Shown{{ID: ids[1]}}, ada); err == nil {
		t.Error("without a database, one is marked")
	}
	if err := s.MarkUnread(t.Context(), ids[0]); err == nil || fault.Is(err, fault.NotFound) {
		t.Errorf("without a database: %v", err)
	}
}
