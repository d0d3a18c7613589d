package report

import (
	"context"
	"fmt"

	"readerfund/internal/listing"
)

// entries picks the ledger entries l that a query covers, with the campaign (campaign_id), the article's address
// (article) and the frequency that they were booked for. tail, the order and length of a list, also refers to the
// columns of l. Totals and the ledger both use entries, so a figure and the list behind it cover the same entries.
//
// An entry carries its campaign and article itself. Entries booked by the previous version, while it runs beside this
// one, do not, until something happens to their contribution: for them the query reads campaign and article from the
// contribution, and finds them by their null in the index ledger_entry_campaign. That half can go when the columns
// become NOT NULL, in the version after next.
func (r *Reports) entries(ctx context.Context, q TotalsQuery, w *listing.Where, tail string) (string, error) {
	if err := q.check(); err != nil {
		return "", err
	}
	campaign, err := CheckKnown(ctx, r.db, q.Campaign, q.Article)
	if err != nil {
		return "", err
	}
	Between(w, r.zone, "l.occurred_at", q.From, q.To)
	w.Equal("l.currency", string(q.Currency))
	for _, s := range sums {
		if q.Part == s.part {
			w.Addf("l.kind IN (%s)", s.kinds)
		}
	}
	copied, uncopied := []string{"l.campaign_id IS NOT NULL"}, []string{"l.campaign_id IS NULL"}
	if q.Campaign != "" {
		is := "campaign_id = " + w.Arg(campaign)
		copied, uncopied = append(copied, "l."+is), append(uncopied, "c."+is)
	}
	if q.Article != "" {
		address := w.Arg(q.Article)
		copied = append(copied, fmt.Sprintf(
			"l.article_id = (SELECT id FROM article WHERE digest = sha256(convert_to(%s, 'UTF8')))", address))
		uncopied = append(uncopied, "c.article = "+address)
	}
	if q.Frequency != "" {
		is := "frequency = " + w.Arg(q.Frequency)
		copied, uncopied = append(copied, "l."+is), append(uncopied, "c."+is)
	}
	if q.NoArticle {
		copied, uncopied = append(copied, "l.article_id IS NULL"), append(uncopied, "c.article = ''")
	}
	const columns = `l.id, l.contribution_id, l.kind, l.amount_minor, l.currency, l.paypal_ref, l.occurred_at,
		l.recorded_at, l.source, l.webhook_event_id`
	return `(
		(SELECT ` + columns + `, l.campaign_id, l.frequency, coalesce(a.address, '') AS article
		 FROM ledger_entry l LEFT JOIN article a ON a.id = l.article_id` + w.SQL(copied...) + tail + `)
		UNION ALL
		(SELECT ` + columns + `, c.campaign_id, c.frequency, c.article
		 FROM ledger_entry l JOIN contribution c ON c.id = l.contribution_id` + w.SQL(uncopied...) + tail + `)) l`, nil
}
