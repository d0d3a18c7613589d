package paypal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	plutov "github.com/plutov/paypal/v4"
	"golang.org/x/sync/singleflight"
)

// tokens holds PayPal's access token and renews it. One request for a token runs at a time, on its own deadline: a
// caller that gives up leaves it running for the others, and nobody waits on a lock for the network.
type tokens struct {
	fetch func(context.Context) (token string, life time.Duration, err error)
	now   func() time.Time
	limit time.Duration // how long one request for a token may take

	flight singleflight.Group
	mu     sync.Mutex // guards the fields below; never held over a call
	token  string
	soon   time.Time // from here on it is renewed while it still serves
	until  time.Time // from here on it is not used any more
}

// get gives a token that is not the stale one PayPal has just refused. It waits as long as ctx allows.
func (t *tokens) get(ctx context.Context, stale string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	token, renew := t.held(stale)
	if !renew {
		return token, nil
	}
	// A renewal ahead of time, a first token and a replacement are the same request, so all of them share one flight.
	result := t.flight.DoChan("token", func() (any, error) { return t.renew(stale) })
	if token != "" {
		return token, nil
	}
	fresh, err := await(ctx, result)
	if err == nil && fresh == stale {
		// We joined a flight that began before the token was known to be stale. The next one knows.
		return await(ctx, t.flight.DoChan("token", func() (any, error) { return t.renew(stale) }))
	}
	return fresh, err
}

func await(ctx context.Context, result <-chan singleflight.Result) (string, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-result:
		token, _ := r.Val.(string)
		return token, r.Err
	}
}

func (t *tokens) held(stale string) (token string, renew bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if t.token == "" || t.token == stale || !now.Before(t.until) {
		return "", true
	}
	return t.token, !now.Before(t.soon)
}

func (t *tokens) renew(stale string) (string, error) {
	// Somebody may have brought a new one between our look and our turn.
	if token, renew := t.held(stale); !renew {
		return token, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), t.limit)
	defer cancel()
	token, life, err := t.fetch(ctx)
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.until = token, t.now().Add(life*19/20)
	t.soon = t.now().Add(life * 9 / 10)
	return token, nil
}

const tokenOperation = "get a token"

// tokenFetch asks PayPal for a token through a plutov client of its own: its GetAccessToken writes into the client
// without a lock.
func (c *Client) tokenFetch(id, secret string, over *http.Client) func(context.Context) (string, time.Duration, error) {
	return func(ctx context.Context) (string, time.Duration, error) {
		var sent sending
		agent, err := plutov.NewClient(id, secret, c.base.url)
		if err != nil {
			return "", 0, err
		}
		agent.SetHTTPClient(over)
		began := time.Now()
		answer, err := agent.GetAccessToken(sent.watch(ctx))
		if err == nil && !headerSafe(answer.Token) {
			// plutov would go on with "Bearer " here, and panic on the next call with its lock held.
			err = &Error{Err: errors.New("the answer has no usable access token")}
		}
		c.observe(tokenOperation, sent.answered(), time.Since(began))
		if err != nil {
			err = tokenError(tokenOperation, err)
			c.log.LogAttrs(ctx, slog.LevelWarn, "PayPal gave no token", slog.String("error", err.Error()))
			return "", 0, err
		}
		return answer.Token, tokenLife(answer.ExpiresIn.ToDuration()), nil
	}
}

// tokenError keeps PayPal's answer where there was one.
func tokenError(operation string, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Operation = operation
		return e
	}
	return &Error{Operation: operation, Err: err}
}

// tokenLife keeps an absent or absurd expires_in from making us ask for every call, or never again. PayPal's own values
// are eight or nine hours.
func tokenLife(told time.Duration) time.Duration {
	return min(max(told, time.Minute), 12*time.Hour)
}

func headerSafe(token string) bool {
	if token == "" || len(token) > 8<<10 {
		return false
	}
	for _, b := range []byte(token) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return true
}
