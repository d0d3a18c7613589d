package contribution

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/checkout"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// lockedRow is a contribution with its book, read in the statement that locks it.
type lockedRow struct {
	row

	ArticleID int64  `db:"article_id"`
	Book      []byte `db:"book"`
	Reviews   []byte `db:"reviews"`
	ToldNo    bool   `db:"told_no"`
	Current   bool   `db:"current"`
}

// selectLocked locks the contribution $1 and reads it with its book. A statement that had to wait for the lock gives
// the row as it is now and everything beside it as it was when it began (PostgreSQL, "Read Committed Isolation Level");
// then current is false: the row that the same statement sees as of its beginning is another version.
const selectLocked = selectColumns + `,
	coalesce(c.article_id, 0) AS article_id,
	` + ledger.Column + ` AS book,
	` + review.Column + ` AS reviews,
	EXISTS (SELECT 1 FROM review t WHERE t.code = '` + string(review.ChargedAfterNo) + `'
	        AND t.opened_at >= c.created_at - make_interval(secs => $3)) AS told_no,
	c.xmin = (SELECT x.xmin FROM contribution x WHERE x.id = c.id) AS current
	FROM contribution c JOIN campaign k ON k.id = c.campaign_id
	WHERE c.id = $1 FOR UPDATE OF c`

// Locked is a contribution that is locked, with what the ledger has of it.
type Locked struct {
	Contribution Contribution
	Book         *ledger.Book
	// ChargedAfterNo is set where a reader was charged lately after they had read that nothing was: this contribution may
	// be their second, or have been followed by one.
	ChargedAfterNo bool
}

// LockBook locks a contribution and reads it with its book, in one statement; in two where it had to wait for the lock.
// Whoever writes rows of the ledger writes the contribution's row, too, so that its version tells. facts are those that
// will be applied to the book. The error is fault.NotFound when there is no such contribution.
func LockBook(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, facts ...ledger.Fact) (*Locked, error) {
	named := db.Array(ledger.IDs(facts...))
	var r lockedRow
	for !r.Current {
		r = lockedRow{}
		err := tx.GetContext(ctx, &r, selectLocked, id, named, gaveAgainWithin.Seconds())
		if errors.Is(err, sql.ErrNoRows) {
			return nil, fault.New(fault.NotFound, "contribution.not_found")
		}
		if err != nil {
			return nil, fmt.Errorf("lock contribution: %w", err)
		}
	}
	if r.Article != "" && r.ArticleID == 0 {
		if err := linkArticle(ctx, tx, &r.ArticleID, r.ID, r.Article); err != nil {
			return nil, err
		}
	}
	reviews, err := review.ParseList(r.Reviews)
	if err != nil {
		return nil, err
	}
	c := r.contribution()
	book, err := ledger.Parse(ledger.Subject{
		Contribution: c.ID, Campaign: c.CampaignID, Frequency: string(c.Frequency), Article: r.ArticleID,
		Amount: c.Amount, Receipt: c.Receipt,
	}, r.Book, reviews)
	if err != nil {
		return nil, err
	}
	return &Locked{Contribution: c, Book: book, ChargedAfterNo: r.ToldNo}, nil
}

// linkArticle gives a contribution its article's id, and writes the article down where it is new: for the first gift on
// an article, and for one that the version before wrote.
func linkArticle(ctx context.Context, q sqlx.QueryerContext, to *int64, id uuid.UUID, address string) error {
	err := sqlx.GetContext(ctx, q, to, `
		WITH of AS (
			INSERT INTO article (address, digest) VALUES ($2::text, sha256(convert_to($2::text, 'UTF8')))
			ON CONFLICT (digest) DO UPDATE SET address = excluded.address RETURNING id)
		UPDATE contribution SET article_id = (SELECT id FROM of) WHERE id = $1 RETURNING article_id`, id, address)
	if err != nil {
		return fmt.Errorf("link the article of %s: %w", id, err)
	}
	return nil
}

// line is a line of the history, as Save takes it.
type line struct {
	Number int    `json:"number"`
	Fact   string `json:"fact"`
	Detail string `json:"detail"`
	Ref    string `json:"paypal_ref"`
	From   State  `json:"from_state"`
	To     State  `json:"to_state"`
	Source Way    `json:"source"`
	Event  *int64 `json:"webhook_event_id"`
}

func lines(events []Event) []line {
	all := make([]line, len(events))
	for i, e := range events {
		all[i] = line{Number: i, Fact: e.Kind, Detail: e.Detail, Ref: e.Ref, From: e.From, To: e.To, Source: e.Way}
		if e.Webhook != 0 {
			all[i].Event = &e.Webhook
		}
	}
	return all
}

// person is the supporter to link, as Save takes it.
type person struct {
	ID      uuid.UUID `json:"id"`
	Email   string    `json:"email"`
	Name    string    `json:"name"`
	Country string    `json:"country"`
}

const (
	insertEvents = `history AS (
	INSERT INTO contribution_event (contribution_id, fact, detail, paypal_ref, from_state, to_state, source,
	                                webhook_event_id, at)
	SELECT $3, h.fact, h.detail, h.paypal_ref, h.from_state, h.to_state, h.source, h.webhook_event_id, $4
	FROM jsonb_to_recordset($2::text::jsonb->'history') AS h (
	    number integer, fact text, detail text, paypal_ref text, from_state text, to_state text, source text,
	    webhook_event_id bigint)
	ORDER BY h.number)`

	// What PayPal leaves out this time stays as it was known.
	upsertPerson = `person AS (
	INSERT INTO supporter (id, email, name, country, created_at, updated_at)
	SELECT p.id, lower(p.email), p.name, p.country, $4, $4
	FROM jsonb_to_recordset($2::text::jsonb->'person') AS p (id uuid, email text, name text, country text)
	ON CONFLICT (email) DO UPDATE SET
	    name = coalesce(nullif(excluded.name, ''), supporter.name),
	    country = coalesce(nullif(excluded.country, ''), supporter.country), updated_at = excluded.updated_at
	RETURNING id)`

	// With a new state, the checks of the sweep begin anew.
	updateContribution = `
	UPDATE contribution
	SET state = $5, reason = $6, order_id = nullif($7, ''), approve_url = $8, retry_url = $9,
	    capture_attempt = $10, capture_doubt = $11, capture_refused = $12, gone_since = $13, gone = $14,
	    updated_at = $4, completed_at = $15, retry_at = $16,
	    capture_begun_at = $19, capture_until = $20,
	    checks = CASE WHEN $17 THEN 0 ELSE checks END,
	    check_at = CASE WHEN $17 OR $18::timestamptz IS NULL THEN $18::timestamptz
	                    ELSE least(coalesce(check_at, $18::timestamptz), $16::timestamptz) END,
	    supporter_id = coalesce((SELECT id FROM person), supporter_id)
	WHERE id = $3`

	nobody  = `person (id) AS (SELECT NULL::uuid WHERE false)`
	nothing = `unchanged AS (SELECT $1::text)`
)

// Save writes the contribution as it stands now, the events that were added to its history, its supporter, and what the
// ledger learned, in one statement. before is its state when it was locked; payer is who is linked as its supporter, if
// that is named; every is the interval of the sweep.
func (l *Locked) Save(
	ctx context.Context, tx *sqlx.Tx, before State, events []Event, payer paypal.Payer, now time.Time, every time.Duration,
) error {
	c, k, standing := &l.Contribution, &l.Contribution.Checkout, l.Book.Standing()
	c.UpdatedAt = now
	checkAt := k.NextCheck(moneyOf(c.State, standing), 0, now, every)
	books, err := l.Book.Writes(now)
	if err != nil {
		return err
	}
	money, who := books.Queries, nobody
	if money == "" {
		money = nothing
	}
	beside := struct {
		History []line   `json:"history"`
		Person  []person `json:"person"`
	}{History: lines(events)}
	if payer.Email != "" {
		who, beside.Person = upsertPerson, []person{{uuid.New(), payer.Email, payer.Name(), payer.Country}}
	}
	text, err := json.Marshal(beside)
	if err != nil {
		return fmt.Errorf("write the history of %s: %w", c.ID, err)
	}
	_, err = tx.ExecContext(ctx, "WITH "+money+",\n"+insertEvents+",\n"+who+updateContribution,
		books.Arg, string(text), c.ID, now,
		string(c.State), c.Reason, k.PayPalID, k.ApproveURL, k.RetryURL,
		k.Attempt, k.Unanswered, k.Refused, null(k.MissingSince), k.Gone,
		null(c.CompletedAt), null(k.RetryAt), c.State != before, null(checkAt),
		null(k.AttemptedAt), null(k.LeasedUntil))
	if err != nil {
		return fmt.Errorf("save contribution %s: %w", c.ID, err)
	}
	return nil
}

// moneyOf is what the ledger has, as far as it decides when to ask PayPal.
func moneyOf(s State, standing ledger.Standing) checkout.Money {
	return checkout.Money{Paid: standing.Payments > 0, Held: standing.Disputed || s == Pending}
}

func null(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }
