package dashboard

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/money"
)

// RefundRequest is a refund that staff requested, with its outcome.
type RefundRequest struct {
	ID       uuid.UUID
	Number   int // 1, 2, … of the contribution
	Amount   money.Amount
	Reason   string // for us
	Note     string // for the reader
	Actor    string
	State    string // asked, unknown, pending, done, failed or refused
	Answer   string // PayPal's code, when it refused
	Advice   string // what that means, in words
	RefundID string // PayPal's; empty until it is known
	AskedAt  time.Time
	EndedAt  time.Time
	CheckAt  time.Time // when PayPal is asked next
}

// UnderWay reports whether PayPal has not answered yet: until it has, no other refund of the payment can be requested.
func (r RefundRequest) UnderWay() bool { return r.State == "asked" || r.State == "unknown" }

// Dispute is a dispute about a payment, in PayPal's words.
type Dispute struct {
	PaymentID    int64
	PayPalID     string
	Open         bool
	PayPalStatus string // WAITING_FOR_SELLER_RESPONSE, UNDER_REVIEW, …
	Stage        string // INQUIRY, CHARGEBACK, PRE_ARBITRATION, ARBITRATION
	Channel      string // INTERNAL: at PayPal; EXTERNAL: at the payer's bank
	Reason       string
	Outcome      string
	Amount       money.Amount
	MayAccept    bool
	RespondBy    time.Time // after this time PayPal decides without our response
	Acceptance   string    // how far accepting it has come: empty, asked, unknown, accepted or refused
	OpenedAt     time.Time
	ChangedAt    time.Time
}

// Conversion is PayPal's conversion of a payment in a currency that the account does not hold.
type Conversion struct {
	From, To money.Amount
	Rate     string // as PayPal writes it; may be empty
}

func readAsked(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	var rows []struct {
		ID          uuid.UUID    `db:"id"`
		Number      int          `db:"number"`
		AmountMinor int64        `db:"amount_minor"`
		Currency    string       `db:"currency"`
		Reason      string       `db:"reason"`
		Note        string       `db:"note"`
		Actor       string       `db:"actor"`
		State       string       `db:"state"`
		Answer      string       `db:"answer"`
		Advice      string       `db:"advice"`
		RefundID    string       `db:"refund_id"`
		AskedAt     time.Time    `db:"asked_at"`
		EndedAt     sql.NullTime `db:"ended_at"`
		CheckAt     sql.NullTime `db:"check_at"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT r.id, r.number, r.amount_minor, r.currency, r.reason, r.note, r.actor, r.state, r.answer, r.advice,
		       coalesce(r.refund_id, '') AS refund_id, r.asked_at, r.ended_at,
		       CASE WHEN r.ended_at IS NULL THEN coalesce(q.due_at, q.held_until, r.check_at) END AS check_at
		FROM refund_request r LEFT JOIN queue q ON q.kind = 'send refund' AND q.key = r.id::text
		WHERE r.contribution_id = $1 ORDER BY r.number`, id)
	for _, r := range rows {
		h.Asked = append(h.Asked, RefundRequest{
			ID: r.ID, Number: r.Number, Amount: money.New(r.AmountMinor, money.Currency(r.Currency)), Reason: r.Reason,
			Note: r.Note, Actor: r.Actor, State: r.State, Answer: r.Answer, Advice: r.Advice, RefundID: r.RefundID,
			AskedAt: r.AskedAt.UTC(), EndedAt: utc(r.EndedAt), CheckAt: utc(r.CheckAt),
		})
	}
	return err
}

func readDisputes(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	var rows []struct {
		PaymentID    int64        `db:"payment_id"`
		PayPalID     string       `db:"paypal_id"`
		Open         bool         `db:"open"`
		PayPalStatus string       `db:"paypal_status"`
		Stage        string       `db:"stage"`
		Channel      string       `db:"channel"`
		Reason       string       `db:"reason"`
		Outcome      string       `db:"outcome"`
		AmountMinor  int64        `db:"amount_minor"`
		Currency     string       `db:"currency"`
		MayAccept    bool         `db:"may_accept"`
		RespondBy    sql.NullTime `db:"respond_by"`
		Acceptance   string       `db:"acceptance"`
		OpenedAt     time.Time    `db:"opened_at"`
		ChangedAt    time.Time    `db:"changed_at"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT d.payment_id, d.paypal_id, d.status = 'open' AS open, d.paypal_status, d.stage, d.channel,
		       d.reason, d.outcome, d.amount_minor, d.currency, d.may_accept, d.respond_by, d.acceptance,
		       d.opened_at, d.changed_at
		FROM dispute d JOIN payment p ON p.id = d.payment_id WHERE p.contribution_id = $1 ORDER BY d.opened_at, d.id`, id)
	for _, d := range rows {
		h.Disputes = append(h.Disputes, Dispute{
			PaymentID: d.PaymentID, PayPalID: d.PayPalID, Open: d.Open, PayPalStatus: d.PayPalStatus, Stage: d.Stage,
			Channel: d.Channel, Reason: d.Reason, Outcome: d.Outcome,
			Amount: money.New(d.AmountMinor, money.Currency(d.Currency)), MayAccept: d.MayAccept, RespondBy: utc(d.RespondBy),
			Acceptance: d.Acceptance, OpenedAt: d.OpenedAt.UTC(), ChangedAt: d.ChangedAt.UTC(),
		})
	}
	return err
}

func readConversions(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	var rows []struct {
		FromMinor    int64  `db:"from_minor"`
		FromCurrency string `db:"from_currency"`
		ToMinor      int64  `db:"to_minor"`
		ToCurrency   string `db:"to_currency"`
		Rate         string `db:"rate"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT v.from_minor, v.from_currency, v.to_minor, v.to_currency, v.rate
		FROM conversion v JOIN payment p ON p.id = v.payment_id WHERE p.contribution_id = $1 ORDER BY p.id`, id)
	for _, v := range rows {
		h.Turned = append(h.Turned, Conversion{
			From: money.New(v.FromMinor, money.Currency(v.FromCurrency)),
			To:   money.New(v.ToMinor, money.Currency(v.ToCurrency)), Rate: v.Rate,
		})
	}
	return err
}
