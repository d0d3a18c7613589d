// Package contribution is a reader's decision to give: how it is stored, found and locked, what is shown as its status,
// and its history. Its checkout (internal/checkout) and its money (internal/ledger) have rules of their own; the
// package reads and saves them together with the contribution, in one statement each.
//
// It does not call PayPal: internal/settle does, and its facts move a contribution.
package contribution

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/checkout"
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

// Recurs reports whether more than one payment is expected.
func (f Frequency) Recurs() bool { return f == Monthly || f == Yearly }

// Checkout is what PayPal is asked to approve.
func (f Frequency) Checkout() checkout.Kind {
	if f.Recurs() {
		return checkout.Subscription
	}
	return checkout.Order
}

// Naming is what the reader said about being named in public. Only a yes is one.
type Naming string

// The answers.
const (
	NotAsked   Naming = ""
	MayName    Naming = "yes"
	MayNotName Naming = "no"
)

// Way is how news of a contribution reached us.
type Way string

// The ways news reaches us.
const (
	ByStart   Way = "start"   // the answer to our own request for an order
	ByReader  Way = "return"  // the reader came back from PayPal
	ByWebhook Way = "webhook" // PayPal called
	BySweep   Way = "sweep"   // we asked, because no news had come
	ByStaff   Way = "staff"   // a person asked
	ByChange  Way = "change"  // PayPal's answer after we asked it to change a subscription
	// ByReconcile: PayPal's own record of transactions, compared with ours.
	ByReconcile Way = "reconcile"
)

// Contribution is one reader's decision to give. Times are UTC. Name, Email and Message are what the reader typed.
type Contribution struct {
	ID         uuid.UUID
	Receipt    string // a person can read it out: "K7M3-9QX2"
	CampaignID uuid.UUID
	Campaign   string // the campaign's slug
	Frequency  Frequency
	Amount     money.Amount // what is charged
	Covered    int64        // the part of it that the reader added to cover PayPal's fee, in minor units
	Article    string
	Name       string
	Email      string
	Message    string
	// LaterMessage is what the reader wrote to the newsroom after the gift, on the thanks page.
	LaterMessage string
	Naming       Naming
	CoverFee     bool // the reader asked to cover the fee
	Tribute      Tribute
	Locale       string // the language in which the reader gave (BCP 47); empty for the publication's own
	Source       Source

	State       State
	Reason      string // PayPal's code for a pending, declined or failed state
	Checkout    checkout.Checkout
	CreatedAt   time.Time
	UpdatedAt   time.Time
	CompletedAt time.Time // when the money was in; zero before

	// HasSupporter reports whether PayPal has named the payer. It stays true after that person has been erased.
	HasSupporter bool

	key    sql.NullString
	digest []byte
}

// Gift is the amount without the part that covers PayPal's fee: what the reader chose to give.
func (c Contribution) Gift() money.Amount {
	return money.New(c.Amount.Minor-c.Covered, c.Amount.Currency)
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
	CoveredMinor   int64          `db:"covered_minor"`
	Currency       string         `db:"currency"`
	Article        string         `db:"article"`
	Name           string         `db:"name"`
	Email          string         `db:"email"`
	Message        string         `db:"message"`
	LaterMessage   string         `db:"later_message"`
	Naming         string         `db:"naming"`
	CoverFee       bool           `db:"cover_fee"`
	Locale         string         `db:"locale"`
	State          string         `db:"state"`
	Reason         string         `db:"reason"`
	OrderID        sql.NullString `db:"order_id"`
	SubscriptionID sql.NullString `db:"subscription_id"`
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
	FirstChargeAt  sql.NullTime   `db:"first_charge_at"`
	Tribute
	Source
}

const selectColumns = `
	SELECT c.id, c.receipt, c.idempotency_key, c.intent_digest, c.campaign_id, k.slug AS campaign, c.frequency,
	       c.amount_minor, c.covered_minor, c.currency, c.article, c.name, c.email, c.message, c.later_message, c.naming,
	       c.cover_fee, c.tribute, c.tribute_name,
	       c.utm_source, c.utm_medium, c.utm_campaign, c.utm_term, c.utm_content,
	       c.variant, c.format, c.section, c.author, c.article_ref, c.referrer, c.shared, c.locale,
	       c.state, c.reason, c.order_id, c.subscription_id, c.approve_url, c.retry_url,
	       c.capture_attempt, c.capture_doubt, c.capture_refused, c.capture_begun_at, c.capture_until,
	       c.refusal_told_at, c.retry_at,
	       c.gone_since, c.gone, c.returned_at, c.supporter_id,
	       c.erased_at IS NOT NULL AS erased,
	       c.created_at, c.updated_at, c.completed_at, c.first_charge_at`

const selectRow = selectColumns + ` FROM contribution c JOIN campaign k ON k.id = c.campaign_id`

func (r row) contribution() Contribution {
	return Contribution{
		ID: r.ID, Receipt: r.Receipt, CampaignID: r.CampaignID, Campaign: r.Campaign, Frequency: Frequency(r.Frequency),
		Amount: money.New(r.AmountMinor, money.Currency(r.Currency)), Covered: r.CoveredMinor,
		Article: r.Article, Name: r.Name, Email: r.Email, Message: r.Message, LaterMessage: r.LaterMessage,
		Naming: Naming(r.Naming), CoverFee: r.CoverFee, Tribute: r.Tribute, Locale: r.Locale,
		Source: r.Source, State: State(r.State), Reason: r.Reason,
		Checkout:  r.checkout(),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), CompletedAt: utc(r.CompletedAt),
		key: r.Key, digest: r.Digest, HasSupporter: r.SupporterID.Valid || r.Erased,
	}
}

// checkout reads from a row how far the approval at PayPal came. Once there is a payment, the row no longer says
// where the checkout stood; it must have been approved.
func (r row) checkout() checkout.Checkout {
	state := checkout.State(r.State)
	if !state.Known() {
		state = checkout.Approved
	}
	kind := Frequency(r.Frequency).Checkout()
	id := r.OrderID.String
	if kind == checkout.Subscription {
		id = r.SubscriptionID.String
	}
	return checkout.Checkout{
		Kind: kind, State: state, PayPalID: id, ApproveURL: r.ApproveURL, RetryURL: r.RetryURL,
		Attempt: r.CaptureAttempt, Unanswered: r.CaptureDoubt, Refused: r.CaptureRefused,
		AttemptedAt: utc(r.CaptureBegun), LeasedUntil: utc(r.CaptureUntil), RefusalToldAt: utc(r.RefusalTold),
		RetryAt: utc(r.RetryAt), Returned: r.ReturnedAt.Valid, MissingSince: utc(r.GoneSince), Gone: r.Gone,
		CreatedAt: r.CreatedAt.UTC(), FirstChargeAt: utc(r.FirstChargeAt),
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

// FindByOrder reads the contribution that an order of PayPal's belongs to; the error is fault.NotFound when there is
// none.
func FindByOrder(ctx context.Context, q sqlx.QueryerContext, orderID string) (Contribution, error) {
	return find(ctx, q, "c.order_id = $1", orderID)
}

// Find reads a contribution; the error is fault.NotFound when there is none.
func Find(ctx context.Context, q sqlx.QueryerContext, id uuid.UUID) (Contribution, error) {
	return find(ctx, q, "c.id = $1", id)
}

// Lock reads a contribution and locks it until the transaction ends. It returns fault.NotFound when there is none.
// The campaign's row is only read: FOR UPDATE OF leaves it unlocked.
func Lock(ctx context.Context, tx *sqlx.Tx, id uuid.UUID) (Contribution, error) {
	return find(ctx, tx, "c.id = $1 FOR UPDATE OF c", id)
}
