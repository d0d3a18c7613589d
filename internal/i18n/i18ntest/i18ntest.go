// Package i18ntest makes catalogues for tests.
package i18ntest

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"readerfund/internal/i18n"
	"readerfund/locales"
)

// With is our English catalogue with more files, such as "de/state.toml".
func With(t testing.TB, more map[string]string) *i18n.Catalogue {
	t.Helper()
	files := fstest.MapFS{}
	for _, dir := range []string{"en", locales.Staff} {
		names, err := fs.Glob(locales.Files, dir+"/*.toml")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := locales.Files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = &fstest.MapFile{Data: text}
		}
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
