package report

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"readerfund/internal/ledger"
	"readerfund/internal/listing"
)

// entries are the conditions that a query puts on ledger entries l. Totals and the ledger both use them, so a figure
// and the list behind it cover the same entries.
//
// An entry carries its campaign and article itself. Entries booked by the previous version, while it runs beside this
// one, do not, until something happens to their contribution: for them the query reads campaign and article from the
// contribution c, and finds them by their null in the index ledger_entry_campaign. That half can go when the columns
// become NOT NULL, in the version after next.
type entries struct {
	w                *listing.Where
	copied, uncopied []string // conditions on entries with and without a campaign, beside those of w
}

// check rejects a query that is wrong, and returns its campaign's id, uuid.Nil if it names none.
func (r *Reports) check(ctx context.Context, q TotalsQuery) (uuid.UUID, error) {
	if err := q.check(); err != nil {
		return uuid.Nil, err
	}
	return CheckKnown(ctx, r.db, q.Campaign, q.Article)
}

func (r *Reports) entries(q TotalsQuery, campaign uuid.UUID, w *listing.Where) entries {
	Between(w, r.zone, "l.occurred_at", q.From, q.To)
	w.Equal("l.currency", string(q.Currency))
	for _, s := range sums {
		if q.Part == s.part {
			w.Addf("l.kind IN (%s)", s.kinds)
		}
	}
	e := entries{w, []string{"l.campaign_id IS NOT NULL"}, []string{"l.campaign_id IS NULL"}}
	both := func(is string) { e.copied, e.uncopied = append(e.copied, "l."+is), append(e.uncopied, "c."+is) }
	if q.Campaign != "" {
		both("campaign_id = " + w.Arg(campaign))
	}
	if q.Article != "" {
		address := w.Arg(q.Article)
		e.copied = append(e.copied, "l.article_id = "+articleOf(address))
		e.uncopied = append(e.uncopied, "c.article = "+address)
	}
	if q.Frequency != "" {
		both("frequency = " + w.Arg(q.Frequency))
	}
	if q.NoArticle {
		e.copied, e.uncopied = append(e.copied, "l.article_id IS NULL"), append(e.uncopied, "c.article = ''")
	}
	return e
}

// articleOf is the id of the article with an address.
func articleOf(address string) string {
	return fmt.Sprintf("(SELECT id FROM article WHERE digest = sha256(convert_to(%s, 'UTF8')))", address)
}

// list is a table of the entries with the campaign (campaign_id), the article's address (article) and the frequency
// that they were booked for. tail, the order and length of a list, also refers to the columns of l.
func (e entries) list(tail string) string {
	const columns = `l.id, l.contribution_id, l.kind, l.amount_minor, l.currency, l.paypal_ref, l.occurred_at,
		l.recorded_at, l.source, l.webhook_event_id`
	return `(
		(SELECT ` + columns + `, l.campaign_id, l.frequency, coalesce(a.address, '') AS article
		 FROM ledger_entry l LEFT JOIN article a ON a.id = l.article_id` + e.w.SQL(e.copied...) + tail + `)
		UNION ALL
		(SELECT ` + columns + `, c.campaign_id, c.frequency, c.article
		 FROM ledger_entry l JOIN contribution c ON c.id = l.contribution_id` + e.w.SQL(e.uncopied...) + tail + `)) l`
}

// all are tables of the entries, with what is needed to add them up: each entry counts as entries says. An article that
// has no id has its address.
func (e entries) all() []string {
	return []string{
		`(SELECT ` + postingColumns + `, 1 AS entries, '' AS address FROM ledger_entry l` + e.w.SQL(e.copied...) + `)`,
		e.withoutCampaign(),
	}
}

// uncounted are tables of the entries that neither the kept sums nor changes count.
func (e entries) uncounted() []string {
	return []string{
		`(SELECT ` + postingColumns + `, 1 AS entries, '' AS address FROM ledger_entry l` +
			e.w.SQL(append([]string{ledger.Uncounted}, e.copied...)...) + `)`,
		e.withoutCampaign(),
	}
}

// changes is a table of what is to be added to the kept sums, under more conditions.
func (e entries) changes(more []string) string {
	return `(SELECT ` + postingColumns + `, l.entries, '' FROM ledger_change l` +
		e.w.SQL(slices.Concat(more, e.copied)...) + `)`
}

// counted is a table of the entries that sums count, under more conditions.
func (e entries) counted(more []string) string {
	return `(SELECT ` + postingColumns + `, 1, '' FROM ledger_entry l` +
		e.w.SQL(slices.Concat(more, []string{ledger.Counted}, e.copied)...) + `)`
}

const postingColumns = `l.occurred_at, l.currency, l.campaign_id, l.frequency, l.article_id, l.kind, l.amount_minor`

func (e entries) withoutCampaign() string {
	return `(SELECT l.occurred_at, l.currency, c.campaign_id, c.frequency, NULL, l.kind, l.amount_minor, 1, c.article
		FROM ledger_entry l JOIN contribution c ON c.id = l.contribution_id` + e.w.SQL(e.uncopied...) + `)`
}
