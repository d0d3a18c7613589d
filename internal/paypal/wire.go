package paypal

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// Limits of what we read of an answer. PayPal's largest answers to the calls here are a few kilobytes. They count
// bytes after decompression, so that a small compressed body cannot become a large one in memory.
const (
	maxAnswer    = 4 << 20
	maxErrorBody = 64 << 10
	maxHeaders   = 64 << 10
)

// wire is the RoundTripper under plutov's client. It bounds what is read, and turns every answer outside 2xx into an
// *Error: plutov itself loses the status when such a body is not JSON, the links always, and takes OAuth's error shape
// for an empty one. Returning an error for a status bends the contract of http.RoundTripper; it is the one place where
// the answer can be kept whole, and only this package's http.Client sees it.
type wire struct {
	next http.RoundTripper
	now  func() time.Time
}

// RoundTrip sends one request.
func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if s, ok := req.Context().Value(sendingKey{}).(*sending); ok {
		s.status.Store(int64(resp.StatusCode))
	}
	if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	// A body that breaks off still has a status, and the status is what counts.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	return nil, readError(resp, body, w.now())
}

// stayHere keeps http.Client from following redirects: PayPal's API has none, and one would carry our token elsewhere.
func stayHere(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// newTransport is http.DefaultTransport with shorter time-outs. How long to wait for the answer itself is the call's.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 3 * time.Second},
		TLSHandshakeTimeout:    3 * time.Second,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: maxHeaders,
	}
}

// sending watches one attempt, to tell afterwards whether PayPal can have heard of it and what the status was.
type sending struct {
	asked, connected atomic.Bool
	status           atomic.Int64
}

type sendingKey struct{}

// answered is the HTTP status, 0 when there was no answer.
func (s *sending) answered() int { return int(s.status.Load()) }

func (s *sending) watch(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, sendingKey{}, s)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// A second connection is wanted only when http.Transport knows that nothing was sent on the first, because the
		// peer had closed it: for a POST it tries again in no other case.
		GetConn: func(string) { s.asked.Store(true); s.connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { s.connected.Store(true) },
	})
}

// maybeSent is false only where it is certain that no byte of the request left: a connection was wanted and none came.
// A transport that reports nothing counts as having sent.
func (s *sending) maybeSent(err error) bool {
	if s.asked.Load() && !s.connected.Load() {
		return false
	}
	dial, ok := errors.AsType[*net.OpError](err)
	return !ok || dial.Op != "dial"
}
