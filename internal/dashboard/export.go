package dashboard

import (
	"context"
	"io"
	"strconv"
	"time"

	"readerfund/internal/report"
)

// WriteContributions writes everything the query finds while reading, with the lines of EachPayment: it keeps one page
// in memory, or two for report.Table, and no connection while it writes. If it fails midway, the part that was written
// stays written.
func (v *Views) WriteContributions(ctx context.Context, w io.Writer, f report.Format, q ContributionsQuery) error {
	return report.Write(w, f, columns(v.zone), func(row func(Contribution) error) error {
		return v.EachPayment(ctx, q, row)
	})
}

// ExportContributions writes everything the query finds for a spreadsheet, in columns whose words the caller chooses.
func (v *Views) ExportContributions(
	ctx context.Context, w io.Writer, d report.Dialect, q ContributionsQuery, columns []report.Column[Contribution],
) error {
	return report.Export(w, d, columns, func(row func(Contribution) error) error {
		return v.EachPayment(ctx, q, row)
	})
}

func columns(zone *time.Location) []report.Column[Contribution] {
	type c = Contribution
	column := func(name string, cell func(c) report.Cell) report.Column[c] {
		return report.Column[c]{Name: name, Cell: cell}
	}
	text := func(name string, of func(c) string) report.Column[c] {
		return column(name, func(r c) report.Cell { return report.Text(of(r)) })
	}
	sum := func(name string, of func(c) int64) report.Column[c] {
		return column(name, func(r c) report.Cell { return report.Digits(of(r), r.Amount.Currency) })
	}
	moment := func(name string, of func(c) time.Time) report.Column[c] {
		return column(name, func(r c) report.Cell { return report.Moment(of(r), zone) })
	}
	return []report.Column[c]{
		text("id", func(r c) string { return r.ID.String() }),
		text("receipt", func(r c) string { return r.Receipt }),
		text("status", func(r c) string { return r.Status }),
		moment("created_at", func(r c) time.Time { return r.CreatedAt }),
		moment("completed_at", func(r c) time.Time { return r.CompletedAt }),
		text("currency", func(r c) string { return string(r.Amount.Currency) }),
		sum("amount", func(r c) int64 { return r.Amount.Minor }),
		sum("gross", func(r c) int64 { return r.Gross }),
		sum("fee", func(r c) int64 { return r.Fee }),
		sum("refunded", func(r c) int64 { return r.Refunded }),
		sum("held", func(r c) int64 { return r.Held }),
		sum("net", func(r c) int64 { return r.Net }),
		text("campaign", func(r c) string { return r.Campaign }),
		text("article", func(r c) string { return r.Article }),
		text("utm_source", func(r c) string { return r.Source.UTM.Source }),
		text("utm_medium", func(r c) string { return r.Source.Medium }),
		text("utm_campaign", func(r c) string { return r.Source.Campaign }),
		text("utm_term", func(r c) string { return r.Source.Term }),
		text("utm_content", func(r c) string { return r.Source.Content }),
		text("reason", func(r c) string { return r.Reason }),
		text("attention", func(r c) string { return r.Attention }),
		text("paypal_order_id", func(r c) string { return r.OrderID }),
		text("paypal_capture_id", func(r c) string { return r.CaptureID }),
		text("frequency", func(r c) string { return r.Frequency }),
		text("subscription_id", func(r c) string { return r.Subscription }),
		column("cycle", func(r c) report.Cell { return report.Ordinal(r.Cycle) }),
		text("variant", func(r c) string { return r.Source.Variant }),
		text("format", func(r c) string { return r.Source.Format }),
		text("section", func(r c) string { return r.Source.Section }),
		text("author", func(r c) string { return r.Source.Author }),
		text("article_ref", func(r c) string { return r.Source.ArticleRef }),
		text("referrer", func(r c) string { return string(r.Source.Referrer) }),
		text("shared", func(r c) string { return strconv.FormatBool(r.Source.Shared) }),
		sum("covered", func(r c) int64 { return r.Covered.Minor }),
		text("tribute", func(r c) string { return r.Tribute.Kind }),
		text("tribute_name", func(r c) string { return r.Tribute.Name }),
	}
}
