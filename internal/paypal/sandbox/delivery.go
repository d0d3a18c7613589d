package sandbox

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

const (
	// maxAttempts and deliveryLife are PayPal's: up to 25 times over 3 days.
	maxAttempts  = 25
	deliveryLife = 3 * 24 * time.Hour
	// retryGrowth is how much longer each wait is than the one before: 24 waits that start at one minute and grow so
	// fill three days. PayPal does not publish its spacing.
	retryGrowth = 1.36
	// answerTimeout is how long a receiver may take; PayPal does not publish its own.
	answerTimeout = 15 * time.Second
	// duplicateGap is the time that was seen between two deliveries of one event.
	duplicateGap = 70 * time.Millisecond
)

// delivery is one event on its way to one webhook.
type delivery struct {
	ID             string // unique, for the journal
	WebhookID, URL string
	Event          *event
	Attempts       int
	due            time.Time   // by the machine's clock: the schedule is scaled, not the sandbox's
	opens          time.Time   // by the sandbox's clock: not sent before; zero: at once
	then           []*delivery // held back until this one's first attempt is over
}

// deliveryRecord is a delivery still to be made, as the journal keeps it.
type deliveryRecord struct {
	ID, WebhookID, URL, EventID string
	Attempts                    int
}

// attempt is one request that was sent, as GET /sandbox/deliveries shows it.
type attempt struct {
	url, webhookID, eventID, eventType, body string
	transmissionID, at, signature, debugID   string
	number, status                           int
	failure                                  string
}

// dispatch makes the deliveries of an event to each webhook that subscribes to it, as the faults allow. Where there is
// an earlier event that was held back, it follows. Holds s.mu.
func (s *Server) dispatch(e, late *event) {
	if e == nil {
		return
	}
	for _, hook := range s.books.webhooks {
		if !hook.subscribes(e.Type) || s.faults.takeEvent(e.Type, kindDropWebhook) != nil {
			continue
		}
		s.deliver(hook.ID, hook.URL, e, late)
		if s.faults.takeEvent(e.Type, kindDuplicateWebhook) != nil {
			second := s.newDelivery(hook.ID, hook.URL, e)
			second.due = second.due.Add(duplicateGap)
			s.post.enqueue(second)
		}
	}
}

// deliver sends an event to one webhook, after the next one if reorder_webhooks says so, or later by the sandbox's
// clock if delay_webhook does.
func (s *Server) deliver(webhookID, url string, e, late *event) {
	d := s.newDelivery(webhookID, url, e)
	if late != nil {
		d.then = append(d.then, s.newDelivery(webhookID, url, late))
	}
	if f := s.faults.takeEvent(e.Type, kindDelayWebhook); f != nil {
		d.opens = s.now().Add(time.Duration(f.Delay))
		s.post.delay(d)
		return
	}
	s.post.enqueueInOrder(d, s.faults.takeEvent(e.Type, kindReorderWebhooks) != nil)
}

func (s *Server) newDelivery(webhookID, url string, e *event) *delivery {
	d := &delivery{
		ID: e.ID + "/" + strconv.FormatInt(s.post.nextID.Add(1), 36) + randomText(6), WebhookID: webhookID, URL: url,
		Event: e, due: time.Now(),
	}
	s.journal.put("delivery", d.ID, d.record())
	return d
}

func (d *delivery) record() deliveryRecord {
	return deliveryRecord{d.ID, d.WebhookID, d.URL, d.Event.ID, d.Attempts}
}

// attempt sends a delivery once and decides what follows.
func (p *postOffice) attempt(ctx context.Context, d *delivery) {
	s := p.server
	if !s.stillWanted(d) {
		s.journal.remove("delivery", d.ID)
		p.enqueueNext(d)
		return
	}
	a, err := p.prepare(d)
	if err != nil {
		s.log.Error("webhook not sent", "event", d.Event.ID, "err", err)
		return
	}
	status, failure := p.transmit(ctx, a)
	p.mu.Lock()
	a.status, a.failure = status, failure
	p.mu.Unlock()
	p.enqueueNext(d)
	switch {
	case ctx.Err() != nil: // the sandbox stops: the delivery is still to be made
	case status >= 200 && status < 300, d.Attempts+1 >= maxAttempts:
		s.journal.remove("delivery", d.ID)
	default:
		s.log.Info("webhook not taken", "event", d.Event.ID, "type", d.Event.Type, "attempt", a.number, "status", status,
			"err", failure)
		d.Attempts++
		d.due = time.Now().Add(s.retryWait(d.Attempts))
		s.journal.put("delivery", d.ID, d.record())
		p.enqueue(d)
	}
}

// enqueueNext queues what was held back until this delivery had been tried.
func (p *postOffice) enqueueNext(d *delivery) {
	for _, later := range d.then {
		later.due = time.Now()
		p.enqueue(later)
	}
	d.then = nil
}

// stillWanted says whether the webhook is still there, and PayPal still tries.
func (s *Server) stillWanted(d *delivery) bool {
	if d.Attempts > 0 && s.now().Sub(d.Event.Created) > deliveryLife {
		return false
	}
	if d.WebhookID == simulatorWebhook {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	hook := s.findWebhook(d.WebhookID)
	if hook == nil {
		return false
	}
	d.URL = hook.URL
	return true
}

// retryWait is how long to wait after so many failed attempts.
func (s *Server) retryWait(failed int) time.Duration {
	return time.Duration(float64(s.opts.RetryUnit) * math.Pow(retryGrowth, float64(failed-1)))
}

// prepare signs an attempt. Each attempt has a transmission id, time and signature of its own; event id and body stay.
func (p *postOffice) prepare(d *delivery) (*attempt, error) {
	s := p.server
	id, err := uuid.NewUUID()
	if err != nil {
		return nil, err
	}
	a := &attempt{
		url: d.URL, webhookID: d.WebhookID, eventID: d.Event.ID, eventType: d.Event.Type, body: d.Event.Body,
		transmissionID: id.String(), at: stamp(s.now()), debugID: debugID(), number: d.Attempts + 1,
	}
	a.signature, err = s.keys().sign(signedMessage(a.transmissionID, a.at, a.webhookID, a.body))
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attempts = append(p.attempts, a)
	if extra := len(p.attempts) - s.opts.MaxDeliveries; extra > 0 {
		p.attempts = p.attempts[extra:]
	}
	return a, nil
}

// headers are those that PayPal sends with a webhook.
func (s *Server) headers(a *attempt) map[string]string {
	return map[string]string{
		"PAYPAL-TRANSMISSION-ID": a.transmissionID, "PAYPAL-TRANSMISSION-TIME": a.at, "PAYPAL-TRANSMISSION-SIG": a.signature,
		"PAYPAL-CERT-URL": s.certURL(), "PAYPAL-AUTH-ALGO": "SHA256withRSA", "PAYPAL-AUTH-VERSION": "v2",
		"CORRELATION-ID": a.debugID, "Content-Type": "application/json", "User-Agent": "PayPal/AUHD-214.0-58843563",
	}
}

// transmit posts an attempt; the status is 0 when there was no answer.
func (p *postOffice) transmit(ctx context.Context, a *attempt) (status int, failure string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader([]byte(a.body)))
	if err != nil {
		return 0, err.Error()
	}
	for name, value := range p.server.headers(a) {
		req.Header[name] = []string{value} // in PayPal's own spelling
	}
	res, err := p.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	return res.StatusCode, ""
}
