// Package i18ntest makes catalogues for tests.
package i18ntest

import (
	"testing"
	"testing/fstest"

	"readerfund/internal/i18n"
	"readerfund/locales"
)

// With is our English catalogue with more files, such as "de/state.toml".
func With(t testing.TB, more map[string]string) *i18n.Catalogue {
	t.Helper()
	names, err := locales.Files.ReadDir("en")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range names {
		text, err := locales.Files.ReadFile("en/" + name.Name())
		if err != nil {
			t.Fatal(err)
		}
		files["en/"+name.Name()] = &fstest.MapFile{Data: text}
	}
	for name, text := range more {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	c, err := i18n.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
