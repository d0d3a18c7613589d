package experiment

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/listing"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

// beginning is when what is compared began to be as it is now.
type beginning struct {
	day     report.Day
	changed time.Time // zero: it was never changed
}

// sameSince finds the last change of anything that a test compares. Counts are kept by day, so where readers were shown
// something else before, the test begins on the day after.
func (e *Experiments) sameSince(ctx context.Context, tx *sqlx.Tx, k campaign.Campaign) (beginning, error) {
	var versions []struct {
		ChangedAt time.Time `db:"changed_at"`
		State     string    `db:"state"`
		Compared  []byte    `db:"compared"`
	}
	err := tx.SelectContext(ctx, &versions, `
		SELECT changed_at, state, jsonb_build_array(
		           content->'variants', content->'holdout', content->'texts', content->'suggested', content->'monthly',
		           content->'yearly', content->'chosen', content->'frequency') AS compared
		FROM campaign_version WHERE campaign_id = $1 ORDER BY version DESC`, k.ID)
	if err != nil {
		return beginning{}, err
	}
	for i := 1; i < len(versions); i++ {
		if bytes.Equal(versions[i].Compared, versions[0].Compared) {
			continue
		}
		changed := versions[i-1].ChangedAt.UTC()
		day := report.DayOf(changed.In(e.zone))
		if versions[i].State != string(campaign.Draft) {
			day = day.Add(1)
		}
		return beginning{day, changed}, nil
	}
	return beginning{day: report.DayOf(k.CreatedAt.In(e.zone))}, nil
}

// cell is what was counted and given of one variant in one format; shared and referrer tell gifts apart, not counts.
type cell struct {
	variant, format, referrer string
	shared                    bool
	Seen
	Given
}

func (e *Experiments) cells(
	ctx context.Context, tx *sqlx.Tx, k campaign.Campaign, from, to report.Day,
) ([]cell, error) {
	var seen []struct {
		Variant string `db:"variant"`
		Format  string `db:"format"`
		Seen
	}
	err := tx.SelectContext(ctx, &seen, `
		SELECT variant, format, sum(readers)::bigint AS readers, sum(views)::bigint AS views,
		       sum(clicks)::bigint AS clicks, sum(closed)::bigint AS closed, sum(opted_out)::bigint AS opted_out
		FROM appeal_count WHERE campaign_id = $1 AND day >= $2::date AND day <= $3::date
		GROUP BY variant, format`, k.ID, from.String(), to.String())
	if err != nil {
		return nil, err
	}
	var cells []cell
	for _, s := range seen {
		cells = append(cells, cell{variant: s.Variant, format: s.Format, Seen: s.Seen})
	}
	given, err := e.given(ctx, tx, k, from, to)
	return append(cells, given...), err
}

// given reads the gifts that were begun in the days.
func (e *Experiments) given(
	ctx context.Context, tx *sqlx.Tx, k campaign.Campaign, from, to report.Day,
) ([]cell, error) {
	var rows []struct {
		Variant   string         `db:"variant"`
		Format    string         `db:"format"`
		Shared    bool           `db:"shared"`
		Referrer  string         `db:"referrer"`
		Currency  money.Currency `db:"currency"`
		Starts    int64          `db:"starts"`
		Begun     int64          `db:"begun"`
		Gifts     int64          `db:"gifts"`
		Regretted int64          `db:"regretted"`
		Net       int64          `db:"net"`
		Squares   float64        `db:"squares"`
	}
	w := &listing.Where{}
	w.Equal("c.campaign_id", k.ID.String())
	report.Between(w, e.zone, "c.created_at", from, to)
	// Everything is read once and joined, because asking for each gift by itself took three times as long with 200,000 of
	// them. A gift is begun with its first payment, or where it was stopped before that (starts later, or never did).
	// Only one that was stopped, refunded or disputed at all is asked whether that was a regret.
	err := tx.SelectContext(ctx, &rows, `
		WITH gift AS MATERIALIZED (
			SELECT c.id, c.variant, c.format, c.shared, c.referrer, c.currency FROM contribution c`+w.SQL()+`),
		payments AS MATERIALIZED (
			SELECT p.id, p.contribution_id, p.status, p.occurred_at, p.paypal_id
			FROM gift g JOIN payment p ON p.contribution_id = g.id),
		paid AS (
			SELECT DISTINCT ON (contribution_id) contribution_id, occurred_at, paypal_id
			FROM payments WHERE status = 'completed' ORDER BY contribution_id, occurred_at, paypal_id),
		money AS (
			SELECT l.contribution_id, sum(l.amount_minor) FILTER (WHERE l.kind = 'charge') AS gross,
			       coalesce(-sum(l.amount_minor) FILTER (WHERE l.kind IN ('refund', 'reversal')), 0) AS back,
			       sum(l.amount_minor) AS net
			FROM gift g JOIN ledger_entry l ON l.contribution_id = g.id AND l.currency = g.currency GROUP BY 1),
		troubled AS MATERIALIZED (
			SELECT s.contribution_id FROM gift g JOIN subscription s ON s.contribution_id = g.id
			WHERE s.ended_at IS NOT NULL
			UNION
			SELECT contribution_id FROM payments
			WHERE id IN (SELECT payment_id FROM refund) OR id IN (SELECT payment_id FROM dispute))
		SELECT g.variant, g.format, g.shared, g.referrer, g.currency, count(*) AS starts,
		       count(*) FILTER (WHERE p.contribution_id IS NOT NULL OR called_off) AS begun,
		       count(*) FILTER (WHERE m.gross > m.back) AS gifts,
		       count(*) FILTER (WHERE regretted OR called_off) AS regretted,
		       coalesce(sum(m.net), 0)::bigint AS net, coalesce(sum(m.net::float8 * m.net), 0) AS squares
		FROM gift g LEFT JOIN paid p ON p.contribution_id = g.id LEFT JOIN money m ON m.contribution_id = p.contribution_id
		CROSS JOIN LATERAL (
			SELECT p.contribution_id IS NULL AND g.id IN (
			           SELECT contribution_id FROM subscription
			           WHERE started_at IS NOT NULL AND last_payment_at IS NULL AND ended_at IS NOT NULL) AS called_off,
			       CASE WHEN p.contribution_id IN (SELECT contribution_id FROM troubled) THEN (`+report.Regretted+`)
			       END AS regretted) o
		GROUP BY g.variant, g.format, g.shared, g.referrer, g.currency`, w.Args()...)
	if err != nil {
		return nil, err
	}
	cells := make([]cell, len(rows))
	for n, r := range rows {
		cells[n] = cell{variant: r.Variant, format: r.Format, shared: r.Shared, referrer: r.Referrer, Given: Given{
			Starts: r.Starts, Begun: r.Begun, Gifts: r.Gifts, Regretted: r.Regretted,
			Money: []Money{{r.Currency, r.Net, r.Squares}},
		}}
	}
	return cells, nil
}

// mostShown is the most articles that are listed.
const mostShown = 10

// articles are those where the campaign was seen most, with the gifts of readers who came from there.
func (e *Experiments) articles(
	ctx context.Context, tx *sqlx.Tx, k campaign.Campaign, from, to report.Day,
) ([]Article, error) {
	var all []Article
	err := tx.SelectContext(ctx, &all, `
		SELECT article, sum(views)::bigint AS views, sum(clicks)::bigint AS clicks
		FROM appeal_count WHERE campaign_id = $1 AND day >= $2::date AND day <= $3::date AND article <> ''
		GROUP BY article ORDER BY sum(views) DESC, article LIMIT $4`, k.ID, from.String(), to.String(), mostShown)
	if err != nil {
		return nil, err
	}
	for n := range all {
		w := &listing.Where{}
		w.Equal("c.campaign_id", k.ID.String())
		w.EqualLong("c.article", all[n].Address)
		report.Between(w, e.zone, "c.created_at", from, to)
		w.Add("c.format <> '' AND NOT c.shared")
		w.Add("EXISTS (SELECT 1 FROM payment p WHERE p.contribution_id = c.id AND p.status = 'completed')")
		err := tx.GetContext(ctx, &all[n].Gifts, `SELECT count(*) FROM contribution c`+w.SQL(), w.Args()...)
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// add adds what another part of the gifts came to.
func (g *Given) add(other Given, order func(a, b money.Currency) int) {
	g.Starts += other.Starts
	g.Begun += other.Begun
	g.Gifts += other.Gifts
	g.Regretted += other.Regretted
	for _, m := range other.Money {
		n := slices.IndexFunc(g.Money, func(own Money) bool { return own.Currency == m.Currency })
		if n < 0 {
			g.Money = append(g.Money, m)
			continue
		}
		g.Money[n].Net += m.Net
		g.Money[n].Squares += m.Squares
	}
	slices.SortFunc(g.Money, func(a, b Money) int { return order(a.Currency, b.Currency) })
}

// In is the money of one currency; nothing where there is none.
func (g Given) In(c money.Currency) Money {
	for _, m := range g.Money {
		if m.Currency == c {
			return m
		}
	}
	return Money{Currency: c}
}

// outside adds up gifts that belong to no variant, by where their readers came from, most gifts first.
func outside(cells []cell, order func(a, b money.Currency) int, belongs func(cell) bool) []Outside {
	var all []Outside
	for _, c := range cells {
		if !belongs(c) {
			continue
		}
		way := c.referrer
		switch {
		case c.shared:
			way = "shared"
		case c.variant != "":
			way = "earlier"
		}
		n := slices.IndexFunc(all, func(o Outside) bool { return o.Way == way })
		if n < 0 {
			all, n = append(all, Outside{Way: way}), len(all)
		}
		all[n].Given.add(c.Given, order)
	}
	slices.SortFunc(all, func(a, b Outside) int {
		return cmp.Or(cmp.Compare(b.Gifts, a.Gifts), cmp.Compare(a.Way, b.Way))
	})
	return all
}
