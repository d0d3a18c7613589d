package report

import (
	"fmt"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/listing"
	"readerfund/internal/money"
	texts "readerfund/internal/text"
)

// local is a timestamptz column in the publication's time zone.
func local(w *listing.Where, zone *time.Location, column string) string {
	return fmt.Sprintf("(%s AT TIME ZONE %s::text)", column, w.Arg(zone.String()))
}

// Between restricts a timestamptz column to whole days, both included; a zero Day leaves that end open. The local date
// decides, with the same expression that reports group by, so a day that has 23 or 25 hours, or no midnight, is never
// counted twice or left out. The additional bounds, a day wider than any zone shifts, let PostgreSQL use the index on
// the column.
func Between(w *listing.Where, zone *time.Location, column string, from, to Day) {
	for _, condition := range between(w, zone, column, from, to) {
		w.Add(condition)
	}
}

// between are the conditions of Between.
func between(w *listing.Where, zone *time.Location, column string, from, to Day) (all []string) {
	if !from.IsZero() {
		all = append(all, fmt.Sprintf("%s::date >= %s::date", local(w, zone, column), w.Arg(from.String())),
			fmt.Sprintf("%s >= %s", column, w.Arg(from.Add(-1).at)))
	}
	if !to.IsZero() {
		all = append(all, fmt.Sprintf("%s::date <= %s::date", local(w, zone, column), w.Arg(to.String())),
			fmt.Sprintf("%s < %s", column, w.Arg(to.Add(2).at)))
	}
	return all
}

// CheckRange rejects days in the wrong order: a fault.Invalid on "to".
func CheckRange(from, to Day) error {
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return fault.Input("to", "report.days_swapped", fault.Args{"last": to, "first": from})
	}
	return nil
}

// CheckCurrency rejects a currency that PayPal does not have: a fault.Invalid on "currency".
func CheckCurrency(c money.Currency) error {
	if c != "" && !c.Known() {
		codes := make([]string, 0, len(money.Currencies()))
		for _, known := range money.Currencies() {
			codes = append(codes, string(known))
		}
		return fault.Input("currency", "report.currency_unknown", fault.Args{
			"currency": texts.Line(string(c)), "similar": texts.Nearest(string(c), codes, 8),
		})
	}
	return nil
}
