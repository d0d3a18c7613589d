package paypal_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// november is a window to ask for.
func november() paypal.TransactionQuery {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	return paypal.TransactionQuery{From: from, To: from.Add(21*24*time.Hour + 18*time.Hour + 500*time.Millisecond)}
}

const row = `{"transaction_info":{"paypal_account_id":"6C9","transaction_id":"5TY05013RG002845M","paypal_reference_id":"91V21788MR556192E","paypal_reference_id_type":"ODR",
	"transaction_event_code":"T0006","transaction_initiation_date":"2026-11-03T10:00:00+0000","transaction_updated_date":"2026-11-03T12:00:00+01:00",
	"transaction_amount":{"currency_code":"EUR","value":"25.00"},"fee_amount":{"currency_code":"EUR","value":"-1.23"},"transaction_status":"S",
	"invoice_id":"RF-1","custom_field":"ours","transaction_note":"thank\nyou","ending_balance":{"currency_code":"EUR","value":"1e99"}},
	"payer_info":{"account_id":"6C9EQBCEQY4MA","email_address":"` + payerMail + `","payer_name":{"given_name":"` + payerName + `","surname":"S"},"country_code":"DE"},"cart_info":{}}`

func TestTransactionsRead(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(200, `{"account_number":"X","links":[{}],"last_refreshed_datetime":"2026-11-21T17:59:59+0000","page":2,"total_items":501,"total_pages":2,"transaction_details":[`+row+`]}`+"\n"),
		answer(200, `{"transaction_details":null,"total_items":0}`), answer(200, `{}`)))
	c, ctx := p.client(t), t.Context()
	q := november()
	q.Page, q.PageSize, q.ID, q.All = 2, 500, "5TY05013RG002845M", true
	got, err := c.Transactions(ctx, q)
	fee := money.New(-123, "EUR")
	want := paypal.TransactionPage{Page: 2, Pages: 2, Total: 501, RefreshedAt: time.Date(2026, 11, 21, 17, 59, 59, 0, time.UTC), Transactions: []paypal.Transaction{{
		ID: "5TY05013RG002845M", EventCode: "T0006", Status: "S", ReferenceID: "91V21788MR556192E", ReferenceType: "ODR",
		CustomID: "ours", InvoiceID: "RF-1", Note: "thank you",
		Amount: money.New(2500, "EUR"), Fee: &fee, InitiatedAt: time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC),
		UpdatedAt: time.Date(2026, 11, 3, 11, 0, 0, 0, time.UTC),
		Payer:     paypal.Payer{ID: "6C9EQBCEQY4MA", Email: payerMail, GivenName: payerName, Surname: "S", Country: "DE"},
	}}}
	if tell(err) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	asked := p.calls[0].URL.Query()
	for name, value := range map[string]string{
		"start_date": "2026-11-01T00:00:00Z", "end_date": "2026-11-22T18:00:00.5Z", "page": "2", "page_size": "500",
		"fields":         "transaction_info,payer_info",
		"transaction_id": "5TY05013RG002845M", "balance_affecting_records_only": "N",
	} {
		if asked.Get(name) != value {
			t.Errorf("%s is %q", name, asked.Get(name))
		}
	}
	for range 2 {
		if got, err := c.Transactions(ctx, november()); tell(err) != nil || len(got.Transactions) != 0 {
			t.Errorf("nothing is there: %+v, %v", got, err)
		}
	}
	if asked := p.calls[1].URL.Query(); asked.Get("page") != "1" || asked.Get("page_size") != "500" ||
		asked.Get("balance_affecting_records_only") != "Y" || asked.Has("transaction_id") {
		t.Errorf("without a filter: %v", asked)
	}
}

// One odd row costs itself, and not the page.
func TestTransactionsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	changes := [][2]string{
		{`"value":"25.00"`, `"value":"25.001"`},
		{`"value":"25.00"`, `"value":"10e30"`},
		{`"value":"25.00"`, `"value":"999999999999999999999999999999"`},
		{`{"currency_code":"EUR","value":"25.00"}`, `{"currency_code":"XXX","value":"25.00"}`},
		{`{"currency_code":"EUR","value":"25.00"}`, `"25.00"`},
		{`{"currency_code":"EUR","value":"25.00"}`, `null`},
		{`"value":"-1.23"`, `"value":"-1.234"`},
		{`{"currency_code":"EUR","value":"-1.23"}`, `{"currency_code":"USD","value":"-1.23"}`},
		{`"transaction_id":"5TY05013RG002845M",`, ``},
		{`"5TY05013RG002845M"`, `"../5TY"`},
		{`"5TY05013RG002845M"`, `17`},
		{`"transaction_event_code":"T0006"`, `"transaction_event_code":["T0006"]`},
	}
	rows := []string{row}
	for _, change := range changes {
		odd := strings.Replace(row, change[0], change[1], 1)
		if odd == row {
			t.Fatalf("%q changes nothing", change)
		}
		rows = append(rows, odd)
	}
	rows = append(rows, `[]`, `null`, `7`, row)
	body := `{"total_items":17,"transaction_details":[` + strings.Join(rows, ",") + `]}`
	c := newPeer(t, answers(answer(200, body))).client(t)
	got, err := c.Transactions(t.Context(), november())
	if tell(err) != nil || len(got.Transactions) != len(rows) || got.Total != 17 {
		t.Fatalf("%d rows, %v", len(got.Transactions), err)
	}
	for i, one := range got.Transactions {
		if good := rows[i] == row; (one.Unreadable == "") != good || !good && strings.ContainsAny(one.ID, "./") {
			t.Errorf("row %d, %.300s: %+v", i, rows[i], one)
		}
		if good := rows[i] == row; good && one.Amount != money.New(2500, "EUR") {
			t.Errorf("row %d is good: %+v", i, one)
		}
	}
	if one := got.Transactions[1]; one.ID == "" || one.CustomID != "ours" {
		t.Errorf("what can be read of a row is told: %+v", one)
	}
}

// What a stranger may write into a payment must be fit for our database and pages.
func TestTransactionsOfStrangers(t *testing.T) {
	t.Parallel()
	body := `{"transaction_details":[{"transaction_info":{"transaction_id":"5TY05013RG002845M","paypal_account_id":"6C9","transaction_event_code":"T0013","transaction_status":"S",
		"transaction_initiation_date":"2026-19-03T10:00:00Z","transaction_amount":{"currency_code":"EUR","value":"-.50"},"custom_field":12,"invoice_id":null,
		"transaction_subject":"for \u0000the\ud800paper` + strings.Repeat("é", 5000) + `"},
		"payer_info":{"account_id":[],"payer_name":{"given_name":{},"alternate_full_name":"A \u0007Paper"}}}]}`
	got, err := newPeer(t, answers(answer(200, body))).client(t).Transactions(t.Context(), november())
	if tell(err) != nil || len(got.Transactions) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	one := got.Transactions[0]
	if one.Unreadable != "" || one.Amount != money.New(-50, "EUR") || one.Fee != nil || one.CustomID != "12" ||
		one.InvoiceID != "" || !one.InitiatedAt.IsZero() ||
		!strings.HasPrefix(one.Note, "for the\uFFFDpaperé") || len([]rune(one.Note)) != 1000 ||
		one.Payer != (paypal.Payer{ID: "6C9", Surname: "A Paper"}) {
		t.Errorf("got %+v, %#v", one, one.Payer)
	}
}

func TestTransactionsThatAreNoPage(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `[]`, `null`, `7`, `{`, `{"transaction_details":{}}`, `{"transaction_details":[` + row,
		`{"transaction_details":[` + row + `]`, `{"total_items":"x"}`, `{} {}`, `{"a":}`,
		`{"transaction_details":[{]}`, "\xff", `{"transaction_details":[{"transaction_info":` + strings.Repeat("[", 20_000) +
			strings.Repeat("]", 20_000) + `}]}`,
		`{"links":"` + strings.Repeat("x", 5<<20) + `"}`,
	} {
		c := newPeer(t, answers(answer(200, body))).client(t, func(c *paypal.Config) { c.Timeout = 100 * time.Millisecond })
		got, err := c.Transactions(t.Context(), november())
		if tell(err) == nil || !reflect.DeepEqual(got, paypal.TransactionPage{}) {
			t.Errorf("%.100q: %+v, %v", body, got, err)
		}
	}
}

func TestTransactionsRefusesWhatPayPalWould(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(200, `{}`)))
	for name, change := range map[string]func(*paypal.TransactionQuery){
		"reversed":        func(q *paypal.TransactionQuery) { q.From, q.To = q.To, q.From },
		"too long":        func(q *paypal.TransactionQuery) { q.To = q.From.Add(paypal.MaxWindow + time.Second) },
		"no window":       func(q *paypal.TransactionQuery) { *q = paypal.TransactionQuery{To: q.To} },
		"too many rows":   func(q *paypal.TransactionQuery) { q.PageSize = paypal.MaxPage + 1 },
		"fewer than none": func(q *paypal.TransactionQuery) { q.PageSize = -1 },
		"page -1":         func(q *paypal.TransactionQuery) { q.Page = -1 },
		"a short id":      func(q *paypal.TransactionQuery) { q.ID = "5TY" },
		"an odd id":       func(q *paypal.TransactionQuery) { q.ID = "5TY05013RG00284/M" },
	} {
		q := november()
		change(&q)
		if _, err := p.client(t).Transactions(t.Context(), q); tell(err) == nil || paypal.OutcomeUnknown(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, calls := p.seen(); calls != 0 {
		t.Errorf("PayPal was asked %d times", calls)
	}
	full := november()
	full.To = full.From.Add(paypal.MaxWindow)
	if _, err := p.client(t).Transactions(t.Context(), full); tell(err) != nil {
		t.Error(err)
	}
}

func TestTransactionsTellRefusalsApart(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]error{
		`{"name":"RESULTSET_TOO_LARGE","message":"Result set size is greater than the maximum limit. Change the filter criteria and try again.","debug_id":"f1","total_items":10001,"maximum_items":10000}`: paypal.ErrTooManyTransactions,
		`{"name":"INVALID_REQUEST","message":"Data for the given start date is not available.","debug_id":"f1","details":[]}`:                                                                               paypal.ErrNotReportedYet,
		`{"name":"INVALID_REQUEST","message":"Request is not well-formed.","details":[{"field":"start_date","issue":"Data for the given start date is not available."}]}`:                                   paypal.ErrNotReportedYet,
		`{"name":"INVALID_REQUEST","details":[{"issue":"X","description":"Data for the given start date is not available."}]}`:                                                                              paypal.ErrNotReportedYet,
		`{"name":"INVALID_REQUEST","message":"Request is not well-formed, syntactically incorrect, or violates schema."}`:                                                                                   nil,
		`{"name":"NOT_AUTHORIZED","message":"Authorization failed due to insufficient permissions."}`:                                                                                                       nil,
	} {
		for _, status := range []int{400, 404} {
			_, err := newPeer(t, answers(answer(status, body))).client(t).Transactions(t.Context(), november())
			e, ok := tell(err).(*paypal.Error)
			if !ok || e.Status != status || errors.Is(err,
				paypal.ErrTooManyTransactions) != (want == paypal.ErrTooManyTransactions) ||
				errors.Is(err, paypal.ErrNotReportedYet) != (want == paypal.ErrNotReportedYet) {
				t.Errorf("%d %s: %v", status, body, err)
			}
		}
	}
	// A broken PayPal that quotes the sentence is broken.
	c := newPeer(t, answers(answer(500, `{"name":"INTERNAL_SERVER_ERROR","message":"Data for the given start date is not available."}`))).client(t)
	if _, err := c.Transactions(t.Context(), november()); tell(err) == nil || err.(*paypal.Error).Status != 500 ||
		errors.Is(err, paypal.ErrNotReportedYet) {
		t.Errorf("got %v", err)
	}
}

// An answer that breaks off is asked for again, and what came of it before is forgotten.
func TestTransactionsStartOver(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(
		func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100000")
			_, _ = fmt.Fprintf(w, `{"total_items":7,"transaction_details":[%s,`, row)
		},
		answer(401, `{"name":"AUTHENTICATION_FAILURE"}`), answer(429, `{"name":"RATE_LIMIT_REACHED"}`),
		answer(200, `{"transaction_details":[`+row+`]}`)))
	got, err := p.client(t).Transactions(t.Context(), november())
	if tokens, calls := p.seen(); tell(err) != nil || len(got.Transactions) != 1 || got.Total != 0 || tokens != 2 ||
		calls != 4 {
		t.Errorf("%+v, %v after %d calls", got, err, calls)
	}
}

// Nobody waits for a report in front of a page, and PayPal is slow with it.
func TestReportsMayTakeLonger(t *testing.T) {
	t.Parallel()
	const timeout = time.Minute
	left := map[string]time.Duration{}
	c := newClient(t, paypalSandbox, func(c *paypal.Config) {
		c.Timeout, c.Transport = timeout, transport(func(r *http.Request) (int, string) {
			if r.URL.Path == "/v1/oauth2/token" {
				return 200, `{"access_token":"` + tokenStart + `1","expires_in":32400}`
			}
			deadline, _ := r.Context().Deadline()
			left[r.URL.Path] = time.Until(deadline)
			return 422, `{"name":"X"}`
		})
	})
	_, _ = c.Transactions(t.Context(), november())
	_ = c.WebhookEvents(t.Context(), time.Now().Add(-time.Hour), time.Now(), func(paypal.ListedEvent) error { return nil })
	_ = c.DisputesSince(t.Context(), time.Time{}, func(string, time.Time) error { return nil })
	_, _ = c.Dispute(t.Context(), "PP-D-1")
	_, _ = c.Capture(t.Context(), "17C")
	for path, patient := range map[string]bool{
		"/v1/reporting/transactions": true, "/v1/notifications/webhooks-events": true, "/v1/customer/disputes": true,
		"/v1/customer/disputes/PP-D-1": false, "/v2/payments/captures/17C": false,
	} {
		if left[path] == 0 || (left[path] > timeout) != patient {
			t.Errorf("%s had %v", path, left[path])
		}
	}
}

// A page is decoded as it arrives: reading it takes less memory than its JSON is long.
//
//nolint:paralleltest // it counts the memory of the whole process, while the parallel tests wait
func TestTransactionsHoldNoRawPage(t *testing.T) {
	padded := strings.Replace(row, `"cart_info":{}`, `"cart_info":{"x":"`+strings.Repeat("y", 5000)+`"}`, 1)
	body := `{"transaction_details":[` + strings.Repeat(padded+",", 499) + padded + `]}`
	c := newClient(t, paypalSandbox, func(c *paypal.Config) {
		c.Transport = transport(func(r *http.Request) (int, string) {
			if r.URL.Path == "/v1/oauth2/token" {
				return 200, `{"access_token":"` + tokenStart + `1","expires_in":32400}`
			}
			return 200, body
		})
	})
	var before, after runtime.MemStats
	for range 2 { // the first one also gets the token
		runtime.ReadMemStats(&before)
		got, err := c.Transactions(t.Context(), november())
		if tell(err) != nil || len(got.Transactions) != 500 {
			t.Fatalf("%d rows, %v", len(got.Transactions), err)
		}
		runtime.ReadMemStats(&after)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(len(body)) {
		t.Errorf("%d bytes of JSON took %d bytes", len(body), took)
	}
}
