package inbox_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"readerfund/internal/contribution"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// history is what happens to one gift of 25.00 EUR at PayPal, and how it has to end whatever order the news comes in.
type history struct {
	name    string
	outcome string   // of the approval
	acts    []string // at PayPal, in this order; all but capture are hooks of the capture
	news    []string // what is delivered of it, in PayPal's order
	state   contribution.State
	entries string
}

const (
	approvedNews, orderNews, paidNews = "CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "PAYMENT.CAPTURE.COMPLETED"
	heldNews, declinedNews            = "PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.DECLINED"
	refundNews, reversalNews          = "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED"
	caseNews, movedNews, endNews      = "CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED"
	undoneNews                        = "CHECKOUT.PAYMENT-APPROVAL.REVERSED"
	waitingNews, failedNews           = "PAYMENT.REFUND.PENDING", "PAYMENT.REFUND.FAILED"
)

const gross = "charge 2500 EUR, "

func histories() []history {
	const fee = ", fee -108 EUR"
	return []history{
		{"two refunds", "", []string{"capture", `refund {"amount":"10.00"}`, `refund {"amount":"5.00"}`},
			[]string{approvedNews, orderNews, paidNews, refundNews, refundNews}, contribution.PartiallyRefunded,
			"charge 2500 EUR" + fee + ", refund -1000 EUR, refund -500 EUR"},
		{"a refund on its way that arrives", "",
			[]string{"capture", `refund {"amount":"10.00","pending":true}`, `refund-ends {}`},
			[]string{paidNews, waitingNews, refundNews}, contribution.PartiallyRefunded,
			"charge 2500 EUR" + fee + ", refund -1000 EUR"},
		{"a refund on its way that fails", "",
			[]string{"capture", `refund {"amount":"10.00","pending":true}`, `refund-ends {"outcome":"failed"}`},
			[]string{paidNews, waitingNews, failedNews}, contribution.Completed, "charge 2500 EUR" + fee},
		{"held, paid and taken back", "pending", []string{"capture", `settle {}`, `reverse {}`},
			[]string{heldNews, paidNews, reversalNews}, contribution.Reversed, "charge 2500 EUR" + fee + ", reversal -2500 EUR"},
		{
			"a dispute that is won",
			"",
			[]string{"capture", `dispute {"stage":"INQUIRY"}`, `dispute {"stage":"CHARGEBACK"}`, `dispute {"outcome":"seller"}`},
			[]string{paidNews, caseNews, movedNews, endNews},
			contribution.Completed,
			gross + "dispute_hold -2500 EUR, dispute_release 2500 EUR" + fee,
		},
		{
			"a dispute that is lost",
			"",
			[]string{
				"capture",
				`dispute {"stage":"INQUIRY","fee":"16.00"}`,
				`dispute {"stage":"CHARGEBACK"}`,
				`dispute {"outcome":"buyer"}`,
			},
			[]string{paidNews, caseNews, movedNews, endNews, reversalNews},
			contribution.Reversed,
			"charge 2500 EUR, chargeback_fee -1600 EUR, dispute_hold -2500 EUR, dispute_release 2500 EUR" + fee +
				", reversal -2500 EUR",
		},
		{
			"a dispute that ends as an inquiry",
			"",
			[]string{"capture", `dispute {"stage":"INQUIRY"}`, `dispute {"outcome":"seller"}`},
			[]string{paidNews, caseNews, endNews},
			contribution.Completed,
			"charge 2500 EUR" + fee,
		},
		{
			"held and declined",
			"pending",
			[]string{"capture", `settle {"outcome":"declined"}`},
			[]string{heldNews, declinedNews},
			contribution.Declined,
			"",
		},
		{
			"declined at once",
			"declined_capture",
			[]string{"capture"},
			[]string{approvedNews, orderNews, declinedNews},
			contribution.Declined,
			"",
		},
		{
			"held for good",
			"pending",
			[]string{"capture"},
			[]string{approvedNews, orderNews, heldNews},
			contribution.Pending,
			"",
		},
	}
}

// life is a gift that goes through a history.
type life struct {
	history
	contribution.Contribution
	capture string
	done    int // acts
	news    []delivered
	unseen  []delivered // what came and has not been sorted
}

// gift starts a contribution and has the reader approve it.
func (p *postbox) gift(h history) (*life, error) {
	c, err := p.Starter.Start(p.T.Context(), newsroom.Intent(), nil)
	if err != nil {
		return nil, err
	}
	p.hook("orders/"+c.Checkout.PayPalID+"/approve", fmt.Sprintf(`{"outcome":%q}`, h.outcome))
	return &life{history: h, Contribution: c}, nil
}

// act does the next thing at PayPal.
func (p *postbox) act(l *life) error {
	act, body, _ := strings.Cut(l.acts[l.done], " ")
	l.done++
	switch act {
	case "capture":
	case "refund-ends":
		o, err := p.PayPal.Client().Order(p.T.Context(), l.Checkout.PayPalID)
		if err == nil {
			p.hook("refunds/"+o.Refunds[0].ID+"/settle", body)
		}
		return err
	default:
		p.hook("captures/"+l.capture+"/"+act, body)
		return nil
	}
	// Under our own request id: whoever is first captures, and the other gets the same capture.
	o, err := p.PayPal.Client().CaptureOrder(p.T.Context(), l.Checkout.PayPalID, l.ID.String()+"-capture-1")
	if err == nil {
		l.capture = o.Captures[0].ID
	}
	return err
}

// collect waits for deliveries about the gift until it has as many of each kind as the history names, in its order.
func (p *postbox) collect(l *life) error {
	for len(l.news) < len(l.history.news) {
		want := l.history.news[len(l.news)]
		at := slices.IndexFunc(l.unseen, func(d delivered) bool { return bytes.Contains(d.body, []byte(`"`+want+`"`)) })
		if at >= 0 {
			l.news = append(l.news, l.unseen[at])
			l.unseen = slices.Delete(l.unseen, at, at+1)
			continue
		}
		select {
		case d := <-p.arrived:
			if bytes.Contains(d.body, []byte(l.Checkout.PayPalID)) ||
				l.capture != "" && bytes.Contains(d.body, []byte(l.capture)) {
				l.unseen = append(l.unseen, d)
			}
		case <-time.After(10 * time.Second):
			return fmt.Errorf("no %s came", want)
		}
	}
	return nil
}

// again is the same news once more: the delivery itself, or the event under another id, which has to be worked on.
func (p *postbox) again(d delivered, anew bool) delivered {
	if !anew {
		return d
	}
	at := bytes.Index(d.body, []byte(`"id":"WH-`)) + len(`"id":"WH-`)
	return p.sign(slices.Concat(d.body[:at], []byte(uuid.NewString()+"-"), d.body[at:]))
}

// ends compares how a gift stands with how it should.
func (p *postbox) ends(l *life) string {
	if state, entries := p.State(l.ID), p.entriesOf(l.Contribution); state != l.state || entries != l.entries {
		return fmt.Sprintf("%s with %q, not %s with %q", state, entries, l.state, l.entries)
	}
	return p.looks(l.Contribution)
}

// permutations are all orders of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return all
}

// Every order of arrival of every history, each with one piece of news twice, ends in the same state and the same
// entries.
func TestEveryOrderOfArrivalEndsTheSame(t *testing.T) {
	t.Parallel()
	p := open(t)
	type arrival struct {
		*life
		order []int
		anew  bool
	}
	var all []arrival
	for _, h := range histories() {
		for n, order := range permutations(len(h.news)) {
			if (testing.Short() || !testkit.Full()) && n%7 != 0 {
				continue // under the race detector, which makes them slow, too
			}
			l, err := p.gift(h)
			for err == nil && l.done < len(h.acts) {
				err = p.act(l)
			}
			if err == nil {
				err = p.collect(l)
			}
			if err != nil {
				t.Fatalf("%s: %v", h.name, err)
			}
			// Which one comes twice, when, and whether under its own id goes round, so that all of it occurs.
			order = slices.Insert(order, (n/2)%(len(order)+1), order[n%len(order)])
			all = append(all, arrival{l, order, n%4 != 3})
		}
	}
	for round := range 6 {
		for _, a := range all {
			if round >= len(a.order) {
				continue
			}
			d := a.life.news[a.order[round]]
			if slices.Contains(a.order[:round], a.order[round]) {
				d = p.again(d, a.anew)
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
	for _, a := range all {
		if trouble := p.ends(a.life); trouble != "" {
			t.Errorf("%s, in the order %v: %s", a.name, a.order, trouble)
		}
	}
	if n := p.Count(`webhook_event WHERE state <> 'applied'`); n != 0 {
		t.Errorf("%d events were not applied", n)
	}
	t.Logf("%d orders of arrival of %d histories", len(all), len(histories()))
}

// The news also comes while the history goes on: any of what has been sent may arrive between one act and the next.
func TestNewsThatComesMeanwhileEndsTheSame(t *testing.T) {
	t.Parallel()
	p := open(t)
	var all []*life
	rapid.Check(t, func(rt *rapid.T) {
		h := histories()[rapid.IntRange(0, len(histories())-1).Draw(rt, "history")]
		h.news = nil // whatever comes
		l, err := p.gift(h)
		if err != nil {
			rt.Fatal(err)
		}
		var told []string
		arrive := func() {
			for quietly := false; !quietly; {
				select {
				case d := <-p.arrived:
					l.unseen = append(l.unseen, d)
				case <-time.After(time.Millisecond):
					quietly = true
				}
			}
			if len(l.unseen) == 0 {
				return
			}
			at := rapid.IntRange(0, len(l.unseen)-1).Draw(rt, "which")
			d := l.unseen[at]
			if rapid.IntRange(0, 4).Draw(rt, "again") == 0 {
				d = p.again(d, rapid.Bool().Draw(rt, "anew"))
			} else {
				l.unseen = slices.Delete(l.unseen, at, at+1)
			}
			_, kind, _ := bytes.Cut(d.body, []byte(`"event_type":"`))
			told = append(told, string(kind[:30]))
			if err := p.receive(d); err != nil {
				rt.Fatal(err)
			}
			if _, err := p.Work(t.Context()); err != nil {
				rt.Fatal(err)
			}
		}
		for l.done < len(h.acts) {
			if rapid.Bool().Draw(rt, "act") {
				if err := p.act(l); err != nil {
					rt.Fatal(err)
				}
				told = append(told, h.acts[l.done-1])
			} else {
				arrive()
			}
		}
		for end := time.Now().Add(10 * time.Second); p.ends(l) != "" || len(l.unseen) > 0; {
			if time.Now().After(end) {
				rt.Fatalf("%s: %s\n%s", h.name, p.ends(l), strings.Join(told, "\n"))
			}
			arrive()
		}
		all = append(all, l)
	})
	for late := true; late; { // what came after a gift had got where it should be
		select {
		case d := <-p.arrived:
			if err := p.receive(d); err != nil {
				t.Fatal(err)
			}
		case <-time.After(100 * time.Millisecond):
			late = false
		}
	}
	p.work()
	for _, l := range all {
		if trouble := p.ends(l); trouble != "" {
			t.Errorf("%s: in the end %s", l.name, trouble)
		}
	}
	t.Logf("%d histories with the news between the acts", len(all))
}

// An approval that nobody captured in time is undone, in whichever order that is heard of, and nothing was charged.
func TestAnApprovalThatIsUndone(t *testing.T) {
	t.Parallel()
	p := open(t)
	h := history{"undone", "", nil, []string{approvedNews, undoneNews}, contribution.Expired, ""}
	var all []*life
	for range 4 {
		l, err := p.gift(h)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	p.hook("clock", `{"advance":"4h"}`)
	p.Clock.Advance(4 * time.Hour)
	var heard []delivered
	for range 2 * len(all) {
		select {
		case d := <-p.arrived:
			heard = append(heard, d)
		case <-time.After(10 * time.Second):
			t.Fatal("not all came")
		}
	}
	for n, l := range all {
		l.unseen = slices.DeleteFunc(
			slices.Clone(heard),
			func(d delivered) bool { return !bytes.Contains(d.body, []byte(l.Checkout.PayPalID)) },
		)
		if err := p.collect(l); err != nil {
			t.Fatal(err)
		}
		order := [][]int{{0, 1, 0}, {0, 1, 1}, {1, 0, 1}, {1}}[n]
		for _, at := range order {
			if err := p.receive(p.again(l.news[at], true)); err != nil {
				t.Fatal(err)
			}
			p.work()
		}
		if trouble := p.ends(l); trouble != "" {
			t.Errorf("in the order %v: %s", order, trouble)
		}
	}
	if n := p.Count(`webhook_event WHERE state <> 'applied'`); n != 0 {
		t.Errorf("%d events were not applied", n)
	}
}

// PayPal's list has DENIED where version 2 sends DECLINED: it is the same news.
func TestDeniedIsDeclined(t *testing.T) {
	t.Parallel()
	p := open(t)
	for _, order := range [][]int{{0, 1}, {1, 0}, {1, 1}} {
		l, err := p.gift(
			history{
				"",
				"pending",
				[]string{"capture", `settle {"outcome":"declined"}`},
				[]string{heldNews, declinedNews},
				contribution.Declined,
				"",
			},
		)
		for err == nil && l.done < len(l.acts) {
			err = p.act(l)
		}
		if err == nil {
			err = p.collect(l)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range order {
			d := p.again(l.news[at], true)
			if err := p.receive(
				p.sign(bytes.Replace(d.body, []byte(declinedNews), []byte("PAYMENT.CAPTURE.DENIED"), 1)),
			); err != nil {
				t.Fatal(err)
			}
			p.work()
		}
		if trouble := p.ends(l); trouble != "" {
			t.Errorf("%v: %s", order, trouble)
		}
	}
}

// Why PayPal holds a payment is kept, also when PayPal changes its mind.
func TestTheReasonOfAHeldPaymentFollowsPayPal(t *testing.T) {
	t.Parallel()
	p := open(t)
	l, err := p.gift(history{"", "pending", []string{"capture"}, []string{heldNews}, contribution.Pending, ""})
	if err == nil {
		err = p.act(l)
	}
	if err == nil {
		err = p.collect(l)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION", "ECHECK", "ECHECK", "UNILATERAL"} {
		capture := p.answer("/v2/payments/captures/" + l.capture)
		capture["status_details"] = tree{"reason": reason}
		p.say("/v2/payments/captures/"+l.capture, capture)
		if err := p.receive(p.again(l.news[0], true)); err != nil {
			t.Fatal(err)
		}
		p.work()
		if n := p.Count(
			`contribution c JOIN payment p ON p.contribution_id = c.id WHERE c.state = 'pending' AND c.reason = $1 AND p.reason = $1 AND p.status = 'pending'`,
			reason,
		); n != 1 {
			t.Errorf(
				"%s is not kept: %s",
				reason,
				p.text(`SELECT c.reason || ', ' || p.reason FROM contribution c JOIN payment p ON p.contribution_id = c.id`),
			)
		}
		p.clearFaults()
	}
}
