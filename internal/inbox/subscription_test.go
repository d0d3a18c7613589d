package inbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/subscription"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

const (
	createdNews, activatedNews   = "BILLING.SUBSCRIPTION.CREATED", "BILLING.SUBSCRIPTION.ACTIVATED"
	suspendedNews, stoppedNews   = "BILLING.SUBSCRIPTION.SUSPENDED", "BILLING.SUBSCRIPTION.CANCELLED"
	chargeFailedNews             = "BILLING.SUBSCRIPTION.PAYMENT.FAILED"
	saleNews, saleRefundNews     = "PAYMENT.SALE.COMPLETED", "PAYMENT.SALE.REFUNDED"
	saleReversalNews, saleHeldIn = "PAYMENT.SALE.REVERSED", "PAYMENT.SALE.PENDING"
)

// course is what happens to a monthly gift of EUR 10.00, and how it ends.
type course struct {
	name string
	// acts are hooks of the subscription, or of its latest sale where they begin with "sale"; billing is a setting, and
	// wait is two seconds.
	acts    []string
	news    []string // what is delivered of it, in PayPal's order
	state   contribution.State
	runs    subscription.State
	entries string
	looked  bool // a person has something to look at
}

func courses() []course {
	const paid, fee = "charge 1000 EUR", ", fee -64 EUR"
	return []course{
		{"signed up", []string{`approve {}`}, []string{createdNews, activatedNews, saleNews},
			contribution.Completed, subscription.Active, paid + fee, false},
		{"the first charge fails", []string{`approve {"first_fails":true}`},
			[]string{createdNews, activatedNews, chargeFailedNews},
			contribution.Approved, subscription.Active, "", false},
		{"paused and resumed at PayPal", []string{`approve {}`, `suspend {}`, `activate {}`, `renew {}`},
			[]string{createdNews, activatedNews, saleNews, suspendedNews, activatedNews, saleNews},
			contribution.Completed, subscription.Active, paid + ", " + paid + fee + fee, false},
		{"stopped at PayPal", []string{`approve {}`, `cancel {}`}, []string{createdNews, activatedNews,
			saleNews, stoppedNews},
			contribution.Completed, subscription.Cancelled, paid + fee, false},
		{"charged after the end", []string{`approve {}`, `cancel {}`, `wait`, `renew {"late":true}`},
			[]string{createdNews, activatedNews, saleNews, stoppedNews, saleNews},
			contribution.Completed, subscription.Cancelled, paid + ", " + paid + fee + fee, true},
		{"all given back", []string{`approve {}`, `sale refund {}`},
			[]string{activatedNews, saleNews, saleRefundNews},
			contribution.Refunded, subscription.Active, paid + fee + ", refund -1000 EUR", false},
		{"one of two taken back", []string{`approve {}`, `renew {}`, `sale reverse {}`},
			[]string{activatedNews, saleNews, saleNews, saleReversalNews},
			contribution.Completed, subscription.Active, paid + ", " + paid + fee + fee + ", reversal -1000 EUR", false},
		{"taken back, and the news names the charge", []string{
			`approve {}`, `billing {"reversal_event":"sale"}`, `sale reverse {"amount":"4.00"}`, `wait`,
			`billing {"reversal_event":"refund"}`,
		}, []string{activatedNews, saleNews, saleReversalNews},
			contribution.Completed, subscription.Active, paid + fee + ", reversal -400 EUR", false},
		{"a charge that has to clear", []string{`approve {}`, `renew {"outcome":"pending"}`, `sale settle {}`},
			[]string{activatedNews, saleNews, saleHeldIn, saleNews},
			contribution.Completed, subscription.Active, paid + ", " + paid + fee + fee, false},
	}
}

// monthlyGift is one that goes through a course, with what PayPal delivered of it.
type monthlyGift struct {
	course
	contribution.Contribution
	news  []delivered
	order []int // in which it arrives; one comes twice
}

// runs has a reader sign up and a course take place, and gathers what PayPal delivers of it.
func (p *postbox) run(c course) *monthlyGift {
	p.T.Helper()
	in := newsroom.Intent()
	in.Frequency, in.Amount = "month", "10.00"
	gift := &monthlyGift{course: c, Contribution: p.Start(in)}
	id := gift.Checkout.PayPalID
	about := [][]byte{[]byte(id)}
	for _, act := range c.acts {
		if act == "wait" {
			p.Clock.Advance(2 * time.Second) // PayPal's times have no fractions
			continue
		}
		what, body, _ := strings.Cut(act, " {")
		if what == "billing" {
			p.hook(what, "{"+body)
			continue
		}
		if hook, ofSale := strings.CutPrefix(what, "sale "); ofSale {
			p.hook("captures/"+p.saleOf(id)+"/"+hook, "{"+body)
		} else {
			// A payer of its own: who has two subscriptions is named to staff.
			body = strings.Replace(body, "}", "", 1)
			if what == "approve" {
				body = strings.TrimPrefix(body+fmt.Sprintf(`,"payer":{"email":"%s@example.com"}`, id), ",")
			}
			p.hook("subscriptions/"+id+"/"+what, "{"+body+"}")
		}
	}
	for _, m := range p.Ledger() { // the news of a reversal has the reversal's id alone
		if m.SubscriptionID == id || slices.ContainsFunc(about, func(sale []byte) bool { return string(sale) == m.Parent }) {
			about = append(about, []byte(m.ID))
		}
	}
	mine := func(d delivered) bool {
		return slices.ContainsFunc(about, func(id []byte) bool { return bytes.Contains(d.body, id) })
	}
	var unseen []delivered
	for _, want := range c.news {
		for {
			at := slices.IndexFunc(unseen, func(d delivered) bool { return bytes.Contains(d.body, []byte(`"`+want+`"`)) })
			if at >= 0 {
				gift.news = append(gift.news, unseen[at])
				unseen = slices.Delete(unseen, at, at+1)
				break
			}
			select {
			case d := <-p.arrived:
				if mine(d) {
					unseen = append(unseen, d)
				}
			case <-time.After(10 * time.Second):
				p.T.Fatalf("%s: no %s came", c.name, want)
			}
		}
	}
	return gift
}

// saleOf is PayPal's id of a subscription's latest charge; empty before the first.
func (p *postbox) saleOf(id string) (sale string) {
	p.T.Helper()
	for _, m := range p.Ledger() {
		if m.SubscriptionID == id && m.Kind == "sale" {
			sale = m.ID
		}
	}
	return sale
}

// A subscription ends the same in whatever order PayPal's news of it arrives, with one piece twice.
func TestEveryOrderOfASubscriptionsNewsEndsTheSame(t *testing.T) {
	t.Parallel()
	p := open(t)
	var all []*monthlyGift
	for at, c := range courses() {
		orders := permutations(len(c.news))
		for n := range testkit.Many(t, "READERFUND_ORDERS", 4, 24) {
			if n >= len(orders) {
				break
			}
			gift := p.run(c)
			gift.order = slices.Clone(orders[(n*37+at)%len(orders)])
			twice := gift.order[n%len(gift.order)]
			gift.order = slices.Insert(gift.order, (n+at)%len(gift.order), twice)
			all = append(all, gift)
		}
	}
	for round := range 8 {
		for _, g := range all {
			if round >= len(g.order) {
				continue
			}
			d := g.news[g.order[round]]
			if slices.Contains(g.order[:round], g.order[round]) {
				d = p.again(d, round%2 == 0)
			}
			if err := p.receive(d); err != nil {
				t.Fatal(err)
			}
		}
		for n := 1; n > 0; {
			var err error
			if n, err = p.Work(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, g := range all {
		if trouble := p.endsAs(g); trouble != "" {
			t.Errorf("%s, in the order %v: %s", g.name, g.order, trouble)
		}
	}
	if n := p.Count(`webhook_event WHERE state <> 'applied'`); n != 0 {
		t.Errorf("%d events were not applied", n)
	}
	p.BooksEqual()
}

// endsAs compares how a gift stands with how its course ends.
func (p *postbox) endsAs(g *monthlyGift) string {
	p.T.Helper()
	s, err := subscription.Find(p.T.Context(), p.DB, g.Checkout.PayPalID)
	if err != nil {
		p.T.Fatal(err)
	}
	state, entries, looks := p.State(g.ID), p.entriesOf(g.Contribution), p.looks(g.Contribution)
	if state != g.state || s.State != g.runs || entries != g.entries || (looks != "") != g.looked {
		return fmt.Sprintf("%s, %s with %q and %q; not %s, %s with %q", state, s.State, entries, looks, g.state, g.runs,
			g.entries)
	}
	return ""
}

// Trap 2: CREATED is delivered after ACTIVATED, with links to a machine of PayPal's own, which nobody follows.
func TestTrap02LateCreatedWithForeignLinks(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.PayPal.Fault(testkit.Fields{"kind": "late_created"})
	p.PayPal.Fault(testkit.Fields{"kind": "internal_links"})
	gift := p.run(course{name: "late", acts: []string{`approve {}`}, news: []string{activatedNews, createdNews, saleNews}})
	for _, d := range gift.news {
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
		p.work()
	}
	var created struct {
		Resource struct{ Status string }
	}
	if err := json.Unmarshal(gift.news[1].body, &created); err != nil || created.Resource.Status != "APPROVAL_PENDING" {
		t.Errorf("%+v, %v", created, err)
	}
	gift.state, gift.runs, gift.entries = contribution.Completed, subscription.Active, "charge 1000 EUR, fee -64 EUR"
	if trouble := p.endsAs(gift); trouble != "" {
		t.Error(trouble)
	}
	p.BooksEqual()
}

// Trap 8: ACTIVE is not paid. The charge that fails at first comes in five days later.
func TestTrap08ActiveIsNotPaid(t *testing.T) {
	t.Parallel()
	p := open(t)
	gift := p.run(course{
		name: "fails", acts: []string{`approve {"first_fails":true}`}, news: []string{activatedNews, chargeFailedNews},
	})
	for _, d := range gift.news {
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
	}
	p.work()
	p.Wants(gift.Contribution, contribution.Approved)
	if paid := p.Count("payment"); paid != 0 {
		t.Errorf("%d payments", paid)
	}
	p.hook("subscriptions/"+gift.Checkout.PayPalID+"/renew", "{}")
	if err := p.receive(p.next(saleNews)); err != nil {
		t.Fatal(err)
	}
	p.work()
	p.Wants(gift.Contribution, contribution.Completed)
	p.BooksEqual()
}
