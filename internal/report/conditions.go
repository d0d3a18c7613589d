package report

import (
	"fmt"
	"strings"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/money"
	texts "readerfund/internal/text"
)

// conditions collects a query's WHERE and its arguments.
type conditions struct {
	zone    *time.Location
	zoneArg string
	parts   []string
	args    []any
}

// where writes the clause, empty without conditions.
func (c *conditions) where() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

// arg takes an argument and gives its place.
func (c *conditions) arg(value any) string {
	c.args = append(c.args, value)
	return fmt.Sprintf("$%d", len(c.args))
}

func (c *conditions) add(format string, args ...any) {
	c.parts = append(c.parts, fmt.Sprintf(format, args...))
}

// equal asks for one value, or for nothing when it is empty.
func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add("%s = %s", column, c.arg(value))
	}
}

// equalLong is equal for a column that may be longer than an index entry. It repeats what the index holds: that it is
// not empty, and its first 300 characters (migration 00009).
func (c *conditions) equalLong(column, value string) {
	if value != "" {
		c.parts = append(c.parts, sameLong(column, c.arg(value)))
	}
}

func sameLong(column, arg string) string {
	return fmt.Sprintf("(%[1]s <> '' AND left(%[1]s, 300) = left(%[2]s, 300) AND %[1]s = %[2]s)", column, arg)
}

// campaign asks for contributions c of one campaign, by its id, which an index leads to in the order of the list.
func (c *conditions) campaign(slug string) {
	if slug != "" {
		c.add("c.campaign_id = (SELECT id FROM campaign WHERE slug = %s)", c.arg(slug))
	}
}

// local is a timestamptz column as the publication's clock shows it.
func (c *conditions) local(column string) string {
	if c.zoneArg == "" {
		c.zoneArg = c.arg(c.zone.String())
	}
	return fmt.Sprintf("(%s AT TIME ZONE %s::text)", column, c.zoneArg)
}

// days restricts a timestamptz column to whole days. What decides is the local date, the same expression that reports
// group by, so a day that has 23 or 25 hours, or no midnight, is never counted twice or left out. The bounds beside it,
// a day wider than any zone shifts, are there for the index on the column.
func (c *conditions) days(column string, from, to Day) {
	if !from.IsZero() {
		c.add("%s::date >= %s::date", c.local(column), c.arg(from.String()))
		c.add("%s >= %s", column, c.arg(from.Add(-1).at))
	}
	if !to.IsZero() {
		c.add("%s::date <= %s::date", c.local(column), c.arg(to.String()))
		c.add("%s < %s", column, c.arg(to.Add(2).at))
	}
}

func checkCurrency(c money.Currency) error {
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
