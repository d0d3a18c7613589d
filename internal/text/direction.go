package text

import (
	"strings"

	"golang.org/x/text/language"
)

// Direction is the direction in which a language is written, for <html dir>: "ltr", or "rtl".
func Direction(tag language.Tag) string {
	script, _ := tag.Script()
	if strings.Contains("adlm arab hebr nkoo rohg syrc thaa", strings.ToLower(script.String())) {
		return "rtl"
	}
	return "ltr"
}
