package web

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"readerfund/internal/report"
)

// replayEvent answers POST /staff/inbox/{event}/replay. Only what is parked is replayed: the button may be pressed twice,
// and what is worked on already needs no help.
func (s *site) replayEvent(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(chi.URLParam(r, "event"), 10, 64)
	if err != nil {
		return errNoPage()
	}
	e, err := s.Reports.Webhook(r.Context(), id)
	if err != nil {
		return err
	}
	if e.State == "parked" {
		if _, err := s.Replay(r.Context(), []string{strconv.FormatInt(id, 10)}, actor(r)); err != nil {
			return err
		}
	}
	redirect(w, inboxAddress(id)+"?replayed=1")
	return nil
}

// workedOnNotice says how far an event has come that was replayed.
func workedOnNotice(e report.Webhook) *notice {
	switch e.State {
	case "applied", "ignored":
		return &notice{"good", "Replayed", e.Note}
	case "parked":
		return &notice{"bad", "It failed again", e.Note}
	default:
		return &notice{"wait", "The event is being replayed", "This takes a few seconds. Reload the page to see the result."}
	}
}

// replayParked answers POST /staff/inbox/replay.
func (s *site) replayParked(w http.ResponseWriter, r *http.Request) error {
	n, err := s.ReplayAll(r.Context(), actor(r))
	if err != nil {
		return err
	}
	redirect(w, "/staff/inbox?replayed="+strconv.Itoa(n))
	return nil
}

// replayedNotice says how many events were replayed; count is from the address.
func replayedNotice(count string) *notice {
	n, err := strconv.Atoi(count)
	switch {
	case err != nil || n < 0:
		return nil
	case n == 0:
		return &notice{"good", "Nothing was parked", "There was nothing to replay."}
	case n == 1:
		return &notice{"wait", "One event is being replayed", "This takes a few seconds. Reload the page to see the result."}
	default:
		return &notice{"wait", fmt.Sprintf("%d events are being replayed", n), "Reload the page in a while to see the results."}
	}
}
