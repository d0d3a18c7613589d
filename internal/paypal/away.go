package paypal

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// away is since when PayPal has not answered, as every call notes.
type away struct {
	mu    sync.Mutex
	since time.Time // zero while it answers
}

// note takes the status of an attempt, 0 where there was no answer. A token that is refused is as good as no answer:
// nothing else can be asked.
func (a *away) note(operation string, status int, now time.Time) {
	answered := status > 0 && status < http.StatusInternalServerError && status != http.StatusTooManyRequests &&
		(operation != tokenOperation || status < http.StatusBadRequest)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case answered:
		a.since = time.Time{}
	case a.since.IsZero():
		a.since = now
	}
}

// UnansweredSince is since when no call was answered, zero while PayPal answers. It asks nobody: where nothing was
// asked since, the latest call decides.
func (c *Client) UnansweredSince() time.Time {
	c.away.mu.Lock()
	defer c.away.mu.Unlock()
	return c.away.since
}

// AwaySince is since when PayPal does not answer, zero when it does. While calls are answered it sends nothing; after
// one that was not, it asks once more, because nobody else may have.
func (c *Client) AwaySince(ctx context.Context) time.Time {
	if c.UnansweredSince().IsZero() {
		return time.Time{}
	}
	_, _ = c.Webhooks(ctx) // its outcome is noted as any call's is
	return c.UnansweredSince()
}
