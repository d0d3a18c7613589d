package inbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// evidence is the part of a delivery's headers that is kept, as a JSON object: what PayPal says of the transmission, with
// its signature, and what the body is. Names are in lower case, and a header that came twice is one line.
//
// It is written by hand because it is written for every delivery: encoding/json sorts a map's keys, and goes to each of
// them by reflection.
func evidence(header http.Header) string {
	text := append(make([]byte, 0, 1024), '{')
	for name, values := range header {
		name = strings.ToLower(name)
		switch {
		case strings.HasPrefix(name, "paypal-"), name == "content-type", name == "user-agent", name == "correlation-id":
		default:
			continue
		}
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(appendText(text, name), ':')
		text = appendText(text, strings.Join(values, ", "))
	}
	return string(append(text, '}'))
}

// appendText writes a JSON string that PostgreSQL can store.
func appendText(to []byte, s string) []byte {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(clean(s)) // a string always marshals
			return append(to, quoted...)
		}
	}
	to = append(append(to, '"'), s...)
	return append(to, '"')
}
