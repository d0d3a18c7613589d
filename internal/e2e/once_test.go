package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// F5: a double click, two tabs, a program that sends again. Over three processes, so that no memory of one can help.
func TestFiftyCopiesOfOneKeyMakeOneOrder(t *testing.T) {
	t.Parallel()
	s := openScene(t)
	doors := s.doors(3)
	answers := together(50, func(n int) (answer, error) { return doors[n%3].give("25.00", "EUR", "one key for all") })
	for n, got := range answers {
		if got.err != nil || got.status != http.StatusCreated || got.body != answers[0].body {
			t.Errorf("copy %d: %v, %v\nthe first: %v", n, got.err, got.answer, answers[0].answer)
		}
	}
	g, err := answers[0].started()
	if err != nil {
		t.Fatal(err)
	}
	if orders := s.bank.orders(); len(orders) != 1 || orders[0] != g.order() {
		t.Errorf("the sandbox has the orders %v, and the answers say %s", orders, g.order())
	}
	if n := s.count("contribution"); n != 1 {
		t.Errorf("%d contributions were written", n)
	}
}

// F6: copies of one genuine delivery, as close together as can be, over three processes. PayPal's own deliveries go
// astray, so that the copies are the first that the service hears.
func TestHundredCopiesOfOneDeliveryMakeOnePayment(t *testing.T) {
	t.Parallel()
	s := openScene(t)
	doors := s.doors(3)
	s.pointWebhook("http://" + freeAddress(t))
	g := doors[0].begin(t, "25.00", "EUR")
	if _, err := s.bank.approve(g.order(), ""); err != nil {
		t.Fatal(err)
	}
	for _, eventType := range []string{"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"} {
		d := s.delivered(eventType)
		for n, got := range together(100, func(n int) (answer, error) { return doors[n%3].deliver(d, d.Body) }) {
			if got.err != nil || got.status/100 != 2 {
				t.Errorf("copy %d of %s: %v, %v", n, d.EventType, got.err, got.answer)
			}
		}
		if n := s.count("webhook_event WHERE event_id = $1", d.EventID); n != 1 {
			t.Errorf("%s is kept %d times", d.EventType, n)
		}
		s.completed(15*time.Second, g)
	}
	s.balanced(5 * time.Second)
	if payments, captures := s.count("payment"), s.bank.capturesOf(g.ID); payments != 1 || len(captures) != 1 {
		t.Errorf("%d payments here, %d captures at PayPal", payments, len(captures))
	}
}

// doors starts that many processes on the scene's database, each with a visitor at it.
func (s *scene) doors(n int) []*visitor {
	s.t.Helper()
	var doors []*visitor
	for range n {
		doors = append(doors, newVisitor(s.t, s.serve().base))
	}
	return doors
}

// delivered waits for a genuine delivery of that type.
func (s *scene) delivered(eventType string) delivery {
	s.t.Helper()
	var found []delivery
	eventually(s.t, 15*time.Second, "a delivery of "+eventType, func() (bool, string) {
		found = s.bank.deliveries(eventType)
		return len(found) > 0, "none was sent"
	})
	return found[0]
}

// deliver sends a delivery's headers with a body, which may be another.
func (v *visitor) deliver(d delivery, body string, change ...string) (answer, error) {
	var header []string
	for name, value := range d.Headers {
		header = append(header, name, value)
	}
	return v.send("POST", "/webhooks/paypal", body, append(header, change...)...)
}

// attempt is an answer, or why there is none.
type attempt struct {
	answer
	err error
}

// together does something n times, all at the same moment.
func together(n int, do func(n int) (answer, error)) []attempt {
	all := make([]attempt, n)
	var line sync.WaitGroup
	gun := make(chan struct{})
	for i := range n {
		line.Go(func() {
			<-gun
			all[i].answer, all[i].err = do(i)
		})
	}
	close(gun)
	line.Wait()
	return all
}

// String is for messages.
func (a answer) String() string { return fmt.Sprintf("%d %.200s", a.status, a.body) }
