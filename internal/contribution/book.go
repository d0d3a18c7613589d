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

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
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

// selectLocked locks the contribution $1 and reads it with its book. A statement that had to wait for the lock gives the
// row as it is now and everything beside it as it was when it began (PostgreSQL, "Read Committed Isolation Level"); then
// current is false: the row that the same statement sees as of its beginning is another version.
const selectLocked = selectColumns + `,
	coalesce(c.article_id, 0) AS article_id,
	` + ledger.Column + ` AS book,
	` + review.Column + ` AS reviews,
	EXISTS (SELECT 1 FROM review t WHERE t.code = '` + string(review.ChargedAfterNo) + `'
	        AND t.opened_at >= c.created_at - make_interval(secs => $3)) AS told_no,
	c.xmin = (SELECT x.xmin FROM contribution x WHERE x.id = c.id) AS current
	FROM contribution c JOIN campaign k ON k.id = c.campaign_id
	WHERE c.id = $1 FOR UPDATE OF c`

// lockBook locks the contribution that the facts are about and reads it with its book, in one statement; in two where it
// had to wait for the lock. Whoever writes rows of the ledger writes the contribution's row, too, so that its version tells.
func lockBook(ctx context.Context, tx *sqlx.Tx, facts []Fact) (*application, error) {
	var money []ledger.Fact
	for _, f := range facts {
		if f.money != nil {
			money = append(money, *f.money)
		}
	}
	id, named := facts[0].contribution, db.Array(ledger.IDs(money...))
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
		if err := linkArticle(ctx, tx, &r); err != nil {
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
	return &application{c: c, book: book, toldNo: r.ToldNo}, nil
}

// linkArticle completes a contribution that the version before wrote, or whose article another gift wrote down at the same
// moment. It goes with the version after next.
func linkArticle(ctx context.Context, tx *sqlx.Tx, r *lockedRow) error {
	err := tx.GetContext(ctx, &r.ArticleID, `
		WITH of AS (
			INSERT INTO article (address, digest) VALUES ($2::text, sha256(convert_to($2::text, 'UTF8')))
			ON CONFLICT (digest) DO UPDATE SET address = excluded.address RETURNING id)
		UPDATE contribution SET article_id = (SELECT id FROM of) WHERE id = $1 RETURNING article_id`, r.ID, r.Article)
	if err != nil {
		return fmt.Errorf("link the article of %s: %w", r.ID, err)
	}
	return nil
}

// event is a line of the history, as write takes it.
type event struct {
	Number int    `json:"number"`
	Fact   string `json:"fact"`
	Detail string `json:"detail"`
	Ref    string `json:"paypal_ref"`
	From   State  `json:"from_state"`
	To     State  `json:"to_state"`
	Source Way    `json:"source"`
	Event  *int64 `json:"webhook_event_id"`
}

func (f Fact) event(from, to State, number int) event {
	e := event{
		Number: number, Fact: f.kind(), Detail: f.detail, Ref: f.ref, From: from, To: to, Source: f.source.Way,
	}
	if f.source.Event != 0 {
		e.Event = &f.source.Event
	}
	return e
}

// person is the supporter to link, as write takes it.
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

	// A new state starts the sweep's looks afresh.
	updateContribution = `
	UPDATE contribution
	SET state = $5, reason = $6, order_id = nullif($7, ''), approve_url = $8, retry_url = $9,
	    capture_attempt = $10, capture_doubt = $11, capture_refused = $12, gone_since = $13, gone = $14,
	    updated_at = $4, completed_at = $15, retry_at = $16,
	    checks = CASE WHEN $17 THEN 0 ELSE checks END,
	    check_at = CASE WHEN $17 OR $18::timestamptz IS NULL THEN $18::timestamptz
	                    ELSE coalesce(check_at, $18::timestamptz) END,
	    supporter_id = coalesce((SELECT id FROM person), supporter_id)
	WHERE id = $3`

	nobody  = `person (id) AS (SELECT NULL::uuid WHERE false)`
	nothing = `unchanged AS (SELECT $1::text)`
)

// write writes the contribution, its history, its supporter and what the ledger learned, in one statement.
func (a *application) write(ctx context.Context, tx *sqlx.Tx, every time.Duration) error {
	c, standing := &a.c, a.book.Standing()
	c.UpdatedAt = a.now
	at := check{
		state: c.State, hasOrder: c.OrderID != "", closed: standing.Payments > 0 || c.gone, caseOpen: standing.Disputed,
		returned: c.returned, retryAt: c.retryAt, createdAt: c.CreatedAt,
	}.next(a.now, every)
	books, err := a.book.Writes(a.now)
	if err != nil {
		return err
	}
	var beside struct {
		History []event  `json:"history"`
		Person  []person `json:"person"`
	}
	beside.History = a.history
	money, who := books.Queries, nobody
	if money == "" {
		money = nothing
	}
	if p := a.payer; p.Email != "" {
		who, beside.Person = upsertPerson, []person{{uuid.New(), p.Email, p.Name(), p.Country}}
	}
	text, err := json.Marshal(beside)
	if err != nil {
		return fmt.Errorf("write the history of %s: %w", c.ID, err)
	}
	_, err = tx.ExecContext(ctx, "WITH "+money+",\n"+insertEvents+",\n"+who+updateContribution,
		books.Arg, string(text), c.ID, a.now,
		string(c.State), c.Reason, c.OrderID, c.ApproveURL, c.RetryURL,
		c.captureAttempt, c.captureDoubt, c.captureRefused, null(c.goneSince), c.gone,
		null(c.CompletedAt), null(c.retryAt), c.State != a.from, null(at))
	if err != nil {
		return fmt.Errorf("save contribution %s: %w", c.ID, err)
	}
	return nil
}

func null(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }
