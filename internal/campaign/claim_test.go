package campaign_test

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
)

// drive is a campaign to reach 20,000 EUR until the end of 2026, in a language.
func drive(lang, why string) campaign.Campaign {
	t := whole("").Texts["en"]
	t.Why = why
	return campaign.Campaign{
		Slug: "drive", UpdatedAt: noon, StartsAt: noon, EndsAt: time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC),
		Content: campaign.Content{
			Name: "Drive", Language: lang, Currency: "EUR", Frequency: "once", Texts: map[string]campaign.Texts{lang: t},
			Suggested: map[money.Currency][]int64{"EUR": {500}},
			Goal:      &campaign.Goal{Kind: campaign.GoalAmount, Minor: 2_000_000, Currency: "EUR"},
		},
	}
}

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// What we know is not typed: in each language, in its digits and its words, the reason names what to write instead.
func TestTypedFiguresAreRefused(t *testing.T) {
	t.Parallel()
	zone := berlin(t)
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
		err := campaign.Validate(drive(c.lang, c.why), campaign.Options{Zone: zone})
		if got := refused(err); got["texts."+c.lang+".why"] != "campaign.typed_"+c.kind {
			t.Errorf("%s %q: got %v, want %s", c.lang, c.why, got, c.kind)
		}
	}
}

// Numbers of other things stay, and so do placeholders and the day on which it ends.
func TestOtherNumbersStay(t *testing.T) {
	t.Parallel()
	zone := berlin(t)
	for lang, all := range map[string]string{
		"en": `The lawsuit cost us €8,000. We read 20,000 pages of files. On 24 December police searched our newsroom.
			A reporter spent three days in court. She left 3 days later. 90% of it pays people. In 2024 readers raised €9,000.
			If 1,000 readers gave €5, we could hire a reporter. We have 40,000 readers. Our 12 reporters need you.
			Until 24 December 2019 the ministry denied it. Give until 31 December. The drive ends on 31/12/2026.
			{raised} of {goal}, {percent}. {supporters:one reader gives|# readers give}. {gave_today} people gave today.
			Only {days_left:one day|# days} left, until {ends}. Since 1999 nobody owns us. It takes 3 weeks.`,
		"es": `El juicio nos costó 8.000 €. El 24 de diciembre entró la policía. Pasó tres días en el juzgado.
			Puede donar hasta el 31 de diciembre. Quedan {days_left:un día|# días}. En 2024 recaudamos 9.000 €.
			Si 1.000 personas dieran 5 €, habría otra reportera. Tenemos 40.000 lectores.`,
		"de": `Der Prozess hat uns 8.000 Euro gekostet. Am 24. Dezember kam die Polizei. Sie saß drei Tage im Gericht.
			Spenden Sie bis zum 31. Dezember. Noch {days_left:ein Tag|# Tage}. 2024 haben Leser 9.000 Euro gespendet.
			Wenn 1.000 Menschen 5 Euro gäben, könnten wir jemanden einstellen. Wir haben 40.000 Leser.`,
		"fr": `Le procès nous a coûté 8 000 €. Le 24 décembre, la police est venue. Elle a passé trois jours au tribunal.
			Donnez jusqu’au 31 décembre. Il reste {days_left:un jour|# jours}. En 2024, vous avez donné 9 000 €.
			Si 1 000 personnes donnaient 5 €, nous serions deux. Nous avons 40 000 lecteurs.`,
		"uk": `Суд коштував нам 8000 євро. 24 грудня прийшла поліція. Вона три дні сиділа в суді.
			Підтримайте нас до 31 грудня. Залишилося {days_left:# день|# дні|# днів}. У 2024 році читачі зібрали 9000 євро.
			Якби 1000 читачів дали по 5 €, ми взяли б ще одну репортерку. У нас 40 000 читачів.`,
		"ar": `كلفتنا القضية ٨٬٠٠٠ يورو. جاءت الشرطة في 24 ديسمبر. أمضت ثلاثة أيام في المحكمة.
			تبرعوا حتى ٣١ ديسمبر. في عام 2024 جمع القراء 9000 يورو. لو تبرع 1000 قارئ لوظفنا صحفية. لدينا 40000 قارئ.`,
	} {
		for text := range strings.SplitSeq(all, "\n") {
			text = strings.TrimSpace(text)
			if err := campaign.Validate(drive(lang, text), campaign.Options{Zone: zone}); err != nil {
				t.Errorf("%s %q: %v", lang, text, err)
			}
		}
	}
}

// A goal of supporters is a number of people, and a campaign without an end has no last day.
func TestClaimsFollowTheCampaign(t *testing.T) {
	t.Parallel()
	k := drive("en", "We hope for 500 readers. We wrote 500 pages.")
	k.Goal = &campaign.Goal{Kind: campaign.GoalSupporters, Count: 500}
	if got := refused(campaign.Validate(k, campaign.Options{})); got["texts.en.why"] != "campaign.typed_goal" {
		t.Errorf("got %v", got)
	}
	k = drive("en", "Give until 31 December.")
	k.EndsAt = time.Time{}
	if got := refused(campaign.Validate(k, campaign.Options{})); got["texts.en.why"] != "campaign.typed_date" {
		t.Errorf("got %v", got)
	}
	k = drive("en", "Please.")
	k.Texts["en"] = campaign.Texts{Heading: "3 days left", Does: []campaign.Does{{Minor: 500, Text: "with 20,000 € in all"}}}
	k.Variants = []campaign.Variant{{Name: "b", Weight: 1, Texts: map[string]campaign.Texts{"en": {Ask: "€1 raised so far."}}}}
	got := refused(campaign.Validate(k, campaign.Options{}))
	for field, key := range map[string]string{
		"texts.en.heading": "campaign.typed_countdown", "texts.en.does.0.text": "campaign.typed_goal",
		"variants.0.texts.en.ask": "campaign.typed_raised",
	} {
		if got[field] != key {
			t.Errorf("%s: %q, want %q", field, got[field], key)
		}
	}
}
