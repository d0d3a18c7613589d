package page

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/text/language"
)

func asking(header string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", header)
	return r
}

func TestTheLanguageIsTheReadersFavouriteOfThoseThereAre(t *testing.T) {
	t.Parallel()
	english, both := []language.Tag{language.English}, []language.Tag{language.English, language.German}
	for _, c := range []struct {
		header  string
		offered []language.Tag
		want    string
	}{
		{"", both, "en"},
		{"de", english, "en"},
		{"de, en-GB", english, "en-GB"},
		{"de, en-GB", both, "de"},
		{"de-AT, en-GB", both, "de-AT"},
		{"de-AT-u-nu-arab, en", both, "de-AT"},
		{"fr, de;q=0.4", both, "de"},
		{"en-DE, de", both, "en"},
		{"en-DE, en-GB, de", both, "en-GB"},
		{"de;q=0.3, en-IE;q=0.9", both, "en-IE"},
		{"*", both, "en"},
		{"\x00, ;;q=x", both, "en"},
	} {
		if got := preferred(accepted(asking(c.header)), c.offered); got.String() != c.want {
			t.Errorf("%q of %v: %s, want %s", c.header, c.offered, got, c.want)
		}
	}
}
