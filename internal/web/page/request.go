package page

import (
	"context"
)

// Request is what the server knows of a request before any handler sees it.
type Request struct {
	ID     string // for the log, and for a reader to quote
	Client Client // whose request it is
}

type requestKey struct{}

// WithRequest returns a context in which RequestID and ClientOf find q.
func WithRequest(ctx context.Context, q Request) context.Context {
	return context.WithValue(ctx, requestKey{}, q)
}

// RequestID is the request's id, or empty outside a request. A log handler may add it to every line.
func RequestID(ctx context.Context) string {
	q, _ := ctx.Value(requestKey{}).(Request)
	return q.ID
}
