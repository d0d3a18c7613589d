package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"
)

// apply enters one line of the journal into the books.
func (s *Server) apply(l readLine, pending map[string]deliveryRecord) error {
	b := &s.books
	switch l.Kind {
	case "order":
		return restore(l, b.orders, func(*order) { b.recent = append(b.recent, l.ID) })
	case "capture":
		return restore(l, b.captures, func(k *capture) {
			s.indexSale(k)
			s.enterLedger(ledgerRef{kindCapture, l.ID})
			s.enterMovement(k)
		})
	case "refund":
		return restore(l, b.refunds, func(r *refund) {
			s.enterLedger(ledgerRef{kindRefund, l.ID})
			s.enterMovement(r)
		})
	case "dispute":
		return restore(l, b.disputes, func(d *dispute) {
			if d.Stage == "" {
				d.Stage = stageChargeback // written before there were stages
			}
			s.enterLedger(ledgerRef{kindDispute, l.ID})
		})
	case "transfer":
		return restore(l, b.transfers, s.reenterTransfer)
	case "direct":
		return restore(l, b.directs, func(d *direct) {
			s.enterLedger(ledgerRef{kindSale, l.ID})
			s.enterMovement(d)
		})
	case "product":
		return restore(l, b.products, func(*product) { b.productIDs = append(b.productIDs, l.ID) })
	case "plan":
		return restore(l, b.plans, func(*plan) { b.planIDs = append(b.planIDs, l.ID) })
	case "subscription":
		return restore(l, b.subscriptions, func(*subscription) { b.subscriptionIDs = append(b.subscriptionIDs, l.ID) })
	case "event":
		return restore(l, b.byEvent, func(e *event) { b.events = append(b.events, e) })
	case "webhook":
		return s.applyWebhook(l)
	default:
		return s.applyPassing(l, pending)
	}
}

// reenterTransfer gives a transfer its places again: only the refund of a payment outside any order has one in the
// ledger.
func (s *Server) reenterTransfer(t *transfer) {
	if t.Code == codeRefund {
		s.enterLedger(ledgerRef{kindReturn, t.ID})
	}
	s.enterMovement(t)
}

// applyPassing enters what is not kept for ever.
func (s *Server) applyPassing(l readLine, pending map[string]deliveryRecord) error {
	switch l.Kind {
	case "delivery":
		if l.Gone {
			delete(pending, l.ID)
			return nil
		}
		var d deliveryRecord
		err := json.Unmarshal(l.V, &d)
		pending[l.ID] = d
		return err
	case "token":
		if l.Gone {
			s.tokens.end(l.ID)
			return nil
		}
		var t tokenRecord
		err := json.Unmarshal(l.V, &t)
		s.tokens.add(t.Token, t.Expires)
		return err
	case "request":
		var r remembered
		err := json.Unmarshal(l.V, &r)
		s.once.restore(r)
		return err
	case "billing":
		return json.Unmarshal(l.V, &s.books.billing)
	case "script":
		var script failureScript
		err := json.Unmarshal(l.V, &script)
		s.books.scripts[l.ID] = &script
		return err
	case "clock":
		var offset time.Duration
		err := json.Unmarshal(l.V, &offset)
		s.offset.Store(int64(offset))
		return err
	default:
		return errors.New("unknown kind")
	}
}

// restore reads a thing into its map; the first line about it also enters it where things stand in order.
func restore[T any](l readLine, all map[string]*T, enter func(*T)) error {
	thing, known := all[l.ID]
	if !known {
		thing = new(T)
	}
	var fresh T
	if err := json.Unmarshal(l.V, &fresh); err != nil {
		return err
	}
	*thing = fresh
	if !known {
		all[l.ID] = thing
		enter(thing)
	}
	return nil
}

func (s *Server) applyWebhook(l readLine) error {
	b := &s.books
	at := slices.IndexFunc(b.webhooks, func(h *webhook) bool { return h.ID == l.ID })
	if l.Gone {
		b.webhooks = slices.DeleteFunc(b.webhooks, func(h *webhook) bool { return h.ID == l.ID })
		return nil
	}
	var h webhook
	if err := json.Unmarshal(l.V, &h); err != nil {
		return err
	}
	if at >= 0 {
		*b.webhooks[at] = h
	} else {
		b.webhooks = append(b.webhooks, &h)
	}
	return nil
}

// loaded puts together what the journal implies, and gives the deliveries still to be made, oldest first.
func (s *Server) loaded(pending map[string]deliveryRecord) []*delivery {
	b := &s.books
	for _, id := range b.subscriptionIDs {
		sub := b.subscriptions[id]
		s.scheduleBilling(sub)
		b.byToken[sub.Token] = sub
		if sub.Revision != nil {
			b.byToken[sub.Revision.Token] = sub
		}
	}
	for _, k := range b.captures {
		if k.InvoiceID != "" && k.Status != statusDeclined {
			b.invoices[k.InvoiceID] = k.ID
		}
	}
	for _, r := range b.refunds {
		if r.InvoiceID != "" {
			b.returned[r.InvoiceID] = r.ID
		}
	}
	for _, id := range b.recent {
		if o := b.orders[id]; o.Status == statusApproved && !o.ApprovalReversed {
			b.approved = append(b.approved, approval{id, o.Approved})
		}
	}
	slices.SortStableFunc(b.approved, func(x, y approval) int { return x.at.Compare(y.at) })
	var left []*delivery
	for _, r := range pending {
		if e := b.byEvent[r.EventID]; e != nil {
			left = append(left, &delivery{
				ID: r.ID, WebhookID: r.WebhookID, URL: r.URL, Event: e, Attempts: r.Attempts, due: time.Now(),
			})
		}
	}
	slices.SortFunc(left, func(x, y *delivery) int {
		return cmp.Or(x.Event.Created.Compare(y.Event.Created), cmp.Compare(x.ID, y.ID))
	})
	return left
}

// snapshot writes the whole state into a new journal.
func (s *Server) snapshot(pending []*delivery) {
	b, j := &s.books, s.journal
	j.put("clock", "offset", s.offset.Load())
	j.put("billing", "settings", b.billing)
	for email, script := range b.scripts {
		j.put("script", email, script)
	}
	for _, h := range b.webhooks {
		j.put("webhook", h.ID, h)
	}
	for _, id := range b.recent {
		j.put("order", id, b.orders[id])
	}
	for _, id := range b.productIDs {
		j.put("product", id, b.products[id])
	}
	for _, id := range b.planIDs {
		j.put("plan", id, b.plans[id])
	}
	for _, id := range b.subscriptionIDs {
		j.put("subscription", id, b.subscriptions[id])
	}
	for _, ref := range b.ledger {
		switch ref.kind {
		case kindCapture:
			j.put("capture", ref.id, b.captures[ref.id])
		case kindRefund, kindReversal:
			j.put("refund", ref.id, b.refunds[ref.id])
		case kindDispute:
			j.put("dispute", ref.id, b.disputes[ref.id])
		case kindSale:
			j.put("direct", ref.id, b.directs[ref.id])
		case kindReturn:
			j.put("transfer", ref.id, b.transfers[ref.id])
		}
	}
	for _, m := range b.statement {
		if t, isTransfer := m.record.(*transfer); isTransfer && t.Code != codeRefund {
			j.put("transfer", t.ID, t)
		}
	}
	b.events = b.events[max(0, len(b.events)-s.opts.MaxDeliveries):]
	for _, e := range b.events {
		j.put("event", e.ID, e)
	}
	for _, d := range pending {
		j.put("delivery", d.ID, d.record())
	}
	now := s.now()
	s.once.forget(now)
	s.tokens.forget(now)
	for _, key := range slices.Sorted(maps.Keys(s.once.slots)) {
		slot := s.once.slots[key]
		j.put("request", key, slot.record(key))
	}
	for token, expires := range s.tokens.expiry {
		j.put("token", token, tokenRecord{token, expires})
	}
}
