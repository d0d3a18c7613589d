package paypal

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/text"
)

// looseText is a string that takes a number or a boolean as it is written, and null as nothing.
type looseText string

// UnmarshalJSON never fails: what is neither text nor a plain value becomes empty.
func (t *looseText) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case len(b) == 0, b[0] == '{', b[0] == '[', bytes.Equal(b, []byte("null")):
	case b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	default:
		*t = looseText(b)
	}
	return nil
}

// line is free text of PayPal's: names, reasons, its own words. Whatever stands there, it becomes one clean line of at
// most 1,000 characters, so that it can be stored and shown and never stands in the way of a booking.
type line string

const longestLine = 1000

// UnmarshalJSON never fails: what is neither text nor a plain value becomes empty.
func (l *line) UnmarshalJSON(b []byte) error {
	var t looseText
	_ = t.UnmarshalJSON(b)
	*l = line(oneLine(string(t), longestLine))
	return nil
}

// oneLine cleans words for people and cuts them.
func oneLine(words string, most int) string { return cut(text.Line(words), most) }

// lenient is a part of an answer that a booking does not depend on: what does not fit its shape is left out.
type lenient[T any] struct{ v T }

// UnmarshalJSON never fails.
func (l *lenient[T]) UnmarshalJSON(b []byte) error {
	_ = json.Unmarshal(b, &l.v) // what it could read stays
	return nil
}

// instant is a time as PayPal writes it (RFC 3339 with Z or an offset, with or without a fraction); zero when it
// cannot be read, because PayPal has sent a month 19 and no money depends on it.
type instant struct{ time.Time }

// UnmarshalJSON never fails.
func (i *instant) UnmarshalJSON(b []byte) error {
	var text looseText
	_ = text.UnmarshalJSON(b)
	i.Time = readTime(string(text))
	return nil
}

func readTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

type linkJSON struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

// linked finds the id in the first link of this relation whose path is the resource's, like
// "https://api.paypal.com/v2/payments/captures/0JF852973C016714D" for rel "up" and resource "/v2/payments/captures/".
func linked(links []linkJSON, rel, resource string) string {
	for _, l := range links {
		if l.Rel == rel {
			if id := under(l.path(), resource); id != "" {
				return id
			}
		}
	}
	return ""
}

// path is empty where the link leads to no address.
func (l linkJSON) path() string {
	u, err := url.Parse(l.Href)
	if err != nil {
		return ""
	}
	return u.Path
}

// under is the id that a path ends with below a resource's; empty where it is none.
func under(path, resource string) string {
	if id, ok := strings.CutPrefix(path, resource); ok && idShape.MatchString(id) {
		return id
	}
	return ""
}

// amountJSON is PayPal's money of v2.
type amountJSON struct {
	Currency string    `json:"currency_code"`
	Value    looseText `json:"value"`
}

func writeAmount(a money.Amount) amountJSON {
	return amountJSON{Currency: string(a.Currency), Value: looseText(a.Decimal())}
}

// read takes what PayPal's documents allow and our own parser does not: no digit before the point, and zeros beyond
// the currency's decimals ("1000.00" JPY). Any other digit there is an error: we would have to round money.
func (a amountJSON) read() (money.Amount, error) {
	c, err := money.ParseCurrency(a.Currency)
	if err != nil {
		return money.Amount{}, invalidf("an amount is in the currency %q, which PayPal does not settle", code(a.Currency))
	}
	text := string(a.Value)
	digits, negative := strings.CutPrefix(text, "-")
	whole, decimals, _ := strings.Cut(digits, ".")
	for len(decimals) > c.Exponent() && strings.HasSuffix(decimals, "0") {
		decimals = decimals[:len(decimals)-1]
	}
	if whole == "" {
		whole = "0"
	}
	if decimals != "" {
		whole += "." + decimals
	}
	if negative {
		whole = "-" + whole
	}
	amount, err := money.ParseSigned(whole, c)
	if err != nil || digits == "" || digits == "." {
		return money.Amount{}, invalidf("%q is no amount of %s", code(text), c)
	}
	return amount, nil
}

// readInto reads an amount that PayPal leaves out until it is known, and leaves to alone where there is none.
func (a *amountJSON) readInto(to **money.Amount) error {
	if a == nil {
		return nil
	}
	amount, err := a.read()
	if err == nil {
		*to = &amount
	}
	return err
}
