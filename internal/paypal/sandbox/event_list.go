package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	eventPageSize  = 10
	eventPageLimit = 300
)

// eventFilter is what a caller wants to see of the events.
type eventFilter struct {
	from, to    time.Time
	kind, about string
	size        int
	after       string    // the last event of the page before
	afterTime   time.Time // when it happened, should it be gone
}

// listEvents is GET /v1/notifications/webhooks-events: those of the last 30 days, the newest first, whether or not a
// webhook has got them.
func (s *Server) listEvents(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	want, err := readEventFilter(c.URL.Query(), s.now())
	if err != nil {
		return reply{}, err
	}
	found, more := s.findEvents(want)
	bodies := []json.RawMessage{}
	for _, e := range found {
		bodies = append(bodies, json.RawMessage(e.Body))
	}
	links := []link{{Href: s.opts.BaseURL + c.URL.RequestURI(), Rel: "self", Method: "GET"}}
	if more {
		links = append(links, s.nextEvents(c.URL, want, found[len(found)-1]))
	}
	return reply{http.StatusOK, map[string]any{"events": bodies, "count": len(bodies), "links": links}}, nil
}

// readEventFilter checks the query.
func readEventFilter(query url.Values, now time.Time) (want eventFilter, err error) {
	earliest := now.Add(-eventMemory)
	want = eventFilter{
		kind: query.Get("event_type"), about: query.Get("transaction_id"), size: eventPageSize, after: query.Get("index_id"),
	}
	if text := query.Get("page_size"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return want, invalidWebhook("page_size", text, "Not a valid page size")
		}
		want.size = min(n, eventPageLimit)
	}
	if want.from, err = timeOr(query, "start_time", earliest); err != nil {
		return want, err
	}
	if want.from.Before(earliest) {
		want.from = earliest
	}
	if want.to, err = timeOr(query, "end_time", now); err != nil {
		return want, err
	}
	want.afterTime, err = timeOr(query, "index_time", now)
	return want, err
}

// findEvents gives one page, and says whether there is another. Holds s.mu.
func (s *Server) findEvents(want eventFilter) (found []*event, more bool) {
	begun := want.after == ""
	if !begun && s.books.byEvent[want.after] == nil {
		begun, want.to = true, want.afterTime // the page before ended with an event that is not kept any more
	}
	for _, e := range slices.Backward(s.books.events) {
		switch {
		case !begun:
			begun = e.ID == want.after
		case e.Created.Before(want.from):
			return found, false // they stand in order
		// A link's end_time has milliseconds.
		case e.Created.Truncate(time.Millisecond).After(want.to) || want.kind != "" && want.kind != e.Type ||
			want.about != "" && want.about != e.Resource:
		case len(found) == want.size:
			return found, true
		default:
			found = append(found, e)
		}
	}
	return found, false
}

// nextEvents is the link to the page after this one. It begins after the last event of this one, so that what happens
// meanwhile moves nothing.
func (s *Server) nextEvents(address *url.URL, want eventFilter, last *event) link {
	query := address.Query()
	query.Set("start_time", stamp(want.from))
	query.Set("end_time", stampMillis(want.to))
	query.Set("page_size", strconv.Itoa(want.size))
	query.Set("move_to", "next")
	query.Set("index_time", stampMillis(last.Created))
	query.Set("index_id", last.ID)
	return link{Href: s.opts.BaseURL + address.Path + "?" + query.Encode(), Rel: "next", Method: "GET"}
}
