package app_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/session"
)

const editorPassword = "correct horse battery"

// signedIn is a browser with an editor at it.
func signedIn(t *testing.T, base string, d *db.DB) *http.Client {
	t.Helper()
	accounts := account.NewStore(account.Config{DB: d, Now: time.Now, EndSessions: session.EndAll})
	if _, _, err := accounts.Add(t.Context(), "editor@example.org", account.Editor, editorPassword); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	browser := &http.Client{Jar: jar, CheckRedirect: stay}
	form := url.Values{"email": {"editor@example.org"}, "password": {editorPassword}}
	resp, err := browser.PostForm(base+"/staff/sign-in", form)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign in: %s", resp.Status)
	}
	return browser
}

// fill writes n contributions whose list is longer than any socket's buffer.
func fill(t *testing.T, d *db.DB, n int) {
	t.Helper()
	_, err := d.ExecContext(t.Context(), `
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article,
		       state, created_at, updated_at)
		SELECT gen_random_uuid(), 'R' || n, '\x00', (SELECT id FROM campaign LIMIT 1), 'once', 500, 'EUR',
		       'https://news.example.org/' || repeat('a', 2000), 'expired', now() - n * interval '1 minute', now()
		FROM generate_series(1, $1::int) n`, n)
	if err != nil {
		t.Fatal(err)
	}
}

// stall asks for the export over a connection of its own and reads nothing but the first line of the answer.
func stall(t *testing.T, address string, browser *http.Client) (status string) {
	t.Helper()
	home, err := url.Parse("http://" + address + "/staff")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil { //nolint:forcetypeassert // "tcp"
		t.Fatal(err)
	}
	var cookies []string
	for _, c := range browser.Jar.Cookies(home) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	fmt.Fprintf(conn, "GET /staff/contributions.csv HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n",
		address, strings.Join(cookies, "; "))
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReaderSize(conn, 16).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}

// Staff who download and do not read, or whose line is slow, hold up no reader: the exports have connections of their
// own, and hold none while they write. What is too many is told so.
func TestStalledDownloadsStopNoGift(t *testing.T) {
	t.Parallel()
	s, _ := settings(t, dbtest.NewURL(t))
	a, _ := running(t, s, &journal{})
	d, err := db.Open(t.Context(), string(s.DatabaseURL), db.Options{MaxOpen: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	fill(t, d, 8000)
	browser := signedIn(t, "http://"+a.Addr(), d)
	answers := map[string]int{}
	for range 20 {
		answers[stall(t, a.Addr(), browser)]++
	}
	served, refused := answers["HTTP/1.1 200 OK"], answers["HTTP/1.1 503 Service Unavailable"]
	if served == 0 || served > 4 || served+refused != 20 {
		t.Errorf("of 20 downloads at once: %v", answers)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+a.Addr()+"/contributions",
		strings.NewReader(`{"campaign":"support","amount":"5.00","currency":"EUR","frequency":"once"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("20 stalled downloads (%v) keep a gift from being made: %v", answers, err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("20 stalled downloads (%v) keep a gift from being made: %d %s", answers, resp.StatusCode, body)
	}
}
