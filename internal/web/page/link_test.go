package page

import "testing"

func TestALinkStandsWhereItsSentenceHasBrackets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ address, sentence, want string }{
		{"/manage", "See [your page], please.", `See <a href="/manage">your page</a>, please.`},
		{"mailto:a@example.org", "[راسلونا]", `<a href="mailto:a@example.org">راسلونا</a>`},
		{"", "If you need help, [write to us].", "If you need help, write to us."},
		{"javascript:alert(1)", "[<b>]", `<a href="#ZgotmplZ">&lt;b&gt;</a>`},
		{"", "<i>[&]</i>", "&lt;i&gt;&amp;&lt;/i&gt;"},
	} {
		if got, err := link(c.address, c.sentence); err != nil || string(got) != c.want {
			t.Errorf("%q: %q, %v; want %q", c.sentence, got, err, c.want)
		}
	}
	for _, broken := range []string{"No brackets.", "[Not closed.", "Not opened]."} {
		if got, err := link("/", broken); err == nil {
			t.Errorf("%q: %q", broken, got)
		}
	}
}

func TestALanguageGoesIntoAnyAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"/manage": "/manage?lang=uk", "/manage?sent": "/manage?sent&lang=uk", "/a?b=c#d": "/a?b=c&lang=uk#d",
		"https://give.example.org/x?key=1": "https://give.example.org/x?key=1&lang=uk", "/a?lang=de": "/a?lang=de",
		"http://[": "http://[",
	} {
		if got := withLanguage(address, "uk"); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
