package campaign_test

import (
	"testing"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
)

func known() campaign.Facts {
	return campaign.Facts{
		Known: true, Raised: money.New(1_234_567, "EUR"), Goal: money.New(2_000_000, "EUR"), Percent: 61, Supporters: 1234,
		GaveToday: 3, DaysLeft: 2, Ends: "2026-12-31",
	}
}

func TestFiguresAreWrittenInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lang, text, want string }{
		{"en", "{raised} of {goal}, {percent}.", "€12,345 of €20,000, 61%."},
		{"de", "{raised} von {goal}, {percent}.", "12.345\u00a0€ von 20.000\u00a0€, 61\u00a0%."},
		{"fr", "{raised} sur {goal}.", "12\u00a0345\u00a0€ sur 20\u00a0000\u00a0€."},
		{"en", "{days_left:one day|# days} left, until {ends}.", "2 days left, until 31 December 2026."},
		{"ar", "{raised}، حتى {ends}", "12,345\u00a0€، حتى 31 ديسمبر 2026"},
		{"de", "Noch {days_left:ein Tag|# Tage}, bis {ends}.", "Noch 2 Tage, bis 31. Dezember 2026."},
		{"es", "Hasta el {ends}.", "Hasta el 31 de diciembre de 2026."},
		{"uk", "Залишилося {days_left:# день|# дні|# днів}, до {ends}.", "Залишилося 2 дні, до 31 грудня 2026 року."},
		{"uk", "{supporters:# читач|# читачі|# читачів} з нами.", "1\u00a0234 читачі з нами."},
		{"ar", "{days_left:لا أيام|يوم واحد|يومان|# أيام|# يومًا|# يوم}", "يومان"},
		{"en", "{supporters} people", "1,234 people"},
		{"pl", "Do {ends}", "Do 2026-12-31"},
		{"en", "No figures at all.", "No figures at all."},
	} {
		filled := campaign.Texts{Why: c.text}.Fill(known(), language.MustParse(c.lang))
		if filled.Why != c.want {
			t.Errorf("%s %q: %q, want %q", c.lang, c.text, filled.Why, c.want)
		}
	}
}

// A figure that is not known takes its sentence along, and nothing else.
func TestASentenceWithoutItsFigureIsLeftOut(t *testing.T) {
	t.Parallel()
	nobodyToday, uncounted := known(), campaign.Facts{DaysLeft: -1}
	nobodyToday.GaveToday = 0
	for _, c := range []struct {
		facts      campaign.Facts
		text, want string
	}{
		{nobodyToday, "We need you. {gave_today} readers gave today! Thank you.", "We need you. Thank you."},
		{nobodyToday, "{gave_today} readers gave today.", ""},
		{nobodyToday, "{raised} so far.\n{gave_today} today", "€12,345 so far."},
		{uncounted, "{raised} for St. Pauli and Mrs. Smith. It helps. Really?", "It helps. Really?"},
		{uncounted, "Until {ends} only. Read on.", "Read on."},
		{uncounted, "Version 2.5 stays. {supporters} do not.", "Version 2.5 stays."},
		{uncounted, "من فضلك ساعدنا؟ {supporters} معنا.", "من فضلك ساعدنا؟"},
	} {
		if got := (campaign.Texts{Why: c.text}).Fill(c.facts, language.English).Why; got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
	does := campaign.Texts{Does: []campaign.Does{{500, "A lunch."}, {1000, "{supporters} lunches."}}}
	if got := does.Fill(uncounted, language.English).Does; len(got) != 1 || got[0].Text != "A lunch." {
		t.Errorf("does: %+v", got)
	}
}
