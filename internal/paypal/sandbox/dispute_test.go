package sandbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

const disputesPath = "/v1/customer/disputes/"

func TestDisputeHoldsTheMoney(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const base = "http://127.0.0.1:1"
	b := newBench(t, Options{DataDir: dir, BaseURL: base})
	order, id := b.pay("EUR", "10.00", "")
	hook := "/sandbox/captures/" + id + "/dispute"
	opened := b.hook("POST", hook, `{"fee":"5.00","amount":"8.00"}`)
	b.want(opened, 200, "dispute_life_cycle_stage", "CHARGEBACK")
	b.want(opened, 200, "dispute_amount.value", "8.00")
	b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 200, "status", "COMPLETED")
	entry := b.hook("GET", "/sandbox/ledger", "")
	b.want(entry, 200, "1.held", "8.00")
	b.want(entry, 200, "1.fee", "0.00")
	b.want(entry, 200, "1.stage", "CHARGEBACK")
	b.want(b.api("GET", "/v1/reporting/balances", ""), 200, "balances.0.withheld_balance.value", "8.00")
	b.want(b.api("GET", "/v1/reporting/balances", ""), 200, "balances.0.available_balance.value", "1.36")

	lost := b.hook("POST", hook, `{"outcome":"buyer"}`)
	b.want(lost, 200, "dispute_outcome.amount_refunded.value", "8.00")
	b.want(lost, 200, "money_movements.2.reason", "CHARGEBACK_FEE")
	b.want(lost, 200, "money_movements.2.type", "DEBIT")
	entry = b.hook("GET", "/sandbox/ledger", "")
	b.want(entry, 200, "1.held", "0.00")
	b.want(entry, 200, "1.fee", "5.00")
	b.want(entry, 200, "2.kind", "reversal")
	got := b.search("")
	txn := func(n int) string {
		return got.get(fmt.Sprintf("transaction_details.%d.transaction_info.transaction_id", n))
	}
	b.wantRows(got, "T0006 S "+id+" 10.00 -0.64 ODR "+order, "T1110 S "+txn(1)+" -8.00  TXN "+id,
		"T1111 S "+txn(2)+" 8.00  TXN "+id,
		"T1106 S "+entry.get("2.id")+" -8.00  TXN "+id, "T0106 S "+txn(4)+" -5.00  TXN "+id)

	back := "/sandbox/disputes/" + opened.get("dispute_id") + "/fee-return"
	b.want(b.hook("POST", back, ""), 200, "money_movements.3.type", "CREDIT")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.fee", "0.00")
	b.want(b.hook("POST", back, ""), 409, "error",
		"dispute "+opened.get("dispute_id")+" has cost no fee, or it was given back already")
	b.want(b.hook("POST", "/sandbox/disputes/1/fee-return", ""), 404, "error", "there is no dispute 1")
	b.want(b.search("transaction_type=T0106"), 200, "transaction_details.1.transaction_info.transaction_amount.value",
		"5.00")

	ledger, statement := b.hook("GET", "/sandbox/ledger", "").text, b.search("").get("transaction_details")
	whole := b.api("GET", disputesPath+opened.get("dispute_id"), "").text
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"the journal", "its rewriting"} {
		after := newBench(t, Options{DataDir: dir, BaseURL: base})
		if got := after.hook("GET", "/sandbox/ledger", "").text; got != ledger {
			t.Errorf("ledger from %s\n%s, was\n%s", from, got, ledger)
		}
		if got := after.search("").get("transaction_details"); got != statement {
			t.Errorf("statement from %s\n%s, was\n%s", from, got, statement)
		}
		if got := after.api("GET", disputesPath+opened.get("dispute_id"), "").text; got != whole {
			t.Errorf("dispute from %s\n%s, was\n%s", from, got, whole)
		}
		if err := after.server.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDisputeWonReleasesTheMoney(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	b.want(b.hook("POST", "/sandbox/captures/"+id+"/dispute", `{"fee":"5.00","outcome":"seller"}`), 200,
		"dispute_outcome.outcome_code", "RESOLVED_SELLER_FAVOUR")
	b.want(b.search("transaction_type=T1111"), 200, "total_items", "1")
	b.want(b.search("transaction_type=T1106"), 200, "total_items", "0")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.fee", "0.00")
	b.want(b.api("GET", "/v1/reporting/balances", ""), 200, "balances.0.available_balance.value", "9.36")
	// another dispute
	b.want(b.hook("POST", "/sandbox/captures/"+id+"/dispute", ""), 200, "status", "WAITING_FOR_SELLER_RESPONSE")
}

func TestInquiryGoesOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	hook := "/sandbox/captures/" + id + "/dispute"
	opened := b.hook("POST", hook, `{"stage":"INQUIRY"}`)
	path := disputesPath + opened.get("dispute_id")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.held", "0.00")
	b.want(b.api("GET", "/v1/customer/disputes", ""), 200, "items.0.dispute_state", "OPEN_INQUIRIES")
	b.want(opened, 200, "allowed_response_options.make_offer.offer_types.0", "REFUND")
	b.refused(b.api("POST", path+"/provide-evidence", `{"evidences":[{"evidence_type":"OTHER"}]}`), 422,
		"ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")

	b.want(b.api("POST", path+"/send-message", `{"message":"What is wrong?"}`), 200, "links.0.href", b.url+path)
	asked := b.api("GET", path, "")
	b.want(asked, 200, "status", "WAITING_FOR_BUYER_RESPONSE")
	b.want(asked, 200, "messages.0.content", "What is wrong?")
	b.refused(b.api("POST", path+"/make-offer", `{"note":"Half of it","offer_type":"REFUND"}`), 422,
		"ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")
	b.want(b.hook("POST", hook, `{"stage":"INQUIRY"}`), 409, "error",
		"dispute "+opened.get("dispute_id")+" is open already")

	claimed := b.hook("POST", hook, `{"stage":"CHARGEBACK"}`)
	b.want(claimed, 200, "status", "WAITING_FOR_SELLER_RESPONSE")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.held", "10.00")
	b.want(b.api("GET", "/v1/notifications/webhooks-events?event_type=CUSTOMER.DISPUTE.UPDATED", ""), 200, "count", "2")
	b.refused(b.api("POST", path+"/send-message", `{"message":"Well"}`), 422,
		"ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")
	b.refused(b.api("POST", path+"/adjudicate", `{"adjudication_outcome":"BUYER_FAVOR"}`), 422,
		"ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")

	b.want(b.api("POST", path+"/provide-evidence",
		`{"evidences":[{"evidence_type":"OTHER","notes":"It was delivered."}]}`), 200, "links.0.rel", "self")
	review := b.api("GET", path, "")
	b.want(review, 200, "status", "UNDER_REVIEW")
	b.want(review, 200, "seller_response_due_date", "")
	b.want(review, 200, "evidences.0.notes", "It was delivered.")
	b.want(b.api("POST", path+"/adjudicate", `{"adjudication_outcome":"SELLER_FAVOR"}`), 200, "links.0.rel", "self")
	b.want(b.api("GET", path, ""), 200, "dispute_outcome.outcome_code", "RESOLVED_SELLER_FAVOUR")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.held", "0.00")
}

func TestOfferIsMade(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	path := disputesPath + b.hook("POST", "/sandbox/captures/"+id+"/dispute", `{"stage":"INQUIRY"}`).get("dispute_id")
	b.want(b.api("POST", path+"/make-offer",
		`{"note":"Half of it","offer_type":"REFUND","offer_amount":{"currency_code":"EUR","value":"5.00"}}`), 200,
		"links.0.rel", "self")
	b.want(b.api("GET", path, ""), 200, "offer.seller_offered_amount.value", "5.00")
	b.want(b.api("GET", "/v1/customer/disputes?dispute_state=RESOLVED,REQUIRED_OTHER_PARTY_ACTION", ""), 200,
		"items.0.dispute_state", "REQUIRED_OTHER_PARTY_ACTION")
}

func TestClaimIsAccepted(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	opened := b.hook("POST", "/sandbox/captures/"+id+"/dispute", "")
	path := disputesPath + opened.get("dispute_id")
	if opened.link("accept_claim") != b.url+path+"/accept-claim" {
		t.Error(opened.text)
	}
	b.refused(b.api("POST", path+"/accept-claim", `{}`), 400, "MISSING_REQUIRED_PARAMETER")
	b.refused(b.api("POST", path+"/accept-claim", `{`), 400, "MALFORMED_REQUEST_JSON")
	b.refused(b.api("POST", path+"/accept-claim", `{"note":"x","accept_claim_type":"LATER"}`), 400,
		"INVALID_PARAMETER_VALUE")
	b.refused(b.api("POST", path+"/accept-claim", `{"note":"x","refund_amount":{"currency_code":"EUR","value":"1.00"}}`),
		422, "AMOUNT_SHOULD_NOT_BE_PASSED")
	b.refused(b.api("POST", disputesPath+"PP-D-1/accept-claim", `{"note":"x"}`), 404, "INVALID_RESOURCE_ID")
	if got := b.api("POST", path+"/accept-claim", "note", "Content-Type", "text/plain"); got.status != 415 {
		t.Error(got.status, got.text)
	}
	b.want(b.api("POST", path+"/accept-claim", `{"note":"You are right.","accept_claim_type":"REFUND"}`,
		"PayPal-Request-Id", "a"), 200, "links.0.rel", "self")
	resolved := b.api("GET", path, "")
	b.want(resolved, 200, "dispute_outcome.outcome_code", "RESOLVED_BUYER_FAVOUR")
	b.want(resolved, 200, "disputed_transactions.0.transaction_status", "REVERSED")
	b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 200, "status", "REFUNDED")
	b.refused(b.api("POST", path+"/accept-claim", `{"note":"You are right."}`, "PayPal-Request-Id", "a"), 422,
		"ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")
}

func TestActionsTakeForms(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	form := func(parts ...string) string {
		return "--X\r\nContent-Disposition: form-data; " + strings.Join(parts,
			"\r\n--X\r\nContent-Disposition: form-data; ") + "\r\n--X--\r\n"
	}
	file, input := "name=\"file1\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF",
		"name=\"input\"\r\n\r\n{\"evidences\":[{\"evidence_type\":\"OTHER\"}]}"
	for body, status := range map[string]int{
		form(file): 200, form(input): 200, form(file, input): 200, form("name=\"input\"\r\n\r\n{"): 400, "nothing": 400,
	} {
		_, id := b.pay("EUR", "10.00", "")
		path := disputesPath + b.hook("POST", "/sandbox/captures/"+id+"/dispute", "").get("dispute_id")
		if got := b.api("POST", path+"/provide-evidence", body, "Content-Type", "multipart/form-data; boundary=X"); got.status != status {
			t.Errorf("%q: %d %s", body, got.status, got.text)
		}
	}
}

func TestRefundEndsTheCase(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"INQUIRY", "CHARGEBACK"} {
		b := newBench(t, Options{})
		_, id := b.pay("EUR", "10.00", "")
		path := disputesPath + b.hook("POST", "/sandbox/captures/"+id+"/dispute",
			`{"stage":"`+stage+`","fee":"5.00"}`).get("dispute_id")
		b.want(b.api("POST", "/v2/payments/captures/"+id+"/refund", ""), 201, "status", "COMPLETED")
		b.want(b.api("GET", path, ""), 200, "dispute_outcome.outcome_code", "RESOLVED_BUYER_FAVOUR")
		b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.held", "0.00")
		b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.fee", "0.00")
		b.want(b.api("GET", "/v1/reporting/balances", ""), 200, "balances.0.total_balance.value", "-0.64")
		b.want(b.search("transaction_type=T1106"), 200, "total_items", "0")
	}
}

func TestDisputeHookRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	hook := "/sandbox/captures/" + id + "/dispute"
	for body, status := range map[string]int{
		`{"outcome":"nobody"}`: 400, `{"stage":"LATER"}`: 400, `{"amount":"11.00"}`: 409, `{"amount":"x"}`: 409,
		`{"fee":"0"}`: 409, `{"cost":"1"}`: 400,
	} {
		if got := b.hook("POST", hook, body); got.status != status || got.get("error") == "" {
			t.Errorf("%s: %d %s", body, got.status, got.text)
		}
	}
	b.hook("POST", hook, "")
	if got := b.hook("POST", hook, `{"amount":"1.00","outcome":"buyer"}`); got.status != 409 {
		t.Error(got.status, got.text)
	}
}

func TestDisputeList(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.want(b.api("GET", "/v1/customer/disputes", ""), 200, "items", "[]")
	var ids []string
	for range 3 {
		_, id := b.pay("EUR", "10.00", "")
		ids = append(ids, b.hook("POST", "/sandbox/captures/"+id+"/dispute", "").get("dispute_id"))
		b.advance(time.Hour)
	}
	first := b.api("GET", "/v1/customer/disputes?page_size=2", "")
	b.want(first, 200, "items.0.dispute_id", ids[2]) // the latest
	b.want(first, 200, "items.0.disputed_transactions", "")
	b.want(first, 200, "items.2", "")
	second := b.api("GET", strings.TrimPrefix(first.link("next"), b.url), "")
	b.want(second, 200, "items.0.dispute_id", ids[0])
	if second.link("next") != "" {
		t.Error(second.text)
	}
	at := func(ago time.Duration) string { return url.QueryEscape(stamp(b.server.now().Add(-ago))) }
	for query, want := range map[string]string{
		"start_time=" + at(90*time.Minute): ids[2], "update_time_before=" + at(150*time.Minute): ids[0],
		"update_time_after=" + at(150*time.Minute) + "&update_time_before=" + at(90*time.Minute): ids[1],
	} {
		got := b.api("GET", "/v1/customer/disputes?"+query, "")
		b.want(got, 200, "items.0.dispute_id", want)
		b.want(got, 200, "items.1", "")
	}
	b.want(b.api("GET", "/v1/customer/disputes?dispute_state=RESOLVED", ""), 200, "items", "[]")
	for _, query := range []string{
		"page_size=51", "page_size=0", "next_page_token=%21", "next_page_token=QUFB", "dispute_state=LOST", "start_time=now",
		"start_time=" + at(181*24*time.Hour),
		"disputed_transaction_id=1&start_time=" + at(time.Hour),
	} {
		if got := b.api("GET", "/v1/customer/disputes?"+query, ""); got.status != 400 ||
			got.get("name") != "INVALID_REQUEST" {
			t.Errorf("%s: %d %s", query, got.status, got.text)
		}
	}
	b.advance(181 * 24 * time.Hour)
	b.login()
	b.want(b.api("GET", "/v1/customer/disputes", ""), 200, "items", "[]")
	b.want(b.api("GET", disputesPath+ids[0], ""), 200, "dispute_id", ids[0])
}
