package web

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"readerfund/internal/account"
)

// PostgreSQL stores no NUL and no broken UTF-8. Wherever a request carries them, in an address, a query or a form,
// it is told what is wrong with it, and not that we are.
func TestTextThatPostgreSQLDoesNotStoreIsNoFaultOfOurs(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	id, page, _ := h.paid()
	event := h.hook("WH-1", "PAYMENT.CAPTURE.COMPLETED", "X", "parked", "", [16]byte{}, noon())
	r := h.signedIn(account.Admin)
	const bad = "5O19\x00\xff"
	escaped := url.QueryEscape(bad)
	for address, fields := range map[string]string{
		"/staff/contributions":     "q status campaign currency article from to attention after before state search",
		"/staff/contributions.csv": "q status campaign currency article from to attention after before state search",
		"/staff/reports":           "by campaign currency from to article",
		"/staff/reports.csv":       "by campaign currency from to",
		"/staff/ledger":            "from to currency kind after", "/staff/ledger.csv": "from to currency kind",
		"/staff/reconciliation": "state q kind after run", "/staff/inbox": "q state type after",
		"/staff/audit": "actor subject after",
		page:           "refund accepted noted looked asked", page + "/refund": "payment",
		"/":                "campaign amount currency article key",
		"/support/support": "amount currency article", "/embed/support": "article",
		"/contributions/" + id + "/thanks": "key token",
		"/contributions/" + id + "/return": "token PayerID", "/contributions/" + id + "/cancel": "token",
	} {
		for field := range strings.FieldsSeq(fields) {
			if got := r.get(address + "?" + field + "=" + escaped); got.status >= 500 {
				t.Errorf("GET %s?%s=%s: %d", address, field, escaped, got.status)
			}
		}
	}
	inPath := url.PathEscape(bad)
	for _, address := range []string{
		"/support/" + inPath, "/embed/" + inPath, "/static/" + inPath, "/contributions/" + inPath + "/thanks",
		"/staff/contributions/" + inPath,
		page + "/disputes/" + inPath + "/accept", "/staff/reconciliation/" + inPath, "/staff/inbox/" + inPath,
	} {
		if got := r.get(address); got.status >= 500 {
			t.Errorf("GET %s: %d", address, got.status)
		}
	}
	for address, fields := range map[string]string{
		page + "/refund": "payment currency amount left reason note key choice", page + "/ask": "x", page + "/notes": "note",
		page + "/looked": "why found id review", page + "/disputes/" + inPath + "/accept": "note",
		page + "/disputes/X/accept":                  "note",
		"/staff/reconciliation/" + inPath + "/adopt": "campaign", "/staff/reconciliation/1/adopt": "campaign",
		"/staff/reconciliation/1/set-aside": "reason", "/staff/inbox/" + inPath + "/replay": "x", "/staff/inbox/replay": "x",
		"/staff/mail/again": "id state", "/staff/work/retry": "kind key", "/staff/work/discard": "kind key reason",
		"/staff/inbox/" + strconv.FormatInt(event, 10) + "/replay": "x", "/staff/sign-in": "email password next",
		"/contributions": "campaign amount currency frequency article name email message idempotency_key locale",
	} {
		for field := range strings.FieldsSeq(fields) {
			v := url.Values{"choice": {"all"}, "left": {"25.00"}, "reason": {"x"}, "key": {"a key"}, "note": {"x"},
				"found": {"x"}}
			if address == "/contributions" {
				v = giftForm()
			}
			v.Set(field, bad)
			if got := r.form(address, v); got.status >= 500 {
				t.Errorf("POST %s, %s=%s: %d", address, field, escaped, got.status)
			}
		}
	}
}
