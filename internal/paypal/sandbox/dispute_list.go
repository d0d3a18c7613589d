package sandbox

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	disputeMemory    = 180 * 24 * time.Hour // how far back the list goes
	disputePageSize  = 10
	disputePageLimit = 50
)

// disputeStates are what the list may be asked for.
var disputeStates = []string{
	"REQUIRED_ACTION", "REQUIRED_OTHER_PARTY_ACTION", "UNDER_PAYPAL_REVIEW", "RESOLVED", "OPEN_INQUIRIES", "APPEALABLE",
}

// disputeFilter is what a caller wants to see of the disputes.
type disputeFilter struct {
	about                 string
	states                []string
	created, after, until time.Time
	size, skip            int
}

// listDisputes is GET /v1/customer/disputes, the latest first.
func (s *Server) listDisputes(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	want, p := readDisputeFilter(c.URL.Query(), s.now())
	if p != nil {
		return reply{}, p
	}
	var found []*dispute
	for _, ref := range slices.Backward(s.books.ledger) {
		if ref.kind == kindDispute && want.fits(s.books.disputes[ref.id]) {
			found = append(found, s.books.disputes[ref.id])
		}
	}
	items := []disputeView{}
	first, after := min(want.skip, len(found)), min(want.skip+want.size, len(found))
	for _, d := range found[first:after] {
		items = append(items, s.viewDisputeInfo(d))
	}
	links := []link{{Href: s.opts.BaseURL + c.URL.RequestURI(), Rel: "self", Method: "GET"}}
	if after < len(found) {
		query := c.URL.Query()
		query.Set("next_page_token", pageToken(after))
		links = append(links, link{Href: s.opts.BaseURL + c.URL.Path + "?" + query.Encode(), Rel: "next", Method: "GET"})
	}
	return reply{http.StatusOK, map[string]any{"items": items, "links": links}}, nil
}

// readDisputeFilter checks the query.
func readDisputeFilter(values url.Values, now time.Time) (disputeFilter, *problem) {
	q := &queryReader{values: values}
	want := disputeFilter{
		about: q.text("disputed_transaction_id", 1, 255), created: q.moment("start_time", false),
		after: q.moment("update_time_after", false),
		until: q.moment("update_time_before", false), size: q.number("page_size", disputePageSize, 1, disputePageLimit),
	}
	if token := q.text("next_page_token", 1, 255); token != "" {
		skip, err := readPageToken(token)
		if err != nil {
			q.bad("next_page_token", "INVALID_PARAMETER_VALUE", "It is not a token of this list.")
		}
		want.skip = skip
	}
	if text := q.text("dispute_state", 1, 2000); text != "" {
		want.states = strings.Split(text, ",")
		if slices.ContainsFunc(want.states, func(state string) bool { return !slices.Contains(disputeStates, state) }) {
			q.bad("dispute_state", "INVALID_PARAMETER_VALUE", "It has to be some of "+strings.Join(disputeStates, ", ")+".")
		}
	}
	for name, t := range map[string]time.Time{
		"start_time": want.created, "update_time_after": want.after, "update_time_before": want.until,
	} {
		if !t.IsZero() && now.Sub(t) > disputeMemory {
			q.bad(name, "INVALID_PARAMETER_VALUE", "It has to be within the last 180 days.")
		}
	}
	if want.about != "" && !want.created.IsZero() {
		q.bad("start_time", "INVALID_PARAMETER_VALUE",
			"You can specify either but not both the start_time and disputed_transaction_id query parameters.")
	}
	if want.after.IsZero() {
		want.after = now.Add(-disputeMemory)
	}
	return want, q.problem()
}

func (want disputeFilter) fits(d *dispute) bool {
	return (want.about == "" || want.about == d.CaptureID) && !d.Created.Before(want.created) &&
		!d.Updated.Before(want.after) &&
		(want.until.IsZero() || !d.Updated.After(want.until)) &&
		(len(want.states) == 0 || slices.Contains(want.states, d.state()))
}

// pageToken says how many disputes the pages before have listed.
func pageToken(skip int) string {
	return base64.StdEncoding.EncodeToString([]byte("after " + strconv.Itoa(skip)))
}

func readPageToken(token string) (int, error) {
	text, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimPrefix(string(text), "after "))
}

// showDispute is GET /v1/customer/disputes/{id}.
func (s *Server) showDispute(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.books.disputes[c.id()]
	if d == nil {
		return reply{}, notFound(c.op)
	}
	return reply{http.StatusOK, s.viewDispute(d)}, nil
}
