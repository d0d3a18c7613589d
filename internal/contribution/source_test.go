package contribution_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"readerfund/internal/contribution"
)

func TestSourceIsCleanedAndBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 201)
	for _, c := range []struct{ name, written, kept string }{
		{"utm_source", " news\u202Eletter ", "newsletter"}, {"utm_content", long, ""},
		{"variant", "kinder-2", "kinder-2"}, {"variant", "Kinder", ""}, {"variant", strings.Repeat("a", 33), ""},
		{"variant", "<b>", ""},
		{"format", "banner", "banner"}, {"format", "popup", ""},
		{"section", "Städte &\nLand", "Städte & Land"}, {"section", long, ""}, {"author", long[2:], long[2:]},
		{"aid", "post-17", "post-17"}, {"aid", "\u200B", ""},
		{"referrer", "search", "search"}, {"referrer", "https://www.google.co.uk/", "search"}, {"referrer", "nonsense", ""},
		{"shared", "1", "1"}, {"shared", "true", "1"}, {"shared", "yes please", ""},
	} {
		got := contribution.SourceFrom(url.Values{c.name: {c.written}}.Get).Params()
		var want []contribution.Param
		if c.kept != "" {
			want = []contribution.Param{{Name: c.name, Value: c.kept}}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s %.20q: got %q, want %q", c.name, c.written, got, want)
		}
	}
}

func TestReferrerOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]contribution.Referrer{
		"https://www.google.com/search?q=secret": contribution.FromSearch, "google.de": contribution.FromSearch,
		"https://google.com.br/": contribution.FromSearch, "https://mail.google.com/": contribution.FromNewsletter,
		"https://google.evil.example/": contribution.FromOther, "https://notgoogle.com": contribution.FromOther,
		"HTTPS://L.FACEBOOK.COM/x": contribution.FromSocial, "https://t.co/abc": contribution.FromSocial,
		"https://at.co/abc": contribution.FromOther, "https://paper.substack.com": contribution.FromNewsletter,
		"android-app://com.google.android.gm": contribution.FromOther, "https://example.org:8080/a": contribution.FromOther,
		"https://[::1]/": "", "%zz": "", "localhost": "", "": "", "a." + strings.Repeat("x", 2000): "",
	} {
		if got := contribution.ReferrerOf(address); got != want {
			t.Errorf("%.60s: %q, want %q", address, got, want)
		}
	}
}
