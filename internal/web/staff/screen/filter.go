package screen

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/web/page"
)

// DateRange is a range of days as it was typed.
type DateRange struct {
	From, To          string
	FirstDay, LastDay report.Day
}

// ReadDateRange reads the days of a query, and notes in w what is wrong with them.
func ReadDateRange(loc i18n.Localizer, v url.Values, w page.FilterErrors) DateRange {
	d := DateRange{From: v.Get("from"), To: v.Get("to")}
	var fromErr, toErr error
	d.FirstDay, fromErr = report.ParseDay("from", d.From)
	d.LastDay, toErr = report.ParseDay("to", d.To)
	_, _ = w.Note(loc, fromErr), w.Note(loc, toErr) // ParseDay has no other errors
	return d
}

// InWords names the days of the range.
func (d DateRange) InWords(loc i18n.Localizer) string {
	switch {
	case d.FirstDay.IsZero() && d.LastDay.IsZero():
		return loc.Say("staff.days.all")
	case d.LastDay.IsZero():
		return loc.Say("staff.days.from", i18n.Args{"first": d.FirstDay.Words()})
	case d.FirstDay.IsZero():
		return loc.Say("staff.days.to", i18n.Args{"last": d.LastDay.Words()})
	case d.FirstDay == d.LastDay:
		return d.FirstDay.Words()
	default:
		return loc.Say("staff.days.between", i18n.Args{"first": d.FirstDay.Words(), "last": d.LastDay.Words()})
	}
}

// inName is the range as part of a file's name.
func (d DateRange) inName() string {
	switch {
	case d.FirstDay.IsZero() && d.LastDay.IsZero():
		return "-all-days"
	case d.LastDay.IsZero():
		return "-from-" + d.FirstDay.String()
	case d.FirstDay.IsZero():
		return "-to-" + d.LastDay.String()
	default:
		return "-" + d.FirstDay.String() + "-" + d.LastDay.String()
	}
}

// Scope describes on paper, where there is no form, how a list or a report was filtered: the days, and then pairs of a
// label and its value. A pair with an empty value is left out.
func Scope(loc i18n.Localizer, days DateRange, pairs ...string) string {
	all := []string{days.InWords(loc)}
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := pairs[i+1]; value != "" {
			all = append(all, loc.Say("staff.scope."+pairs[i], i18n.Args{"value": value}))
		}
	}
	return strings.Join(all, "; ")
}

// Options are the choices that the filters offer.
type Options struct {
	Campaigns  []campaign.Campaign
	Currencies []money.Currency
}

// FilterOptions offers the campaigns and the currencies that they take.
func (s Layout) FilterOptions(r *http.Request, campaigns *campaign.Catalog) (Options, error) {
	all, err := campaigns.All(r.Context())
	if err != nil {
		return Options{}, err
	}
	o := Options{Campaigns: all}
	for _, k := range all {
		o.Currencies = append(o.Currencies, k.Currencies()...)
	}
	slices.SortFunc(o.Currencies, money.Order(s.Currency))
	o.Currencies = slices.Compact(o.Currencies)
	return o, nil
}
