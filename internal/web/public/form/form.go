// Package form makes the donation form: what a campaign offers in a currency, filled in from a link or from what a
// reader sent, in the reader's language. What a gift may be is contribution's to say.
package form

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// Maker makes donation forms.
type Maker struct {
	site.Layout

	campaigns *campaign.Catalog
	limits    func(money.Currency) contribution.Limit
	fees      func(money.Currency) (fee money.Fee, known bool)
	cookies   *gift.Cookies
}

// NewMaker makes forms of the catalog's campaigns, with the limits and fees of contributions.
func NewMaker(l site.Layout, campaigns *campaign.Catalog, c *contribution.Service, cookies *gift.Cookies) Maker {
	return Maker{Layout: l, campaigns: campaigns, limits: c.Limits, fees: c.Fee, cookies: cookies}
}

// Form is the donation form as it is shown: fresh, filled in from a link, or returned with errors.
type Form struct {
	Campaign   campaign.Campaign
	Currency   money.Currency
	Currencies []money.Currency
	Offers     []Offer    // by frequency; one of them is chosen
	Own        string     // the reader's own amount, as typed
	Fee        *money.Fee // that readers may cover; nil where it is not known
	Least      money.Amount
	Most       money.Amount
	inWords

	Back                          string // the article, if it is on one of our sites and the page may link it
	Article, Name, Email, Message string
	Naming                        contribution.Naming
	CoverFee                      bool
	Tribute                       contribution.Tribute
	Source                        contribution.Source
	Key                           string // one for each rendering: sending the form twice makes one order
	OEmbed                        string // where a CMS asks what to put for the page's address

	Notes []string // about the link that led here
	page.FormErrors
}

// Offer is what the form offers for one frequency.
type Offer struct {
	Frequency contribution.Frequency
	Chosen    bool
	Field     string // the name of its choices; each frequency keeps its own
	Choices   []choice

	// In words: what it is about, and what the button does for an amount that is typed.
	Legend, GiveAny, GiveTyped, GiveTypedTotal string
}

type choice struct {
	ID      string
	Value   string // what is sent: "10.00"
	Amount  money.Amount
	Checked bool

	Does  *effect      // what such a gift does; nil where nothing is known about it
	Fee   money.Amount // what covers the fee, and the sum of both, where the fee is known
	Total money.Amount

	Give, GiveTotal string // what the button does, in words, without and with the fee
}

// effect is what an amount does, in words that follow the amount: "€10", "pays for an hour of court reporting".
type effect struct {
	Amount money.Amount
	Text   string
}

// New is the empty form of a campaign in a currency; a currency that is not offered becomes the campaign's own.
func (f Maker) New(k campaign.Campaign, c money.Currency, article string) Form {
	if _, offered := k.Suggested[c]; !offered {
		c = k.Currency
	}
	limit := f.limits(c)
	n := Form{
		Campaign: k, Currency: c, Currencies: k.Currencies(), Article: article, Key: rand.Text(),
		Least: money.New(max(limit.Min, k.Minimum[c]), c), Most: money.New(limit.Max, c),
	}
	n.Texts = k.In(language.English)
	n.OEmbed = f.Origin + "/oembed?url=" + url.QueryEscape(f.Origin+"/support/"+k.Slug)
	if fee, known := f.fees(c); known {
		n.Fee = &fee
	}
	for _, frequency := range []contribution.Frequency{contribution.Once, contribution.Monthly, contribution.Yearly} {
		o := Offer{Frequency: frequency, Field: ChoiceField(frequency)}
		for _, minor := range k.Offered(string(frequency), c) {
			if a := money.New(minor, c); frequency == contribution.Once || n.Accepts(a) { // it may be too small
				o.Choices = append(o.Choices, n.giftOf(frequency, a))
			}
		}
		o.check(k.Chosen[string(frequency)][c])
		n.Offers = append(n.Offers, o)
	}
	n.Offers[0].Chosen = true
	n.Often(contribution.Frequency(k.Frequency))
	return n
}

// check chooses the amount that staff chose; without one, the second: neither the least nor a push.
func (o *Offer) check(minor int64) {
	if len(o.Choices) == 0 {
		return
	}
	n := slices.IndexFunc(o.Choices, func(c choice) bool { return c.Amount.Minor == minor })
	if n < 0 {
		n = min(1, len(o.Choices)-1)
	}
	o.Choices[n].Checked = true
}

// ChoiceField is the name of the field that holds the chosen amount of a frequency.
func ChoiceField(f contribution.Frequency) string {
	if f == contribution.Once {
		return "choice"
	}
	return "choice_" + string(f)
}

// Often chooses a frequency; an unknown one changes nothing.
func (f *Form) Often(wanted contribution.Frequency) {
	n := slices.IndexFunc(f.Offers, func(o Offer) bool { return o.Frequency == wanted })
	for i := range f.Offers {
		f.Offers[i].Chosen = i == n || n < 0 && f.Offers[i].Chosen
	}
}

// chosen is the offer of the frequency that is chosen.
func (f *Form) chosen() *Offer {
	return &f.Offers[slices.IndexFunc(f.Offers, func(o Offer) bool { return o.Chosen })]
}

// CampaignOrDefault is the campaign that a link or form names, or the default one if there is no such campaign: a
// reader with an old link, or with a page older than a renamed campaign, can do nothing about it.
func (f Maker) CampaignOrDefault(ctx context.Context, slug string) (campaign.Campaign, error) {
	k, err := f.campaigns.BySlug(ctx, slug)
	if fault.Is(err, fault.NotFound) {
		f.Log.InfoContext(ctx, "the default campaign stands in", "request", page.RequestID(ctx), "error", err)
		return f.campaigns.Default(ctx)
	}
	return k, err
}

// Like is a new form filled in like a contribution that failed. What readers wrote about themselves is shown only
// in the browser that sent it.
func (f Maker) Like(r *http.Request, c contribution.Contribution) (Form, error) {
	k, err := f.CampaignOrDefault(r.Context(), c.Campaign)
	if err != nil {
		return Form{}, err
	}
	k.Content = k.As(c.Source.Variant)
	n := f.New(k, c.Amount.Currency, c.Article)
	n.Back = f.BackTo(c.Article)
	n.Source = c.Source
	n.Often(c.Frequency)
	if n.Currency == c.Amount.Currency {
		n.Choose(money.FormatField(c.Gift(), f.Pages.Localizer(r).Tag()))
		n.CoverFee = c.CoverFee
	}
	if f.cookies.Owns(r, c.ID) {
		n.Name, n.Email, n.Message, n.Naming, n.Tribute = c.Name, c.Email, c.Message, c.Naming, c.Tribute
	}
	return n, nil
}

// Show answers with a form.
func (f Maker) Show(w http.ResponseWriter, r *http.Request, status int, shown Form) error {
	f.Speak(f.Pages.Localizer(r), &shown)
	title := i18n.New("public.support_us")
	if len(shown.Errors) > 0 { // the first thing a screen reader says
		title = i18n.New("public.please_check", i18n.Args{"title": title})
	}
	return f.Pages.Render(w, r, status, "public/donate.html", page.Page{
		Title: f.Pages.Localizer(r).Message(title), NoIndex: status != http.StatusOK, Data: shown,
	})
}

func (f *Form) giftOf(often contribution.Frequency, a money.Amount) choice {
	c := choice{ID: string(often) + "-" + a.Decimal(), Value: a.Decimal(), Amount: a}
	if f.Fee != nil {
		c.Total = money.New(f.Fee.Covering(a.Minor), a.Currency)
		c.Fee = money.New(c.Total.Minor-a.Minor, a.Currency)
	}
	return c
}

// Accepts reports whether the amount is within the limits of one payment.
func (f *Form) Accepts(a money.Amount) bool {
	return a.Minor >= f.Least.Minor && a.Minor <= f.Most.Minor
}

// Offer puts amounts to choose from before the suggested ones, in place of the typed amount, and chooses none.
func (f *Form) Offer(amounts ...money.Amount) {
	f.Choose(" ")
	f.Own = ""
	o := f.chosen()
	var offered []choice
	for _, a := range amounts {
		if f.Accepts(a) {
			o.Choices = slices.DeleteFunc(o.Choices, func(c choice) bool { return c.Amount == a })
			offered = append(offered, f.giftOf(o.Frequency, a))
		}
	}
	o.Choices = append(offered, o.Choices...)
}

// Choose fills in an amount: one of those suggested for the chosen frequency if it matches, otherwise as the reader's
// own.
func (f *Form) Choose(amount string) {
	if amount == "" {
		return
	}
	i, choices := -1, f.chosen().Choices
	if a, err := money.ParseWritten(amount, f.Currency); err == nil {
		i = slices.IndexFunc(choices, func(c choice) bool { return c.Amount == a })
	}
	for n := range choices {
		choices[n].Checked = n == i
	}
	if i < 0 {
		f.Own = amount
	}
}

// AmountFrom is the amount to carry over from the campaign's form in another currency: the number that was typed,
// without that currency's sign, or the suggested amount at the same position.
func (f *Form) AmountFrom(from Form, tag language.Tag) string {
	if from.Own != "" {
		a, err := money.ParseWritten(from.Own, from.Currency)
		if err != nil {
			return from.Own
		}
		if same, err := money.Parse(strings.TrimSuffix(a.Decimal(), ".00"), f.Currency); err == nil {
			a = same // or the number has decimals that this currency has not: the reader has to mend it
		}
		return money.FormatField(a, tag)
	}
	i := slices.IndexFunc(from.chosen().Choices, func(c choice) bool { return c.Checked })
	if choices := f.chosen().Choices; i >= 0 && i < len(choices) {
		return choices[i].Value
	}
	return ""
}

// Refill gives back everything the reader sent.
func (f *Form) Refill(in contribution.Intent) {
	f.Often(contribution.Frequency(in.Frequency))
	f.Choose(in.Amount)
	f.Article, f.Name, f.Email, f.Message, f.Naming = in.Article, in.Name, in.Email, in.Message, in.Naming
	f.Source, f.CoverFee, f.Tribute = in.Source, in.CoverFee, in.Tribute
}

// Story reports whether the reader comes from an article.
func (f Form) Story() bool { return f.Article != "" }

// MoreOpen reports whether the optional part is shown unfolded: it is when a field in it is filled in or has an error.
func (f Form) MoreOpen() bool {
	return f.Name+f.Email+f.Message+string(f.Naming)+f.Tribute.Name != "" ||
		f.Wrong("name")+f.Wrong("email")+f.Wrong("message")+f.Wrong("tribute_name") != ""
}
