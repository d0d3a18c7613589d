package session_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"readerfund/internal/account"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/session"
	"readerfund/internal/testkit"
)

const password = "correct horse battery"

func add(t *testing.T, a *account.Store, email string, role account.Role) account.Account {
	t.Helper()
	added, _, err := a.Add(t.Context(), email, role, password)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// from is a sign-in's address, with no browser that is known.
func from() account.From { return account.From{Address: "192.0.2.7/32", Network: "192.0.2.0/24"} }

// browser keeps cookies between requests, as a reader's does.
type browser struct {
	t        *testing.T
	sessions *session.Manager
	cookies  map[string]string
}

func (b *browser) request() *http.Request {
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodGet, "/staff", nil)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (b *browser) keep(w *httptest.ResponseRecorder) *http.Cookie {
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		b.t.Fatalf("%d cookies", len(cookies))
	}
	b.cookies[cookies[0].Name] = cookies[0].Value
	if cookies[0].MaxAge < 0 {
		delete(b.cookies, cookies[0].Name)
	}
	return cookies[0]
}

func (b *browser) signIn(who account.Account) *http.Cookie {
	w := httptest.NewRecorder()
	if err := b.sessions.SignIn(w, b.request(), who); err != nil {
		b.t.Fatal(err)
	}
	return b.keep(w)
}

// who is the email address of who is signed in, or "".
func (b *browser) who() string {
	who, err := b.sessions.Account(b.request())
	if err != nil && !errors.Is(err, session.ErrSignedOut) {
		b.t.Fatal(err)
	}
	return who.Email
}

// openBrowser is Ann's, an admin's, before she signs in. The config needs no database, accounts or clock.
func openBrowser(
	t *testing.T, config session.Config,
) (*browser, account.Account, *account.Store, *db.DB, *testkit.Clock) {
	t.Helper()
	d, c := dbtest.New(t), testkit.ClockAt(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	accounts := account.NewStore(account.Config{
		DB: d, Now: c.Now, EndSessions: session.EndAll,
		Hashing: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	config.DB, config.Accounts, config.Now = d, accounts, c.Now
	b := &browser{t: t, sessions: session.NewManager(config), cookies: map[string]string{}}
	return b, add(t, accounts, "ann@example.org", account.Admin), accounts, d, c
}

func TestCookie(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		secure bool
		name   string
	}{{true, "__Host-readerfund_staff"}, {false, "readerfund_staff"}} {
		b, ann, _, _, _ := openBrowser(t, session.Config{Secure: c.secure})
		got := b.signIn(ann)
		if got.Name != c.name || got.Secure != c.secure || !got.HttpOnly || got.SameSite != http.SameSiteLaxMode ||
			got.Path != "/" || got.Domain != "" || got.MaxAge != 0 {
			t.Errorf("got %v", got)
		}
	}
}

func TestSessionFromSignInToSignOut(t *testing.T) {
	t.Parallel()
	b, ann, _, d, _ := openBrowser(t, session.Config{})
	if b.who() != "" {
		t.Fatal("somebody is signed in from the start")
	}
	cookie := b.signIn(ann)
	if b.who() != "ann@example.org" {
		t.Fatal("nobody is signed in")
	}
	var token string
	if err := d.GetContext(t.Context(), &token, `SELECT token FROM session`); err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256([]byte(cookie.Value)); token != hex.EncodeToString(sum[:]) {
		t.Fatalf("the table holds %q", token)
	}
	w := httptest.NewRecorder()
	if err := b.sessions.SignOut(w, b.request()); err != nil {
		t.Fatal(err)
	}
	b.keep(w)
	b.cookies[cookie.Name] = cookie.Value // somebody kept it
	if b.who() != "" {
		t.Fatal("the token works after sign-out")
	}
	log := testkit.AuditLog(t, d)
	if log[len(log)-1] != "ann@example.org staff.sign_out ann@example.org {} signed" {
		t.Fatalf("audit log %q", log)
	}
	if err := b.sessions.SignOut(httptest.NewRecorder(), b.request()); err != nil ||
		len(testkit.AuditLog(t, d)) != len(log) {
		t.Fatalf("signing out again: %v", err)
	}
}

func TestSignInTakesANewToken(t *testing.T) {
	t.Parallel()
	b, ann, _, _, _ := openBrowser(t, session.Config{})
	b.cookies["readerfund_staff"] = "planted"
	first := b.signIn(ann).Value
	if first == "planted" {
		t.Fatal("the session took a token that was planted")
	}
	second := b.signIn(ann).Value
	if first == second {
		t.Fatal("the token stayed the same")
	}
	b.cookies["readerfund_staff"] = first
	if b.who() != "" {
		t.Fatal("the session before the sign-in lives on")
	}
}

// The request is under way while its session is destroyed; what it does afterwards must not bring the session back.
func TestARequestUnderWayDoesNotUndoSignOut(t *testing.T) {
	t.Parallel()
	b, ann, _, d, c := openBrowser(t, session.Config{Idle: time.Hour})
	b.signIn(ann)
	c.Advance(30 * time.Minute)
	slow := b.request()
	if err := b.sessions.SignOut(httptest.NewRecorder(), b.request()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.sessions.Account(slow); !errors.Is(err, session.ErrSignedOut) {
		t.Fatalf("got %v", err)
	}
	var n int
	if err := d.GetContext(t.Context(), &n, `SELECT count(*) FROM session`); err != nil || n != 0 {
		t.Fatalf("%d sessions, %v", n, err)
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	config := session.Config{Idle: time.Hour, Lifetime: 4 * time.Hour}
	t.Run("unused", func(t *testing.T) {
		t.Parallel()
		b, ann, _, _, c := openBrowser(t, config)
		b.signIn(ann)
		c.Advance(time.Hour)
		if b.who() != "" {
			t.Fatal("it lives after an hour without use")
		}
	})
	t.Run("used", func(t *testing.T) {
		t.Parallel()
		b, ann, _, d, c := openBrowser(t, config)
		b.signIn(ann)
		for range 4 {
			c.Advance(59 * time.Minute)
			if b.who() == "" {
				t.Fatal("it ended although it was used")
			}
		}
		c.Advance(4 * time.Minute)
		if b.who() != "" {
			t.Fatal("it lives after its four hours")
		}
		c.Advance(2 * time.Hour)
		b.signIn(ann)
		var n int
		if err := d.GetContext(t.Context(), &n, `SELECT count(*) FROM session`); err != nil || n != 1 {
			t.Fatalf("%d sessions in the table, %v: ended ones are swept", n, err)
		}
	})
}

// What signs an account out everywhere holds some of the rows that are swept, and takes them in another order: the
// sweep waits for none of them.
func TestTheSweepLeavesOutWhatIsBeingEnded(t *testing.T) {
	t.Parallel()
	b, ann, _, d, c := openBrowser(t, session.Config{Idle: time.Hour, Lifetime: 4 * time.Hour})
	b.signIn(ann)
	b.signIn(ann)
	c.Advance(24 * time.Hour)
	testkit.Beside(t, d, `SELECT 1 FROM session LIMIT 1 FOR UPDATE`, b.sessions.Tidy)
	if n := testkit.Count(t, d, `session`); n != 1 {
		t.Errorf("%d sessions are left, and one was held", n)
	}
}

func TestAccountIsReadOnEveryRequest(t *testing.T) {
	t.Parallel()
	b, ann, accounts, d, _ := openBrowser(t, session.Config{})
	b.signIn(ann)
	if _, err := d.ExecContext(t.Context(), `UPDATE staff SET role = 'viewer'`); err != nil {
		t.Fatal(err)
	}
	if got, err := b.sessions.Account(b.request()); err != nil || got.Role != account.Viewer {
		t.Fatalf("got %v, %v", got, err)
	}
	if err := accounts.Disable(t.Context(), ann.Email, false); err != nil {
		t.Fatal(err)
	}
	if b.who() != "" {
		t.Fatal("a disabled account is signed in")
	}
}

func TestGarbageInTheCookieIsNobody(t *testing.T) {
	t.Parallel()
	b, _, _, _, _ := openBrowser(t, session.Config{})
	for _, value := range []string{"", "x", strings.Repeat("a", 4000), "' OR 1=1 --", "%00"} {
		b.cookies["readerfund_staff"] = value
		if b.who() != "" {
			t.Errorf("%q is somebody", value)
		}
	}
}
