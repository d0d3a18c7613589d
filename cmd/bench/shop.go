package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
)

// shop is the service as its readers and PayPal see it: some processes on one database of their own.
type shop struct {
	house     *house
	token     string // of PayPal's API
	url       string // of the database
	pool      *db.DB // ours, for looking on
	processes []*process
	admin     string // host:port of the first one's metrics and profiles
	client    *http.Client
}

// openShop starts n processes. through, if there is one, changes the database's address for them; settings are theirs
// beside the usual ones. Close what comes back even when it fails.
func (h *house) openShop(
	ctx context.Context, database string, n int, through func(string) (string, error), settings ...string,
) (*shop, error) {
	s := &shop{house: h, client: &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: giveClients},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var err error
	if s.token, err = h.paypal.token(ctx); err != nil {
		return s, err
	}
	if s.url, err = h.database(ctx, database); err != nil {
		return s, err
	}
	theirs := s.url
	if through != nil {
		if theirs, err = through(s.url); err != nil {
			return s, err
		}
	}
	for range n {
		p, admin, err := h.startService(ctx, theirs, settings...)
		if err != nil {
			return s, err
		}
		s.processes, s.admin = append(s.processes, p), cmp.Or(s.admin, admin)
		if err := p.ready(ctx); err != nil {
			return s, err
		}
	}
	s.pool, err = db.Open(ctx, s.url, db.Options{MaxOpen: 2})
	return s, err
}

func (s *shop) close() error {
	var problems []error
	for _, p := range s.processes {
		problems = append(problems, p.stop())
	}
	if s.pool != nil {
		problems = append(problems, s.pool.Close())
	}
	s.client.CloseIdleConnections()
	return errors.Join(problems...)
}

// gift is one as PayPal knows it.
type gift struct {
	Order        string `db:"order_id"`
	Subscription string // of a charge of one; empty for what an order paid
	back         string // the reader's way back from PayPal
	capture      string
}

// start has n gifts started by the first process, over some connections, and returns those that wait at PayPal.
func (s *shop) start(ctx context.Context, n, connections int) ([]gift, error) {
	l := load{
		address: s.processes[0].address, connections: connections, status: http.StatusCreated,
		next: func(buf []byte, i int) ([]byte, bool) { return append(buf, contribution...), i < n },
	}
	if _, err := l.drive(ctx, 10*time.Minute); err != nil {
		return nil, err
	}
	var gifts []gift
	err := s.pool.SelectContext(ctx, &gifts,
		`SELECT order_id FROM contribution WHERE state = 'created' ORDER BY created_at DESC LIMIT $1`, n)
	if err == nil && len(gifts) != n {
		err = fmt.Errorf("%d gifts wait at PayPal, want %d", len(gifts), n)
	}
	return gifts, err
}

// approve is the readers' consent at PayPal. Each is somebody else: gifts of one person wait for each other at the row
// of that person.
func (s *shop) approve(ctx context.Context, gifts []gift) error {
	return s.each(gifts, func(g *gift) error {
		var said struct {
			ReturnURL string `json:"return_url"`
		}
		who := fmt.Sprintf(`{"payer":{"email":"reader-%s@news.example","given_name":"Ada","surname":"Reader"}}`,
			strings.ToLower(g.Order))
		err := s.ask(ctx, "/sandbox/orders/"+g.Order+"/approve", who, &said)
		g.back = said.ReturnURL
		return err
	})
}

// capture takes the money at PayPal behind the service's back, so that it hears of it by webhook alone.
func (s *shop) capture(ctx context.Context, gifts []gift) error {
	return s.each(gifts, func(g *gift) error {
		var said struct {
			Units []struct {
				Payments struct {
					Captures []struct {
						ID string `json:"id"`
					} `json:"captures"`
				} `json:"payments"`
			} `json:"purchase_units"`
		}
		if err := s.ask(ctx, "/v2/checkout/orders/"+g.Order+"/capture", "{}", &said); err != nil {
			return err
		}
		if len(said.Units) != 1 || len(said.Units[0].Payments.Captures) != 1 {
			return fmt.Errorf("order %s has no capture: %+v", g.Order, said)
		}
		g.capture = said.Units[0].Payments.Captures[0].ID
		return nil
	})
}

func (s *shop) each(gifts []gift, do func(*gift) error) error {
	var crew sync.WaitGroup
	problems := make([]error, giveClients)
	for c := range giveClients {
		crew.Go(func() {
			for i := c; i < len(gifts) && problems[c] == nil; i += giveClients {
				problems[c] = do(&gifts[i])
			}
		})
	}
	crew.Wait()
	return errors.Join(problems...)
}

// ask posts JSON to the sandbox and reads its answer.
func (s *shop) ask(ctx context.Context, path, body string, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.house.paypal.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = http.Header{
		"Authorization": {"Bearer " + s.token}, "Content-Type": {"application/json"}, "Prefer": {"return=representation"},
		"Paypal-Request-Id": {uuid.NewString()},
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("POST %s answers %s: %s", path, resp.Status, bytes.TrimSpace(text))
	}
	return json.Unmarshal(text, answer)
}

// news is the body of PayPal's news that it was paid.
func (g gift) news(event string) []byte {
	if g.Subscription != "" {
		return renewed(event, g)
	}
	return captured(event, g)
}

// captured is the body of PayPal's news that a gift was paid.
func captured(event string, g gift) []byte {
	return []byte(strings.NewReplacer("{event}", event, "{capture}", g.capture, "{order}", g.Order).Replace(
		`{"id":"{event}","event_version":"1.0","resource_type":"capture","resource_version":"2.0","event_type":"PAYMENT.CAPTURE.COMPLETED",` +
			`"summary":"Payment completed for EUR 25.0 EUR","resource":{"id":"{capture}","status":"COMPLETED","amount":{"currency_code":"EUR","value":"25.00"},` +
			`"supplementary_data":{"related_ids":{"order_id":"{order}"}}}}`))
}

// deliver brings such news to a process as PayPal does, signed, and waits for its answer.
func (s *shop) deliver(ctx context.Context, to *process, event string, g gift) error {
	body, id, at := g.news(event), uuid.NewString(), time.Now().UTC().Format(time.RFC3339)
	d := deliveries{
		signatures: [][]byte{s.house.signer.sign(id, at, webhookID, body)}, sentAt: at,
		certURL: s.house.paypal.url + certPath,
	}
	c, err := dial(ctx, to.address)
	if err != nil {
		return err
	}
	return errors.Join(c.exchange(d.write(nil, 0, id, body), http.StatusOK), c.conn.Close())
}
