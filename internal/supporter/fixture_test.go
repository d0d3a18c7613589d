package supporter_test

import (
	"log/slog"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/supporter"
	"readerfund/internal/testkit/newsroom"
)

// fixture is a newsroom that cares for people's data.
type fixture struct {
	*newsroom.Newsroom
	*supporter.Service
}

func open(t *testing.T) *fixture {
	t.Helper()
	n := newsroom.New(t, newsroom.Options{})
	return &fixture{n, supporter.New(supporter.Config{
		DB: n.DB, Now: n.Clock.Now, Log: slog.New(slog.DiscardHandler),
		Retention: supporter.Retention{
			Deliveries: 90 * 24 * time.Hour, Unpaid: 30 * 24 * time.Hour,
			Undecided: contribution.StatesWhere(contribution.State.Confirming),
		},
	})}
}

// intent is a gift with words of its reader's own.
func intent(name, email string) contribution.Intent {
	in := newsroom.Intent()
	in.Name, in.Email, in.Message = name, email, "Keep going, says "+name
	return in
}

func (f *fixture) start(name, email string) contribution.Contribution {
	f.T.Helper()
	return f.Start(intent(name, email))
}

func (f *fixture) pay(name, email string) contribution.Contribution {
	f.T.Helper()
	c, _ := f.Pay(intent(name, email))
	return c
}

// delivered keeps a webhook event as the inbox does.
func (f *fixture) delivered(id, body, state string, due any, of any) {
	f.T.Helper()
	f.Exec(`
		INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, headers, body, received_at,
			state,
		                           due_at, contribution_id)
		VALUES ($1, 'T-' || $1, $2, 'CHECKOUT.ORDER.APPROVED', '{"paypal-transmission-sig": "x"}', $3, $2, $4, $5, $6)`,
		id, f.Clock.Now(), []byte(body), state, due, of)
}

// apart moves what was delivered out of an event's row, where the inbox keeps it now.
func (f *fixture) apart(id string) {
	f.T.Helper()
	f.Exec(`INSERT INTO webhook_body (event_id, headers, body) SELECT id, headers, body FROM webhook_event WHERE event_id = $1`, id)
	f.Exec(`UPDATE webhook_event SET body_digest = sha256(body), headers = '{}', body = '{}' WHERE event_id = $1`, id)
}

// names counts the rows of all tables in which a text stands, in whatever column, also inside a webhook's body.
func (f *fixture) names(text string) map[string]int {
	f.T.Helper()
	var tables []string
	err := f.DB.SelectContext(f.T.Context(), &tables, `
		SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`)
	if err != nil {
		f.T.Fatal(err)
	}
	found := map[string]int{}
	for _, table := range tables {
		if n := f.Count(`"`+table+`" x WHERE x::text ILIKE '%' || $1 || '%'`, text); n > 0 {
			found[table] = n
		}
	}
	for _, table := range []string{"webhook_event", "webhook_body", "suspect_delivery"} {
		if n := f.Count(table+` WHERE encode(body, 'escape') ILIKE '%' || $1 || '%'`, text); n > 0 {
			found[table+".body"] = n
		}
	}
	return found
}
