package paypal_test

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// claim is a dispute as PayPal writes it, lost and with all its money.
const claim = `{"dispute_id":"PP-D-27803","create_time":"2026-10-01T09:00:00.000Z","update_time":"2026-10-20T10:30:00.500Z",
	"disputed_transactions":[{"seller_transaction_id":"17C"},{"seller_transaction_id":"17C"},{"seller_transaction_id":"../x"},{"seller_transaction_id":"18C"}],
	"reason":"UNAUTHORISED","status":"RESOLVED","dispute_life_cycle_stage":"CHARGEBACK","dispute_channel":"EXTERNAL",
	"dispute_amount":{"currency_code":"EUR","value":"25.00"},"dispute_outcome":{"outcome_code":"RESOLVED_BUYER_FAVOUR","amount_refunded":{"currency_code":"EUR","value":"20.00"}},
	"seller_response_due_date":"2026-10-11T09:00:00.000Z","money_movements":[
		{"affected_party":"SELLER","type":"DEBIT","reason":"CHARGEBACK_FEE","amount":{"currency_code":"EUR","value":"16.00"},"initiated_time":"2026-10-02T00:00:00Z"},
		{"affected_party":"SELLER","type":"CREDIT","reason":"DISPUTE_FEE","amount":{"currency_code":"EUR","value":"8.00"}},
		{"affected_party":"SELLER","type":"DEBIT","reason":"DISPUTE_SETTLEMENT","amount":{"currency_code":"EUR","value":"20.00"}},
		{"affected_party":"BUYER","type":"DEBIT","reason":"CHARGEBACK_FEE","amount":{"currency_code":"EUR","value":"99.00"}},
		{"type":"DEBIT","reason":"DISPUTE_FEE","amount":{"currency_code":"EUR","value":"98.00"}}]}`

func TestDisputeReads(t *testing.T) {
	t.Parallel()
	c := newPeer(t, answers(answer(200, claim))).client(t)
	got, err := c.Dispute(t.Context(), "PP-D-27803")
	refunded := money.New(2000, "EUR")
	want := paypal.Dispute{
		ID: "PP-D-27803", CaptureIDs: []string{"17C", "18C"}, Status: paypal.DisputeResolved, Stage: paypal.StageChargeback,
		Reason:  "UNAUTHORISED",
		Channel: "EXTERNAL", Outcome: paypal.OutcomeBuyer, Amount: money.New(2500, "EUR"), Refunded: &refunded,
		Fees: []paypal.DisputeFee{
			{Reason: "CHARGEBACK_FEE", Amount: money.New(1600, "EUR"), At: time.Date(2026, 10, 2, 0, 0, 0, 0, time.UTC)},
			{Reason: "DISPUTE_FEE", Amount: money.New(-800, "EUR")},
		},
		CreatedAt: time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC), UpdatedAt: time.Date(2026, 10, 20, 10, 30, 0, 5e8, time.UTC),
		RespondBy: time.Date(2026, 10, 11, 9, 0, 0, 0, time.UTC),
	}
	if tell(err) != nil || !reflect.DeepEqual(got, want) || got.Open() || !got.Holds() {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := c.Dispute(t.Context(), "PP-D-27804"); tell(err) == nil {
		t.Error("another dispute was taken for the one asked for")
	}
	if _, err := c.Dispute(t.Context(), "../webhooks"); tell(err) == nil {
		t.Error("an id left its path")
	}
}

func TestDisputeThatRuns(t *testing.T) {
	t.Parallel()
	const amount = `"dispute_id":"PP-D-1","dispute_amount":{"currency_code":"EUR","value":"25.00"},`
	for body, want := range map[string]struct{ open, holds, accept bool }{
		`"status":"OPEN","dispute_life_cycle_stage":"INQUIRY"`:                                                                                                                               {true, false, false},
		`"status":"UNDER_REVIEW","dispute_life_cycle_stage":"CHARGEBACK"`:                                                                                                                    {true, true, false},
		`"status":"WAITING_FOR_SELLER_RESPONSE","dispute_life_cycle_stage":"PRE_ARBITRATION","links":[{"rel":"self"},{"rel":"accept_claim"}]`:                                                {true, true, true},
		`"status":"OTHER","dispute_life_cycle_stage":"ARBITRATION","allowed_response_options":{"accept_claim":{"accept_claim_types":["REFUND_WITH_RETURN","REFUND"]}}`:                       {true, true, true},
		`"status":"OPEN","dispute_life_cycle_stage":"CHARGEBACK","links":[{"rel":"accept_claim"}],"allowed_response_options":{"accept_claim":{"accept_claim_types":["REFUND_WITH_RETURN"]}}`: {true, true, false},
		`"status":"RESOLVED","dispute_life_cycle_stage":"INQUIRY","links":[{"rel":"accept_claim"}]`:                                                                                          {false, false, false},
	} {
		got, err := newPeer(t, answers(answer(200, `{`+amount+body+`}`))).client(t).Dispute(t.Context(), "PP-D-1")
		if tell(err) != nil || got.Open() != want.open || got.Holds() != want.holds || got.MayAccept != want.accept ||
			got.Refunded != nil || len(got.Fees) != 0 {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

func TestDisputeThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"no id":     {`"dispute_id":"PP-D-27803",`, ``},
		"no status": {`"status":"RESOLVED",`, ``},
		"no amount": {`"value":"25.00"`, `"value":""`},
		"an unknown currency": {`"dispute_amount":{"currency_code":"EUR"`,
			`"dispute_amount":{"currency_code":"BTC"`},
		"a refund of nothing":           {`"value":"20.00"`, `"value":"x"`},
		"a fee that cannot be read":     {`"value":"16.00"`, `"value":"1e30"`},
		"a fee in neither direction":    {`"type":"CREDIT"`, `"type":"SIDEWAYS"`},
		"a fee without a direction":     {`"type":"DEBIT","reason":"CHARGEBACK_FEE"`, `"reason":"CHARGEBACK_FEE"`},
		"an amount with too many cents": {`"value":"25.00"`, `"value":"25.001"`},
	} {
		body := strings.Replace(claim, change[0], change[1], 1)
		if body == claim {
			t.Fatalf("%s: nothing was changed", name)
		}
		p := newPeer(t, answers(answer(200, body)))
		c := p.client(t, func(c *paypal.Config) { c.Timeout = 300 * time.Millisecond })
		if got, err := c.Dispute(t.Context(), "PP-D-27803"); tell(err) == nil || !reflect.DeepEqual(got, paypal.Dispute{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// pages answers a list's first page, and then what its next links ask for.
func pages(first string, next map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body := first
		if token := r.URL.Query().Get("next_page_token"); token != "" {
			body = next[token]
		}
		answer(200, strings.ReplaceAll(body, "ORIGIN", "http://"+r.Host))(w)
	}
}

func TestDisputesAreListedToTheLastPage(t *testing.T) {
	t.Parallel()
	p := newPeer(t, pages(
		`{"items":[{"dispute_id":"PP-D-1","update_time":"2026-10-20T10:00:00.000Z"},{"dispute_id":"PP D"}],"links":[{"rel":"self","href":"ORIGIN/v1/customer/disputes"},{"rel":"next","href":"ORIGIN/v1/customer/disputes?page_size=50&next_page_token=two"}]}`,
		map[string]string{
			"two":   `{"items":[],"links":[{"rel":"next","href":"ORIGIN/v1/customer/disputes/?page_size=50&amp;next_page_token=three"}]}`,
			"three": `{"items":[{"dispute_id":"PP-D-2","update_time":"2026-10-19T10:00:00.000Z"}]}`,
		}))
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	c := p.client(t, func(c *paypal.Config) { c.Now = func() time.Time { return now } })
	seen := map[string]time.Time{}
	err := c.DisputesSince(t.Context(), now.Add(-24*time.Hour), func(id string, updated time.Time) error {
		seen[id] = updated
		return nil
	})
	want := map[string]time.Time{
		"PP-D-1": time.Date(2026, 10, 20, 10, 0, 0, 0, time.UTC), "PP-D-2": time.Date(2026, 10, 19, 10, 0, 0, 0, time.UTC),
	}
	if tell(err) == nil || !strings.Contains(err.Error(), "PP D") || !reflect.DeepEqual(seen, want) {
		t.Errorf("the odd one is told after the others: %v, %v", seen, err)
	}
	if q := p.calls[0].URL.Query(); len(p.calls) != 3 || q.Get("update_time_after") != "2026-11-21T12:00:00Z" ||
		q.Get("page_size") != "50" {
		t.Errorf("asked %d times: %v", len(p.calls), p.calls[0].URL)
	}
	stop := errors.New("enough")
	if err := c.DisputesSince(t.Context(), time.Time{}, func(string, time.Time) error { return stop }); !errors.Is(err,
		stop) || p.calls[3].URL.Query().Has("update_time_after") || len(p.calls) != 4 {
		t.Errorf("more than 180 days back: %v, %v", err, p.calls[3].URL)
	}
	ids, err := c.DisputesOf(t.Context(), "17C")
	if tell(err) == nil || strings.Join(ids, " ") != "PP-D-1 PP-D-2" ||
		p.calls[4].URL.Query().Get("disputed_transaction_id") != "17C" {
		t.Errorf("of a capture: %v, %v", ids, err)
	}
	if _, err := c.DisputesOf(t.Context(), "17C&x=y"); tell(err) == nil {
		t.Error("an id became two parameters")
	}
}

func TestListsFollowNoForeignLink(t *testing.T) {
	t.Parallel()
	for _, link := range []string{
		"https://evil.example/v1/customer/disputes?next_page_token=two", "ORIGIN/v1/customer/other?next_page_token=two",
		"ORIGIN/v1/customer/disputes/../../x?a=b",
		"http://u:p@127.0.0.1/v1/customer/disputes", "/v1/customer/disputes?next_page_token=two", "%zz",
		"ORIGIN/v1/customer/disputes?next_page_token=two",
	} {
		p := newPeer(t, pages(`{"items":[],"links":[{"rel":"next","href":"`+link+`"}]}`,
			map[string]string{"two": `{"links":[{"rel":"next","href":"ORIGIN/v1/customer/disputes?next_page_token=two"}]}`}))
		err := p.client(t).DisputesSince(t.Context(), time.Time{}, func(string, time.Time) error { return nil })
		// The last is of the list, and leads to itself.
		if _, calls := p.seen(); tell(err) == nil || calls > 2 ||
			calls == 2 != strings.HasPrefix(link, "ORIGIN/v1/customer/disputes?") {
			t.Errorf("%s: %d calls, %v", link, calls, err)
		}
	}
}

func TestListsOfPayPalFollowItsOtherAddress(t *testing.T) {
	t.Parallel()
	for host, ok := range map[string]bool{
		"api.sandbox.paypal.com": true, "api-m.sandbox.paypal.com": true, "api.paypal.com": false,
		"www.sandbox.paypal.com": false,
	} {
		calls := 0
		c := newClient(t, paypalSandbox, func(c *paypal.Config) {
			c.Transport = transport(func(r *http.Request) (int, string) {
				switch {
				case r.URL.Path == "/v1/oauth2/token":
					return 200, `{"access_token":"` + tokenStart + `1","expires_in":32400}`
				case r.URL.Host != "api-m.sandbox.paypal.com":
					t.Errorf("our token went to %s", r.URL.Host)
				}
				calls++
				if r.URL.Query().Has("next_page_token") {
					return 200, `{"items":[]}`
				}
				return 200, `{"items":[],"links":[{"rel":"next","href":"https://` + host +
					`/v1/customer/disputes?next_page_token=two"}]}`
			})
		})
		err := c.DisputesSince(t.Context(), time.Time{}, func(string, time.Time) error { return nil })
		if (tell(err) == nil) != ok || ok != (calls == 2) {
			t.Errorf("%s: %d calls, %v", host, calls, err)
		}
	}
}

func TestAcceptClaim(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(200, `{"links":[]}`), answer(503, `{"name":"SERVICE_UNAVAILABLE"}`)))
	c, ctx := p.client(t), t.Context()
	err := c.AcceptClaim(ctx, "PP-D-1", "accept-1", " We are sorry.\n"+strings.Repeat("ü", 3000))
	body := fields(t, p.bodies[0])
	if note := body["note"].(string); tell(err) != nil || body["accept_claim_type"] != "REFUND" ||
		!strings.HasPrefix(note, "We are sorry.\nü") || len([]rune(note)) != 2000 || len(body) != 2 {
		t.Errorf("sent %v, %v", body, err)
	}
	if r := p.calls[0]; r.Method != http.MethodPost || r.URL.Path != "/v1/customer/disputes/PP-D-1/accept-claim" ||
		r.Header.Get("PayPal-Request-Id") != "accept-1" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("sent %s %v", r.URL.Path, r.Header)
	}
	if err := c.AcceptClaim(ctx, "PP-D-1", "accept-1", "x"); !paypal.OutcomeUnknown(tell(err)) || len(p.calls) != 2 {
		t.Errorf("sent %d times: %v", len(p.calls), err)
	}
	for _, bad := range [][3]string{{"PP/D", "r", "n"}, {"PP-D-1", "", "n"}, {"PP-D-1", "r", " \n"}} {
		if err := c.AcceptClaim(ctx, bad[0], bad[1], bad[2]); tell(err) == nil || paypal.OutcomeUnknown(err) ||
			len(p.calls) != 2 {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
