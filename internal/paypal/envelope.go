package paypal

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// Envelope is what it takes to keep an event. It is a part of the Event that is read in a fraction of the time: every
// delivery is read so before it is answered, and as an Event only when it is worked on.
type Envelope struct {
	ID         string // "WH-…": the same in every delivery of one event
	Type       string // "PAYMENT.CAPTURE.COMPLETED"
	ResourceID string // the resource's own id; may be empty
}

// ParseEnvelope reads the outside of a webhook's body. It fails just when ParseEvent does, and what it reads is what
// ParseEvent reads; a fuzz test holds the two together.
//
// It walks over the bytes and makes nothing of them but the values it is asked for: a map of everything else, as
// encoding/json makes it, took a third of the time that a delivery takes.
func ParseEnvelope(body []byte) (Envelope, error) {
	var id, kind, resource, own, dispute, order []byte
	err := members(body, func(key, value []byte) {
		switch string(key) {
		case "id":
			id = value
		case "event_type":
			kind = value
		case "resource":
			resource = value
		}
	})
	if err != nil {
		return Envelope{}, fmt.Errorf("paypal: read a webhook event: %w", err)
	}
	_ = members(resource, func(key, value []byte) { // a resource that is no object has no members
		switch string(key) {
		case "id":
			own = value
		case "dispute_id":
			dispute = value
		case "order_id":
			order = value
		}
	})
	e := Envelope{
		ID: fitting(id, eventIDShape), Type: fitting(kind, eventTypeShape),
		ResourceID: or(fitting(own, idShape), or(fitting(dispute, idShape), fitting(order, idShape))),
	}
	if err := e.usable(); err != nil {
		return Envelope{}, err
	}
	return e, nil
}

func (e Envelope) usable() error {
	if e.ID == "" || e.Type == "" {
		return errors.New("paypal: read a webhook event: it has no usable id or event_type")
	}
	return nil
}

// fitting is a JSON value as text, if it has the shape; see looseText.
func fitting(value []byte, shape *regexp.Regexp) string {
	var t looseText
	if len(value) > 1 && value[0] == '"' {
		t = looseText(unquoted(value))
	} else {
		_ = t.UnmarshalJSON(value) // it never fails
	}
	if shape.MatchString(string(t)) {
		return string(t)
	}
	return ""
}

// members gives each member of a JSON object, the key without its quotes and the value as it is written, in the order
// in which they stand there. It takes exactly what encoding/json takes (RFC 8259, nested 10,000 levels at most, strings
// in bad UTF-8 let pass), and fails after having given what came before the fault.
func members(doc []byte, each func(key, value []byte)) error {
	w := walk{doc: doc}
	w.blank()
	if !w.is('{') || !w.object(1, each) {
		return errNoObject
	}
	if w.blank(); w.at != len(doc) {
		return errNoObject
	}
	return nil
}

var errNoObject = errors.New("it is not a JSON object") // a parser's own words would quote the body

// deepest is how far encoding/json follows nested arrays and objects.
const deepest = 10_000

// walk is a place in a JSON document. Its methods step over what their names say, and tell whether it was there.
type walk struct {
	doc []byte
	at  int
}

func (w *walk) is(c byte) bool { return w.at < len(w.doc) && w.doc[w.at] == c }

func (w *walk) take(c byte) bool {
	if !w.is(c) {
		return false
	}
	w.at++
	return true
}

func (w *walk) blank() {
	for w.at < len(w.doc) {
		switch w.doc[w.at] {
		case ' ', '\t', '\r', '\n':
			w.at++
		default:
			return
		}
	}
}

func (w *walk) value(depth int) bool {
	if w.at == len(w.doc) {
		return false
	}
	switch c := w.doc[w.at]; c {
	case '"':
		return w.text()
	case '{':
		return w.object(depth, nil)
	case '[':
		return w.array(depth)
	case 't':
		return w.word("true")
	case 'f':
		return w.word("false")
	case 'n':
		return w.word("null")
	default:
		return w.number()
	}
}

func (w *walk) word(is string) bool {
	end := w.at + len(is)
	if end > len(w.doc) || string(w.doc[w.at:end]) != is {
		return false
	}
	w.at = end
	return true
}

// object calls each, if there is one, with every member.
func (w *walk) object(depth int, each func(key, value []byte)) bool {
	w.at++ // its brace
	if depth > deepest {
		return false
	}
	if w.blank(); w.take('}') {
		return true
	}
	for {
		begins := w.at
		if !w.text() {
			return false
		}
		ends := w.at
		if w.blank(); !w.take(':') {
			return false
		}
		w.blank()
		value := w.at
		if !w.value(depth + 1) {
			return false
		}
		if each != nil {
			each(unquoted(w.doc[begins:ends]), w.doc[value:w.at])
		}
		w.blank()
		if !w.take(',') {
			return w.take('}')
		}
		w.blank()
	}
}

func (w *walk) array(depth int) bool {
	w.at++ // its bracket
	if depth > deepest {
		return false
	}
	if w.blank(); w.take(']') {
		return true
	}
	for {
		if !w.value(depth + 1) {
			return false
		}
		w.blank()
		if !w.take(',') {
			return w.take(']')
		}
		w.blank()
	}
}

func (w *walk) text() bool {
	if !w.take('"') {
		return false
	}
	doc, at := w.doc, w.at
	for {
		for at < len(doc) && plain(doc[at]) {
			at++
		}
		switch w.at = at; {
		case w.take('"'):
			return true
		case !w.take('\\') || !w.escape():
			return false
		}
		at = w.at
	}
}

// plain is a byte that stands for itself in a string.
func plain(c byte) bool { return c >= ' ' && c != '"' && c != '\\' }

func (w *walk) escape() bool {
	if w.at == len(w.doc) {
		return false
	}
	c := w.doc[w.at]
	w.at++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if w.at == len(w.doc) || !hexDigit(w.doc[w.at]) {
				return false
			}
			w.at++
		}
		return true
	default:
		return false
	}
}

func hexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func (w *walk) number() bool {
	w.take('-')
	if !w.take('0') && !w.digits() {
		return false
	}
	if w.take('.') && !w.digits() {
		return false
	}
	if w.take('e') || w.take('E') {
		if !w.take('+') {
			w.take('-')
		}
		return w.digits()
	}
	return true
}

func (w *walk) digits() bool {
	begins := w.at
	for w.at < len(w.doc) && w.doc[w.at] >= '0' && w.doc[w.at] <= '9' {
		w.at++
	}
	return w.at > begins
}

// unquoted is a string that text has walked over. What is not plain ASCII is read as encoding/json reads it.
func unquoted(quoted []byte) []byte {
	for _, c := range quoted {
		if c == '\\' || c >= utf8.RuneSelf {
			var text string
			_ = json.Unmarshal(quoted, &text) // it is a string
			return []byte(text)
		}
	}
	return quoted[1 : len(quoted)-1]
}
