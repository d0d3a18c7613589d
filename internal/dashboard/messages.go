package dashboard

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/listing"
	"readerfund/internal/money"
)

// MessagesQuery asks for readers' messages.
type MessagesQuery struct {
	Search string // words of a message, a reader's name or address, or a receipt number; empty restricts nothing
	After  string // the cursor that the page before gave
}

// Message is what a reader wrote to the newsroom with a gift that arrived, or after it. Times are UTC.
type Message struct {
	Contribution uuid.UUID
	Receipt      string
	Amount       money.Amount
	Frequency    string
	Name, Email  string
	Article      string
	MayBeNamed   bool // the reader may be thanked by name
	WithGift     string
	GivenAt      time.Time
	Later        string // after the gift; empty where there is none
	LaterAt      time.Time
	ReadAt       time.Time // zero while it is unread
	ReadBy       string    // the account's mail address
}

// Unread reports whether it waits for somebody to read it.
func (m Message) Unread() bool { return m.ReadAt.IsZero() }

// MessagesPage is a page of messages. Next is the cursor of the next page, empty on the last one.
type MessagesPage struct {
	Messages []Message
	Next     string
}

// hasMessage is the condition of the index contribution_message_unread.
const hasMessage = `(c.message <> '' OR c.later_message <> '') AND c.completed_at IS NOT NULL`

// Messages returns a page of readers' messages, the unread ones first, and of these and the others the newest gift
// first. Errors are fault.Invalid in "after" and "search".
func (v *Views) Messages(ctx context.Context, q MessagesQuery) (MessagesPage, error) {
	unread, last, err := messagesAfter(q.After)
	if err != nil {
		return MessagesPage{}, err
	}
	if err := listing.CheckText("search", q.Search); err != nil {
		return MessagesPage{}, err
	}
	var w listing.Where
	w.Add(hasMessage)
	// The order of the index, in which a page begins where the one before ended; a version 7 id begins with its time.
	w.Addf("((c.message_read_at IS NULL), c.id) < (%s::boolean, %s::uuid)", w.Arg(unread), w.Arg(last))
	searchMessages(&w, q.Search)
	var rows []messageRow
	err = v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			SELECT c.id, c.receipt, c.amount_minor, c.currency, c.frequency, c.name, c.email, c.article, c.naming, c.message,
			       c.completed_at, c.later_message, coalesce(c.later_message_at, c.completed_at) AS later_message_at,
			       c.message_read_at, c.message_read_by
			FROM contribution c`+w.SQL()+`
			ORDER BY (c.message_read_at IS NULL) DESC, c.id DESC LIMIT `+w.Arg(listing.DefaultLimit+1), w.Args()...)
	})
	if err != nil {
		return MessagesPage{}, fmt.Errorf("read messages: %w", err)
	}
	var p MessagesPage
	for n, r := range rows {
		if n == listing.DefaultLimit { // the one too many says that there is more
			p.Next = cursorAfter(p.Messages[n-1])
			break
		}
		p.Messages = append(p.Messages, r.message())
	}
	return p, nil
}

// searchMessages restricts messages to those with all of the words, or with that number.
func searchMessages(w *listing.Where, text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	if utf8.RuneCountInString(text) > longestName {
		w.Add(numbered(w, text))
		return
	}
	var words []string
	for word := range strings.FieldsSeq(text) {
		words = append(words, strings.ReplaceAll(
			`(c.message ~ $p OR c.later_message ~ $p OR c.name ~ $p OR c.email ~ $p)`, "$p", w.Arg(pattern(word))))
	}
	w.Add("(" + numbered(w, text) + " OR " + strings.Join(words, " AND ") + ")")
}

// MostUnread is the highest number that UnreadMessages counts to.
const MostUnread = 1000

// UnreadMessages is how many gifts have a message that nobody of the staff has marked as read, up to MostUnread.
func (v *Views) UnreadMessages(ctx context.Context) (n int, err error) {
	err = v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &n, `
			SELECT count(*) FROM (
			    SELECT FROM contribution c WHERE `+hasMessage+` AND (c.message_read_at IS NULL) LIMIT $1
			) unread`,
			MostUnread)
	})
	if err != nil {
		return 0, fmt.Errorf("count unread messages: %w", err)
	}
	return n, nil
}

// The two parts of the list, as its cursors name them.
const (
	unreadPart = "unread-"
	readPart   = "read-"
)

// messagesAfter reads a cursor; an empty one is before the first message.
func messagesAfter(cursor string) (unread bool, last uuid.UUID, err error) {
	if cursor == "" {
		return true, uuid.Max, nil
	}
	id, unread := strings.CutPrefix(cursor, unreadPart)
	if !unread {
		id = strings.TrimPrefix(cursor, readPart)
	}
	if last, err = uuid.Parse(id); err != nil {
		return false, uuid.Nil, listing.ErrCursor()
	}
	return unread, last, nil
}

func cursorAfter(m Message) string {
	if m.Unread() {
		return unreadPart + m.Contribution.String()
	}
	return readPart + m.Contribution.String()
}

type messageRow struct {
	ID          uuid.UUID    `db:"id"`
	Receipt     string       `db:"receipt"`
	Minor       int64        `db:"amount_minor"`
	Currency    string       `db:"currency"`
	Frequency   string       `db:"frequency"`
	Name        string       `db:"name"`
	Email       string       `db:"email"`
	Article     string       `db:"article"`
	Naming      string       `db:"naming"`
	Message     string       `db:"message"`
	CompletedAt time.Time    `db:"completed_at"`
	Later       string       `db:"later_message"`
	LaterAt     time.Time    `db:"later_message_at"`
	ReadAt      sql.NullTime `db:"message_read_at"`
	ReadBy      string       `db:"message_read_by"`
}

func (r messageRow) message() Message {
	return Message{
		Contribution: r.ID, Receipt: r.Receipt, Amount: money.New(r.Minor, money.Currency(r.Currency)),
		Frequency: r.Frequency, Name: r.Name, Email: r.Email, Article: r.Article, MayBeNamed: r.Naming == "yes",
		WithGift: r.Message, GivenAt: r.CompletedAt.UTC(), Later: r.Later, LaterAt: r.LaterAt.UTC(),
		ReadAt: utc(r.ReadAt), ReadBy: r.ReadBy,
	}
}
