package sandbox

import (
	"bytes"
	"encoding/json"
)

// change lays a JSON merge patch (RFC 7396) over the event, as a fault wants it: null takes a member away, wherever it
// stands.
func (e *event) change(patch json.RawMessage) error {
	var whole, changes map[string]any
	if err := decodeOne([]byte(e.Body), &whole); err != nil {
		return err
	}
	if err := decodeOne(patch, &changes); err != nil {
		return err
	}
	merge(whole, changes)
	body, err := encode(whole)
	if err != nil {
		return err
	}
	e.Body = string(body)
	if kind, isText := whole["event_type"].(string); isText {
		e.Type = kind
	}
	return nil
}

func merge(into, changes map[string]any) {
	for name, value := range changes {
		nested, isObject := value.(map[string]any)
		old, wasObject := into[name].(map[string]any)
		switch {
		case value == nil:
			delete(into, name)
		case isObject && wasObject:
			merge(old, nested)
		default:
			into[name] = value
		}
	}
}

// isObject reports whether a fault's body is a JSON object.
func isObject(body json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) }
