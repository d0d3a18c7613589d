package dashboard_test

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/report"
)

// A question about what there is not is refused everywhere, with what there is: an empty answer would say that nobody
// gave.
func TestWhatThereIsNotIsAnErrorWithWhatThereIs(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r, v := report.New(b.DB, time.UTC, "EUR"), dashboard.New(b.DB, time.UTC)
	ctx := t.Context()
	ask := func(campaign, article string) map[string]error {
		totals := report.TotalsQuery{Campaign: campaign, Article: article}
		list := dashboard.ContributionsQuery{Campaign: campaign, Article: article}
		all := map[string]error{}
		_, all["totals"] = r.Totals(ctx, totals)
		_, all["ledger"] = r.Ledger(ctx, report.LedgerQuery{TotalsQuery: totals})
		_, all["contributions"] = v.Contributions(ctx, list)
		_, all["count"] = v.CountContributions(ctx, list)
		all["table"] = v.WriteContributions(ctx, &strings.Builder{}, report.Table, list)
		return all
	}
	refuses := func(errs map[string]error, field, message string) {
		t.Helper()
		for which, err := range errs {
			faults := fault.All(err)
			if len(faults) != 1 || faults[0].Kind != fault.Invalid || faults[0].Field != field ||
				faults[0].Message.String() != message {
				t.Errorf("%s: %v, want %s: %s", which, err, field, message)
			}
		}
	}
	refuses(ask("wintr", ""), "campaign", `There is no campaign "wintr". Most similar: winter, autumn.`)
	refuses(ask("", "https://example.org/a"), "article", "No contribution came from this article, nor from any other.")
	for _, article := range []string{"https://example.org/river", "https://example.org/harbour",
		"https://example.org/school",
		"https://example.org/bus", ""} {
		b.Give(gift{Article: article, At: at("2026-11-22T12:00:00Z")})
	}
	refuses(ask("", "https://example.org/river/"), "article",
		"No contribution came from this article. Most similar: https://example.org/river, https://example.org/bus, "+
			"https://example.org/harbour.")
	for which, err := range ask("winter", "https://example.org/river") { // there are both, and no gift is from both
		if err != nil {
			t.Errorf("%s: %v", which, err)
		}
	}
	_, err := r.Totals(ctx, report.TotalsQuery{Currency: "EURO"})
	if got := fault.All(err); len(got) != 1 ||
		!strings.HasPrefix(got[0].Message.String(), `PayPal settles no currency "EURO". Most similar: EUR, `) {
		t.Errorf("got %v", err)
	}
}
