package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// checker gathers what is wrong with a request. PayPal answers a violated schema (400) before it looks at the meaning
// (422), so the two are kept apart.
type checker struct {
	op        operation
	malformed []detail
	refused   []detail
}

// textRule is what the documents demand of a string.
type textRule struct {
	required bool
	min, max int
	pattern  *regexp.Regexp
	oneOf    []string
}

var (
	emailPattern = regexp.MustCompile(`^[a-zA-Z0-9!#$%&'*+/=?^_` + "`" +
		`{|}~.-]+@(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$`)
	merchantPattern = regexp.MustCompile(`^[2-9A-HJ-NP-Z]{13}$`)
	localePattern   = regexp.MustCompile(`^[a-z]{2}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$`)
	quantityPattern = regexp.MustCompile(`^[1-9][0-9]{0,9}$`)
)

// bad notes a violation of the schema.
func (c *checker) bad(field, value, code string) {
	code = c.op.listed(code)
	c.malformed = append(c.malformed, detail{field, value, "body", code, describe(c.op, code)})
}

// refuse notes a violation of a business rule.
func (c *checker) refuse(field, value, code string) {
	c.refused = append(c.refused, detail{field, value, "body", code, describe(c.op, code)})
}

// problem is the answer to what was found, nil if nothing was. (The type is concrete: callers return it as an error
// only when it is not nil.)
func (c *checker) problem() *problem {
	switch {
	case len(c.malformed) > 0:
		return statusProblem(400, c.malformed...)
	case len(c.refused) > 0:
		return statusProblem(422, c.refused...)
	default:
		return nil
	}
}

// text reads a string field and checks it.
func (c *checker) text(obj map[string]any, at, name string, rule textRule) string {
	field := at + "/" + name
	raw, given := obj[name]
	if !given || raw == nil {
		if rule.required {
			c.bad(field, "", "MISSING_REQUIRED_PARAMETER")
		}
		return ""
	}
	value, isText := raw.(string)
	length := utf8.RuneCountInString(value)
	switch {
	case !isText:
		c.bad(field, compact(raw), "INVALID_PARAMETER_SYNTAX")
	case length < rule.min:
		c.bad(field, value, badShort)
	case rule.max > 0 && length > rule.max:
		c.bad(field, value, badLong)
	case rule.oneOf != nil && !slices.Contains(rule.oneOf, value):
		c.bad(field, value, "INVALID_PARAMETER_VALUE")
	case rule.pattern != nil && !rule.pattern.MatchString(value):
		c.bad(field, value, "INVALID_PARAMETER_SYNTAX")
	default:
		return value
	}
	return ""
}

// address reads an absolute http or https URL.
func (c *checker) address(obj map[string]any, at, name string) string {
	value := c.text(obj, at, name, textRule{})
	if given, isText := obj[name].(string); !isText || value != given {
		return "" // absent, or noted already
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		c.bad(at+"/"+name, value, "INVALID_PARAMETER_SYNTAX")
		return ""
	}
	return value
}

// object reads a nested object; nil if it is absent or null.
func (c *checker) object(obj map[string]any, at, name string) map[string]any {
	raw, given := obj[name]
	if !given || raw == nil {
		return nil
	}
	nested, isObject := raw.(map[string]any)
	if !isObject {
		c.bad(at+"/"+name, compact(raw), "INVALID_PARAMETER_SYNTAX")
	}
	return nested
}

// list reads a nested array; nil if it is absent or null.
func (c *checker) list(obj map[string]any, at, name string) []any {
	raw, given := obj[name]
	if !given || raw == nil {
		return nil
	}
	items, isList := raw.([]any)
	if !isList {
		c.bad(at+"/"+name, compact(raw), "INVALID_PARAMETER_SYNTAX")
	}
	return items
}

// integer reads a whole number within bounds.
func (c *checker) integer(obj map[string]any, at, name string, otherwise, least, most int) int {
	raw, given := obj[name]
	if !given || raw == nil {
		return otherwise
	}
	field := at + "/" + name
	number, isNumber := raw.(json.Number)
	n, err := strconv.Atoi(number.String())
	switch {
	case !isNumber || err != nil:
		c.bad(field, compact(raw), badSyntax)
	case n < least:
		c.bad(field, number.String(), badSmall)
	case n > most:
		c.bad(field, number.String(), badLarge)
	default:
		return n
	}
	return otherwise
}

// flag reads a boolean.
func (c *checker) flag(obj map[string]any, at, name string, otherwise bool) bool {
	raw, given := obj[name]
	if !given || raw == nil {
		return otherwise
	}
	is, isFlag := raw.(bool)
	if !isFlag {
		c.bad(at+"/"+name, compact(raw), badSyntax)
		return otherwise
	}
	return is
}

// need notes that a member which has to be there is not.
func (c *checker) need(obj map[string]any, at, name string) {
	if obj[name] == nil {
		c.bad(at+"/"+name, "", badMissing)
	}
}

// amountRule says how an amount may be: where it stands in the document (at, for 400), how PayPal names the place when
// the meaning is wrong (named, for 422), and whether zero will do.
type amountRule struct {
	at, named string
	zero      bool
}

// amount checks a money object. ok is false when it cannot be used.
func (c *checker) amount(obj map[string]any, rule amountRule) (m money, ok bool) {
	before := len(c.malformed) + len(c.refused)
	currency := c.text(obj, rule.at, "currency_code", textRule{required: true, min: 3, max: 3})
	value := c.text(obj, rule.at, "value", textRule{required: true, max: 32})
	if len(c.malformed)+len(c.refused) > before {
		return money{}, false
	}
	if !isDecimal(value) {
		c.bad(rule.at+"/value", value, "INVALID_PARAMETER_SYNTAX")
		return money{}, false
	}
	if _, settled := decimals[currency]; !settled {
		c.refuse(rule.named+"/currency_code", currency, "INVALID_CURRENCY_CODE")
		return money{}, false
	}
	minor, code := parseMinor(currency, value)
	switch {
	case code == "MAX_VALUE_EXCEEDED" && c.op == opRefund:
		code = "REFUND_AMOUNT_EXCEEDED" // which it is in any case; a refund's list does not have the other
	case code != "":
	case rule.zero && minor < 0:
		code = "CANNOT_BE_NEGATIVE"
	case !rule.zero && minor <= 0:
		code = "CANNOT_BE_ZERO_OR_NEGATIVE"
	default:
		return money{currency, minor}, true
	}
	c.refuse(rule.named+"/value", value, code)
	return money{}, false
}

// decodeObject reads one JSON object and nothing after it; an empty body is an empty object.
func decodeObject(body []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, nil
	}
	var obj map[string]any
	if err := decodeOne(body, &obj); err != nil {
		return nil, err
	}
	if obj == nil {
		return nil, errors.New("null is not an object")
	}
	return obj, nil
}

// decodeOne reads exactly one JSON value, with numbers as they were written.
func decodeOne(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}

// compact is a JSON value as text, for the value of an error's detail.
func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}
