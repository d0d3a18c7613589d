package paypal_test

import (
	"bytes"
	"strings"
	"testing"

	"readerfund/internal/paypal"
)

// odd are bodies that two readers of JSON are likely to disagree about.
var odd = []string{
	`{"id":"WH-1","event_type":"A.B","resource":{"id":"X1"}}`,
	" \t\r\n{ \"id\" : \"WH-1\" , \"event_type\" : \"A.B\" , \"resource\" : { \"dispute_id\" : \"PP-D-1\" } } \n",
	`{"id":"WH-1","event_type":"A.B","resource":{"id":"X1"}}x`, `{"id":"WH-1","event_type":"A.B"}{}`, `{"id":"WH-1","event_type":"A.B",}`,
	`{"id":"WH-1","event_type":"A.B","resource":{"order_id":"O1"}}`, `{"id":"WH-1","event_type":"A.B","resource":{"order_id":"O1","dispute_id":"D1","id":"../"}}`,
	`{"id":"WH-1","event_type":"A.B","resource":{"id":"X1","id":"X2"},"id":"WH-2"}`,
	`{"id":"WH-1","event_type":"A.B","resource":{"id":"X1"},"resource":null}`, `{"id":"WH-1","event_type":"A.B","resource":["id"]}`,
	`{"\u0069d":"WH-\u0031","event_type":"A.B","resource":{"i\u0064":"X1"}}`, `{"id":"WH-1\u0000","event_type":"A.B"}`, `{"id":"WH-1","event_type":"A\/B"}`,
	`{"ID":"WH-1","event_type":"A.B"}`, `{"id":17,"event_type":"A.B","resource":{"id":1e400}}`, `{"id":true,"event_type":false}`, `{"id":null,"event_type":"A.B"}`,
	`{"id":"WH-1","event_type":"A.B","n":[0,-0,1.5,1E9,1e-9,-12.30e+4,{"a":[]},[],{},"",null,true,false]}`,
	`{"id":"WH-1","event_type":"A.B","n":01}`, `{"id":"WH-1","event_type":"A.B","n":1.}`, `{"id":"WH-1","event_type":"A.B","n":.5}`, `{"id":"WH-1","event_type":"A.B","n":1e}`,
	`{"id":"WH-1","event_type":"A.B","n":-}`, `{"id":"WH-1","event_type":"A.B","n":+1}`, `{"id":"WH-1","event_type":"A.B","n":tru}`, `{"id":"WH-1","event_type":"A.B","n":nulls}`,
	`{"id":"WH-1","event_type":"A.B","s":"\x"}`, `{"id":"WH-1","event_type":"A.B","s":"\u12g4"}`, `{"id":"WH-1","event_type":"A.B","s":"\ud800 \udc00\b\f\n\r\t\"\\\/"}`,
	"{\"id\":\"WH-1\",\"event_type\":\"A.B\",\"s\":\"\x1f\"}", "{\"id\":\"WH-1\",\"event_type\":\"A.B\",\"s\":\"\x7f\xff\xc3\"}", "{\"i\xff\":\"WH-1\",\"event_type\":\"A.B\"}",
	"\xef\xbb\xbf{\"id\":\"WH-1\",\"event_type\":\"A.B\"}", `{"id":"WH-1" "event_type":"A.B"}`, `{"id":"WH-1","event_type":"A.B","n":[1 2]}`, `{"id":"WH-1","event_type":"A.B","n":[1,]}`,
	`{id:"WH-1"}`, `{"id"}`, `{"id":}`, `{`, `{"`, `{"a\`, `{"a":"\u00`, `{"a":[`, `[]`, `null`, `"{}"`, `1`, ``, ` `, `{}`,
}

// FuzzParseEnvelope holds the two readers together: what one refuses the other does, and what both take reads the same.
func FuzzParseEnvelope(f *testing.F) {
	for _, body := range odd {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) { sameOutside(t, body) })
}

func sameOutside(t *testing.T, body []byte) {
	t.Helper()
	before := bytes.Clone(body)
	outside, err := paypal.ParseEnvelope(body)
	event, eventErr := paypal.ParseEvent(body)
	if (err == nil) != (eventErr == nil) {
		t.Fatalf("%q: the envelope says %v, the event says %v", body, err, eventErr)
	}
	if err == nil && (outside != paypal.Envelope{ID: event.ID, Type: event.Type, ResourceID: event.ResourceID}) {
		t.Fatalf("%q: the envelope is %+v, the event is %+v", body, outside, event)
	}
	if !bytes.Equal(before, body) {
		t.Fatalf("%q: reading it has changed it", before)
	}
}

// Where encoding/json stops following, so does the envelope: at one level more it is no event, whichever brackets.
func TestParseEnvelopeIsNestedAsDeepAsAnEvent(t *testing.T) {
	t.Parallel()
	for _, brackets := range [][2]string{{"[", "]"}, {`{"a":`, "}"}} {
		for _, levels := range []int{100, 9_998, 9_999, 10_000, 100_000} {
			inner := "1"
			body := `{"id":"WH-1","event_type":"A.B","resource":` + strings.Repeat(brackets[0], levels) + inner + strings.Repeat(brackets[1], levels) + `}`
			sameOutside(t, []byte(body))
			if _, err := paypal.ParseEnvelope([]byte(body)); (err == nil) != (levels < 10_000) {
				t.Errorf("%d levels of %s below the event: %v", levels, brackets[0], err)
			}
		}
	}
}
