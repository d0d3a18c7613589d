package harness

import (
	"fmt"
	"sync"
	"time"

	"readerfund/internal/testkit"
)

// Delivered waits for a genuine delivery of that type.
func (s *Fixture) Delivered(eventType string) testkit.Delivery {
	s.T.Helper()
	var found []testkit.Delivery
	testkit.Eventually(s.T, time.Minute, "a delivery of "+eventType, func() (bool, string) {
		found = s.PayPal.Deliveries(eventType)
		return len(found) > 0, "none was sent"
	})
	return found[0]
}

// Deliver sends a delivery's headers with a body, which may be another.
func (v *Client) Deliver(d testkit.Delivery, body string, change ...string) (Response, error) {
	var header []string
	for name, value := range d.Headers {
		header = append(header, name, value)
	}
	return v.Send("POST", "/webhooks/paypal", body, append(header, change...)...)
}

// Result is an answer, or why there is none.
type Result struct {
	Response
	Err error
}

// Concurrently does something n times, all at the same moment.
func Concurrently(n int, do func(n int) (Response, error)) []Result {
	all := make([]Result, n)
	var line sync.WaitGroup
	gun := make(chan struct{})
	for i := range n {
		line.Go(func() {
			<-gun
			all[i].Response, all[i].Err = do(i)
		})
	}
	close(gun)
	line.Wait()
	return all
}

// String is for messages.
func (a Response) String() string { return fmt.Sprintf("%d %.200s", a.Status, a.Body) }

// FlipBit changes the lowest bit of one byte.
func FlipBit(text string, at int) string {
	b := []byte(text)
	b[at] ^= 1
	return string(b)
}
