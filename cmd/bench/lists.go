package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"readerfund/internal/audit"
	"readerfund/internal/dashboard"
	"readerfund/internal/db"
	"readerfund/internal/health"
	"readerfund/internal/report"
)

// listAim is how long a list may take at most, in milliseconds, however many rows there are.
const listAim = 20

// measureLists times what the staff pages read, by the service's own functions, over an archive.
func (b *bench) measureLists(ctx context.Context) (err error) {
	address, err := b.house.database(ctx, "lists")
	if err != nil {
		return err
	}
	if err := b.house.migrate([]string{"DATABASE_URL=" + address}); err != nil {
		return err
	}
	a := newArchive(b.archiveRows(), time.Now())
	if err := a.fill(ctx, address, b.say); err != nil {
		return err
	}
	pool, err := db.Open(ctx, address, db.Options{MaxOpen: 1, AnswerTimeout: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	if err := report.NewMoneyRollup(pool, time.UTC).Rebuild(ctx); err != nil {
		return err
	}
	of := fmt.Sprintf(", of %s contributions", grouped(float64(a.rows)))
	return a.time(ctx, pool, b.rounds, func(q question, took []float64) {
		b.add(compare(q.what+of, "ms", "-", took, nothing(len(took)), 0).figureAtMost(q.aim))
	})
}

// usualRows is how many contributions the archive has where --rows says nothing.
const usualRows = 100_000

func (b *bench) archiveRows() int {
	switch {
	case b.Rows > 0:
		return b.Rows
	case b.Quick:
		return 5000
	default:
		return usualRows
	}
}

// question is something that a staff page asks. aim is the milliseconds it may take; 0 is no aim.
type question struct {
	what string
	aim  float64
	ask  func(context.Context) error
}

// time asks every question so many times, after once for the caches, and gives the milliseconds of each turn.
func (a archive) time(ctx context.Context, pool *db.DB, turns int, each func(question, []float64)) error {
	all, err := a.questions(ctx, pool)
	if err != nil {
		return err
	}
	for _, q := range all {
		var took []float64
		for turn := range turns + 1 {
			began := time.Now()
			if err := q.ask(ctx); err != nil {
				return fmt.Errorf("ask for %s: %w", q.what, err)
			}
			if turn > 0 {
				took = append(took, float64(time.Since(began).Microseconds())/1000)
			}
		}
		each(q, took)
	}
	return nil
}

// questions are all that the staff pages ask. Lists have an aim. What counts or adds up a great many rows has none, nor
// has a search for a name, which reads the contributions one after the other.
func (a archive) questions(ctx context.Context, pool *db.DB) ([]question, error) {
	var one struct {
		Receipt string `db:"receipt"`
		Order   string `db:"order_id"`
		Capture string `db:"paypal_id"`
		Event   string `db:"event_id"`
	}
	if err := pool.GetContext(ctx, &one, `
		SELECT c.receipt, c.order_id, w.resource_id AS paypal_id, w.event_id
		FROM contribution c JOIN webhook_event w ON w.contribution_id = c.id
		WHERE c.created_at > $1 ORDER BY c.created_at LIMIT 1`, a.from.AddDate(0, 6, 0)); err != nil {
		return nil, fmt.Errorf("look for something to search: %w", err)
	}
	all := contributionQuestions(pool, one.Receipt, one.Order, one.Capture)
	all = append(all, inboxQuestions(pool, one.Event, one.Capture)...)
	all = append(all, a.otherLists(pool, one.Receipt)...)
	return append(all, a.moneyQuestions(pool)...), nil
}

func contributionQuestions(pool *db.DB, receipt, order, capture string) []question {
	views := dashboard.New(pool, time.UTC)
	list := func(what string, q dashboard.ContributionsQuery) question {
		return question{"contributions, " + what, listAim, func(ctx context.Context) error {
			_, err := views.Contributions(ctx, q)
			return err
		}}
	}
	type query = dashboard.ContributionsQuery
	all := []question{
		list("newest", query{}),
		list("one day", query{From: dayBefore(400), To: dayBefore(400)}),
		list("common state", query{Status: "completed"}),
		list("rare state", query{Status: rareState}),
		list("common campaign", query{Campaign: "autumn"}),
		list("rare campaign", query{Campaign: rareCampaign}),
		list("common article", query{Article: usualArticle}),
		list("rare article", query{Article: rareArticle}),
		list("common currency", query{Currency: "EUR"}),
		list("rare currency", query{Currency: rareCurrency}),
		list("rare currency of a campaign", query{Currency: rareCurrency, Campaign: "autumn", Status: "completed"}),
		list("to review", query{Attention: true}),
		list("by receipt number", query{Search: receipt}),
		list("by order", query{Search: order}),
		list("by capture", query{Search: capture}),
		list("by email address", query{Search: "reader77@example.org", Mail: true}),
		list("by the beginning of one", query{Search: "payer77@", Mail: true}),
	}
	name := func(what string, q query) question {
		found := list(what, q)
		found.aim = 0
		return found
	}
	return append(all, name("by a common name", query{Search: "müller"}), name("by a rare name", query{Search: rareName}),
		name("by a rare name, one month", query{Search: rareName, From: dayBefore(400), To: dayBefore(370)}),
		question{"one contribution's page", listAim, func(ctx context.Context) error {
			page, err := views.Contributions(ctx, query{Search: receipt})
			if err == nil {
				_, err = views.History(ctx, page.Contributions[0].ID)
			}
			return err
		}})
}

func inboxQuestions(pool *db.DB, event, capture string) []question {
	views := dashboard.New(pool, time.UTC)
	list := func(what string, q dashboard.InboxQuery) question {
		return question{"PayPal events, " + what, listAim, func(ctx context.Context) error {
			_, err := views.Inbox(ctx, q)
			return err
		}}
	}
	return []question{
		list("newest", dashboard.InboxQuery{}),
		list("common state", dashboard.InboxQuery{State: "applied"}),
		list("rare state", dashboard.InboxQuery{State: "ignored"}),
		list("a state of none", dashboard.InboxQuery{State: "parked"}),
		list("by PayPal's id", dashboard.InboxQuery{Search: event}),
		list("by capture", dashboard.InboxQuery{Search: capture}),
	}
}

func (a archive) otherLists(pool *db.DB, receipt string) []question {
	views, monitor := dashboard.New(pool, time.UTC), health.New(pool)
	log := audit.NewLog(audit.Config{DB: pool, Reading: pool, Now: time.Now})
	list := func(what string, ask func(context.Context) error) question { return question{what, listAim, ask} }
	differences := func(q dashboard.DifferencesQuery) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := views.Differences(ctx, q)
			return err
		}
	}
	audited := func(q audit.Query) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := log.List(ctx, q)
			return err
		}
	}
	return []question{
		list("differences, newest", differences(dashboard.DifferencesQuery{})),
		list("differences, open", differences(dashboard.DifferencesQuery{State: "open"})),
		list("differences, by PayPal's id", differences(dashboard.DifferencesQuery{Search: "NONE"})),
		{"reconciliation", 0, func(ctx context.Context) error {
			_, err := views.Reconciliation(ctx, time.Now())
			return err
		}},
		list("audit log, newest", audited(audit.Query{})),
		list("audit log, of one account", audited(audit.Query{Actor: "staff7@example.org"})),
		list("audit log, of one contribution", audited(audit.Query{Subject: receipt})),
		list("background work", func(ctx context.Context) error {
			_, err := views.Work(ctx, time.Now())
			return err
		}),
		list("what waits for a person", func(ctx context.Context) error {
			_, err := monitor.Attention(ctx, time.Now())
			return err
		}),
		{"what is stuck, every minute", 0, func(ctx context.Context) error {
			_, err := monitor.Snapshot(ctx, time.Now())
			return err
		}},
	}
}

// moneyQuestions are the ledger's lists, and reports.
func (a archive) moneyQuestions(pool *db.DB) []question {
	reports := report.New(pool, time.UTC, "EUR")
	type query = report.TotalsQuery
	ledger := func(what string, q query) question {
		return question{"ledger, " + what, listAim, func(ctx context.Context) error {
			_, err := reports.Ledger(ctx, report.LedgerQuery{TotalsQuery: q})
			return err
		}}
	}
	totals := func(what string, aim float64, q query) question {
		return question{"totals, " + what, aim, func(ctx context.Context) error {
			_, err := reports.Totals(ctx, q)
			return err
		}}
	}
	month := query{From: dayBefore(29), To: dayBefore(0)}
	with := func(q query, by ...report.Key) query {
		q.By = by
		return q
	}
	return []question{
		ledger("newest", query{}),
		ledger("one day", query{From: dayBefore(400), To: dayBefore(400)}),
		ledger("common campaign", query{Campaign: "autumn"}),
		ledger("rare campaign", query{Campaign: rareCampaign}),
		ledger("common article", query{Article: usualArticle}),
		ledger("rare article", query{Article: rareArticle}),
		ledger("no article", query{NoArticle: true}),
		ledger("rare currency", query{Currency: rareCurrency}),
		ledger("refunds", query{Part: report.Refunds}),
		ledger("holds of a rare article", query{Part: report.Holds, Article: rareArticle}),
		totals("rare article", listAim, query{Article: rareArticle}),
		totals("rare campaign by month", listAim, with(query{Campaign: rareCampaign}, report.ByMonth)),
		totals("30 days by day", 0, with(month, report.ByDay)),
		totals("30 days by campaign", 0, with(month, report.ByCampaign)),
		totals("30 days by article", 0, with(month, report.ByArticle)),
		totals("all", 0, query{}),
		totals("all by month", 0, with(query{}, report.ByMonth)),
		totals("all by campaign", 0, with(query{}, report.ByCampaign)),
		totals("all by article", 0, with(query{}, report.ByArticle)),
	}
}

// dayBefore is the day so many days ago.
func dayBefore(days int) report.Day {
	day, _ := report.ParseDay("", time.Now().UTC().AddDate(0, 0, -days).Format(time.DateOnly)) // written just now
	return day
}
