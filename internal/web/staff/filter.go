package staff

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

// dateRange is a range of days as it was typed.
type dateRange struct {
	From, To string
	from, to report.Day
}

func readDateRange(loc i18n.Localizer, v url.Values, w page.FilterErrors) dateRange {
	d := dateRange{From: v.Get("from"), To: v.Get("to")}
	var fromErr, toErr error
	d.from, fromErr = report.ParseDay("from", d.From)
	d.to, toErr = report.ParseDay("to", d.To)
	_, _ = w.Note(loc, fromErr), w.Note(loc, toErr) // ParseDay has no other errors
	return d
}

// inWords names the days of the range.
func (d dateRange) inWords(loc i18n.Localizer) string {
	switch {
	case d.from.IsZero() && d.to.IsZero():
		return loc.Say("staff.days.all")
	case d.to.IsZero():
		return loc.Say("staff.days.from", i18n.Args{"first": d.from.Words()})
	case d.from.IsZero():
		return loc.Say("staff.days.to", i18n.Args{"last": d.to.Words()})
	case d.from == d.to:
		return d.from.Words()
	default:
		return loc.Say("staff.days.between", i18n.Args{"first": d.from.Words(), "last": d.to.Words()})
	}
}

// inName is the range as part of a file's name.
func (d dateRange) inName() string {
	switch {
	case d.from.IsZero() && d.to.IsZero():
		return "-all-days"
	case d.to.IsZero():
		return "-from-" + d.from.String()
	case d.from.IsZero():
		return "-to-" + d.to.String()
	default:
		return "-" + d.from.String() + "-" + d.to.String()
	}
}

// scope describes on paper, where there is no form, how a list or a report was filtered: the days, and then pairs of a
// label and its value. A pair with an empty value is left out.
func scope(loc i18n.Localizer, days dateRange, pairs ...string) string {
	all := []string{days.inWords(loc)}
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := pairs[i+1]; value != "" {
			all = append(all, loc.Say("staff.scope."+pairs[i], i18n.Args{"value": value}))
		}
	}
	return strings.Join(all, "; ")
}

// options are the choices that the filters offer.
type options struct {
	Campaigns  []campaign.Campaign
	Currencies []money.Currency
}

// filterOptions offers the campaigns and the currencies that they take.
func (s layout) filterOptions(r *http.Request, campaigns *campaign.Catalog) (options, error) {
	all, err := campaigns.All(r.Context())
	if err != nil {
		return options{}, err
	}
	o := options{Campaigns: all}
	for _, k := range all {
		o.Currencies = append(o.Currencies, k.Currencies()...)
	}
	slices.SortFunc(o.Currencies, money.Order(s.currency))
	o.Currencies = slices.Compact(o.Currencies)
	return o, nil
}

// filled drops the empty values of a query, so that addresses stay short.
func filled(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

// address joins a path and a query.
func address(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// csvAddress is the address of a download, up to the choice of a separator.
func csvAddress(path string, v url.Values) string {
	if len(v) == 0 {
		return path + "?"
	}
	return path + "?" + v.Encode() + "&"
}
