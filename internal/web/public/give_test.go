package public

import (
	"net/url"
	"testing"
)

// Whether a reader may be named has three answers, and only a yes is one.
func TestOnlyAYesIsAYes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fields, want string }{
		{"", ""}, {"named=no", ""}, {"named=no&name=Ada", "no"}, {"named=no&named=yes&name=Ada", "yes"},
		{"named=no&named=yes", "yes"}, {"name=Ada", ""}, {"anonymous=true&name=Ada", "no"}, {"anonymous=false", ""},
		{"anonymous=&name=Ada", ""}, {"anonymous=true&named=yes", "no"}, {"named=maybe", ""},
	} {
		v, _ := url.ParseQuery(c.fields)
		if got := namingOf(v); string(got) != c.want {
			t.Errorf("the form %q: %q, want %q", c.fields, got, c.want)
		}
	}
}
