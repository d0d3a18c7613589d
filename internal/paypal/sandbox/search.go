package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of transaction search [Transaction Search v1].
const (
	searchWindow    = 31 * 24 * time.Hour
	searchPageSize  = 100
	searchPageLimit = 500
	searchLimit     = 10_000 // rows that one window may hold, whatever the page
	searchYears     = 3
)

// searchFields are the parts of a transaction that may be asked for.
var searchFields = []string{
	"transaction_info", "payer_info", "shipping_info", "auction_info", "cart_info", "incentive_info", "store_info",
}

// searchSettings are what POST /sandbox/search changes.
type searchSettings struct {
	lag    time.Duration // how old a transaction is before it is listed
	repeat bool          // list each transaction a second time, after all have been listed once
}

// search is what a caller wants to see of the statement.
type search struct {
	from, to         time.Time
	page, size       int
	id, kind, status string
	currency         string
	least, most      int64 // of the amount in minor units, whichever way the money went; both 0: any
	nothing          bool  // a filter for what no transaction here has
	all              bool  // those, too, that do not affect the balance
	fields           []string
}

// searchTransactions is GET /v1/reporting/transactions.
func (s *Server) searchTransactions(c *call) (reply, error) {
	want, p := readSearch(c.URL.Query())
	if p != nil {
		return reply{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	refreshed := s.refreshed()
	if want.from.After(refreshed) || want.from.Before(s.now().AddDate(-searchYears, 0, 0)) {
		return reply{}, notAvailable()
	}
	if want.to.After(refreshed) {
		want.to = refreshed
	}
	found, total := s.find(want)
	if total > s.opts.SearchLimit {
		return reply{}, tooLarge(total, s.opts.SearchLimit)
	}
	first := min((want.page-1)*want.size, total)
	rows := []transactionView{}
	for at := first; at < min(first+want.size, total); at++ {
		rows = append(rows, viewTransaction(found[at%len(found)].row(&s.books), want.fields))
	}
	return reply{http.StatusOK, searchView{
		Details: rows, Account: sellerMerchant, From: stampZone(want.from), To: stampZone(want.to),
		Refreshed: stampZone(refreshed),
		Page:      want.page, Items: total, Pages: (total + want.size - 1) / want.size,
		Links: s.searchLinks(c.URL, want, total),
	}}, nil
}

// readSearch checks the query.
func readSearch(values url.Values) (search, *problem) {
	q := &queryReader{values: values}
	want := search{
		from: q.moment("start_date", true), to: q.moment("end_date", true), page: q.number("page", 1, 1, 2147483647),
		size: q.number("page_size", searchPageSize, 1, searchPageLimit), id: q.text("transaction_id", 17, 19),
		kind: values.Get("transaction_type"), status: values.Get("transaction_status"),
		currency: values.Get("transaction_currency"),
		nothing:  values.Has("payment_instrument_type") || values.Has("store_id") || values.Has("terminal_id"),
		all:      values.Get("balance_affecting_records_only") == "N",
	}
	if affecting := values.Get("balance_affecting_records_only"); affecting != "" && affecting != "Y" && affecting != "N" {
		q.bad("balance_affecting_records_only", "INVALID_PARAMETER_VALUE", "It has to be Y or N.")
	}
	if text := values.Get("transaction_amount"); text != "" {
		if n, err := fmt.Sscanf(strings.Trim(text, "[]"), "%d TO %d", &want.least, &want.most); n != 2 || err != nil {
			q.bad("transaction_amount", "INVALID_PARAMETER_SYNTAX", "It has to be a range such as 500 TO 1005.")
		}
	}
	want.readFields(q)
	if len(q.faults) == 0 {
		want.checkDates(q)
	}
	return want, q.problem()
}

func (want *search) readFields(q *queryReader) {
	text := q.values.Get("fields")
	switch text {
	case "":
		text = "transaction_info"
	case "all":
		text = strings.Join(searchFields, ",")
	}
	want.fields = strings.Split(text, ",")
	for i, field := range want.fields {
		want.fields[i] = strings.TrimSpace(field)
		if !slices.Contains(searchFields, want.fields[i]) {
			q.bad("fields", "INVALID_PARAMETER_VALUE", "It has to be all, or some of "+strings.Join(searchFields, ", ")+".")
		}
	}
}

func (want *search) checkDates(q *queryReader) {
	switch {
	case want.to.Before(want.from):
		q.bad("end_date", "INVALID_DATE_RANGE", "The end date is before the start date.")
	case want.to.Sub(want.from) > searchWindow:
		q.bad("end_date", "INVALID_DATE_RANGE", "The maximum supported range is 31 days.")
	}
}

// refreshed is the second up to which transaction search knows what happened. Holds s.mu.
func (s *Server) refreshed() time.Time { return s.now().Add(-s.search.lag).Truncate(time.Second) }

// find gives the transactions that fit, no more of them than may be listed, and how many lines they are. Holds s.mu.
func (s *Server) find(want search) (found []movement, lines int) {
	if want.nothing {
		return nil, 0
	}
	fitting := 0
	for _, m := range s.books.window(want.from, want.to) {
		if !want.all && !m.moved() || want.isFiltered() && !want.fits(m.row(&s.books)) {
			continue
		}
		if fitting++; fitting <= s.opts.SearchLimit {
			found = append(found, m)
		}
	}
	if s.search.repeat {
		return found, 2 * fitting
	}
	return found, fitting
}

// isFiltered says whether the lines themselves have to be looked at.
func (want *search) isFiltered() bool {
	return want.id != "" || want.kind != "" || want.status != "" || want.currency != "" || want.most != 0
}

func (want *search) fits(l statementLine) bool {
	size := max(l.amount.Minor, -l.amount.Minor)
	return (want.id == "" || want.id == l.id) && (want.kind == "" || want.kind == l.code) &&
		(want.status == "" || want.status == l.status) && (want.currency == "" || want.currency == l.amount.Currency) &&
		(want.most == 0 || size >= want.least && size <= want.most)
}

// searchLinks lead to this page and to its neighbours.
func (s *Server) searchLinks(address *url.URL, want search, total int) []link {
	pages := (total + want.size - 1) / want.size
	to := func(rel string, page int) link {
		query := address.Query()
		query.Set("page", strconv.Itoa(page))
		query.Set("page_size", strconv.Itoa(want.size))
		return link{Href: s.opts.BaseURL + address.Path + "?" + query.Encode(), Rel: rel, Method: "GET"}
	}
	links := []link{to("self", want.page)}
	if want.page > 1 {
		links = append(links, to("first", 1), to("prev", want.page-1))
	}
	if want.page < pages {
		links = append(links, to("next", want.page+1), to("last", pages))
	}
	return links
}

// notAvailable is the answer when the search begins where there are no data, as it was recorded.
func notAvailable() *problem {
	return &problem{
		Status: http.StatusBadRequest, Name: "INVALID_REQUEST", Message: "Data for the given start date is not available.",
	}
}

// tooLarge is the answer when a window holds more than can be listed: it has to be made smaller.
func tooLarge(total, most int) *problem {
	return &problem{Status: http.StatusBadRequest, Name: "RESULTSET_TOO_LARGE", TotalItems: total, MaximumItems: most,
		Message: "Result set size is greater than the maximum limit. Change the filter criteria and try again."}
}

// hookSearch is POST /sandbox/search: how late transaction search is, and whether it lists each transaction twice.
func (s *Server) hookSearch(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Lag    *duration `json:"lag"`
		Repeat *bool     `json:"repeat"`
	}
	if !readHook(w, r, &body) {
		return
	}
	if body.Lag != nil && *body.Lag < 0 {
		hookError(w, http.StatusBadRequest, `lag: give a duration such as "3h", or "0s"`)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if body.Lag != nil {
		s.search.lag = time.Duration(*body.Lag)
	}
	if body.Repeat != nil {
		s.search.repeat = *body.Repeat
	}
	writeJSON(w, http.StatusOK, map[string]any{"lag": s.search.lag.String(), "repeat": s.search.repeat})
}
