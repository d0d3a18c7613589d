package page

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"

	"readerfund/internal/i18n"
)

// shrink is a script or a stylesheet without what only its authors need: comments, blanks, long names of locals. A file
// that the minifier cannot read, such as an operator's own in a newer syntax, is left as it is, and so is any other.
func shrink(ext string, body []byte) []byte {
	m := minify.New()
	m.AddFunc(".css", css.Minify)
	m.AddFunc(".js", js.Minify)
	if small, err := m.Bytes(ext, body); err == nil {
		return small
	}
	return body
}

// sayLiteral is what stands in a script for a sentence in every language.
var sayLiteral = regexp.MustCompile(`'\{\{say "([^"]+)"\}\}'`)

// speak puts into a script the sentences that it says where nobody can be asked for them: each literal
// '{{say "key"}}' becomes an object of the sentence by its languages.
func speak(catalogue *i18n.Catalogue, script []byte) ([]byte, error) {
	var missing error
	spoken := sayLiteral.ReplaceAllFunc(script, func(literal []byte) []byte {
		key := string(sayLiteral.FindSubmatch(literal)[1])
		if !i18n.Has(key) {
			missing = fmt.Errorf("no sentence %q", key)
		}
		said := map[string]string{}
		for _, lang := range catalogue.Languages() {
			said[lang.String()] = catalogue.Localizer(lang, nil).Say(key)
		}
		object, err := json.Marshal(said)
		if err != nil { // a map of strings always marshals
			panic(fmt.Errorf("marshal %s: %w", key, err))
		}
		return object
	})
	return spoken, missing
}
