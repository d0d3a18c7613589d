package inbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// evidence returns the part of a delivery's headers that is kept, as a JSON object: PayPal's description of the
// transmission, with its signature, and the body's type. Names are in lower case, and a header that came twice is one
// line.
func evidence(header http.Header) string {
	kept := map[string]string{}
	for name, values := range header {
		switch name = strings.ToLower(name); {
		case strings.HasPrefix(name, "paypal-"), name == "content-type", name == "user-agent", name == "correlation-id":
			kept[clean(name)] = clean(strings.Join(values, ", "))
		}
	}
	text, _ := json.Marshal(kept) // texts always marshal
	return string(text)
}
