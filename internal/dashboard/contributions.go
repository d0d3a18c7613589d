package dashboard

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/listing"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

// Statuses lists the states that a list of contributions can be filtered by.
func Statuses() []string {
	var all []string
	for _, s := range contribution.States() {
		all = append(all, string(s))
	}
	return all
}

// ContributionsQuery asks for contributions, newest first. From and To are the days on which they began, both included;
// empty fields restrict nothing.
type ContributionsQuery struct {
	From, To   report.Day
	Status     string
	Campaign   string // slug
	Article    string // address
	Currency   money.Currency
	Search     string // a receipt number, PayPal's id of an order, a capture, a refund or a dispute, or a part of a name
	Mail       bool   // Search also looks at email addresses: for accounts that may see them
	Attention  bool   // only those that a person should review
	Frequency  string // once, month or year
	Subscribed string // one of SubscriptionStates
	After      string // the cursor that the previous page returned
	Limit      int    // 0 for listing.DefaultLimit
}

// Contribution is one line of the list. Times are UTC, and zero for events that did not happen.
type Contribution struct {
	ID          uuid.UUID
	Receipt     string
	Status      string
	Reason      string // PayPal's code for a pending, declined or failed state
	Attention   string // why a person should review it: all open reasons, in words
	Amount      money.Amount
	report.Sums // of its ledger entries: zero while no money came
	Campaign    string
	Article     string
	Name        string // as the reader gave it
	Email       string // as the reader gave it
	Message     string
	Naming      string // "yes" or "no", as the reader answered; empty if they were not asked
	PayerName   string // as PayPal knows the reader; empty until PayPal tells, or once the person is erased
	PayerMail   string
	OrderID     string
	CaptureID   string // PayPal's id of the capture, or of the sale of a subscription
	Frequency   string
	// PayPal's id of the subscription; empty for one time
	Subscription string
	Cycle        int64        // set by EachPayment: the payment's number among the contribution's; 0 if it has none
	Converted    money.Amount // what PayPal converted the payment to; no currency if it did not convert it
	Rate         string       // the exchange rate, as PayPal writes it
	Source       contribution.Source
	Covered      money.Amount // the part of Amount that the reader added to cover PayPal's fee
	Tribute      contribution.Tribute
	CreatedAt    time.Time
	CompletedAt  time.Time
}

// Reader is the reader's name: as they typed it, or else as PayPal has it.
func (c Contribution) Reader() string { return cmp.Or(c.Name, c.PayerName) }

// Mail is the reader's address: as they typed it, or else as PayPal has it.
func (c Contribution) Mail() string { return cmp.Or(c.Email, c.PayerMail) }

// Page is a page of contributions. Next is the cursor of the next page, empty on the last one.
type Page struct {
	Contributions []Contribution
	Next          string
}

// Contributions returns one page. Errors are fault.Invalid if the query is wrong.
func (v *Views) Contributions(ctx context.Context, q ContributionsQuery) (Page, error) {
	if q.Limit == 0 {
		q.Limit = listing.DefaultLimit
	}
	if q.Limit < 0 || q.Limit > listing.MaxLimit {
		return Page{}, fault.Input("limit", "listing.limit_contributions", fault.Args{"max": listing.MaxLimit})
	}
	rows, err := v.readContributions(ctx, q, q.Limit+1) // the extra row shows that there is more
	if err != nil {
		return Page{}, err
	}
	page := Page{Contributions: rows}
	if len(rows) > q.Limit {
		page.Contributions = rows[:q.Limit]
		last := rows[q.Limit-1]
		page.Next = listing.EncodeCursor(last.CreatedAt, last.ID[:])
	}
	return page, nil
}

// EachContribution calls each with every contribution the query finds, ignoring Limit, newest first, one at a time: for
// exports of any size. An error from each ends it and is returned.
//
// It reads page by page, and holds no connection while each runs, however long that takes. So every line shows the
// state at the time its page was read, and the pages may differ in that time. A contribution that began after the first
// page is not in the result, and none comes twice or is skipped, because the sort key never changes.
func (v *Views) EachContribution(ctx context.Context, q ContributionsQuery, each func(Contribution) error) error {
	return v.eachPage(ctx, q, func(page []Contribution) error {
		for _, c := range page {
			if err := each(c); err != nil {
				return err
			}
		}
		return nil
	})
}

func (v *Views) eachPage(ctx context.Context, q ContributionsQuery, each func([]Contribution) error) error {
	q.Limit = listing.MaxLimit
	for {
		page, err := v.Contributions(ctx, q)
		if err != nil {
			return err
		}
		if err := each(page.Contributions); err != nil {
			return err
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
}

// CountContributions is how many contributions the query finds, ignoring Limit.
func (v *Views) CountContributions(ctx context.Context, q ContributionsQuery) (n int64, err error) {
	w, err := v.contributionConditions(ctx, q)
	if err != nil {
		return 0, err
	}
	err = v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &n, `SELECT count(*) FROM contribution c`+w.SQL(), w.Args()...)
	})
	if err != nil {
		return 0, fmt.Errorf("count contributions: %w", err)
	}
	return n, nil
}

type contributionRow struct {
	ID           uuid.UUID      `db:"id"`
	Receipt      string         `db:"receipt"`
	State        string         `db:"state"`
	Reason       string         `db:"reason"`
	Reviews      string         `db:"reviews"` // those that are open, as JSON
	AmountMinor  int64          `db:"amount_minor"`
	Currency     string         `db:"currency"`
	Campaign     string         `db:"campaign"`
	Article      string         `db:"article"`
	Name         string         `db:"name"`
	Email        string         `db:"email"`
	Message      string         `db:"message"`
	Naming       string         `db:"naming"`
	PayerName    string         `db:"payer_name"`
	PayerMail    string         `db:"payer_mail"`
	ToMinor      int64          `db:"to_minor"`
	ToCurrency   string         `db:"to_currency"`
	Rate         string         `db:"rate"`
	OrderID      sql.NullString `db:"order_id"`
	CaptureID    sql.NullString `db:"capture_id"`
	Frequency    string         `db:"frequency"`
	Subscription sql.NullString `db:"subscription_id"`
	CreatedAt    time.Time      `db:"created_at"`
	CompletedAt  sql.NullTime   `db:"completed_at"`
	CoveredMinor int64          `db:"covered_minor"`
	report.Sums
	contribution.Source
	contribution.Tribute
}

func (row contributionRow) contribution() Contribution {
	return Contribution{
		ID: row.ID, Receipt: row.Receipt, Status: row.State, Reason: row.Reason, Attention: reviewsInWords(row.Reviews),
		Amount: money.New(row.AmountMinor, money.Currency(row.Currency)), Sums: row.Sums,
		Campaign: row.Campaign, Article: row.Article, Name: row.Name, Email: row.Email, Message: row.Message,
		Naming: row.Naming, PayerName: row.PayerName, PayerMail: row.PayerMail,
		OrderID: row.OrderID.String, CaptureID: row.CaptureID.String,
		Frequency: row.Frequency, Subscription: row.Subscription.String,
		Converted: money.New(row.ToMinor, money.Currency(row.ToCurrency)), Rate: row.Rate,
		Covered: money.New(row.CoveredMinor, money.Currency(row.Currency)), Tribute: row.Tribute,
		Source: row.Source, CreatedAt: row.CreatedAt.UTC(), CompletedAt: utc(row.CompletedAt),
	}
}

func (v *Views) readContributions(ctx context.Context, q ContributionsQuery, limit int) ([]Contribution, error) {
	w, err := v.contributionConditions(ctx, q)
	if err != nil {
		return nil, err
	}
	const order = ` ORDER BY c.created_at DESC, c.id DESC`
	query := selectContributions(w.SQL()+order+" LIMIT "+w.Arg(limit)) + order
	var rows []contributionRow
	err = v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, query, w.Args()...)
	})
	if err != nil {
		return nil, fmt.Errorf("read contributions: %w", err)
	}
	all := make([]Contribution, len(rows))
	for i, row := range rows {
		all[i] = row.contribution()
	}
	return all, nil
}

// selectContributions reads the contributions c of campaigns k that a clause picks. It picks first, and adds up only
// what was picked, each by the ledger's index: a page of fifty reads fifty contributions' entries and not the whole
// ledger. The capture shown is the one that brought the money, or else the latest.
func selectContributions(clause string) string {
	return `
	SELECT c.id, c.receipt, c.state, c.reason, ` + openReviews + ` AS reviews,
	       c.amount_minor, c.currency, c.campaign, c.article, c.name, c.email, c.message, c.naming,
	       coalesce(u.name, '') AS payer_name, coalesce(u.email, '') AS payer_mail, c.order_id, p.paypal_id AS capture_id,
	       c.frequency, c.subscription_id,
	       coalesce(v.to_minor, 0) AS to_minor, coalesce(v.to_currency, '') AS to_currency, coalesce(v.rate, '') AS rate,
	       c.utm_source, c.utm_medium, c.utm_campaign, c.utm_term, c.utm_content,
	       c.variant, c.format, c.section, c.author, c.article_ref, c.referrer, c.shared,
	       c.covered_minor, c.tribute, c.tribute_name,
	       c.created_at, c.completed_at, s.gross, s.fee, s.refunded, s.held, s.net
	FROM (SELECT c.*, k.slug AS campaign FROM contribution c JOIN campaign k ON k.id = c.campaign_id` + clause + `) c
	CROSS JOIN LATERAL (
		SELECT ` + report.SumColumns + ` FROM ledger_entry l WHERE l.contribution_id = c.id AND l.currency = c.currency
	) s
	LEFT JOIN LATERAL (
		SELECT id, paypal_id FROM payment WHERE contribution_id = c.id
		ORDER BY status = 'completed' DESC, occurred_at DESC, id DESC LIMIT 1
	) p ON true
	LEFT JOIN conversion v ON v.payment_id = p.id
	LEFT JOIN supporter u ON u.id = c.supporter_id`
}

func (v *Views) contributionConditions(ctx context.Context, q ContributionsQuery) (*listing.Where, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	campaign, err := report.CheckKnown(ctx, v.db, q.Campaign, q.Article)
	if err != nil {
		return nil, err
	}
	w := &listing.Where{}
	report.Between(w, v.zone, "c.created_at", q.From, q.To)
	w.Equal("c.state", q.Status)
	if q.Campaign != "" {
		w.Addf("c.campaign_id = %s", w.Arg(campaign))
	}
	w.EqualLong("c.article", q.Article)
	w.Equal("c.currency", string(q.Currency))
	w.Equal("c.frequency", q.Frequency)
	ofSubscription(w, q.Subscribed)
	search(w, q.Search, q.Mail)
	if q.Attention {
		w.Add("c.id IN (SELECT contribution_id FROM review WHERE closed_at IS NULL)")
	}
	if q.After != "" {
		at, id, err := listing.DecodeCursor(q.After, len(uuid.UUID{}))
		if err != nil {
			return nil, err
		}
		w.Addf("(c.created_at, c.id) < (%s, %s)", w.Arg(at), w.Arg(uuid.UUID(id)))
	}
	return w, nil
}

// check returns every error in the query, except in the cursor.
func (q ContributionsQuery) check() error {
	status := oneOf("status", q.Status, Statuses())
	return errors.Join(
		report.CheckRange(q.From, q.To), status, oneOf("frequency", q.Frequency, Frequencies()),
		oneOf("subscription", q.Subscribed, SubscriptionStates()), report.CheckCurrency(q.Currency),
		listing.CheckText("campaign", q.Campaign), listing.CheckText("article", q.Article),
		listing.CheckText("search", q.Search))
}

// oneOf rejects a word that is not among the known ones.
func oneOf(field, word string, known []string) error {
	if word == "" || slices.Contains(known, word) {
		return nil
	}
	return fault.Input(field, "report.status_unknown", fault.Args{
		"what": field, "status": word, "known": strings.Join(known, ", "),
	})
}

// Frequencies lists how often readers can give.
func Frequencies() []string {
	return []string{string(contribution.Once), string(contribution.Monthly), string(contribution.Yearly)}
}
