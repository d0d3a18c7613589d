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
	k.Texts["en"] = campaign.Texts{Heading: "3 days left",
		Does: []campaign.Does{{Minor: 500, Text: "with 20,000 € in all"}}}
	k.Variants = []campaign.Variant{{Name: "b", Weight: 1,
		Texts: map[string]campaign.Texts{"en": {Ask: "€1 raised so far."}}}}
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
