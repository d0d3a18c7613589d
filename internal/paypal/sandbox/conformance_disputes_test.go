package sandbox_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	disputesPath = "/v1/customer/disputes"
	theOffer     = `{"note":"Half of it","offer_type":"REFUND","offer_amount":{"currency_code":"EUR","value":"5.00"}}`
	aFile        = "--X\r\nContent-Disposition: form-data; name=\"%\"; filename=\"letter.txt\"\r\nContent-Type: application/octet-stream\r\n\r\nDear PayPal\r\n--X--\r\n"
)

// disputed opens a dispute about a new payment, and gives the paths of the dispute and of the hook that moves it.
func (s *stage) disputed(members string) (dispute, hook string) {
	s.t.Helper()
	_, capture := s.paid("")
	hook = "captures/" + last(capture) + "/dispute"
	return disputesPath + "/" + s.hook(hook, members).get("dispute_id"), hook
}

// form sends a file under the name that a document has for it.
func (s *stage) form(path, name string) {
	s.t.Helper()
	s.ok(200, "POST", path, strings.Replace(aFile, "%", name, 1), "Content-Type", "multipart/form-data; boundary=X")
}

// driveDisputes opens disputes, has the seller do all that a seller may, and ends them either way.
func driveDisputes(_ *testing.T, s *stage) {
	for _, outcome := range []string{"buyer", "seller"} {
		dispute, hook := s.disputed(`{"fee":"5.00","amount":"4.00"}`)
		capture := capturesPath + "/" + strings.Split(hook, "/")[1]
		s.ok(200, "GET", dispute, "")
		s.refused(422, "TRANSACTION_DISPUTED", "POST", capture+"/refund", `{"amount":`+eur("1.00")+`}`)
		s.hook(hook, `{"outcome":"`+outcome+`"}`)
		s.ok(200, "GET", dispute, "")
		s.ok(200, "GET", disputesPath+"?disputed_transaction_id="+last(capture), "")
		s.ok(200, "GET", capture, "")
		if outcome == "buyer" {
			s.hook("disputes/"+last(dispute)+"/fee-return", "")
			s.ok(200, "GET", dispute, "")
		}
	}
	refunded, hook := s.disputed("")
	s.ok(201, "POST", capturesPath+"/"+strings.Split(hook, "/")[1]+"/refund", "{}")
	s.ok(200, "GET", refunded, "")
	s.refused(404, "INVALID_RESOURCE_ID", "GET", disputesPath+"/PP-D-1", "")
	driveInquiry(s)
	driveClaims(s)
	driveDisputeList(s)
}

// driveInquiry talks with the buyer, and goes on to a claim that PayPal decides.
func driveInquiry(s *stage) {
	inquiry, hook := s.disputed(`{"stage":"INQUIRY"}`)
	s.ok(200, "GET", inquiry, "")
	for _, c := range []refusal{
		{400, "MALFORMED_REQUEST_JSON", `{`, nil}, {400, "MISSING_REQUIRED_PARAMETER", `{"offer_type":"REFUND"}`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", `{"note":"x"}`, nil},
		{400, "INVALID_PARAMETER_VALUE", `{"note":"x","offer_type":"LOVE"}`, nil},
		{400, "INVALID_STRING_LENGTH", `{"note":"","offer_type":"REFUND"}`, nil},
		{400, "INVALID_PARAMETER_SYNTAX", `{"note":"x","offer_type":"REFUND","offer_amount":"5.00"}`, nil},
		{400, "INVALID_PARAMETER_SYNTAX", `{"note":"x","offer_type":"REFUND","offer_amount":{"currency_code":"EUR","value":"x"}}`, nil},
	} {
		s.refused(c.status, c.issue, "POST", inquiry+"/make-offer", c.body)
	}
	s.ok(200, "POST", inquiry+"/make-offer", theOffer)
	s.ok(200, "GET", inquiry, "")
	s.refused(422, "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE", "POST", inquiry+"/make-offer", theOffer)
	s.form(inquiry+"/send-message", "message_document")
	s.ok(200, "GET", inquiry, "")
	s.hook(hook, `{"stage":"CHARGEBACK"}`)
	s.ok(200, "GET", inquiry, "")
	s.refused(422, "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE", "POST", inquiry+"/adjudicate",
		`{"adjudication_outcome":"BUYER_FAVOR"}`)
	s.form(inquiry+"/provide-evidence", "evidence-file")
	s.ok(200, "GET", inquiry, "")
	s.refused(400, "INVALID_PARAMETER_VALUE", "POST", inquiry+"/adjudicate", `{"adjudication_outcome":"NOBODY"}`)
	s.refused(400, "MISSING_REQUIRED_PARAMETER", "POST", inquiry+"/adjudicate", `{}`)
	s.ok(200, "POST", inquiry+"/adjudicate", `{"adjudication_outcome":"BUYER_FAVOR"}`)
	s.ok(200, "GET", inquiry, "")
}

// driveClaims answers claims, by a form as the document has it, and by JSON as PayPal's guide has it.
func driveClaims(s *stage) {
	byForm, _ := s.disputed("")
	s.form(byForm+"/accept-claim", "accept-claim-document")
	s.ok(200, "GET", byForm, "")

	byJSON, _ := s.disputed("")
	s.refused(422, "AMOUNT_SHOULD_NOT_BE_PASSED", "POST", byJSON+"/accept-claim",
		`{"note":"x","refund_amount":`+eur("1.00")+`}`)
	s.ok(200, "POST", byJSON+"/accept-claim", `{"note":"You are right.","accept_claim_type":"REFUND"}`)
	s.refused(422, "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE", "POST", byJSON+"/accept-claim",
		`{"note":"You are right."}`)
	proven, _ := s.disputed("")
	s.ok(200, "POST", proven+"/provide-evidence", `{"evidences":[{"evidence_type":"OTHER","notes":"It was delivered."}]}`)
	s.ok(200, "GET", proven, "")
	asked, _ := s.disputed(`{"stage":"INQUIRY"}`)
	s.ok(200, "POST", asked+"/send-message", `{"message":"What is wrong?"}`)
	s.ok(200, "GET", asked, "")
}

// driveDisputeList pages through the disputes and narrows them down.
func driveDisputeList(s *stage) {
	now := time.Now().UTC()
	at := func(t time.Time) string { return url.QueryEscape(t.Format(time.RFC3339)) }
	s.ok(200, "GET", disputesPath, "")
	first := s.ok(200, "GET", disputesPath+"?page_size=2", "")
	s.ok(200, "GET", strings.TrimPrefix(first.get("links.1.href"), s.url), "")
	for _, query := range []string{
		"page_size=50", "dispute_state=RESOLVED", "dispute_state=RESOLVED,OPEN_INQUIRIES", "dispute_state=APPEALABLE",
		"start_time=" + at(now.Add(-time.Hour)),
		"update_time_after=" + at(now.Add(-time.Hour)) + "&update_time_before=" + at(now.Add(time.Hour)),
	} {
		s.ok(200, "GET", disputesPath+"?"+query, "")
	}
	for query, issue := range map[string]string{
		"page_size=0": "INVALID_PARAMETER_VALUE", "page_size=51": "INVALID_PARAMETER_VALUE",
		"page_size=x":        "INVALID_PARAMETER_VALUE",
		"dispute_state=LOST": "INVALID_PARAMETER_VALUE", "next_page_token=!": "INVALID_PARAMETER_VALUE",
		"start_time=now":                                       "INVALID_PARAMETER_SYNTAX",
		"update_time_after=2026-11-22":                         "INVALID_PARAMETER_SYNTAX",
		"update_time_before=" + at(now.Add(-200*24*time.Hour)): "INVALID_PARAMETER_VALUE",
		"disputed_transaction_id=1&start_time=" + at(now):      "INVALID_PARAMETER_VALUE",
		"disputed_transaction_id=":                             "INVALID_STRING_LENGTH",
	} {
		s.refused(400, issue, "GET", disputesPath+"?"+query, "")
	}
}
