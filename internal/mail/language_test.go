package mail_test

import (
	"strings"
	"testing"

	"readerfund/internal/i18n"
	"readerfund/internal/mail"
	"readerfund/internal/mail/catcher"
)

// A mail leaves long after the page that led to it. It is in the language of that page, and so is what it links to.
func TestMailsSpeakTheirReadersLanguage(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	welcome := samples()["welcome"]
	welcome.Kind, welcome.Name = mail.Welcome, "Ada"
	want := map[string]struct{ subject, text, html, link string }{
		"ar-EG": {"مساهمتكم بقيمة 10.00\u00a0€ شهريًا في The Example Courier", "مرحبًا \u2068Ada\u2069،", `<html lang="ar" dir="rtl">`, "lang=ar"},
		"de-AT": {"Ihr Beitrag von 10,00\u00a0€ im Monat für", "am 15. Dezember 2026", `<html lang="de" dir="ltr">`, "lang=de"},
		"uk":    {"Ваш внесок 10,00\u00a0€ на місяць", "15 грудня 2026 року", `<html lang="uk" dir="ltr">`, "lang=uk"},
		"ja":    {"Your gift of", "Hello Ada,", `<html lang="en" dir="ltr">`, "key=abc"},
		"":      {"Your gift of", "Hello Ada,", `<html lang="en" dir="ltr">`, "key=abc"},
	}
	for locale := range want {
		m := welcome
		m.Locale, m.Key, m.To = locale, "w "+locale, "reader"+locale+"@example.org"
		o.enqueue(m)
	}
	o.send()
	for _, m := range o.catcher.Mails() {
		locale := strings.TrimSuffix(strings.TrimPrefix(m.To[0], "reader"), "@example.org")
		w := want[locale]
		subject := strings.ReplaceAll(w.subject, "\u00a0", " ") // as a subject has it
		if !strings.Contains(m.Subject, subject) || !strings.Contains(m.Text, w.text) || !strings.Contains(m.HTML, w.html) ||
			!strings.Contains(m.Text, w.link) || !strings.Contains(m.HTML, w.link) {
			t.Errorf("%q:\n%s\n%s\n%s", locale, m.Subject, m.Text, m.HTML)
		}
		if w.link == "key=abc" && strings.Contains(m.Text, "lang=") {
			t.Errorf("%q: the publication's own language is in the address: %s", locale, m.Text)
		}
	}
}

// Every mail there is says what it has to say in every language.
func TestEveryMailInEveryLanguage(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	for name, m := range samples() {
		kind, _, _ := strings.Cut(name, ".")
		for _, lang := range i18n.Default().Languages() {
			m.Kind, m.Key, m.Name, m.Locale = mail.Kind(kind), name+lang.String(), "Ada", lang.String()
			m.To = strings.ReplaceAll(name, ".", "-") + "+" + lang.String() + "@example.org"
			o.enqueue(m)
		}
	}
	o.send()
	said := map[string]string{}
	for _, m := range o.catcher.Mails() {
		to, _, _ := strings.Cut(m.To[0], "@")
		said[to] = m.Subject + m.Text
		if strings.Contains(m.Text+m.HTML+m.Subject, "letter.") || strings.Contains(m.Text, "[") {
			t.Errorf("%s says a key, or a link's brackets:\n%s", to, m.Text)
		}
	}
	if len(said) != len(samples())*len(i18n.Default().Languages()) {
		t.Errorf("%d mails", len(said))
	}
	for to, text := range said {
		name, lang, _ := strings.Cut(to, "+")
		if lang != "en" && text == said[name+"+en"] {
			t.Errorf("%s is in English:\n%s", to, text)
		}
	}
}
