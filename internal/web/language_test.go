package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
	"readerfund/internal/i18n/i18ntest"
	"readerfund/internal/testkit"
	"readerfund/internal/web/page"
)

// german is the catalogue with the beginning of a translation. What it lacks is said in English.
func german(t *testing.T) *i18n.Catalogue {
	t.Helper()
	return i18ntest.With(t, map[string]string{
		"de/contribution.toml": `contribution.amount_too_small = "Der kleinste Betrag ist {{.min}}."`,
		"de/public.toml": `
			public.link_to_no_campaign = "Diesen Aufruf gibt es nicht mehr."
			public.please_check = "Bitte prüfen: {{.title}}"
			public.problems.one = "Bitte prüfen Sie eine Angabe."
			public.problems.other = "Bitte prüfen Sie {{.count}} Angaben."
			public.support_us = "Unterstützen Sie uns"`,
		"de/web.toml": `
			web.status.404 = "Seite nicht gefunden"
			web.no_page = "Unter dieser Adresse ist keine Seite."`,
		"de/staff.toml": `staff.title.sign_in = "Anmelden"`,
	})
}

// A catalogue in another language is all that a page needs to be in it: its sentences, its errors, its plurals, and how
// it says which language it is in.
func TestPagesSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Catalogue = german(t) })
	const austrian = "de-AT, en;q=0.5"
	fill := url.Values{"campaign": {"support"}, "currency": {"EUR"}, "frequency": {"once"}}
	for _, c := range []struct {
		name, method, target, body string
		languages                  string
		shows                      []string
	}{
		{"a page", "GET", "/support/gone", "", austrian, []string{
			`<html lang="de-AT" dir="ltr">`, "<title>Unterstützen Sie uns – ", "Diesen Aufruf gibt es nicht mehr.",
		}},
		{"in English", "GET", "/support/gone", "", "fr, en-GB, de", []string{
			`<html lang="en-GB" dir="ltr">`, "<title>Support us – ", "names an appeal that we do not have",
		}},
		{"without a choice", "GET", "/support/support", "", "", []string{`<html lang="en" dir="ltr">`, "<title>Support us – "}},
		{"a form with one mistake", "POST", "/contributions", with(fill, "amount", "0.50").Encode(), austrian, []string{
			"<title>Bitte prüfen: Unterstützen Sie uns", "Bitte prüfen Sie eine Angabe.",
			"Der kleinste Betrag ist 1\u00a0€.",
		}},
		{"a form with two, one of them not translated", "POST", "/contributions",
			with(fill, "amount", "0.50", "email", "nobody").Encode(), austrian, []string{
				"Bitte prüfen Sie 2 Angaben.", "Der kleinste Betrag ist", "Write the email address like name@example.org.",
			}},
		{"no page", "GET", "/nothing", "", austrian, []string{
			"<title>Seite nicht gefunden", "Unter dieser Adresse ist keine Seite.",
		}},
		{"staff", "GET", "/staff/sign-in", "", austrian, []string{`<html lang="en" dir="ltr">`, "<title>Sign in"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := ask(h, c.method, c.target, c.body, "Content-Type", page.FormType, "Accept-Language", c.languages)
			for _, text := range c.shows {
				if !strings.Contains(w.Body.String(), text) {
					t.Errorf("%d, without %q:\n%s", w.Code, text, w.Body)
				}
			}
		})
	}
	t.Run("a program", func(t *testing.T) {
		t.Parallel()
		w := ask(h, "POST", "/contributions", `{"campaign":"support","amount":"0.50","currency":"EUR","frequency":"once"}`,
			"Content-Type", page.JSONType, "Accept-Language", austrian)
		var p page.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if w.Code != http.StatusUnprocessableEntity || p.Detail != "Der kleinste Betrag ist 1.00 EUR." {
			t.Errorf("%d %+v", w.Code, p)
		}
	})
}

func with(form url.Values, pairs ...string) url.Values {
	all := url.Values{}
	for name, values := range form {
		all[name] = values
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		all.Set(pairs[i], pairs[i+1])
	}
	return all
}

// A reader who chose a language once has it to the end, though their browser prefers another one: on the way to PayPal,
// on what follows, and in every link between our pages.
func TestAChosenLanguageIsKept(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	english := []string{"Accept-Language", "en-GB, en;q=0.5", "Content-Type", page.FormType}
	form := url.Values{
		"campaign": {"support"}, "amount": {"10"}, "currency": {"EUR"}, "frequency": {"once"}, "idempotency_key": {"k"},
	}
	got := r.do("POST", "/contributions?lang=ar", form.Encode(), english...)
	if got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	var id, locale string
	if err := h.db.QueryRowContext(t.Context(), `SELECT id, locale FROM contribution`).Scan(&id, &locale); err != nil ||
		locale != "ar" {
		t.Fatalf("kept as %q, %v", locale, err)
	}
	form.Set("amount", "x")
	if wrong := r.do("POST", "/contributions?lang=ar", form.Encode(), english...); !strings.Contains(wrong.body,
		`action="/contributions?lang=ar"`) {
		t.Errorf("a mistake loses the language:\n%s", wrong.body)
	}
	thanks := "/contributions/" + id + "/thanks"
	for address, want := range map[string]string{
		thanks:                `<html lang="ar" dir="rtl">`, // where PayPal sends the reader back to names no language
		thanks + "?lang=de":   `<html lang="de" dir="ltr">`, // another choice comes first
		thanks + "?lang=tlh":  `<html lang="ar" dir="rtl">`, // what we do not speak is no choice
		"/manage":             `<html lang="en-GB" dir="ltr">`,
		"/manage?lang=ar":     `action="/manage?lang=ar"`,
		"/manage?lang=en":     `action="/manage"`, // what the browser prefers anyway is left out
		"/staff/sign-in":      `<html lang="en-GB" dir="ltr">`,
		"/manage?closed":      `href="?closed=&amp;lang=uk"`,
		"/nowhere?lang=ar":    `<a href="/?lang=ar">`,
		"/manage?lang=uk&a=b": `href="?a=b&amp;lang=de"`,
	} {
		if got := r.do("GET", address, "", english...); !strings.Contains(got.body, want) {
			t.Errorf("%s lacks %s:\n%s", address, want, got.body)
		}
	}
}

// PayPal shows its pages in the reader's language: for a gift once and monthly, and, later, for consent to a change.
// The browser that the reader uses then may prefer another language.
func TestPayPalSpeaksTheReadersLanguage(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	change := map[string]string{}
	for accept, want := range map[string][2]string{
		"en-GB, de": {"en-GB", "en-GB"}, "es-419, en": {"es-419", "es"}, "de-AT": {"de-AT", "de-AT"}, "uk": {"uk", "uk"},
		"fr-CA, en": {"fr-CA", "fr-CA"}, "ar-EG, fr": {"ar-EG", "ar-EG"}, "ja, ar": {"ar", "ar"}, "": {"en", "en"},
	} {
		if got := h.localeAt("orders", h.beginIn(accept)); got != want[0] {
			t.Errorf("%q: a gift once is approved in %q, want %q", accept, got, want[0])
		}
		monthly := h.beginIn(accept, "frequency", "month", "email", "ada@example.org")
		if got := h.localeAt("subscriptions", monthly); got != want[1] {
			t.Errorf("%q: a monthly gift is approved in %q, want %q", accept, got, want[1])
		}
		h.newReader().get(h.agree(monthly))
		change[monthly] = want[1]
	}
	elsewhere := h.letIn("ada@example.org") // its requests name no language
	for monthly, want := range change {
		to := elsewhere.press("/manage/gift/"+monthly, "change", "amount", "50", "frequency", "month")
		if got := h.localeAt("subscriptions", monthly); to.status != 303 || got != want {
			t.Errorf("a change of a gift in %q is approved in %q (%d)", want, got, to.status)
		}
	}
}

// A campaign that has no words in the page's language is shown whole in its own, and its elements say so; what stands
// amid the form is the page's alone.
func TestACampaignsWordsInAnotherLanguage(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.exec(`UPDATE campaign SET version = version + 1, content = content || $1::jsonb`, `{
		"language": "it", "texts": {"it": {"heading": "Ciao", "why": "Perché", "ask": "Date", "button": "Con PayPal",
		"reassurance": "Dopo", "signature": "Ada", "does": [{"minor": 2500, "text": "un articolo"}]}}}`)
	const italian = ` lang="it" dir="ltr">`
	r := h.newReader()
	page := r.get("/support/support?lang=ar").body
	for _, want := range []string{
		`<html lang="ar" dir="rtl">`, `<h1` + italian + `Ciao`, `<p class="lede"` + italian, `<p class="signature"` + italian,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the donation page lacks %s", want)
		}
	}
	if strings.Contains(page, "Dopo") || strings.Contains(page, "un articolo") {
		t.Errorf("Italian stands amid the Arabic form:\n%s", page)
	}
	appeal := r.get("/embed/support?lang=de&format=inline").body
	for _, want := range []string{
		` lang="de" dir="ltr" aria-labelledby`, `"rf-why"><p` + italian + "Perché", `"rf-any"` + italian + "Con PayPal", "Wie oft",
	} {
		if !strings.Contains(appeal, want) {
			t.Errorf("the appeal lacks %s\n%s", want, appeal)
		}
	}
	if strings.Contains(appeal, "Dopo") || strings.Contains(appeal, "un articolo") {
		t.Errorf("Italian stands amid the German form:\n%s", appeal)
	}
	if parts := r.do("GET", "/embed/support?lang=de", "", "Accept", "application/json").body; !strings.Contains(parts,
		`"language":"it"`) {
		t.Errorf("the appeal's parts do not name their language: %s", parts)
	}
}

func TestACampaignsWordsInThePagesLanguageAreNotMarked(t *testing.T) {
	t.Parallel()
	r := openHouse(t, nil).newReader()
	for _, lang := range []string{"en-IE", "de", "ar"} {
		page := r.do("GET", "/support/support", "", "Accept-Language", lang).body
		if !strings.Contains(page, "<h1>") || !strings.Contains(page, `<p class="lede">`) {
			t.Errorf("%s: the campaign's words are marked\n%s", lang, page)
		}
	}
}

// beginIn begins a gift in a browser that prefers some languages.
func (h house) beginIn(accept string, changes ...string) (id string) {
	h.t.Helper()
	got := h.newReader().do("POST", "/contributions", giftForm(changes...).Encode(), "Accept-Language", accept,
		"Content-Type", page.FormType)
	if err := h.db.GetContext(h.t.Context(), &id, `SELECT id FROM contribution WHERE approve_url = $1`,
		got.header.Get("Location")); err != nil {
		h.t.Fatalf("%v\n%d %s", err, got.status, got.body)
	}
	return id
}

// localeAt is the language that PayPal was asked for, for the one order or subscription of a gift.
func (h house) localeAt(what, id string) string {
	h.t.Helper()
	var rows []struct{ Locale string }
	testkit.PayPalAt(h.t, h.paypal).Must("GET", "/sandbox/"+what+"?custom_id="+id, nil, &rows)
	if len(rows) != 1 {
		h.t.Fatalf("%s has %d %s", id, len(rows), what)
	}
	return rows[0].Locale
}

// A publication says in which languages it speaks, and which is its own.
func TestAPublicationsLanguages(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Languages = []language.Tag{language.German, language.Ukrainian} })
	for header, want := range map[string]string{
		"": "de", "fr, en": "de", "uk": "uk", "en-GB, uk;q=0.1": "uk", "de-CH": "de-CH",
	} {
		w := ask(h, "GET", "/manage", "", "Accept-Language", header)
		if got := w.Body.String(); !strings.Contains(got, `<html lang="`+want+`" dir="ltr">`) ||
			strings.Contains(got, "lang=ar") {
			t.Errorf("%q: want %s\n%s", header, want, got)
		}
	}
	if got := ask(h, "GET", "/manage?lang=fr", "", "Accept-Language", "uk").Body.String(); !strings.Contains(got, `lang="uk"`) {
		t.Error("a language that is not offered is spoken")
	}
}
