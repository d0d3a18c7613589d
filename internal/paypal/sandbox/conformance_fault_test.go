package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// reasons are the single faults in an error of kin-openapi.
func reasons(err error) []string {
	switch e := err.(type) {
	case nil:
		return nil
	case openapi3.MultiError:
		var all []string
		for _, inner := range e {
			all = append(all, reasons(inner)...)
		}
		return all
	case *openapi3filter.RequestError:
		return within(requestPart(e), e.Reason, e.Err)
	case *openapi3filter.ResponseError:
		return within("", e.Reason, e.Err)
	case *openapi3.SchemaError:
		return schemaReasons(e)
	default:
		if inner, wraps := err.(interface{ Unwrap() error }); wraps {
			return reasons(inner.Unwrap())
		}
		return []string{err.Error()}
	}
}

func requestPart(e *openapi3filter.RequestError) string {
	if e.Parameter != nil {
		return e.Parameter.In + " " + e.Parameter.Name
	}
	return ""
}

func within(part, reason string, inner error) []string {
	found := reasons(inner)
	if inner == nil {
		found = []string{reason}
	}
	for i := range found {
		found[i] = strings.TrimSpace(part + " " + strings.TrimPrefix(found[i], "/: "))
	}
	return found
}

// schemaReasons goes down to what did not fit. Of alternatives (anyOf, oneOf) it is of no use to know why each failed.
func schemaReasons(e *openapi3.SchemaError) []string {
	if e.SchemaField == "allOf" && e.Origin != nil {
		return reasons(e.Origin)
	}
	reason := e.Reason
	switch e.SchemaField {
	case "enum":
		reason = fmt.Sprintf("%v is not one of the allowed values", e.Value)
	case "format":
		reason = "not of the format " + e.Schema.Format
	case "oneOf", "anyOf":
		reason = "fits none of the alternatives"
	}
	return []string{general("/"+strings.Join(e.JSONPointer(), "/")) + ": " + reason}
}

// general writes a JSON pointer without the numbers in it.
func general(pointer string) string {
	steps := strings.Split(pointer, "/")
	for i, step := range steps {
		if _, err := strconv.Atoi(step); err == nil {
			steps[i] = "*"
		}
	}
	return strings.Join(steps, "/")
}

// undeclared are the members of a body that its schema does not name. JSON Schema allows them; a document that lists
// what an answer holds does not mean them.
func undeclared(media *openapi3.MediaType, body []byte) []string {
	var value any
	if media == nil || media.Schema == nil || json.Unmarshal(body, &value) != nil {
		return nil // the validation has said so
	}
	return slices.Compact(slices.Sorted(slices.Values(undeclaredIn([]*openapi3.Schema{media.Schema.Value}, value, ""))))
}

func undeclaredIn(schemas []*openapi3.Schema, value any, at string) []string {
	var found []string
	switch v := value.(type) {
	case map[string]any:
		named, open := members(schemas)
		for name, inner := range v {
			if below := named[name]; below != nil {
				found = append(found, undeclaredIn(below, inner, at+"/"+name)...)
			} else if !open && len(named) > 0 {
				found = append(found, at+"/"+name+": the document does not know this member")
			}
		}
	case []any:
		var below []*openapi3.Schema
		for _, s := range flatten(schemas) {
			if s.Items != nil {
				below = append(below, s.Items.Value)
			}
		}
		for _, inner := range v {
			found = append(found, undeclaredIn(below, inner, at+"/*")...)
		}
	}
	return found
}

// members are the properties that schemas name together; open when one of them takes any others.
func members(schemas []*openapi3.Schema) (named map[string][]*openapi3.Schema, open bool) {
	named = map[string][]*openapi3.Schema{}
	for _, s := range flatten(schemas) {
		for name, ref := range s.Properties {
			named[name] = append(named[name], ref.Value)
		}
		open = open || s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has ||
			s.AdditionalProperties.Schema != nil
	}
	return named, open
}

// flatten adds the parts that schemas are made of.
func flatten(schemas []*openapi3.Schema) []*openapi3.Schema {
	var all []*openapi3.Schema
	for _, s := range schemas {
		all = append(all, s)
		for _, refs := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
			for _, ref := range refs {
				all = append(all, flatten([]*openapi3.Schema{ref.Value})...)
			}
		}
	}
	return all
}

// forPeople are the relations of links that lead to a page, not to an operation.
var forPeople = []string{"approve", "payer-action", "redirect", "information_link"}

// linkFaults are the links of an answer, at any depth, that lead to no operation of PayPal's.
func (d *documents) linkFaults(body []byte) []string {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return nil
	}
	var faults []string
	eachLink(value, func(href, rel, method string) {
		req, err := http.NewRequestWithContext(context.Background(), method, href, nil)
		if err == nil && !slices.Contains(forPeople, rel) {
			if route, _ := d.find(req); route == nil {
				err = errors.New("no document has such an operation")
			}
		}
		if err != nil {
			faults = append(faults, fmt.Sprintf("the link %s, %s: %v", rel, method, err))
		}
	})
	return faults
}

func eachLink(value any, visit func(href, rel, method string)) {
	switch v := value.(type) {
	case map[string]any:
		if href, isText := v["href"].(string); isText {
			rel, _ := v["rel"].(string)
			method, _ := v["method"].(string)
			visit(href, rel, method)
		}
		for _, inner := range v {
			eachLink(inner, visit)
		}
	case []any:
		for _, inner := range v {
			eachLink(inner, visit)
		}
	}
}
