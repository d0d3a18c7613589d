package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/account"
	"readerfund/internal/db"
	"readerfund/internal/managelink"
	"readerfund/internal/report"
	web "readerfund/internal/web/page" // page is a copied answer here
)

// membership is a database with very many subscriptions and, once it serves, the service on it.
type membership struct {
	house   *house
	url     string // of the database
	pool    *db.DB
	service *process
	client  *http.Client
	readers []member
	staff   string // the cookie of somebody who is signed in
}

// member is a reader whose pages are asked for.
type member struct {
	Contribution uuid.UUID `db:"contribution_id"`
	Email        string    `db:"email"`
	session      string    // the cookie of a browser that a link by mail let in
	gift         string    // the address of their gift, as mails have it
}

// readersAsked are the readers whose pages are asked for, one after the other.
const readersAsked = 100

// memberPage is a page that is timed: so many requests in a turn.
type memberPage struct {
	name     string
	requests int
	ask      func(m *membership, i int) (address, cookie, shows string)
}

var memberPages = []memberPage{
	{"a reader's own page", readersAsked, func(m *membership, i int) (string, string, string) {
		r := m.readers[i]
		return "/manage", "readerfund_manage=" + r.session, r.Email
	}},
	{"the page of a gift, from a mail", readersAsked, func(m *membership, i int) (string, string, string) {
		return m.readers[i].gift, "", "Stop"
	}},
	{"staff's page of recurring gifts", 20, func(m *membership, _ int) (string, string, string) {
		return "/staff/recurring", m.staff, "Regret rate"
	}},
}

// openMembership fills a database with n subscriptions. Close what comes back even when it fails.
func (b *bench) openMembership(ctx context.Context, n int) (*membership, error) {
	m := &membership{house: b.house, client: &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var err error
	if m.url, err = b.house.database(ctx, fmt.Sprintf("subscribers_%d", n)); err != nil {
		return m, err
	}
	if err := b.house.migrate([]string{"DATABASE_URL=" + m.url}); err != nil {
		return m, err
	}
	b.say("  %s subscriptions …", grouped(float64(n)))
	if err := fillSubscribers(ctx, m.url, n); err != nil {
		return m, err
	}
	m.pool, err = db.Open(ctx, m.url, db.Options{MaxOpen: 1, MaxLifetime: 24 * time.Hour})
	return m, err
}

func (m *membership) close() error {
	m.client.CloseIdleConnections()
	problems := []error{m.service.stop()}
	if m.pool != nil {
		problems = append(problems, m.pool.Close())
	}
	return errors.Join(problems...)
}

// addUp adds recurring gifts up for staff's page, in seconds.
func (m *membership) addUp(ctx context.Context) (float64, error) {
	began := time.Now()
	err := report.NewRollup(m.pool, time.UTC, time.Now).AddUp(ctx)
	return time.Since(began).Seconds(), err
}

// serve starts the service, lets readers in to their pages, and signs somebody of the staff in. Nothing is due to the
// sweep any more: it would ask PayPal for subscriptions that are not there.
func (m *membership) serve(ctx context.Context) (err error) {
	if err := execute(ctx, m.pool,
		`UPDATE subscription SET check_at = now() + interval '1 day' WHERE check_at < now() + interval '1 hour'`,
	); err != nil {
		return err
	}
	if m.service, _, err = m.house.startService(ctx, m.url); err != nil {
		return err
	}
	if err := m.service.ready(ctx); err != nil {
		return err
	}
	if err := m.letReadersIn(ctx); err != nil {
		return err
	}
	return m.signIn(ctx)
}

// signIn signs somebody of the staff in.
func (m *membership) signIn(ctx context.Context) error {
	const email, password = "bench@example.org", "a password of the bench"
	accounts := account.NewStore(account.Config{DB: m.pool, Now: time.Now})
	if _, _, err := accounts.Add(ctx, email, account.Viewer, password); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+m.service.address+"/staff/sign-in",
		strings.NewReader(url.Values{"email": {email}, "password": {password}}.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := m.client.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	for _, cookie := range resp.Cookies() {
		if cookie.Name == "readerfund_staff" {
			m.staff = cookie.Name + "=" + cookie.Value
			return nil
		}
	}
	return fmt.Errorf("the sign-in of staff answers %s, and gives no session", resp.Status)
}

// letReadersIn gives readers the sessions that their links by mail would give them.
func (m *membership) letReadersIn(ctx context.Context) error {
	err := m.pool.SelectContext(ctx, &m.readers, `
		SELECT b.contribution_id, c.email FROM subscription b JOIN contribution c ON c.id = b.contribution_id
		WHERE b.state = 'active' ORDER BY b.paypal_id LIMIT $1`, readersAsked)
	if err != nil {
		return err
	}
	links := managelink.NewLinks("", web.NewSigner(secretKey, ""))
	for i := range m.readers {
		r := &m.readers[i]
		r.session, r.gift = fmt.Sprintf("session-%d", i), links.Subscription(r.Contribution)
		if _, err := m.pool.ExecContext(ctx, `
			INSERT INTO manage_session (digest, email, started_at, expires_at)
			VALUES (sha256(convert_to($1, 'UTF8')), $2, now(), now() + interval '1 hour')`, r.session, r.Email); err != nil {
			return err
		}
	}
	return nil
}

// shows is a turn in which a page is asked for, in milliseconds for each.
func (m *membership) shows(p memberPage) contestant {
	return contestant{name: p.name, turn: func(ctx context.Context, _ time.Duration) (float64, error) {
		began := time.Now()
		for i := range p.requests {
			address, cookie, shows := p.ask(m, i)
			if err := m.get(ctx, address, cookie, shows); err != nil {
				return 0, err
			}
		}
		return milliseconds(time.Since(began)) / float64(p.requests), nil
	}}
}

// get asks for a page; one that does not show what it should is an error.
func (m *membership) get(ctx context.Context, address, cookie, shows string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.service.address+address, nil)
	if err != nil {
		return err
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), shows) {
		return fmt.Errorf("GET %s answers %s without %q: %.300s", address, resp.Status, shows, body)
	}
	return nil
}
