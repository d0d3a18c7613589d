package appeal

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"readerfund/internal/contribution"
	"readerfund/internal/count"
	"readerfund/internal/fault"
	"readerfund/internal/metrics"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// CountsRoute is where browsers tell what happened to an appeal: its line in the URL table, and in the metrics.
const CountsRoute = "/embed/counts"

// What a browser may send at once; an appeal that is seen, closed and left is three events.
const (
	mostEvents  = 16
	longestNews = 4 << 10 // bytes
)

// Counts receives what browsers tell of the appeal, by navigator.sendBeacon.
type Counts struct {
	site.Layout

	counter *count.Counter
	metrics *metrics.Metrics
}

// Receive answers POST /embed/counts: 204 for whatever could be read, because nothing waits for the answer.
func (s *Counts) Receive(w http.ResponseWriter, r *http.Request) {
	began := s.Now()
	status := s.receive(w, r)
	w.WriteHeader(status)
	s.metrics.Request(CountsRoute, status, s.Now().Sub(began))
}

// receive counts, and returns the status to answer with. A page that was fetched ahead is seen by nobody yet, and
// robots are no readers.
func (s *Counts) receive(w http.ResponseWriter, r *http.Request) int {
	if fetchedAhead(r.Header) || isRobot(r.UserAgent()) {
		s.metrics.AppealEvents("robot", 1)
		return http.StatusNoContent
	}
	events, err := readEvents(w, r)
	switch {
	case fault.Is(err, fault.TooLarge):
		return http.StatusRequestEntityTooLarge
	case err != nil:
		return http.StatusBadRequest
	}
	var told, article string // a page tells of itself: its article is looked at once
	for n := range events {
		if events[n].Article != told {
			// Only articles on our own site and on those that embed us: others are invented.
			told, article = events[n].Article, s.BackTo(contribution.LinkedArticle(events[n].Article))
		}
		events[n].Article = article
	}
	from := page.ClientOf(r.Context())
	s.counter.Count(r.Context(), from.Address, from.Network, events)
	return http.StatusNoContent
}

// readEvents reads the body, whatever type it declares: sendBeacon says text/plain, so that it need not ask before.
func readEvents(w http.ResponseWriter, r *http.Request) ([]count.Event, error) {
	body, err := page.ReadBody(w, r, longestNews)
	if err != nil {
		return nil, err
	}
	var events []count.Event
	if err := json.Unmarshal(body, &events); err != nil {
		return nil, err
	}
	if len(events) > mostEvents {
		return nil, errors.New("too many events")
	}
	return events, nil
}

// fetchedAhead reports whether a browser fetches what nobody sees yet: Sec-Purpose (Fetch standard), and what browsers
// sent before it.
func fetchedAhead(h http.Header) bool {
	purpose := h.Get("Sec-Purpose") + h.Get("Purpose") + h.Get("X-Moz")
	return strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "prerender")
}

// robotWords are in the names of programs that fetch pages, in lower case. "+http" begins the address by which honest
// ones explain themselves.
var robotWords = [...]string{
	"bot", "crawl", "spider", "slurp", "headless", "lighthouse", "preview", "monitor", "fetch", "scan", "+http",
	"phantom", "selenium", "archive",
}

// isRobot reports whether the User-Agent names a program and no browser. Every browser begins with "Mozilla/" or
// "Opera/". docs/decisions/0043 says why this is a list of words and no library.
func isRobot(agent string) bool {
	if !strings.HasPrefix(agent, "Mozilla/") && !strings.HasPrefix(agent, "Opera/") {
		return true
	}
	agent = strings.ReplaceAll(strings.ToLower(agent), "cubot", "") // a maker of telephones
	for _, word := range robotWords {
		if strings.Contains(agent, word) {
			return true
		}
	}
	return false
}
