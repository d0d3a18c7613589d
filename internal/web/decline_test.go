package web

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// Why a card was declined is PayPal's to tell its owner, and not ours to tell who tries out a thousand of them: pages,
// answers to programs and headers are the same for every cause. Only the link to PayPal's page stands where PayPal gave
// one.
func TestADeclineDoesNotSayWhy(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	links := map[string]bool{"INSTRUMENT_DECLINED": true, "PAYER_ACTION_REQUIRED": true}
	seen := map[string]string{}
	for _, cause := range []string{
		"INSTRUMENT_DECLINED", "PAYER_ACTION_REQUIRED", "TRANSACTION_REFUSED", "PAYER_CANNOT_PAY", "PAYER_ACCOUNT_RESTRICTED",
		"PAYER_ACCOUNT_LOCKED_OR_CLOSED", "CARD_EXPIRED", "CREDIT_CARD_CVV_CHECK_FAILED", "COMPLIANCE_VIOLATION",
		"MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", "REFUSED_FOR_LOST_OR_STOLEN", "a declined capture",
	} {
		r := h.newReader()
		id, _ := r.begin(giftForm("idempotency_key", cause))
		link := ""
		if links[cause] {
			link = `,"links":[{"rel":"redirect","method":"GET","href":"` + h.paypal + `/checkoutnow?token=` + h.orderOf(id) +
				`"}]`
		}
		if cause == "a declined capture" {
			h.approveAs(id, "declined_capture")
		} else {
			h.approve(id)
			h.bank("POST", "/sandbox/faults", fmt.Sprintf(`{"kind":"status","status":422,"times":1,`+
				`"match":{"path":"/v2/checkout/orders/%s/capture"},"body":{"name":"UNPROCESSABLE_ENTITY","debug_id":"d",`+
				`"details":[{"issue":%q,"description":"Insufficient funds; the card was reported stolen."}]%s}}`,
				h.orderOf(id), cause, link))
		}
		page, address := r.back(id)
		told := outcomeOf(r, address) + fmt.Sprint(page.status, page.header) + page.body
		told += fmt.Sprint(r.send(giftForm("idempotency_key", cause)).header)
		if h.stateOf(id) != "declined" {
			t.Fatalf("%s: %s", cause, h.stateOf(id))
		}
		told = h.alike(t, told, id)
		kind := fmt.Sprint(links[cause])
		if seen[kind] == "" {
			seen[kind] = told
		}
		if told != seen[kind] {
			t.Errorf("%s is told otherwise:\n%s\n\nthe first:\n%s", cause, told, seen[kind])
		}
		if strings.Contains(strings.ToLower(told), "insufficient") || strings.Contains(told, cause) {
			t.Errorf("%s is named", cause)
		}
	}
	without := strings.ReplaceAll(seen["true"], "Choose another way to pay at PayPal", "")
	if strings.Count(without, "</p>") != strings.Count(seen["false"], "</p>")+1 {
		t.Errorf("more than the link differs:\n%s\n\n%s", seen["true"], seen["false"])
	}
}

// varying is what differs from one answer to the next.
var varying = regexp.MustCompile(`(Date|X-Request-Id|Content-Length):\[[^]]*\] ?`)

// alike takes out what every gift has of its own.
func (h house) alike(t *testing.T, told, id string) string {
	t.Helper()
	var receipt string
	if err := h.db.GetContext(t.Context(), &receipt, `SELECT receipt FROM contribution WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	told = varying.ReplaceAllString(told, "")
	return strings.NewReplacer(id, "ID", receipt, "RECEIPT", h.orderOf(id), "ORDER",
		h.signer().Sign(thanksPurpose, id), "KEY", h.signer().Sign(cookiePurpose, id), "COOKIE").Replace(told)
}
