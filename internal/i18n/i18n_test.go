package i18n_test

import (
	"fmt"
	"testing"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
)

func TestMessageIsSaidWithItsArguments(t *testing.T) {
	t.Parallel()
	marked := func(arg any) any {
		if n, ok := arg.(int); ok {
			return fmt.Sprintf("<%d>", n)
		}
		return arg
	}
	all := i18n.Default()
	tooLong := i18n.New("field.text_too_long", i18n.Args{"max": 80, "length": 81})
	within := i18n.New("reconcile.decided", i18n.Args{"state": i18n.New("reconcile.state.set_aside")})
	for _, c := range []struct{ name, got, want string }{
		{"as fmt prints them", tooLong.String(), "Please shorten this to 80 characters; it has 81."},
		{"as a page writes them", all.Localizer(language.BritishEnglish, marked).Message(tooLong),
			"Please shorten this to <80> characters; it has <81>."},
		{"in a language that is not there", all.Localizer(language.Japanese, nil).Message(tooLong),
			"Please shorten this to 80 characters; it has 81."},
		{"a message within one", within.String(), "This difference is set aside: nothing is left to decide."},
		{"quoted", i18n.New("report.group_twice", i18n.Args{"group": "a\"b\n"}).String(), `"a\"b\n" is asked for twice.`},
		{"not escaped", i18n.New("account.exists", i18n.Args{"email": "<b>&"}).String(), "<b>& has an account already."},
		{"nothing", i18n.Message{}.String(), ""},
		{"verbatim", all.Localizer(language.German, marked).Message(i18n.Verbatim("100 % of {{.it}}")),
			"100 % of {{.it}}"},
		{"a key of another version", i18n.New("no.such", i18n.Args{"b": 2, "a": "x"}).String(), "no.such a=x b=2"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
	if i18n.Has("no.such") || !i18n.Has("reconcile.decided") {
		t.Error("Has does not know what the catalogue has")
	}
}
