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

// Has reports whether the catalogue has a sentence of this key.
func Has(key string) bool { return english()[key] != nil }

// Keys are the sorted keys that begin with prefix.
func Keys(prefix string) []string {
	var all []string
	for key := range english() {
		if strings.HasPrefix(key, prefix) {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return all
}

// catalogue is every sentence in every language. The files are part of the program, and a test reads them all, so
// that one which cannot be read is a defect.
var catalogue = sync.OnceValue(func() *i18n.Bundle {
	bundle := i18n.NewBundle(language.English)
	for _, f := range files() {
		if err := bundle.AddMessages(f.Tag, f.Messages...); err != nil {
			panic(fmt.Errorf("%s: %w", f.Path, err))
		}
	}
	return bundle
})

var english = sync.OnceValue(func() map[string]*i18n.Message {
	all := map[string]*i18n.Message{}
	for _, f := range files() {
		if f.Tag == language.English {
			for _, m := range f.Messages {
				all[m.ID] = m
			}
		}
	}
	return all
})

func files() []*i18n.MessageFile {
	names, err := fs.Glob(locales.Files, "*/*.toml")
	if err != nil {
		panic(err)
	}
	all := make([]*i18n.MessageFile, len(names))
	for i, name := range names {
		all[i] = file(name)
	}
	return all
}

// file reads one file. go-i18n takes the language from a file's name; here it is the folder's.
func file(name string) *i18n.MessageFile {
	text, err := locales.Files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	lang := path.Dir(name)
	f, err := i18n.ParseMessageFileBytes(text, lang+".toml", map[string]i18n.UnmarshalFunc{"toml": toml.Unmarshal})
	if err != nil {
		panic(fmt.Errorf("%s: %w", name, err))
	}
	f.Path = name
	return f
}
