package staff

import (
	"fmt"
	"net/http"
	"strconv"

	"readerfund/internal/dashboard"
	"readerfund/internal/web/page"
)

// Replay answers POST /staff/inbox/{event}/replay. Only what is parked is replayed: the button may be pressed twice,
// and what is worked on already needs no help.
func (s *Event) Replay(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("event"), 10, 64)
	if err != nil {
		return page.NotFound()
	}
	e, err := s.views.Webhook(r.Context(), id)
	if err != nil {
		return err
	}
	if e.State == "parked" {
		if _, err := s.replay(r.Context(), []string{strconv.FormatInt(id, 10)}, actor(r)); err != nil {
			return err
		}
	}
	page.Redirect(w, inboxAddress(id)+"?replayed=1")
	return nil
}

// workedOnNotice says how far an event has come that was replayed.
func workedOnNotice(e dashboard.Webhook) *page.Flash {
	switch e.State {
	case "applied", "ignored":
		return page.Good("Replayed", e.Note)
	case "parked":
		return page.Bad("It failed again", e.Note)
	default:
		return page.Pending("The event is being replayed", "This takes a few seconds. Reload the page to see the result.")
	}
}

// ReplayAll answers POST /staff/inbox/replay.
func (s *Inbox) ReplayAll(w http.ResponseWriter, r *http.Request) error {
	n, err := s.replayAll(r.Context(), actor(r))
	if err != nil {
		return err
	}
	page.Redirect(w, "/staff/inbox?replayed="+strconv.Itoa(n))
	return nil
}

// replayedNotice says how many events were replayed; count is from the address.
func replayedNotice(count string) *page.Flash {
	n, err := strconv.Atoi(count)
	switch {
	case err != nil || n < 0:
		return nil
	case n == 0:
		return page.Good("Nothing was parked", "There was nothing to replay.")
	case n == 1:
		return page.Pending("One event is being replayed", "This takes a few seconds. Reload the page to see the result.")
	default:
		return page.Pending(fmt.Sprintf("%d events are being replayed", n), "Reload the page in a while to see the results.")
	}
}
