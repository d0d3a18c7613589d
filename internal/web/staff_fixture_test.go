package web

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"readerfund/internal/account"
	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/dashboard"
	"readerfund/internal/experiment"
	"readerfund/internal/health"
	"readerfund/internal/mail"
	"readerfund/internal/managelink"
	"readerfund/internal/money"
	"readerfund/internal/queue"
	"readerfund/internal/ratelimit"
	"readerfund/internal/report"
	"readerfund/internal/session"
	"readerfund/internal/supporter"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
	"readerfund/internal/web/page"
)

// noon is when the staff tests take place: Sunday 22 November 2026, 13:05 in Berlin.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 5, 0, 0, time.UTC) }

const staffPassword = "correct horse battery"

// openNewsroom is the service in Berlin, where it stays noon.
func openNewsroom(t *testing.T, change func(*Deps)) house {
	t.Helper()
	d := bareDeps(t)
	var err error
	if d.Timezone, err = time.LoadLocation("Europe/Berlin"); err != nil {
		t.Fatal(err)
	}
	return openWith(t, d, newsroom.Options{Clock: testkit.ClockAt(noon())}, change)
}

// cheap is hashing that does not slow the tests down; package account's tests look at the real one.
func cheap() *argon2id.Params {
	return &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// addStaff gives the service its staff, one for each role, and what they work with.
func addStaff(t *testing.T, d *Deps, n *newsroom.Newsroom) {
	t.Helper()
	d.Accounts = account.NewStore(account.Config{
		DB: n.DB, Now: d.Now, EndSessions: session.EndAll,
		Hashing: cheap(),
	})
	d.Sessions = session.NewManager(session.Config{DB: n.DB, Accounts: d.Accounts, Now: d.Now})
	d.Audit = audit.NewLog(audit.Config{DB: n.DB, Reading: n.DB, Now: d.Now})
	d.Reports = report.New(n.DB, cmp.Or(d.Timezone, time.UTC), d.DefaultCurrency)
	d.Experiments = experiment.New(n.DB, cmp.Or(d.Timezone, time.UTC), d.DefaultCurrency)
	d.Views = dashboard.New(n.DB, cmp.Or(d.Timezone, time.UTC))
	d.Health = health.New(n.DB)
	d.CampaignService = campaign.NewService(campaign.Config{
		DB: n.DB, Now: d.Now, Zone: cmp.Or(d.Timezone, time.UTC),
		Limit: func(c money.Currency) (least, most int64) {
			limits := n.Contributions.Limits(c)
			return limits.Min, limits.Max
		},
	})
	d.Books = n.Reconciler
	d.Queue = queue.New(queue.Config{DB: n.DB, Now: d.Now, Log: d.Log})
	mails, err := mail.New(mail.Config{DB: n.DB, Now: d.Now, Log: d.Log})
	if err != nil {
		t.Fatal(err)
	}
	d.Mail = mails
	d.People = supporter.New(supporter.Config{DB: n.DB, Actor: audit.Reader, Now: d.Now})
	d.Changes = n.Manage
	d.ManageLinks = managelink.New(managelink.Config{
		DB: n.DB, Limits: ratelimit.New(n.DB, d.Now, ""), Known: d.People.HasGiven, Mails: true, Now: d.Now, Log: d.Log,
		Links: managelink.NewLinks(d.BaseURL, page.NewSigner(d.SecretKey, d.SecretKeyOld)),
	})
	t.Cleanup(d.ManageLinks.Close)
	d.Replay, d.ReplayAll = n.Inbox.Replay, n.Inbox.ReplayParked
	for _, role := range account.Roles() {
		if _, _, err := d.Accounts.Add(t.Context(), string(role)+"@example.org", role, staffPassword); err != nil {
			t.Fatal(err)
		}
	}
}

// signedIn is a browser with somebody of that role at it.
func (h house) signedIn(role account.Role) reader {
	h.t.Helper()
	r := h.newReader()
	got := r.signIn(string(role)+"@example.org", staffPassword, "")
	if got.status != 303 || got.header.Get("Location") != "/staff" {
		h.t.Fatalf("sign in: %d %q\n%s", got.status, got.header.Get("Location"), got.body)
	}
	return r
}

func (r reader) signIn(email, password, next string) reply {
	r.t.Helper()
	return r.form("/staff/sign-in", url.Values{"email": {email}, "password": {password}, "next": {next}})
}

func (r reader) form(address string, v url.Values, header ...string) reply {
	r.t.Helper()
	return r.do("POST", address, v.Encode(), append([]string{"Content-Type", page.FormType}, header...)...)
}

// booked is a contribution as a staff test describes it; what is left out gets a plain value.
type booked struct {
	Receipt, State, Reason, Attention, Article, Name, Message, Currency string
	// 0 for Fee and Back means none; money moves unless State says otherwise
	Minor, Fee, Back int64
	At               time.Time
	RefundedAt       time.Time
}

// book writes a contribution with payment, refund, ledger entries, history and webhook, as if PayPal had told of it.
func (h house) book(b booked) (id uuid.UUID) {
	h.t.Helper()
	for field, plain := range map[*string]string{&b.State: "completed", &b.Currency: "EUR"} {
		if *field == "" {
			*field = plain
		}
	}
	id = uuid.New()
	order, capture := "ORDER-"+b.Receipt, "CAPTURE-"+b.Receipt
	paid := strings.Contains("completed partially_refunded refunded reversed", b.State)
	var completed *time.Time
	if at := b.At.Add(40 * time.Second); paid {
		completed = &at
	}
	h.exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency,
		article, name, email, message,
			state, reason, order_id, created_at, updated_at, completed_at)
		SELECT $1, $2, ''::bytea, id, 'once', $3, $4, $5, $6, '', $7, $8, $9, $10, $11, $11, $12
		FROM campaign WHERE is_default`,
		id, b.Receipt, b.Minor, b.Currency, b.Article, b.Name, b.Message, b.State, b.Reason, order, b.At, completed)
	if b.Attention != "" {
		h.needsAPerson(id, b.Attention, b.At)
	}
	h.step(id, "started", "", "", "", "started", "start", 0, b.At)
	h.step(id, "order_created", "", order, "started", "created", "start", 0, b.At.Add(time.Second))
	if b.State == "created" || b.State == "expired" || b.State == "cancelled" {
		return id
	}
	h.step(id, "order_approved", "", order, "created", "approved", "return", 0, b.At.Add(39*time.Second))
	status := map[string]string{"pending": "pending", "declined": "declined"}[b.State]
	if paid {
		status = "completed"
	}
	payment := h.number(`INSERT INTO payment (contribution_id, kind, paypal_id, status, reason, amount_minor, currency,
		occurred_at, recorded_at)
		VALUES ($1, 'capture', $2, $3, $4, $5, $6, $7, $7)
			RETURNING id`, id, capture, status, b.Reason, b.Minor, b.Currency, b.At.Add(40*time.Second))
	event := h.hook("WH-"+b.Receipt, "PAYMENT.CAPTURE."+strings.ToUpper(status), capture, "applied",
		"Applied to contribution "+b.Receipt+".", id, b.At.Add(42*time.Second))
	if !paid {
		h.step(id, "capture_"+status, b.Reason, capture, "approved", b.State, "webhook", event, b.At.Add(43*time.Second))
		return id
	}
	h.step(id, "capture_completed", "", capture, "approved", "completed", "return", 0, b.At.Add(41*time.Second))
	enter := func(kind string, minor int64, ref string, at time.Time) {
		h.exec(`INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref,
			occurred_at, recorded_at, source)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 'return')`, id, payment, kind, minor, b.Currency, ref, at)
	}
	enter("charge", b.Minor, capture, b.At.Add(41*time.Second))
	enter("fee", -b.Fee, capture, b.At.Add(41*time.Second))
	if b.Back > 0 {
		kind := map[bool]string{true: "reversal", false: "refund"}[b.State == "reversed"]
		h.exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
			VALUES ($1, $2, $3, 'completed', $4, $5, $6, $6)`,
			payment, kind, "REFUND-"+b.Receipt, b.Back, b.Currency, b.RefundedAt)
		h.step(id, "refund_completed", "", "REFUND-"+b.Receipt, "completed", b.State, "webhook", event, b.RefundedAt)
		enter(kind, -b.Back, "REFUND-"+b.Receipt, b.RefundedAt)
	}
	return id
}

// needsAPerson opens a review that says this, and gives its number.
func (h house) needsAPerson(id any, why string, at time.Time) int64 {
	h.t.Helper()
	return h.number(`INSERT INTO review (contribution_id, code, arguments, opened_at)
		VALUES ($1, 'earlier_note', jsonb_build_object('text', $2::text), $3) RETURNING id`, id, why, at)
}

func (h house) step(id uuid.UUID, fact, detail, ref, from, to, source string, event int64, at time.Time) {
	h.t.Helper()
	h.exec(`INSERT INTO contribution_event (contribution_id, fact, detail, paypal_ref, from_state, to_state, source,
		webhook_event_id, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, 0), $9)`, id, fact, detail, ref, from, to, source, event, at)
}

// hook writes a webhook event.
func (h house) hook(event, kind, resource, state, note string, about uuid.UUID, at time.Time) int64 {
	h.t.Helper()
	body := fmt.Sprintf(`{"id":%q,"event_type":%q,"resource":{"id":%q,"amount":{"value":"25.00","currency_code":"EUR"},`+
		`"payer":{"email_address":"ann@example.org"}}}`, event, kind, resource)
	headers := `{"Content-Type": ["application/json"], "Paypal-Transmission-Id": ["t-` + event +
		`"], "Paypal-Transmission-Sig": ["c2lnbmF0dXJl"], "Paypal-Auth-Algo": ["SHA256withRSA"]}`
	return h.number(`INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, resource_id,
		headers, body, received_at, state, note, attempts, contribution_id, processed_at)
		VALUES ($1, 't-' || $1, $2, $3, $4, $5::text::jsonb, $6, $2, $7, $8, 1, $9, $2) RETURNING id`,
		event, at, kind, resource, headers, []byte(body), state, note, uuid.NullUUID{UUID: about, Valid: about != uuid.Nil})
}

func (h house) exec(query string, args ...any) { h.t.Helper(); testkit.Exec(h.t, h.db, query, args...) }

func (h house) number(query string, args ...any) (n int64) {
	h.t.Helper()
	if err := h.db.GetContext(h.t.Context(), &n, query, args...); err != nil {
		h.t.Fatal(err)
	}
	return n
}
