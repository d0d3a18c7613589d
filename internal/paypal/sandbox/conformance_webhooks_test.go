package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"readerfund/internal/paypal/sandbox"
)

const (
	webhooksPath = "/v1/notifications/webhooks"
	eventsPath   = "/v1/notifications/webhooks-events"
	verifyPath   = "/v1/notifications/verify-webhook-signature"
	simulatePath = "/v1/notifications/simulate-event"
)

func subscription(url, types string) string {
	return fmt.Sprintf(`{"url":%q,"event_types":[%s]}`, url, types)
}

// driveWebhooks makes, changes and deletes webhooks, and tries what has to be refused.
func driveWebhooks(_ *testing.T, s *stage) {
	const all = `{"name":"*"}`
	made := s.ok(201, "POST", webhooksPath, subscription("https://paper.example/hook",
		`{"name":"PAYMENT.CAPTURE.COMPLETED"},{"name":"PAYMENT.CAPTURE.DENIED"}`))
	path := webhooksPath + "/" + made.get("id")
	s.ok(200, "GET", webhooksPath, "")
	s.ok(200, "GET", webhooksPath+"?anchor_type=APPLICATION", "")
	s.ok(200, "GET", path, "")
	s.ok(200, "GET", path+"/event-types", "")
	s.ok(200, "PATCH", path, `[{"op":"replace","path":"/url","value":"https://paper.example/other"},{"op":"replace","path":"/event_types","value":[`+all+`]}]`)
	s.ok(200, "GET", path+"/event-types", "")
	s.ok(200, "GET", "/v1/notifications/webhooks-event-types", "")

	many := strings.TrimSuffix(strings.Repeat(`{"name":"PAYMENT.CAPTURE.COMPLETED"},`, 501), ",")
	for _, c := range []refusal{
		{400, "MALFORMED_REQUEST", `{`, nil},
		{400, "MALFORMED_REQUEST", `[]`, nil},
		{400, "VALIDATION_ERROR", `{"event_types":[` + all + `]}`, nil},
		{400, "VALIDATION_ERROR", `{"url":"https://paper.example/"}`, nil},
		{400, "VALIDATION_ERROR", subscription("http://paper.example/hook", all), nil},
		{400, "VALIDATION_ERROR", subscription("https://paper.example/"+strings.Repeat("x", 2048), all), nil},
		{400, "VALIDATION_ERROR", subscription("https://paper.example/", `{"name":"MONEY.CAME"}`), nil},
		{400, "VALIDATION_ERROR", subscription("https://paper.example/", many), nil},
		{400, "WEBHOOK_URL_ALREADY_EXISTS", subscription("https://paper.example/other", all), nil},
	} {
		s.refused(c.status, c.issue, "POST", webhooksPath, c.body)
	}
	for _, c := range []refusal{
		{400, "MALFORMED_REQUEST", `{`, nil},
		{400, "VALIDATION_ERROR", `[{"op":"replace","path":"/url","value":"ftp://paper.example"}]`, nil},
		{400, "VALIDATION_ERROR", `[{"op":"replace","path":"/url","value":1}]`, nil},
		{400, "VALIDATION_ERROR", `[{"op":"replace","path":"/id","value":"1"}]`, nil},
		{400, "WEBHOOK_PATCH_REQUEST_NO_CHANGE", `[{"op":"add","path":"/url","value":"https://paper.example/"}]`, nil},
	} {
		s.refused(c.status, c.issue, "PATCH", path, c.body)
	}
	for i := range 8 {
		s.ok(201, "POST", webhooksPath, subscription(fmt.Sprintf("https://paper.example/%d", i), all))
	}
	s.refused(400, "WEBHOOK_NUMBER_LIMIT_EXCEEDED", "POST", webhooksPath, subscription("https://paper.example/more", all))
	s.ok(204, "DELETE", path, "")
	for _, c := range [][3]string{
		{"GET", path}, {"DELETE", path}, {"GET", path + "/event-types"},
		{"PATCH", path, `[{"op":"replace","path":"/url","value":"https://paper.example/"}]`},
	} {
		s.refused(404, "INVALID_RESOURCE_ID", c[0], c[1], c[2])
	}
}

// driveEvents lists events, reads them, sends them again and has their signatures verified.
func driveEvents(t *testing.T, s *stage) {
	for range 3 {
		s.paid("") // three events each, so that one of the signatures is sure to have the form that the document wants
	}
	listed := s.ok(200, "GET", eventsPath, "")
	id := listed.get("events.0.id")
	from, to := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for _, query := range []string{
		"page_size=2", "event_type=PAYMENT.CAPTURE.COMPLETED", "transaction_id=" + listed.get("events.1.resource.id"),
		"start_time=" + from + "&end_time=" + to, "event_type=NOTHING",
	} {
		s.ok(200, "GET", eventsPath+"?"+query, "")
	}
	s.ok(200, "GET", strings.TrimPrefix(s.ok(200, "GET", eventsPath+"?page_size=2", "").get("links.1.href"), s.url), "")
	for _, query := range []string{"page_size=x", "start_time=yesterday", "end_time=tomorrow"} {
		s.refused(400, "VALIDATION_ERROR", "GET", eventsPath+"?"+query, "")
	}
	s.ok(200, "GET", eventsPath+"/"+id, "")
	s.refused(404, "INVALID_RESOURCE_ID", "GET", eventsPath+"/WH-1", "")
	s.ok(202, "POST", eventsPath+"/"+id+"/resend", `{"webhook_ids":["`+s.hookID+`"]}`)
	s.ok(202, "POST", eventsPath+"/"+id+"/resend", "{}")
	s.unlisted = 2
	s.refused(404, "INVALID_RESOURCE_ID", "POST", eventsPath+"/WH-1/resend", "{}")
	s.refused(404, "INVALID_RESOURCE_ID", "POST", eventsPath+"/"+id+"/resend", `{"webhook_ids":["NONE"]}`)
	s.refused(400, "MALFORMED_REQUEST", "POST", eventsPath+"/"+id+"/resend", `{`)
	s.settle()
	verifySignatures(t, s)
}

// verifySignatures asks the emulator about a delivery as it was, and as it was not.
func verifySignatures(t *testing.T, s *stage) {
	t.Helper()
	plain := regexp.MustCompile(`^\w`)
	for _, d := range s.arrived() {
		if !plain.MatchString(d.header.Get("Paypal-Transmission-Sig")) {
			continue // a signature may begin with + or /, which the document's pattern does not foresee
		}
		for webhook, want := range map[string]string{s.hookID: "SUCCESS", "WEBHOOKID": "FAILURE"} {
			got := s.ok(200, "POST", verifyPath, signatureQuestion(t, d, webhook))
			if got.get("verification_status") != want {
				t.Errorf("%s: %s", webhook, got.text)
			}
		}
		s.refused(400, "VALIDATION_ERROR", "POST", verifyPath, `{"webhook_id":"`+s.hookID+`"}`)
		s.refused(400, "MALFORMED_REQUEST", "POST", verifyPath, `{`)
		return
	}
	t.Fatal("every signature begins with + or /")
}

func signatureQuestion(t *testing.T, d delivered, webhook string) string {
	t.Helper()
	question, err := json.Marshal(map[string]string{
		"auth_algo": d.header.Get("Paypal-Auth-Algo"), "cert_url": d.header.Get("Paypal-Cert-Url"), "webhook_id": webhook,
		"transmission_id":   d.header.Get("Paypal-Transmission-Id"),
		"transmission_sig":  d.header.Get("Paypal-Transmission-Sig"),
		"transmission_time": d.header.Get("Paypal-Transmission-Time"),
	})
	if err != nil {
		t.Fatal(err)
	}
	// the raw bytes: they are what was signed
	return strings.TrimSuffix(string(question), "}") + `,"webhook_event":` + string(d.body) + `}`
}

// driveSimulator has every event made up once.
func driveSimulator(_ *testing.T, s *stage) {
	for _, name := range sandbox.EventTypeNames() {
		s.ok(202, "POST", simulatePath, fmt.Sprintf(`{"webhook_id":%q,"event_type":%q,"resource_version":"1.0"}`, s.hookID,
			name))
		s.unlisted++
	}
	s.refused(400, "VALIDATION_ERROR", "POST", simulatePath, `{"url":"https://paper.example/","event_type":"MONEY.CAME"}`)
	s.refused(400, "VALIDATION_ERROR", "POST", simulatePath, `{"event_type":"PAYMENT.CAPTURE.COMPLETED"}`)
	s.refused(http.StatusNotFound, "INVALID_RESOURCE_ID", "POST", simulatePath,
		`{"webhook_id":"NONE","event_type":"PAYMENT.CAPTURE.COMPLETED"}`)
	s.refused(400, "MALFORMED_REQUEST", "POST", simulatePath, `{`)
}
