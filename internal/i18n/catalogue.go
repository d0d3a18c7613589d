package i18n

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"readerfund/locales"
)

// Catalogue is every sentence in every language there is. It never changes.
type Catalogue struct {
	languages    []language.Tag // English first
	translations map[language.Tag]*translation
}

// translation is one language's part. Most sentences have no arguments and are said by one look into fixed; English
// stands in there where a translation is missing, as go-i18n has it stand in for the others.
type translation struct {
	tag    language.Tag
	others *i18n.Localizer
	fixed  map[string]string
	known  map[string]bool // every key of English
}

// Default is the catalogue of locales/. Its files are part of the program, and a test reads them all, so that one which
// cannot be read is a defect.
var Default = sync.OnceValue(func() *Catalogue {
	c, err := Load(locales.Files)
	if err != nil {
		panic(err)
	}
	return c
})

// Load reads a catalogue: a folder for each language, English among them, and the folder locales.Staff.
func Load(files fs.FS) (*Catalogue, error) {
	names, err := fs.Glob(files, "*/*.toml")
	if err != nil {
		return nil, err
	}
	bundle := i18n.NewBundle(language.English)
	messages := map[language.Tag]map[string]*i18n.Message{language.English: {}}
	for _, name := range names {
		f, err := file(files, name)
		if err == nil {
			err = bundle.AddMessages(f.Tag, f.Messages...)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if messages[f.Tag] == nil {
			messages[f.Tag] = map[string]*i18n.Message{}
		}
		for _, m := range f.Messages {
			messages[f.Tag][m.ID] = m
		}
	}
	c := &Catalogue{languages: bundle.LanguageTags(), translations: map[language.Tag]*translation{}}
	for _, lang := range c.languages {
		c.translations[lang] = translate(bundle, lang, messages[language.English], messages[lang])
	}
	return c, nil
}

// file reads one file. go-i18n takes the language from a file's name; here it is the folder's.
func file(files fs.FS, name string) (*i18n.MessageFile, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	lang := path.Dir(name)
	if lang == locales.Staff {
		lang = language.English.String()
	}
	return i18n.ParseMessageFileBytes(text, lang+".toml",
		map[string]i18n.UnmarshalFunc{"toml": toml.Unmarshal})
}

func translate(bundle *i18n.Bundle, lang language.Tag, english, own map[string]*i18n.Message) *translation {
	t := &translation{
		tag: lang, others: i18n.NewLocalizer(bundle, lang.String()), fixed: map[string]string{}, known: map[string]bool{},
	}
	for key, m := range english {
		t.known[key] = true
		if translated := own[key]; translated != nil {
			m = translated
		}
		if m.One == "" && m.Few == "" && m.Many == "" && !strings.Contains(m.Other, "{{") {
			t.fixed[key] = m.Other
		}
	}
	return t
}

// Languages are those there are, English first.
func (c *Catalogue) Languages() []language.Tag { return slices.Clone(c.languages) }

// Has reports whether the catalogue has a sentence of this key.
func Has(key string) bool { return Localizer{}.in().known[key] }

// Keys are the sorted keys that begin with prefix.
func Keys(prefix string) []string {
	var all []string
	for key := range (Localizer{}).in().known {
		if strings.HasPrefix(key, prefix) {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return all
}
