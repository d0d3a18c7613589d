package paypal

import "strings"

// shape is what PayPal's ids and names look like: ASCII letters, digits and these signs, at least one of them and so
// many at most. An event has a dozen of them, which regular expressions would take longer to look at than all else but
// the JSON.
type shape struct {
	signs   string
	longest int
}

// MatchString reports whether the text is of this shape.
func (s shape) MatchString(text string) bool {
	if text == "" || len(text) > s.longest {
		return false
	}
	for i := range len(text) {
		c := text[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !plain && strings.IndexByte(s.signs, c) < 0 {
			return false
		}
	}
	return true
}
