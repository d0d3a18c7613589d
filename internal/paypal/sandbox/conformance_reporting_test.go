package sandbox_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"
)

const (
	searchPath   = "/v1/reporting/transactions"
	balancesPath = "/v1/reporting/balances"
)

// driveSearch fills the statement with every kind of transaction and searches it in every way.
func driveSearch(t *testing.T, s *stage) {
	s.paid("")
	s.paid("pending")
	s.paid("declined_capture")
	_, refunded := s.paid("")
	s.ok(201, "POST", refunded+"/refund", `{"amount":`+eur("3.00")+
		`,"invoice_id":"R-1","custom_id":"refund-1","note_to_payer":"Sorry"}`)
	_, reversed := s.paid("")
	s.hook("captures/"+last(reversed)+"/reverse", "")
	s.converted()
	_, hook := s.disputed(`{"fee":"5.00"}`)
	s.hook(hook, `{"outcome":"buyer"}`)
	s.hook("payments", `{"amount":"5.00","note":"For the paper","payer_email":"kim@example.com"}`)
	direct := s.hook("payments", `{"amount":"500","currency":"JPY","kind":"payment"}`).get("id")
	s.hook("payments/"+direct+"/refund", "")
	s.hook("history", `{"payments":20,"custom_id":"old-{n}"}`)

	now := time.Now().UTC()
	between := func(from, to time.Time) string {
		return "start_date=" + url.QueryEscape(from.Format(time.RFC3339)) + "&end_date=" +
			url.QueryEscape(to.Format(time.RFC3339))
	}
	month := between(now.Add(-30*24*time.Hour), now.Add(time.Hour))
	for _, query := range []string{
		"", "&fields=all", "&fields=transaction_info,payer_info", "&balance_affecting_records_only=N",
		"&balance_affecting_records_only=Y",
		"&page_size=5", "&page_size=5&page=2", "&page_size=500&page=9", "&transaction_id=" + last(refunded),
		"&transaction_type=T1107",
		"&transaction_status=V", "&transaction_currency=JPY", "&transaction_amount=" + url.QueryEscape("[500 TO 1005]"),
		"&payment_instrument_type=CREDITCARD", "&store_id=1", "&terminal_id=1",
	} {
		s.ok(200, "GET", searchPath+"?"+month+query, "")
	}
	zone := between(now.Add(-time.Hour).In(time.FixedZone("", 3600)), now.In(time.FixedZone("", -5*3600)))
	if n := s.ok(200, "GET", searchPath+"?"+zone, "").get("total_items"); n == "0" {
		t.Error("nothing is found by dates with a zone")
	}
	s.hook("search", `{"repeat":true}`)
	s.ok(200, "GET", searchPath+"?"+month, "")
	s.ok(200, "GET", balancesPath, "")
	s.ok(200, "GET", balancesPath+"?currency_code=JPY&as_of_time="+url.QueryEscape(now.Format(time.RFC3339)), "")
	refuseSearches(s, now, between)
}

// refuseSearches sends what a search has to refuse.
func refuseSearches(s *stage, now time.Time, between func(from, to time.Time) string) {
	day := 24 * time.Hour
	for query, issue := range map[string]string{
		"": "MISSING_REQUIRED_PARAMETER", "start_date=2026-11-22&end_date=2026-11-23": "INVALID_PARAMETER_SYNTAX",
		"start_date=2026-11-01T00:00:00&end_date=2026-11-02T00:00:00Z":            "INVALID_PARAMETER_SYNTAX",
		"start_date=2026-11-01T00:00:00Z&end_date=2026-13-02T00:00:00Z":           "INVALID_PARAMETER_SYNTAX",
		between(now.Add(-32*day), now):                                            "INVALID_DATE_RANGE",
		between(now, now.Add(-day)):                                               "INVALID_DATE_RANGE",
		between(now.Add(-day), now) + "&page_size=501":                            "INVALID_PARAMETER_VALUE",
		between(now.Add(-day), now) + "&page_size=0":                              "INVALID_PARAMETER_VALUE",
		between(now.Add(-day), now) + "&page_size=ten":                            "INVALID_PARAMETER_VALUE",
		between(now.Add(-day), now) + "&page=0":                                   "INVALID_PARAMETER_VALUE",
		between(now.Add(-day), now) + "&page=2147483648":                          "INVALID_PARAMETER_VALUE",
		between(now.Add(-day), now) + "&transaction_id=1234":                      "INVALID_STRING_LENGTH",
		between(now.Add(-day), now) + "&transaction_id=12345678901234567890":      "INVALID_STRING_LENGTH",
		between(now.Add(-day), now) + "&transaction_amount=5":                     "INVALID_PARAMETER_SYNTAX",
		between(now.Add(-day), now) + "&fields=everything":                        "INVALID_PARAMETER_VALUE",
		between(now.Add(-day), now) + "&balance_affecting_records_only=sometimes": "INVALID_PARAMETER_VALUE",
	} {
		s.refused(400, issue, "GET", searchPath+"?"+query, "")
	}
	s.refused(400, "INVALID_STRING_LENGTH", "GET", balancesPath+"?currency_code=EURO", "")
	s.refused(400, "INVALID_PARAMETER_SYNTAX", "GET", balancesPath+"?as_of_time=yesterday", "")
	s.refused(400, "INVALID_REQUEST", "GET", searchPath+"?"+between(now.Add(2*time.Hour), now.Add(day)), "")
	s.refused(400, "INVALID_REQUEST", "GET", searchPath+"?"+between(now.Add(-4*366*day), now.Add(-4*366*day+day)), "")
	s.hook("history", fmt.Sprintf(`{"payments":10001,"seed":1,"from":%q,"to":%q}`, now.Add(-day).Format(time.RFC3339),
		now.Add(-time.Minute).Format(time.RFC3339)))
	s.refused(400, "RESULTSET_TOO_LARGE", "GET", searchPath+"?"+between(now.Add(-day), now), "")
}

// converted pays in a currency that is not the account's.
func (s *stage) converted() {
	s.t.Helper()
	order := ordersPath + "/" + s.ok(201, "POST", ordersPath, units(`{"amount":`+amount("USD", "50.00")+`}`)).get("id")
	s.hook("orders/"+last(order)+"/approve", `{"convert_to":"EUR","rate":"0.9200"}`)
	s.ok(201, "POST", order+"/capture", "{}", "Prefer", "return=representation")
	s.ok(200, "GET", order, "")
}
