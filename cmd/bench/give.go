package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const giveClients = 16

// measureGive holds starting a contribution (two commits and an order at PayPal) against a bare handler that does the
// same two commits and asks for the same order, and against a client that does nothing but ask.
func (b *bench) measureGive(ctx context.Context) error {
	token, err := b.house.paypal.token(ctx)
	if err != nil {
		return err
	}
	return b.house.withPair(ctx, "give", func(p *pair) error {
		ask := func(
			address string, status int, request func(i int) string,
		) func(context.Context, time.Duration) (float64, error) {
			return load{
				address: address, connections: giveClients, status: status,
				next: func(buf []byte, i int) ([]byte, bool) { return append(buf, request(i)...), true },
			}.drive
		}
		var turn int
		direct := func(ctx context.Context, length time.Duration) (float64, error) {
			turn++
			order := func(i int) string { return createOrder(token, fmt.Sprintf("%d-%d", turn, i)) }
			return ask(strings.TrimPrefix(b.house.paypal.url, "http://"), orderStatus, order)(ctx, length)
		}
		results, err := contest(ctx, b.plan,
			contestant{name: "service", turn: b.profiled(p.admin, "give",
				ask(p.service.address, http.StatusCreated, func(int) string { return contribution }))},
			contestant{name: "bare handler", turn: ask(p.reference.address, http.StatusCreated,
				func(int) string { return contribution })},
			contestant{name: "bare client of the sandbox's create-order", turn: direct})
		if err != nil {
			return err
		}
		what := fmt.Sprintf("POST /contributions, %d connections", giveClients)
		b.add(compare(what, "orders/s", "bare handler, the same two commits and call", results[0], results[1], 0.6))
		b.add(compare(what, "orders/s", "bare client, create-order alone", results[0], results[2], 0))
		return nil
	})
}

var contribution = post("/contributions", "",
	`{"campaign":"support","amount":"25.00","currency":"EUR","frequency":"once","article":"https://news.example.org/a"}`)

// orderStatus is the answer to an order that names its payment source, as ours do (PayPal, Orders v2, recorded
// answers).
const orderStatus = http.StatusOK

// createOrder is the request that the service sends to PayPal, with ids of its own.
func createOrder(token, id string) string {
	return post("/v2/checkout/orders", "Authorization: Bearer "+token+
		"\r\nPrefer: return=representation\r\nPayPal-Request-Id: bench-"+id+"\r\n",
		`{"intent":"CAPTURE","purchase_units":[{"custom_id":"bench-`+id+`","invoice_id":"B-`+id+
			`","description":"Contribution to The Bench Press",`+
			`"amount":{"currency_code":"EUR","value":"25.00"}}],"payment_source":{"paypal":{"experience_context":{"brand_name":"The Bench Press",`+
			`"shipping_preference":"NO_SHIPPING","landing_page":"NO_PREFERENCE","user_action":"PAY_NOW",`+
			`"return_url":"http://readerfund.example/return","cancel_url":"http://readerfund.example/cancel"}}}}`)
}

func post(path, headers, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: readerfund.example\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s",
		path, len(body), headers, body)
}

// token gets an access token from the stand-in.
func (p *standIn) token(ctx context.Context) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/v1/oauth2/token",
		strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("sandbox-client", "sandbox-secret")
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return "", err
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Token == "" {
		return "", fmt.Errorf("the sandbox gives no token: %s", text)
	}
	return answer.Token, nil
}
