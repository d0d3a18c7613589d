package paypal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// call is one request to PayPal, before it is known how many attempts it takes.
type call struct {
	operation string // in words, for errors, logs and metrics: "capture order"
	method    string
	path      string
	requestID string // PayPal-Request-Id; what makes a POST safe to send again
	in        any    // marshalled to JSON; nil sends no body
	read      func(body []byte) error
	stream    func(body io.Reader) error // in place of read, for an answer too large to hold twice
	slow      bool                       // a report that no page waits for: PayPal may take its time
	once      bool                       // PayPal promises nothing about a second one, request id or not
	// a second one finds done what the first one did, and is refused or does it to no effect
	idempotent bool
	whole      bool // asks for whole rows, where PayPal's default for a list is an outline
}

// repeatable reports whether sending it twice does no more than sending it once.
func (k call) repeatable() bool {
	return !k.once && (k.idempotent || k.method == http.MethodGet || k.requestID != "")
}

// slowFactor is how many times longer than others a slow call may take. PayPal advises 30 s for transaction search.
const slowFactor = 4

// limit is the time for a call with all its attempts and pauses.
func (c *Client) limit(k call) time.Duration {
	if k.slow {
		return c.timeout * slowFactor
	}
	return c.timeout
}

// Attempts and the pauses between them: a random part of 250 ms, then of 500 ms (full jitter).
const (
	maxAttempts = 3
	firstPause  = 250 * time.Millisecond
)

// do carries a call out within the client's timeout: again with a fresh token after one 401, again after a pause when
// PayPal is busy, broken or out of reach and the call is repeatable.
func (c *Client) do(ctx context.Context, k call) error {
	ctx, cancel := context.WithTimeout(ctx, c.limit(k))
	defer cancel()
	var stale string
	var unknown bool
	for try := 1; ; try++ {
		token, failure := c.tokenFor(ctx, k, stale)
		if failure == nil {
			failure = c.attempt(ctx, k, token)
		}
		c.busy.note(failure, c.now())
		if failure == nil {
			return nil
		}
		// What one attempt may have done, no later attempt's failure undoes.
		unknown = unknown || failure.unknown
		failure.unknown = unknown
		if failure.Status == http.StatusUnauthorized && stale == "" && ctx.Err() == nil {
			stale = token
			try--
			continue
		}
		if try == maxAttempts || !k.repeatable() || !failure.temporary() || !c.pause(ctx, k, try, failure) {
			return failure
		}
	}
}

// tokenFor wraps a token's failure in an Error without a status: PayPal has not heard of the call itself, and a 404
// from the token's address must not read as "no such order".
func (c *Client) tokenFor(ctx context.Context, k call, stale string) (string, *Error) {
	token, err := c.tokens.get(ctx, stale)
	if err == nil {
		return token, nil
	}
	wrapped := &Error{Operation: k.operation, Err: err}
	if e, ok := errors.AsType[*Error](err); ok {
		wrapped.RetryAfter = e.RetryAfter
		wrapped.final = !e.temporary()
	}
	return "", wrapped
}

// attempt sends the call once and reads the answer.
func (c *Client) attempt(ctx context.Context, k call, token string) *Error {
	// An attempt may not use up all the time where there could be another.
	if k.repeatable() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.limit(k)*5/8)
		defer cancel()
	}
	var sent sending
	req, err := c.plutov.NewRequest(sent.watch(ctx), k.method, c.base.url+k.path, k.in)
	if err != nil {
		return &Error{Operation: k.operation, Err: err, final: true}
	}
	k.setHeaders(req.Header, token)
	if err := ctx.Err(); err != nil {
		return &Error{Operation: k.operation, Err: err}
	}
	var body bytes.Buffer
	began := time.Now()
	if k.stream != nil {
		err = c.plutov.Send(req, stream(k.stream))
	} else {
		err = c.plutov.Send(req, &body)
	}
	failure := k.judge(err, &sent, body.Bytes())
	c.note(ctx, k, &sent, time.Since(began), failure)
	if failure != nil {
		// INSTRUMENT_DECLINED says "redirect", PAYER_ACTION_REQUIRED says "payer-action".
		if link := or(failure.Links["redirect"], failure.Links["payer-action"]); c.base.payerLink(link) {
			failure.redirect = link
		}
	}
	return failure
}

func (k call) setHeaders(h http.Header, token string) {
	h.Set("Authorization", "Bearer "+token)
	h.Set("User-Agent", "readerfund")
	if k.requestID != "" {
		h.Set("PayPal-Request-Id", k.requestID)
	}
	if k.method == http.MethodPost || k.whole {
		// The default, return=minimal, has neither amounts nor captures.
		h.Set("Prefer", "return=representation")
	}
}

// judge turns what came of an attempt into an Error, or nil. It decides whether the outcome is known.
func (k call) judge(err error, sent *sending, body []byte) *Error {
	if answer, ok := errors.AsType[*Error](err); ok {
		own := *answer // the cause of a cancelled context comes this way, too, and is shared
		own.Operation = k.operation
		own.unknown = own.Status >= 500 || own.Status == http.StatusRequestTimeout || own.Status == http.StatusConflict ||
			own.Has(inProgress)
		return &own
	}
	if err == nil && k.stream == nil {
		err = unreadable(k.read(body))
	}
	if err == nil {
		return nil
	}
	_, odd := InvalidAnswer(err)
	return &Error{Operation: k.operation, Status: sent.answered(), Err: err, unknown: sent.maybeSent(err), final: odd}
}

// stream is handed to plutov in place of a buffer. io.Copy gives a ReaderFrom the answer's body itself, so that it is
// decoded as it arrives.
type stream func(io.Reader) error

// ReadFrom reads the answer. It does not count what it read: nobody asks.
func (s stream) ReadFrom(r io.Reader) (int64, error) { return 0, unreadable(s(r)) }

// Write is never called, because io.Copy prefers ReadFrom; without it this would be no io.Writer.
func (s stream) Write([]byte) (int, error) {
	return 0, errors.New("the answer was not given as a stream")
}

func unreadable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errUnreadable, err)
}

// note tells log and metrics about an attempt. Ids of ours and PayPal's may be logged; bodies and headers never are.
func (c *Client) note(ctx context.Context, k call, sent *sending, took time.Duration, failure *Error) {
	c.observe(k.operation, sent.answered(), took)
	level, attrs := slog.LevelDebug, []slog.Attr{
		slog.String("operation", k.operation), slog.Int("status", sent.answered()), slog.Duration("took", took),
	}
	if failure != nil {
		attrs = append(attrs, slog.String("error", failure.Error()))
		if failure.temporary() {
			level = slog.LevelWarn
		}
	}
	c.log.LogAttrs(ctx, level, "PayPal call", attrs...)
}

// pause waits before the next attempt: PayPal's Retry-After where it sent one, and a random part of our own backoff on
// top. It is false when the time left does not reach that far; then the call has failed now, not later.
func (c *Client) pause(ctx context.Context, k call, try int, failure *Error) bool {
	wait := failure.RetryAfter + rand.N(firstPause<<(try-1)) //nolint:gosec // jitter, not a secret
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "PayPal call waits for another attempt",
		slog.String("operation", k.operation), slog.Int("attempt", try+1), slog.Duration("wait", wait))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
