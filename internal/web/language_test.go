package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/i18n"
	"readerfund/internal/i18n/i18ntest"
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
		{"without a wish", "GET", "/support/support", "", "", []string{`<html lang="en" dir="ltr">`, "<title>Support us – "}},
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
