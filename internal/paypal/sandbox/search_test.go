package sandbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// search asks transaction search for the last 30 days, or for what the query says instead.
func (b *bench) search(query string) answer {
	b.t.Helper()
	now := b.server.now()
	values := url.Values{"start_date": {stamp(now.Add(-30 * 24 * time.Hour))}, "end_date": {stamp(now.Add(time.Hour))}}
	more, err := url.ParseQuery(query)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, value := range more {
		values[name] = value
	}
	return b.api("GET", "/v1/reporting/transactions?"+values.Encode(), "")
}

// row is the n-th transaction of an answer, written as "code status id amount fee reference".
func (a answer) row(n int) string {
	info := func(name string) string {
		return a.get(fmt.Sprintf("transaction_details.%d.transaction_info.%s", n, name))
	}
	if info("transaction_id") == "" {
		return ""
	}
	return strings.Join([]string{info("transaction_event_code"), info("transaction_status"), info("transaction_id"),
		info("transaction_amount.value"),
		info("fee_amount.value"), info("paypal_reference_id_type") + " " + info("paypal_reference_id")}, " ")
}

func (b *bench) wantRows(got answer, rows ...string) {
	b.t.Helper()
	b.want(got, 200, "total_items", fmt.Sprint(len(rows)))
	for i, row := range rows {
		if got.row(i) != row {
			b.t.Errorf("row %d: %q, want %q", i, got.row(i), row)
		}
	}
}

func TestSearchListsPayments(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	order, id := b.pay("EUR", "10.00", "")
	back := b.api("POST", "/v2/payments/captures/"+id+"/refund",
		`{"amount":{"currency_code":"EUR","value":"4.00"}}`).get("id")
	sale := "T0006 S " + id + " 10.00 -0.64 ODR " + order
	b.wantRows(b.search(""), sale, "T1107 S "+back+" -4.00  TXN "+id)
	b.want(b.search(""), 200, "transaction_details.0.transaction_info.custom_field", "gift-1")
	b.want(b.search(""), 200, "transaction_details.1.transaction_info.custom_field", "gift-1")
	b.want(b.search(""), 200, "transaction_details.0.payer_info", "")
	whole := b.search("fields=all")
	b.want(whole, 200, "transaction_details.0.payer_info.email_address", "reader@example.com")
	b.want(whole, 200, "transaction_details.0.cart_info", "{}")
	b.want(b.search("fields=payer_info"), 200, "transaction_details.0.transaction_info", "")

	rest := b.api("POST", "/v2/payments/captures/"+id+"/refund", "").get("id")
	gone := "T0006 V " + id + " 10.00 -0.64 ODR " + order // it keeps its own fee
	b.wantRows(b.search("transaction_id="+id), gone)
	b.wantRows(b.search("transaction_status=V"), gone)
	b.wantRows(b.search("transaction_type=T1107"), "T1107 S "+back+" -4.00  TXN "+id, "T1107 S "+rest+" -6.00  TXN "+id)
	b.wantRows(b.search("transaction_amount=500+TO+700"), "T1107 S "+rest+" -6.00  TXN "+id)
	b.wantRows(b.search("transaction_currency=USD"))
	b.wantRows(b.search("store_id=1"))

	_, taken := b.pay("EUR", "10.00", "")
	reversal := b.hook("POST", "/sandbox/captures/"+taken+"/reverse", "").get("id")
	b.wantRows(b.search("transaction_type=T1106"), "T1106 S "+reversal+" -10.00  TXN "+taken)
}

func TestSearchKeepsToWhatAffectsTheBalance(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	order, pending := b.pay("EUR", "10.00", "pending")
	_, declined := b.pay("EUR", "10.00", "declined_capture")
	b.wantRows(b.search(""))
	all := b.search("balance_affecting_records_only=N")
	b.want(all, 200, "total_items", "2")
	if all.row(0) != "T0006 P "+pending+" 10.00  ODR "+order || !strings.HasPrefix(all.row(1), "T0006 D "+declined) {
		t.Error(all.text)
	}
	b.hook("POST", "/sandbox/captures/"+pending+"/settle", "")
	b.wantRows(b.search(""), "T0006 S "+pending+" 10.00 -0.64 ODR "+order)
}

func TestSearchPages(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{SearchLimit: 7})
	var ids []string
	for range 7 {
		_, id := b.pay("EUR", "1.00", "")
		ids = append(ids, id)
	}
	last := b.search("page_size=3&page=3")
	b.want(last, 200, "total_items", "7")
	b.want(last, 200, "total_pages", "3")
	b.want(last, 200, "transaction_details.0.transaction_info.transaction_id", ids[6])
	b.want(last, 200, "transaction_details.1", "")
	if last.link("prev") == "" || last.link("next") != "" {
		t.Error(last.text)
	}
	next := b.api("GET", strings.TrimPrefix(b.search("page_size=3").link("next"), b.url), "")
	b.want(next, 200, "transaction_details.0.transaction_info.transaction_id", ids[3])
	b.want(b.search("page=2"), 200, "transaction_details", "[]")

	b.pay("EUR", "1.00", "")
	large := b.search("")
	b.want(large, 400, "name", "RESULTSET_TOO_LARGE")
	b.want(large, 400, "total_items", "8")
	b.want(large, 400, "maximum_items", "7")
	b.want(b.search("transaction_id="+ids[0]), 200, "total_items", "1")
}

func TestSearchRefusesDates(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	now := b.server.now()
	at := func(d time.Duration) string { return url.QueryEscape(stamp(now.Add(d))) }
	day := 24 * time.Hour
	for query, issue := range map[string]string{
		"start_date=" + at(-32*day):                          "INVALID_DATE_RANGE",
		"start_date=" + at(-day) + "&end_date=" + at(-2*day): "INVALID_DATE_RANGE",
		"start_date=2026-11-22":                              "INVALID_PARAMETER_SYNTAX",
		"start_date=2026-02-30T00:00:00Z":                    "INVALID_PARAMETER_SYNTAX",
		"page_size=501":                                      "INVALID_PARAMETER_VALUE",
		"page_size=0":                                        "INVALID_PARAMETER_VALUE",
		"page=0":                                             "INVALID_PARAMETER_VALUE",
		"page=x":                                             "INVALID_PARAMETER_VALUE",
		"transaction_id=1":                                   "INVALID_STRING_LENGTH",
		"balance_affecting_records_only=X":                   "INVALID_PARAMETER_VALUE",
		"fields=everything":                                  "INVALID_PARAMETER_VALUE",
		"transaction_amount=5":                               "INVALID_PARAMETER_SYNTAX",
	} {
		b.refused(b.search(query), 400, issue)
	}
	b.refused(b.api("GET", "/v1/reporting/transactions?end_date="+at(0), ""), 400, "MISSING_REQUIRED_PARAMETER")
	for _, from := range []time.Duration{time.Minute, -3 * 366 * day} {
		got := b.search("start_date=" + at(from) + "&end_date=" + at(from+day))
		b.want(got, 400, "message", "Data for the given start date is not available.")
	}
	b.want(b.search("start_date="+at(-31*day)+"&end_date="+at(0)), 200, "total_items", "0")
}

func TestSearchIsLate(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{SearchLag: time.Hour})
	_, id := b.pay("EUR", "1.00", "")
	b.wantRows(b.search(""))
	b.advance(time.Hour + time.Second)
	got := b.search("")
	b.want(got, 200, "transaction_details.0.transaction_info.transaction_id", id)
	b.want(b.hook("POST", "/sandbox/search", `{"lag":"3h"}`), 200, "lag", "3h0m0s")
	got = b.search("")
	b.wantRows(got)
	if want := stampZone(b.server.now().Add(-3 * time.Hour)); got.get("last_refreshed_datetime")[:16] != want[:16] ||
		got.get("end_date") != got.get("last_refreshed_datetime") {
		t.Errorf("refreshed %s, want %s", got.text, want)
	}
	b.want(b.search("start_date="+url.QueryEscape(stamp(b.server.now().Add(-time.Hour)))), 400, "message",
		"Data for the given start date is not available.")
	b.want(b.hook("POST", "/sandbox/search", `{"lag":"-3h"}`), 400, "error", `lag: give a duration such as "3h", or "0s"`)
}

func TestSearchRepeats(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, first := b.pay("EUR", "1.00", "")
	_, second := b.pay("EUR", "1.00", "")
	b.want(b.hook("POST", "/sandbox/search", `{"repeat":true}`), 200, "repeat", "true")
	for page, id := range []string{first, second, first, second} {
		got := b.search(fmt.Sprintf("page_size=1&page=%d", page+1))
		b.want(got, 200, "total_items", "4")
		b.want(got, 200, "transaction_details.0.transaction_info.transaction_id", id)
	}
	b.hook("POST", "/sandbox/search", `{"repeat":false}`)
	b.want(b.search(""), 200, "total_items", "2")
}

func TestBalances(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	b.pay("USD", "50.00", "")
	b.pay("USD", "50.00", "pending")
	b.api("POST", "/v2/payments/captures/"+id+"/refund", `{"amount":{"currency_code":"EUR","value":"4.00"}}`)
	got := b.api("GET", "/v1/reporting/balances", "")
	b.want(got, 200, "balances.0.total_balance.value", "5.36")
	b.want(got, 200, "balances.0.primary", "true")
	b.want(got, 200, "balances.1.available_balance.value", "47.76")
	b.want(b.api("GET", "/v1/reporting/balances?currency_code=USD&as_of_time=2020-01-01T00:00:00Z", ""), 200, "balances",
		"[]")
	b.refused(b.api("GET", "/v1/reporting/balances?as_of_time=now", ""), 400, "INVALID_PARAMETER_SYNTAX")
}
