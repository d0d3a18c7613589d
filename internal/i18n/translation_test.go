package i18n_test

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"readerfund/locales"
)

func TestTranslationsAreWhole(t *testing.T) {
	t.Parallel()
	wrong, err := untranslated(locales.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

// untranslated checks every language against English: nothing missing and nothing more, the same arguments, the same
// links (the part in brackets), and a plural form for every number.
func untranslated(files fs.FS) (wrong []string, err error) {
	err = eachLanguage(files, func(lang string, own, english map[string]*i18n.Message) {
		for _, key := range slices.Sorted(maps.Keys(english)) {
			if own[key] == nil {
				wrong = append(wrong, lang+": "+key+" is missing")
			} else if problem := differs(lang, english[key], own[key]); problem != "" {
				wrong = append(wrong, lang+": "+key+" "+problem)
			}
		}
		for key := range own {
			if english[key] == nil {
				wrong = append(wrong, lang+": "+key+" is not in English")
			}
		}
	})
	return wrong, err
}

// eachLanguage calls f with the messages of each language of readers, and English's.
func eachLanguage(files fs.FS, f func(lang string, own, english map[string]*i18n.Message)) error {
	english, err := messages(files, "en")
	if err != nil {
		return err
	}
	folders, err := fs.ReadDir(files, ".")
	if err != nil {
		return err
	}
	for _, folder := range folders {
		lang := folder.Name()
		if lang == locales.Staff {
			continue
		}
		own, err := messages(files, lang)
		if err != nil {
			return err
		}
		f(lang, own, english)
	}
	return nil
}

// messages reads a folder.
func messages(files fs.FS, lang string) (map[string]*i18n.Message, error) {
	names, err := fs.Glob(files, lang+"/*.toml")
	if err != nil {
		return nil, err
	}
	all := map[string]*i18n.Message{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		f, err := i18n.ParseMessageFileBytes(text, lang+".toml", map[string]i18n.UnmarshalFunc{"toml": toml.Unmarshal})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, m := range f.Messages {
			all[m.ID] = m
		}
	}
	return all, nil
}

func differs(lang string, english, own *i18n.Message) string {
	want := argsOf(english)
	for _, form := range forms(own) {
		if got := argsOf(&i18n.Message{Other: form}); !isSubset(got, want) {
			return fmt.Sprintf("has the arguments %v, in English %v: %s", got, want, form)
		}
		if strings.Count(form, "[") != strings.Count(english.Other, "[") || strings.Count(form, "]") != strings.Count(form, "[") {
			return "has other links (the part in [brackets]) than English: " + form
		}
	}
	if got := argsOf(own); !slices.Equal(got, want) {
		return fmt.Sprintf("has the arguments %v, in English %v", got, want)
	}
	if slices.Equal(forms(english), []string{english.Other}) {
		return ""
	}
	return withoutForm(lang, own)
}

func forms(m *i18n.Message) (all []string) {
	for _, form := range []string{m.Zero, m.One, m.Two, m.Few, m.Many, m.Other} {
		if form != "" {
			all = append(all, form)
		}
	}
	return all
}

func isSubset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(name string) bool { return !slices.Contains(all, name) })
}

// withoutForm says a sentence with numbers of all kinds. Which forms a language has is CLDR's, as go-i18n knows it.
func withoutForm(lang string, m *i18n.Message) string {
	bundle := i18n.NewBundle(language.English)
	if err := bundle.AddMessages(language.Make(lang), m); err != nil {
		return err.Error()
	}
	all := i18n.NewLocalizer(bundle, lang)
	for _, n := range append(numbers(), 1000, 1_000_000) {
		args := map[string]any{"count": n}
		if _, err := all.Localize(&i18n.LocalizeConfig{MessageID: m.ID, PluralCount: n, TemplateData: args}); err != nil {
			return fmt.Sprintf("has no form for %d", n)
		}
	}
	return ""
}

func numbers() []int {
	all := make([]int, 121)
	for n := range all {
		all[n] = n
	}
	return all
}

// The check has to find what goes wrong when people edit these files.
func TestTheTranslationCheckFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	whole := func(name string) string {
		text, err := fs.ReadFile(locales.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, c := range map[string]struct{ file, old, changed, want string }{
		"a key is removed":         {"uk/public.toml", "public.answer", "# public.answer", "uk: public.answer is missing"},
		"a key is added":           {"uk/public.toml", "public.answer", "public.anser", "uk: public.anser is not in English"},
		"a placeholder is renamed": {"fr/public.toml", "{{.ours}}", "{{.nos}}", "[nos]"},
		"a placeholder is lost":    {"de/public.toml", "{{.title}}", "", "de: public.please_check has the arguments []"},
		"a plural form is missing": {"ar/public.toml", "public.problems.few", "# public.problems.few", "ar: public.problems"},
		"one form's placeholder":   {"uk/public.toml", "{{.count}} полів", "{{.zahl}} полів", "[zahl]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{}
			if err := fs.WalkDir(locales.Files, ".", func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				files[path] = &fstest.MapFile{Data: []byte(whole(path))}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			text := whole(c.file)
			if !strings.Contains(text, c.old) {
				t.Fatalf("%s has no %q", c.file, c.old)
			}
			files[c.file] = &fstest.MapFile{Data: []byte(strings.Replace(text, c.old, c.changed, 1))}
			wrong, err := untranslated(files)
			if err != nil {
				wrong = append(wrong, err.Error())
			}
			if !slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, c.want) }) {
				t.Errorf("want %q, got %q", c.want, wrong)
			}
		})
	}
}
