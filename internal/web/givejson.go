package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"readerfund/internal/admission"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/web/page"
)

// started is the answer to a program.
type started struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	Receipt    string `json:"receipt"`
	ApproveURL string `json:"approve_url"`
}

// giveJSON starts a contribution for a program. The same Idempotency-Key gives the same answer again.
func (s *site) giveJSON(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	body, err := page.ReadBody(w, r, page.MaxForm)
	if err != nil {
		return err
	}
	in, solution, err := intentOfJSON(body)
	if err != nil {
		return err
	}
	in.IdempotencyKey, in.Locale = r.Header.Get("Idempotency-Key"), page.Language(r)
	c, err := s.start(ctx, r, in, admission.Proof{Solution: solution})
	if n := notYet(err); n != nil {
		return tooMany(n)
	}
	if err != nil {
		return err
	}
	if _, err := s.nextStep(c); err != nil {
		return err
	}
	page.WriteJSON(w, http.StatusCreated, page.JSONType, started{ID: c.ID.String(), Status: string(c.State), Receipt: c.Receipt, ApproveURL: c.ApproveURL})
	return nil
}

// intentOfJSON reads the fields of the interface. Fields it does not know are left alone, so that a program written for
// a newer version still works with this one; a field of the wrong type is the program's mistake and is named.
func intentOfJSON(body []byte) (in contribution.Intent, solution string, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return in, "", page.NewError(http.StatusBadRequest, "The body is not a JSON object.")
	}
	var problems []error
	for name, to := range map[string]*string{
		"campaign": &in.Campaign, "amount": &in.Amount, "currency": &in.Currency, "frequency": &in.Frequency,
		"utm_source": &in.UTM.Source, "utm_medium": &in.UTM.Medium, "utm_campaign": &in.UTM.Campaign,
		"utm_term": &in.UTM.Term, "utm_content": &in.UTM.Content,
		"article": &in.Article, "name": &in.Name, "email": &in.Email, "message": &in.Message,
		solutionField: &solution,
	} {
		if json.Unmarshal(orNull(fields[name]), to) != nil {
			problems = append(problems, fault.Invalidf(name, "%s must be text in quotes%s.", name, like(name)))
		}
	}
	var named *bool // absent where the program did not ask
	var anonymous bool
	for name, to := range map[string]any{"named": &named, "anonymous": &anonymous, "cover_fee": &in.CoverFee} {
		if json.Unmarshal(orNull(fields[name]), to) != nil {
			problems = append(problems, fault.Invalidf(name, "%s must be true or false.", name))
		}
	}
	in.Naming = naming(named, anonymous)
	return in, solution, errors.Join(problems...)
}

// orNull reads a missing field as null, which leaves its zero value.
func orNull(raw json.RawMessage) []byte {
	if len(bytes.TrimSpace(raw)) == 0 {
		return []byte("null")
	}
	return raw
}

func like(name string) string {
	if name == "amount" {
		return `, like "25.00": a number could lose cents`
	}
	return ""
}
