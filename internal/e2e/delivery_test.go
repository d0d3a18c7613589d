package e2e

import (
	"fmt"
	"sync"
	"time"
)

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
