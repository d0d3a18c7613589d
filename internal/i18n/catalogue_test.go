package i18n_test

import (
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"

	"readerfund/locales"
)

// sentence is one of a language's: the argument names in it, and the file it stands in.
type sentence struct {
	args []string
	file string
}

// english is every sentence there is: readers' and staff's.
func english(t *testing.T) map[string]sentence {
	t.Helper()
	all := sentences(t, "en")
	maps.Copy(all, sentences(t, locales.Staff))
	return all
}

// sentences reads a folder.
func sentences(t *testing.T, folder string) map[string]sentence {
	t.Helper()
	names, err := fs.Glob(locales.Files, folder+"/*.toml")
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(names), err)
	}
	lang := folder
	if folder == locales.Staff {
		lang = "en"
	}
	all := map[string]sentence{}
	for _, name := range names {
		text, err := locales.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := i18n.ParseMessageFileBytes(text, lang+".toml", map[string]i18n.UnmarshalFunc{"toml": toml.Unmarshal})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, m := range f.Messages {
			all[m.ID] = sentence{argsOf(m), name}
		}
	}
	return all
}

var (
	placeholder = regexp.MustCompile(`{{[^}]*}}`)
	argument    = regexp.MustCompile(`\.([a-z]\w*)`)
)

// argsOf is the sorted names of the arguments in any of a message's plural forms.
func argsOf(m *i18n.Message) []string {
	var all []string
	for _, action := range placeholder.FindAllString(m.Zero+m.One+m.Two+m.Few+m.Many+m.Other, -1) {
		for _, found := range argument.FindAllStringSubmatch(action, -1) {
			all = append(all, found[1])
		}
	}
	if m.One != "" || m.Few != "" || m.Many != "" { // which chooses among them, shown or not
		all = append(all, "count")
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestSentencesStandInTheFileOfTheirSubject(t *testing.T) {
	t.Parallel()
	for key, s := range english(t) {
		subject, _, _ := strings.Cut(key, ".")
		if path.Base(s.file) != subject+".toml" {
			t.Errorf("%s stands in %s", key, s.file)
		}
	}
}

// What the code says is in the catalogue, with the arguments the code gives, and nothing else is in there.
func TestCodeAndCatalogueAgree(t *testing.T) {
	t.Parallel()
	english := english(t)
	said := map[string]bool{}
	for _, u := range source(t).uses {
		if u.family {
			members := 0
			for key := range english {
				if strings.HasPrefix(key, u.key) {
					said[key] = true
					members++
				}
			}
			if members == 0 {
				t.Errorf("%s: no key begins with %q", u.at, u.key)
			}
			continue
		}
		keys := []string{u.key}
		if u.pair {
			keys = []string{u.key + ".title", u.key + ".text"}
		}
		var args []string
		for _, key := range keys {
			said[key] = true
			s, there := english[key]
			if !there {
				t.Errorf("%s: the catalogue has no %q", u.at, key)
			}
			args = append(args, s.args...)
		}
		slices.Sort(args)
		if args = slices.Compact(args); u.args != nil && !slices.Equal(u.args, args) {
			t.Errorf("%s: %s is given %v, and its sentence has %v", u.at, u.key, u.args, args)
		}
	}
	for key, s := range english {
		if !said[key] {
			t.Errorf("%s: nothing says %s", s.file, key)
		}
	}
}

// elsewhere are the packages and files with sentences of other kinds: for operators, in English as the programs' help
// and log; a newsroom's own, which it replaces; PayPal's, and what its deliveries are answered; the columns of CSV
// files, which programs look up by name; a tax office's, which a setting is read by; tests'.
var elsewhere = []string{
	"cmd", "internal/campaign", "internal/config", "internal/e2e", "internal/mail/catcher", "internal/metrics",
	"internal/paypal", "internal/receipt/form/exemption.go", "internal/testkit", "internal/web/public/appeal/article.go",
	"internal/web/staff/finance/export.go", "internal/web/staff/giving/export.go", "internal/web/webhook.go",
}

// screens are the packages that make pages. Small letters are no way out there: "from " and "all days" are on a page,
// too. In other packages they are errors, and names of what only programs read.
var screens = []string{"internal/web"}

// A string literal is taken for a sentence by its shape (isSentence, isLabel and isPhrase in source_test.go), unless it
// goes into a call whose texts people do not read (notForPeople), indexes a map, or is a struct's tag. What has no
// letters but a verb's, such as "%d: %s", it does not find, nor the text that stands in templates.
func TestSentencesStandInTheCatalogue(t *testing.T) {
	t.Parallel()
	for _, s := range source(t).sentences {
		in := func(room string) bool { return s.file == room || strings.HasPrefix(s.file, room+"/") }
		if s.phrase && !slices.ContainsFunc(screens, in) || slices.ContainsFunc(elsewhere, in) {
			continue
		}
		t.Errorf("%s: write this into locales, and say it by its key: %q", s.at, s.text)
	}
}
