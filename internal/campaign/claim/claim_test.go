package claim_test

import (
	"slices"
	"testing"
	"time"

	"readerfund/internal/campaign/claim"
	"readerfund/internal/money"
)

// drive is what is known of a campaign to reach 20,000 EUR until the end of 2026.
func drive(t *testing.T) claim.Known {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return claim.Known{
		Goal: money.New(2_000_000, "EUR"), EndsAt: time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC),
		SavedAt: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Zone: zone,
	}
}

// What we know is found in each language, in its digits and its words.
func TestTypedFiguresAreFound(t *testing.T) {
	t.Parallel()
	known := drive(t)
	for _, c := range []struct{ lang, kind, why string }{
		{"en", "goal", "Help us to get €20,000."},
		{"en", "goal", "We need EUR 20000 for it."},
		{"en", "goal", "We need 20k euros for it."},
		{"en", "goal", "Our goal is $30,000 this time."},
		{"en", "raised", "Readers have donated €12,345."},
		{"en", "raised", "€12,345 so far!"},
		{"en", "percent", "We have reached 61% already."},
		{"en", "percent", "61 percent of our goal is there."},
		{"en", "supporters", "Join 1,234 readers who give."},
		{"en", "supporters", "1,234 supporters are with us."},
		{"en", "today", "56 people gave today."},
		{"en", "countdown", "Only 3 days left."},
		{"en", "countdown", "Three days to go, dear readers."},
		{"en", "countdown", "The drive ends in 48 hours."},
		{"en", "countdown", "It all ends tomorrow."},
		{"en", "countdown", "Give now, it is the last day."},
		{"en", "date", "Give until 24 December."},
		{"en", "date", "Give by December 24th, 2026."},
		{"en", "date", "The drive ends on 12/24/2026."},
		{"en", "date", "Until 2026-12-30 only."},

		{"es", "goal", "Necesitamos 20.000 euros."},
		{"es", "goal", "Nos hacen falta 20 mil €."},
		{"es", "raised", "Ya llevamos 12.345 € gracias a ustedes."},
		{"es", "percent", "Hemos alcanzado el 61 % de lo necesario."},
		{"es", "supporters", "Súmese a 1.234 personas que apoyan este medio."},
		{"es", "today", "Hoy han donado 56 lectores."},
		{"es", "countdown", "Quedan tres días."},
		{"es", "countdown", "Solo faltan 48 horas."},
		{"es", "countdown", "La campaña termina mañana."},
		{"es", "date", "Puede donar hasta el 24 de diciembre de 2026."},

		{"de", "goal", "Wir brauchen 20.000 Euro."},
		{"de", "goal", "Es fehlen noch 20 Tsd. € dafür."},
		{"de", "raised", "Bisher sind 12.345,67 € eingegangen."},
		{"de", "percent", "61 Prozent unseres Ziels sind geschafft."},
		{"de", "supporters", "1.234 Leserinnen und Leser unterstützen uns."},
		{"de", "today", "Heute haben 56 Menschen gespendet."},
		{"de", "countdown", "Noch drei Tage."},
		{"de", "countdown", "Es bleiben nur 48 Stunden."},
		{"de", "countdown", "Die Aktion endet morgen."},
		{"de", "date", "Spenden Sie bis zum 24. Dezember."},
		{"de", "date", "Bis 24.12. sammeln wir."},

		{"fr", "goal", "Il nous faut 20 000 €."},
		{"fr", "goal", "Il nous faut 20\u202f000\u00a0euros."},
		{"fr", "raised", "Nous avons déjà récolté 12 345 €."},
		{"fr", "percent", "61 % de l’objectif sont là."},
		{"fr", "supporters", "1 234 lectrices et lecteurs nous soutiennent, rejoignez-les."},
		{"fr", "today", "56 personnes ont donné aujourd’hui."},
		{"fr", "countdown", "Plus que 3 jours."},
		{"fr", "countdown", "Il reste deux semaines."},
		{"fr", "countdown", "La campagne se termine demain."},
		{"fr", "date", "Donnez jusqu’au 24 décembre."},

		{"uk", "goal", "Нам потрібно 20 000 євро."},
		{"uk", "goal", "Нам потрібно 20 тис. €."},
		{"uk", "raised", "Вже зібрано 12 345 €."},
		{"uk", "percent", "Досягнуто 61 % мети."},
		{"uk", "supporters", "Нас підтримують 1234 читачі."},
		{"uk", "today", "Сьогодні підтримали 56 людей."},
		{"uk", "countdown", "Залишилося 3 дні."},
		{"uk", "countdown", "Ще п’ять днів."},
		{"uk", "countdown", "Збір завершується завтра."},
		{"uk", "date", "Підтримайте нас до 24 грудня."},

		{"ar", "goal", "نحتاج إلى ٢٠٬٠٠٠ يورو."},
		{"ar", "goal", "نحتاج إلى 20 ألف يورو."},
		{"ar", "raised", "جمعنا حتى الآن ١٢٬٣٤٥ €."},
		{"ar", "percent", "بلغنا ٦١٪ من هدفنا."},
		{"ar", "supporters", "يدعمنا 1234 قارئًا."},
		{"ar", "today", "تبرع اليوم 56 شخصًا."},
		{"ar", "countdown", "بقي ٣ أيام."},
		{"ar", "countdown", "لم يتبقَّ سوى يومين."},
		{"ar", "countdown", "تنتهي الحملة غدًا."},
		{"ar", "date", "تبرعوا حتى ٢٤ ديسمبر."},
		{"ar", "date", "تبرعوا قبل 24 كانون الأول."},

		{"pl", "goal", "Potrzebujemy 20 000 €."}, // a language without words of its own
	} {
		got := claim.Find([]string{c.why}, c.lang, known)
		if !slices.ContainsFunc(got, func(f claim.Found) bool { return f.Kind == c.kind }) {
			t.Errorf("%s %q: got %v, want %s", c.lang, c.why, got, c.kind)
		}
	}
}

// Staff look for a figure in their own text, so it is quoted as it stands there.
func TestAFigureIsQuotedAsItWasTyped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lang, text, quote string }{
		{"en", "Readers have given €640 so far.", "€640"},
		{"fr", "Nous avons déjà reçu 12\u202f345\u00a0€ de nos lecteurs.", "12\u202f345\u00a0€"},
		{"de", "Schon 61\u202f% sind erreicht.", "61\u202f%"},
		{"ar", "جمعنا حتى الآن ١٢٬٣٤٥ يورو.", "١٢٬٣٤٥ يورو"},
	} {
		found := claim.Find([]string{c.text}, c.lang, drive(t))
		if len(found) != 1 || found[0].Quote != c.quote {
			t.Errorf("%q: %+v, want %q", c.text, found, c.quote)
		}
	}
}
