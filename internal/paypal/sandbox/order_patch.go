package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// patchStep is one operation of a JSON patch.
type patchStep struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// patchable are the parts of a purchase unit that may be changed, and how [Orders v2, orders.patch].
var patchable = map[string][]string{
	"custom_id":           {"replace", "add", "remove"},
	"description":         {"replace", "add", "remove"},
	"invoice_id":          {"replace", "add", "remove"},
	"soft_descriptor":     {"replace", "remove"},
	"amount":              {"replace"},
	"items":               {"replace", "add", "remove"},
	"payment_instruction": {"replace"},
	"payee":               {"replace"},
	"shipping":            {"replace", "add"},
}

// patchOrder is PATCH /v2/checkout/orders/{id}. All steps are taken, or none.
func (s *Server) patchOrder(c *call) (reply, error) {
	var steps []patchStep
	if err := decodeOne(c.body, &steps); err != nil {
		return reply{}, malformed(c.op)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.liveOrder(c.id())
	switch {
	case o == nil:
		return reply{}, notFound(c.op)
	case o.Status == statusCompleted:
		return reply{}, issueProblem(c.op, "ORDER_ALREADY_COMPLETED")
	}
	units := slices.Clone(o.Units)
	for _, step := range steps {
		if p := s.patchUnit(o, units, step); p != nil {
			return reply{}, p
		}
	}
	o.Units = units
	o.Updated = s.now()
	s.journal.put("order", o.ID, o)
	return reply{http.StatusNoContent, nil}, nil
}

// patchUnit takes one step on the purchase unit that it names. Holds s.mu.
func (s *Server) patchUnit(o *order, units []unit, step patchStep) *problem {
	ref, part, p := step.target()
	if p != nil {
		return p
	}
	at := slices.IndexFunc(units, func(u unit) bool { return u.ReferenceID == ref })
	if at < 0 {
		return issueProblem(opPatch, "REFERENCE_ID_NOT_FOUND")
	}
	object := unitObject(&units[at])
	if p := step.edit(object, part); p != nil {
		return p
	}
	c := &checker{op: opPatch}
	next := c.unit(object, "/purchase_units/"+ref)
	if p := c.problem(); p != nil {
		return p
	}
	if o.Status == statusApproved && next.Amount != units[at].Amount {
		return issueProblem(opPatch, "AMOUNT_CHANGE_NOT_ALLOWED")
	}
	units[at] = next
	return nil
}

// target reads a path such as /purchase_units/@reference_id=='default'/amount.
func (step patchStep) target() (ref, part string, p *problem) {
	switch {
	case step.Op != "add" && step.Op != "replace" && step.Op != "remove":
		c := &checker{op: opPatch}
		c.bad("/op", step.Op, "INVALID_PARAMETER_VALUE")
		return "", "", c.problem()
	case step.Path == "":
		return "", "", issueProblem(opPatch, "PATCH_PATH_REQUIRED")
	case !strings.HasPrefix(step.Path, "/"):
		return "", "", issueProblem(opPatch, "INVALID_JSON_POINTER_FORMAT")
	case step.Op != "remove" && step.Value == nil:
		return "", "", issueProblem(opPatch, "PATCH_VALUE_REQUIRED")
	}
	rest, isUnit := strings.CutPrefix(step.Path, "/purchase_units/@reference_id=='")
	ref, part, closed := strings.Cut(rest, "'/")
	if !isUnit || !closed {
		return "", "", issueProblem(opPatch, "NOT_PATCHABLE")
	}
	return ref, part, nil
}

// edit changes one part of a unit's object.
func (step patchStep) edit(object map[string]any, part string) *problem {
	name, nested, deep := strings.Cut(part, "/")
	ops, known := patchable[name]
	if !known || !slices.Contains(ops, step.Op) {
		return issueProblem(opPatch, "NOT_PATCHABLE")
	}
	if deep {
		inner, _ := object[name].(map[string]any)
		copied := map[string]any{}
		for key, value := range inner {
			copied[key] = value
		}
		object[name], object, name = copied, copied, nested
	}
	_, present := object[name]
	switch {
	case step.Op == "remove" && present:
		delete(object, name)
	case step.Op == "remove", step.Op == "replace" && !present && !deep, step.Op == "add" && present:
		return issueProblem(opPatch, "INVALID_PATCH_OPERATION")
	default:
		object[name] = step.Value
	}
	return nil
}

// unitObject is a purchase unit as it would be sent.
func unitObject(u *unit) map[string]any {
	object := map[string]any{"reference_id": u.ReferenceID}
	for name, value := range u.Extra {
		if name != "breakdown" {
			object[name] = value
		}
	}
	amount := map[string]any{"currency_code": u.Amount.Currency, "value": u.Amount.String()}
	if u.Extra["breakdown"] != nil {
		amount["breakdown"] = u.Extra["breakdown"]
	}
	object["amount"] = amount
	to := map[string]any{}
	for name, value := range map[string]string{"email_address": u.Payee.Email, "merchant_id": u.Payee.MerchantID} {
		if value != "" {
			to[name] = value
		}
	}
	if len(to) > 0 {
		object["payee"] = to
	}
	for name, value := range map[string]string{
		"description": u.Description, "custom_id": u.CustomID, "invoice_id": u.InvoiceID, "soft_descriptor": u.SoftDescriptor,
	} {
		if value != "" {
			object[name] = value
		}
	}
	return object
}
