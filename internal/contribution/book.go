package contribution

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/review"
	"readerfund/internal/subscription"
)

// lockedRow is a contribution with its book, read in the statement that locks it.
type lockedRow struct {
	row

	ArticleID int64  `db:"article_id"`
	Book      []byte `db:"book"`
	Subs      []byte `db:"subscriptions"`
	Reviews   []byte `db:"reviews"`
	ToldNo    bool   `db:"told_no"`
	Current   bool   `db:"current"`
}

// selectLocked locks the contributions $1, in the order of their ids, and reads them with their books; $4 are the ids
// that facts name for each, $2 all of these. A statement that had to wait for a lock returns the row as it is now, but
// everything else as it was when the statement began (PostgreSQL, "Read Committed Isolation Level"). current is then
// false, because the statement's own view of the row is another version.
const (
	selectLocked = selectColumns + `,
	coalesce(c.article_id, 0) AS article_id,
	` + ledger.Column + ` AS book,
	` + subscription.Column + ` AS subscriptions,
	` + review.Column + ` AS reviews,
	EXISTS (SELECT 1 FROM review t WHERE t.code = '` + string(review.ChargedAfterNo) + `'
	        AND t.opened_at >= c.created_at - make_interval(secs => $3)) AS told_no,
	c.xmin = (SELECT x.xmin FROM contribution x WHERE x.id = c.id) AS current
	FROM unnest($1::uuid[], $4::text[]) AS w (id, named)
	JOIN contribution c ON c.id = w.id JOIN campaign k ON k.id = c.campaign_id`

	waiting = `
	ORDER BY c.id FOR UPDATE OF c`

	// The transaction's later statements do not wait long either: a lock on one person's row must not keep other
	// people's gifts from being booked.
	notWaiting = `
	CROSS JOIN set_config('lock_timeout', '1s', true)
	ORDER BY c.id FOR UPDATE OF c SKIP LOCKED`
)

// Wanted is a contribution to lock, and the facts that will be applied to its book.
type Wanted struct {
	ID    uuid.UUID
	Facts []ledger.Fact
}

// Locked is a contribution that is locked, with what the ledger has of it.
type Locked struct {
	Contribution  Contribution
	Book          *ledger.Book
	Subscriptions []subscription.Subscription // the oldest first; empty for a one-time gift
	// ChargedAfterNo reports whether any reader was recently charged after reading that nothing was: this
	// contribution may be such a reader's second gift, or their first, with another after it.
	ChargedAfterNo bool
}

// Ended reports whether all its subscriptions ended before PayPal charged any; if PayPal did charge one, the news of
// it is on its way to us. It is false for a one-time gift.
func (l *Locked) Ended() bool {
	return len(l.Subscriptions) > 0 && !slices.ContainsFunc(l.Subscriptions, func(s subscription.Subscription) bool {
		return !s.State.Ended() || !s.LastPaymentAt.IsZero()
	})
}

// LockBook locks a contribution and reads it with its book, in one statement; in two if it had to wait for the lock.
// Code that writes ledger rows must also write the contribution's row, because its version shows that they changed.
// The error is fault.NotFound when there is no such contribution.
func LockBook(ctx context.Context, tx *sqlx.Tx, want Wanted) (*Locked, error) {
	for {
		rows, err := lock(ctx, tx, waiting, want)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, fault.New(fault.NotFound, "contribution.not_found")
		}
		r := rows[0]
		if !r.Current {
			continue
		}
		if r.unlinked() {
			if err := linkArticle(ctx, tx, &r.ArticleID, r.ID, r.Article); err != nil {
				return nil, err
			}
		}
		return r.locked()
	}
}

// LockBooks is LockBook for several contributions, in one statement that waits for no lock. It leaves out those that
// are locked or have just been changed, that do not exist, or whose article has no row yet; the caller takes these to
// LockBook.
func LockBooks(ctx context.Context, tx *sqlx.Tx, all ...Wanted) (map[uuid.UUID]*Locked, error) {
	rows, err := lock(ctx, tx, notWaiting, all...)
	if err != nil {
		return nil, err
	}
	locked := make(map[uuid.UUID]*Locked, len(rows))
	for _, r := range rows {
		if !r.Current || r.unlinked() {
			continue
		}
		if locked[r.ID], err = r.locked(); err != nil {
			return nil, err
		}
	}
	return locked, nil
}

func lock(ctx context.Context, tx *sqlx.Tx, how string, all ...Wanted) ([]lockedRow, error) {
	var facts []ledger.Fact
	for _, w := range all {
		facts = append(facts, w.Facts...)
	}
	var rows []lockedRow
	err := tx.SelectContext(ctx, &rows, "WITH "+ledger.Owners(facts...)+selectLocked+how,
		db.Array(db.Column(all, func(w Wanted) string { return w.ID.String() })), db.Array(ledger.IDs(facts...)),
		gaveAgainWithin.Seconds(), db.Array(db.Column(all, func(w Wanted) any { return db.Array(ledger.IDs(w.Facts...)) })))
	if err != nil {
		return nil, fmt.Errorf("lock contributions: %w", err)
	}
	return rows, nil
}

func (r lockedRow) locked() (*Locked, error) {
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
	subs, err := subscription.Parse(r.Subs)
	if err != nil {
		return nil, err
	}
	return &Locked{Contribution: c, Book: book, Subscriptions: subs, ChargedAfterNo: r.ToldNo}, nil
}

// unlinked reports whether the contribution names an article but does not have the article's id yet.
func (r lockedRow) unlinked() bool { return r.Article != "" && r.ArticleID == 0 }

// linkArticle gives a contribution its article's id and creates the article's row if it is new. It serves the first
// gift on an article, and gifts that the version before wrote.
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
