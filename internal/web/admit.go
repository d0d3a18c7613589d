package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"readerfund/internal/admission"
	"readerfund/internal/altcha"
	"readerfund/internal/contribution"
	"readerfund/internal/web/page"
)

// The fields that prove a reader. The first has ALTCHA's own name, so that its widget can fill it in.
const (
	solutionField = "altcha"
	turnField     = "turn"
)

// start begins a gift, if one more may be begun from where it comes: else the error is a *admission.NotYetError. A slip
// in the form is no gift yet and not counted, and neither is one more copy of a key.
func (s *site) start(
	ctx context.Context, r *http.Request, in contribution.Intent, p admission.Proof,
) (contribution.Contribution, error) {
	if s.Gate == nil {
		return s.Desk.Start(ctx, in)
	}
	var pass admission.Pass
	c, err := s.Desk.StartIf(ctx, in, func(ctx context.Context) (err error) {
		from := page.ClientOf(ctx)
		pass, err = s.Gate.Admit(ctx, admission.Visitor{
			Address: from.Address.String(), Network: from.Network.String(), Begun: s.begunLately(r), Key: in.IdempotencyKey,
		}, p)
		return err
	})
	if err != nil {
		return c, err
	}
	if err := s.Gate.Began(ctx, pass, c.ID); err != nil { // the gift counts for more than the count
		s.Log.WarnContext(ctx, "what becomes of a gift will not be counted", "request", page.RequestID(ctx), "error", err)
	}
	return c, nil
}

// moment is the page between the form and PayPal.
type moment struct {
	Fields    []field
	Challenge *altcha.Challenge // nil: only waiting helps
	Turn      string
	TurnIn    string // in seconds
	Wait      string
}

type field struct{ Name, Value string }

// oneMoment keeps what the reader filled in and asks for a proof, or to come back.
func (s *site) oneMoment(w http.ResponseWriter, r *http.Request, sent url.Values, n *admission.NotYetError) error {
	if sent.Get("idempotency_key") == "" { // as from the appeal without JavaScript: from here on it stays one gift
		sent.Set("idempotency_key", rand.Text())
	}
	m := moment{Challenge: n.Challenge, Turn: n.Turn, TurnIn: page.Seconds(n.TurnIn), Wait: page.Wait(n.Wait)}
	for name, values := range sent {
		if name == solutionField || name == turnField {
			continue
		}
		for _, value := range values {
			m.Fields = append(m.Fields, field{name, value})
		}
	}
	slices.SortStableFunc(m.Fields, func(a, b field) int { return cmp.Compare(a.Name, b.Name) })
	title := "One moment, please"
	if n.Challenge == nil {
		title = "Please try again in a few minutes"
	}
	w.Header().Set("Retry-After", page.Seconds(n.Wait))
	return s.pages.Render(w, r, http.StatusTooManyRequests, "public/moment.html", page.Page{Title: title, NoIndex: true, Data: m})
}

// tooMany is what a program is told.
func tooMany(n *admission.NotYetError) error {
	e := &page.Error{
		Status: http.StatusTooManyRequests, Title: "One moment, please", RetryAfter: n.Wait, Challenge: n.Challenge,
		Detail: "Many gifts were started lately. Send the same with the challenge's solution as \"altcha\", or wait.",
	}
	if n.Challenge == nil {
		e.Challenge = nil // and not a pointer that is nil
		e.Detail = "A great many gifts were started from your network and not paid. Nothing was charged. " +
			"Please try again later."
	}
	return e
}

// notYet is the error's wish for a proof, or nil.
func notYet(err error) *admission.NotYetError {
	n, _ := errors.AsType[*admission.NotYetError](err)
	return n
}

// begunLately is how many gifts this browser says it has begun within the limits' window: their ids hold the time
// (RFC 9562, section 5.7).
func (s *site) begunLately(r *http.Request) (n int) {
	for _, id := range s.recalled(r) {
		seconds, nanos := id.Time().UnixTime()
		if s.Now().Sub(time.Unix(seconds, nanos)) < admission.Window {
			n++
		}
	}
	return n
}
