// Package contribution is the life of a contribution: how it starts, what PayPal tells of it, and how that becomes a
// state and ledger entries that can be trusted.
//
// News reaches it three ways (the reader's return, a webhook, the sweep), and all three do the same: fetch the resource
// from PayPal's API, turn it into facts, and call the one door, Apply. It does not speak HTTP to readers, it does not
// verify webhooks, and it makes no reports.
package contribution

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// Frequency is how often a reader gives.
type Frequency string

// The frequencies of the public interface.
const (
	Once    Frequency = "once"
	Monthly Frequency = "month"
	Yearly  Frequency = "year"
)

// Naming is what the reader said about being named in public. Only a yes is one.
type Naming string

// The answers.
const (
	NotAsked   Naming = ""
	MayName    Naming = "yes"
	MayNotName Naming = "no"
)

// Source is the way by which news reached us. Event is the webhook event's row, 0 for every other way. MayRetry says
// that the reader is there and that the gift is theirs: a capture that was refused may be tried once more. Again says
// that they come from PayPal's page or pressed our button: where it is too early for another try, it is made later.
type Source struct {
	Way      Way
	Event    int64
	MayRetry bool
	Again    bool
}

// Way names a Source.
type Way string

// The ways news reaches us.
const (
	ByStart   Way = "start"   // the answer to our own request for an order
	ByReader  Way = "return"  // the reader came back from PayPal
	ByWebhook Way = "webhook" // PayPal called
	BySweep   Way = "sweep"   // we asked, because nobody told us
	ByStaff   Way = "staff"   // a person asked
	// ByReconcile is: PayPal's own record of transactions, beside which ours was held.
	ByReconcile Way = "reconcile"
)

// Contribution is one reader's decision to give. Times are UTC. Name, Email and Message are what the reader typed.
type Contribution struct {
	ID         uuid.UUID
	Receipt    string // a person can read it out: "K7M3-9QX2"
	CampaignID uuid.UUID
	Campaign   string // the campaign's slug
	Frequency  Frequency
	Amount     money.Amount
	Article    string
	Name       string
	Email      string
	Message    string
	Naming     Naming
	CoverFee   bool
	UTM        UTM // what the link said that led to the form

	State      State
	Reason     string // PayPal's code for a pending, declined or failed state
	OrderID    string // empty until PayPal made the order
	ApproveURL string // where the reader approves; empty until PayPal made the order
	RetryURL   string // where the reader picks another way to pay, after a decline that allows it

	CreatedAt   time.Time
	UpdatedAt   time.Time
	CompletedAt time.Time // when the money was in; zero before

	key            sql.NullString
	digest         []byte
	captureAttempt int
	captureDoubt   int
	captureRefused int
	refusalTold    time.Time // when the reader came back to a refusal, and was told of it
	retryAt        time.Time // the reader wishes for another attempt, which is due then; zero when they do not
	captureBegun   time.Time // when the latest attempt was begun
	captureUntil   time.Time // a call for it is under way until then at the latest; zero when none is
	goneSince      time.Time
	gone           bool
	returned       bool // the reader came back before PayPal said that they approved
	hasSupporter   bool // or may have none: the person asked to be erased
}

// row is a contribution as the database holds it.
type row struct {
	ID             uuid.UUID      `db:"id"`
	Receipt        string         `db:"receipt"`
	Key            sql.NullString `db:"idempotency_key"`
	Digest         []byte         `db:"intent_digest"`
	CampaignID     uuid.UUID      `db:"campaign_id"`
	Campaign       string         `db:"campaign"`
	Frequency      string         `db:"frequency"`
	AmountMinor    int64          `db:"amount_minor"`
	Currency       string         `db:"currency"`
	Article        string         `db:"article"`
	Name           string         `db:"name"`
	Email          string         `db:"email"`
	Message        string         `db:"message"`
	Naming         string         `db:"naming"`
	CoverFee       bool           `db:"cover_fee"`
	State          string         `db:"state"`
	Reason         string         `db:"reason"`
	OrderID        sql.NullString `db:"order_id"`
	ApproveURL     string         `db:"approve_url"`
	RetryURL       string         `db:"retry_url"`
	CaptureAttempt int            `db:"capture_attempt"`
	CaptureDoubt   int            `db:"capture_doubt"`
	CaptureRefused int            `db:"capture_refused"`
	RefusalTold    sql.NullTime   `db:"refusal_told_at"`
	RetryAt        sql.NullTime   `db:"retry_at"`
	CaptureBegun   sql.NullTime   `db:"capture_begun_at"`
	CaptureUntil   sql.NullTime   `db:"capture_until"`
	GoneSince      sql.NullTime   `db:"gone_since"`
	SupporterID    uuid.NullUUID  `db:"supporter_id"`
	Erased         bool           `db:"erased"`
	Gone           bool           `db:"gone"`
	ReturnedAt     sql.NullTime   `db:"returned_at"`
	CreatedAt      time.Time      `db:"created_at"`
	UpdatedAt      time.Time      `db:"updated_at"`
	CompletedAt    sql.NullTime   `db:"completed_at"`
	UTM
}

const selectColumns = `
	SELECT c.id, c.receipt, c.idempotency_key, c.intent_digest, c.campaign_id, k.slug AS campaign, c.frequency,
	       c.amount_minor, c.currency, c.article, c.name, c.email, c.message, c.naming, c.cover_fee,
	       c.utm_source, c.utm_medium, c.utm_campaign, c.utm_term, c.utm_content,
	       c.state, c.reason, c.order_id, c.approve_url, c.retry_url,
	       c.capture_attempt, c.capture_doubt, c.capture_refused, c.capture_begun_at, c.capture_until,
	       c.refusal_told_at, c.retry_at,
	       c.gone_since, c.gone, c.returned_at, c.supporter_id,
	       c.erased_at IS NOT NULL AS erased,
	       c.created_at, c.updated_at, c.completed_at`

const selectRow = selectColumns + ` FROM contribution c JOIN campaign k ON k.id = c.campaign_id`

func (r row) contribution() Contribution {
	return Contribution{
		ID: r.ID, Receipt: r.Receipt, CampaignID: r.CampaignID, Campaign: r.Campaign, Frequency: Frequency(r.Frequency),
		Amount:  money.New(r.AmountMinor, money.Currency(r.Currency)),
		Article: r.Article, Name: r.Name, Email: r.Email, Message: r.Message, Naming: Naming(r.Naming), CoverFee: r.CoverFee,
		UTM: r.UTM, State: State(r.State), Reason: r.Reason,
		OrderID: r.OrderID.String, ApproveURL: r.ApproveURL, RetryURL: r.RetryURL,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), CompletedAt: utc(r.CompletedAt),
		key: r.Key, digest: r.Digest, captureAttempt: r.CaptureAttempt, captureDoubt: r.CaptureDoubt,
		refusalTold: utc(r.RefusalTold), retryAt: utc(r.RetryAt),
		captureRefused: r.CaptureRefused, captureBegun: utc(r.CaptureBegun), captureUntil: utc(r.CaptureUntil),
		goneSince: utc(r.GoneSince), gone: r.Gone, returned: r.ReturnedAt.Valid,
		hasSupporter: r.SupporterID.Valid || r.Erased,
	}
}

func utc(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

// find reads one contribution by a condition on c. It returns fault.NotFound when there is none.
func find(ctx context.Context, q sqlx.QueryerContext, condition string, args ...any) (Contribution, error) {
	var r row
	err := sqlx.GetContext(ctx, q, &r, selectRow+" WHERE "+condition, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return Contribution{}, fault.New(fault.NotFound, "contribution.not_found")
	}
	if err != nil {
		return Contribution{}, fmt.Errorf("read contribution: %w", err)
	}
	return r.contribution(), nil
}
