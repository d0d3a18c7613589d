// Package api is the JSON interface for programs. It renders nothing: errors are problem details (RFC 9457), which
// internal/web/page writes.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"readerfund/internal/admission"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
)

// Contributions are gifts that programs start.
type Contributions struct {
	starter *gift.Starter
	locale  func(*http.Request) string
}

// NewContributions starts them with starter; locale is the language that PayPal's pages are to be in.
func NewContributions(starter *gift.Starter, locale func(*http.Request) string) *Contributions {
	return &Contributions{starter: starter, locale: locale}
}

// started is the answer to a program.
type started struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	Receipt    string `json:"receipt"`
	Amount     string `json:"amount"` // what is charged, with what covers the fee
	ApproveURL string `json:"approve_url"`
}

// Create answers POST /contributions with JSON: it starts a contribution for a program. Repeating an Idempotency-Key
// returns the same answer.
func (s *Contributions) Create(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), gift.Timeout)
	defer cancel()
	body, err := page.ReadBody(w, r, page.MaxForm)
	if err != nil {
		return err
	}
	in, solution, err := intentOfJSON(body)
	if err != nil {
		return err
	}
	in.IdempotencyKey, in.Locale = r.Header.Get("Idempotency-Key"), s.locale(r)
	c, err := s.starter.Start(ctx, r, in, admission.Proof{Solution: solution})
	if n, ok := errors.AsType[*admission.NotYetError](err); ok {
		return tooMany(n)
	}
	if err != nil {
		return err
	}
	if _, err := s.starter.Approval(c); err != nil {
		return err
	}
	page.WriteJSON(w, http.StatusCreated, page.JSONType, started{ID: c.ID.String(), Status: string(c.State),
		Receipt: c.Receipt, Amount: c.Amount.Decimal(), ApproveURL: c.Checkout.ApproveURL})
	return nil
}

// tooMany is the error that a program gets when it must wait.
func tooMany(n *admission.NotYetError) error {
	e := &page.Error{
		Status: http.StatusTooManyRequests, Title: i18n.New("web.one_moment"), RetryAfter: n.Wait, Challenge: n.Challenge,
		Detail: i18n.New("api.solve_or_wait", i18n.Args{"field": gift.SolutionField}),
	}
	if n.Challenge == nil {
		e.Challenge = nil // a nil pointer would not be nil as any
		e.Detail = i18n.New("web.too_many_unpaid")
	}
	return e
}

// intentOfJSON reads the fields of the interface. It ignores unknown fields, so that a program written for a newer
// version still works with this one; a field of the wrong type is the program's mistake and is named in the error.
func intentOfJSON(body []byte) (in contribution.Intent, solution string, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return in, "", page.NewError(http.StatusBadRequest, "api.no_json_object")
	}
	var problems []error
	for name, to := range map[string]*string{
		"campaign": &in.Campaign, "amount": &in.Amount, "currency": &in.Currency, "frequency": &in.Frequency,
		"utm_source": &in.Source.UTM.Source, "utm_medium": &in.Source.Medium, "utm_campaign": &in.Source.Campaign,
		"utm_term": &in.Source.Term, "utm_content": &in.Source.Content,
		"variant": &in.Source.Variant, "format": &in.Source.Format, "section": &in.Source.Section,
		"author": &in.Source.Author, "aid": &in.Source.ArticleRef, "referrer": (*string)(&in.Source.Referrer),
		"tribute": &in.Tribute.Kind, "tribute_name": &in.Tribute.Name,
		"article": &in.Article, "name": &in.Name, "email": &in.Email, "message": &in.Message,
		gift.SolutionField: &solution,
	} {
		if raw, given := fields[name]; given && json.Unmarshal(raw, to) != nil {
			problems = append(problems, notText(name))
		}
	}
	var named *bool // absent where the program did not ask
	var anonymous bool
	for name, to := range map[string]any{
		"named": &named, "anonymous": &anonymous, "cover_fee": &in.CoverFee, "shared": &in.Source.Shared,
	} {
		if raw, given := fields[name]; given && json.Unmarshal(raw, to) != nil {
			problems = append(problems, fault.Input(name, "api.not_boolean", fault.Args{"field": name}))
		}
	}
	in.Naming = gift.Naming(named, anonymous)
	return in, solution, errors.Join(problems...)
}

func notText(name string) error {
	if name == "amount" {
		return fault.Input(name, "api.amount_not_text", fault.Args{"field": name, "example": `"25.00"`})
	}
	return fault.Input(name, "api.not_text", fault.Args{"field": name})
}
