package dashboard

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/fault"
	"readerfund/internal/listing"
)

// Webhook is one event that PayPal sent. Times are UTC, and zero for what did not happen.
type Webhook struct {
	ID             int64
	EventID        string // PayPal's: WH-…
	Type           string
	ResourceID     string
	State          string
	Note           string // the outcome, in words
	Attempts       int
	SentAt         time.Time // by PayPal's clock
	ReceivedAt     time.Time
	ProcessedAt    time.Time
	DueAt          time.Time // when it is processed next
	ContributionID uuid.UUID // uuid.Nil if it belongs to none
	Receipt        string    // that contribution's number
}

// WebhookStates lists the states of a webhook event.
func WebhookStates() []string { return []string{"received", "applied", "ignored", "parked"} }

// InboxQuery asks for webhook events, newest first. Empty fields restrict nothing.
type InboxQuery struct {
	State  string
	Search string // PayPal's id of the event or of what it is about
	After  string // the cursor that the previous page returned
	Limit  int    // 0 for listing.DefaultLimit
}

// InboxPage is a page of webhook events. Next is the cursor of the next page, empty on the last one.
type InboxPage struct {
	Webhooks []Webhook
	Next     string
}

type webhookRow struct {
	ID             int64          `db:"id"`
	EventID        string         `db:"event_id"`
	Type           string         `db:"event_type"`
	ResourceID     string         `db:"resource_id"`
	State          string         `db:"state"`
	Note           string         `db:"note"`
	Attempts       int            `db:"attempts"`
	SentAt         time.Time      `db:"transmission_time"`
	ReceivedAt     time.Time      `db:"received_at"`
	ProcessedAt    sql.NullTime   `db:"processed_at"`
	DueAt          sql.NullTime   `db:"due_at"`
	ContributionID uuid.NullUUID  `db:"contribution_id"`
	Receipt        sql.NullString `db:"receipt"`
}

const selectWebhook = `
	SELECT w.id, w.event_id, w.event_type, w.resource_id, w.state, w.note, w.attempts, w.transmission_time, w.received_at,
	       w.processed_at, w.due_at, w.contribution_id, c.receipt
	FROM webhook_event w LEFT JOIN contribution c ON c.id = w.contribution_id`

func (row webhookRow) RowNumber() int64 { return row.ID }

func (row webhookRow) webhook() Webhook {
	return Webhook{
		ID: row.ID, EventID: row.EventID, Type: row.Type, ResourceID: row.ResourceID, State: row.State, Note: row.Note,
		Attempts: row.Attempts, SentAt: row.SentAt.UTC(), ReceivedAt: row.ReceivedAt.UTC(), ProcessedAt: utc(row.ProcessedAt),
		DueAt: utc(row.DueAt), ContributionID: row.ContributionID.UUID, Receipt: row.Receipt.String,
	}
}

// Inbox returns one page of webhook events. Errors are fault.Invalid if the query is wrong.
func (v *Views) Inbox(ctx context.Context, q InboxQuery) (InboxPage, error) {
	w, err := inboxConditions(q)
	if err != nil {
		return InboxPage{}, err
	}
	rows, next, err := listing.Newest[webhookRow](ctx, v.db, listing.List{
		Things: "events", SQL: selectWebhook, Where: w, Number: "w.id", After: q.After, Limit: q.Limit,
	})
	page := InboxPage{Next: next}
	for _, row := range rows {
		page.Webhooks = append(page.Webhooks, row.webhook())
	}
	return page, err
}

func inboxConditions(q InboxQuery) (listing.Where, error) {
	if q.State != "" && !slices.Contains(WebhookStates(), q.State) {
		return listing.Where{}, fault.Input("state", "report.state_unknown", fault.Args{
			"state": q.State, "known": strings.Join(WebhookStates(), ", "),
		})
	}
	if err := listing.CheckText("search", q.Search); err != nil {
		return listing.Where{}, err
	}
	var w listing.Where
	w.Equal("w.state", q.State)
	if search := strings.TrimSpace(q.Search); search != "" {
		// Looked up first, in a query of its own: with two conditions in one query, the planner believes that matches
		// are frequent and scans all events, the newest first.
		what := strings.ToUpper(search)
		w.Addf(`w.id = ANY (ARRAY(
			SELECT id FROM webhook_event WHERE event_id = %s
			UNION SELECT id FROM webhook_event WHERE %s))`, w.Arg(what), w.SameLong("resource_id", what))
	}
	return w, nil
}
