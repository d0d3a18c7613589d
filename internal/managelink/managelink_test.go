package managelink_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/mail"
	"readerfund/internal/managelink"
	"readerfund/internal/ratelimit"
	"readerfund/internal/testkit"
	"readerfund/internal/web/page"
)

func TestMain(m *testing.M) {
	testkit.FewerChecks()
	os.Exit(m.Run())
}

const base = "https://give.example.org"

// fixture is a service that knows one address.
type fixture struct {
	*managelink.Service
	t     *testing.T
	db    *db.DB
	clock *testkit.Clock
}

func open(t *testing.T) *fixture {
	t.Helper()
	d, clock := dbtest.New(t), testkit.ClockAt(time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC))
	f := &fixture{t: t, db: d, clock: clock}
	f.Service = managelink.New(managelink.Config{
		DB: d, Limits: ratelimit.New(d, clock.Now, "secret"), Links: managelink.NewLinks(base, signer()), Mails: true,
		Known: func(_ context.Context, address string) (bool, error) { return address == "ada@example.org", nil },
		Now:   clock.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	t.Cleanup(f.Close)
	return f
}

func signer() page.Signer { return page.NewSigner(strings.Repeat("k", 32), "") }

func from(n string) managelink.From {
	return managelink.From{Address: "192.0.2." + n + "/32", Network: "192.0.2.0/24"}
}

// ask asks for a link and gives the token that was mailed.
func (f *fixture) ask() string {
	f.t.Helper()
	if err := f.Ask(f.t.Context(), " Ada@Example.org ", "en-GB", from("7")); err != nil {
		f.t.Fatal(err)
	}
	f.Close()
	mails := f.mails()
	if len(mails) == 0 {
		f.t.Fatal("no mail")
	}
	link := mails[len(mails)-1].URL
	token, ours := strings.CutPrefix(link, base+"/manage/")
	if !ours {
		f.t.Fatalf("the mail's link is %q", link)
	}
	return token
}

func (f *fixture) mails() (all []mail.ManageLinkArgs) {
	f.t.Helper()
	var rows []string
	err := f.db.SelectContext(f.t.Context(), &rows, `
		SELECT args::text FROM mail WHERE kind = 'manage_link' AND recipient = 'ada@example.org' AND locale = 'en-GB'
		ORDER BY created_at, id`)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, text := range rows {
		var args mail.ManageLinkArgs
		if err := json.Unmarshal([]byte(text), &args); err != nil {
			f.t.Fatal(err)
		}
		all = append(all, args)
	}
	return all
}

func (f *fixture) count(query string) (n int) {
	f.t.Helper()
	if err := f.db.GetContext(f.t.Context(), &n, query); err != nil {
		f.t.Fatal(err)
	}
	return n
}

func TestALinkLetsItsReaderIn(t *testing.T) {
	t.Parallel()
	f := open(t)
	token := f.ask()
	if err := f.Check(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	session, err := f.Open(t.Context(), token, "page 1")
	if err != nil {
		t.Fatal(err)
	}
	if who, err := f.Reader(t.Context(), session); err != nil || who != "ada@example.org" {
		t.Errorf("%q %v", who, err)
	}
	// What the database holds opens nothing.
	for _, secret := range []string{token, session} {
		if n := f.count(`SELECT (SELECT count(*) FROM manage_link WHERE manage_link::text LIKE '%` + secret + `%') +
			(SELECT count(*) FROM manage_session WHERE manage_session::text LIKE '%` + secret + `%')`); n > 0 {
			t.Error("a token stands in the database")
		}
	}
	f.clock.Advance(managelink.SessionLasts)
	if _, err := f.Reader(t.Context(), session); !errors.Is(err, managelink.ErrNoSession) {
		t.Errorf("after its time: %v", err)
	}
}

func TestALinkOpensOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	token := f.ask()
	var all sync.WaitGroup
	var mu sync.Mutex
	sessions, used := 0, 0
	for n := range 8 { // from eight pages at once
		all.Go(func() {
			_, err := f.Open(t.Context(), token, "page "+string(rune('a'+n)))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				sessions++
			case errors.Is(err, managelink.ErrUsed):
				used++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if sessions != 1 || used != 7 {
		t.Errorf("%d opened it, %d were told that it is used", sessions, used)
	}
}

// A double click sends the same page's button twice, and the browser keeps what the second brings.
func TestASecondClickOnTheSamePageIsTheSameOpening(t *testing.T) {
	t.Parallel()
	f := open(t)
	token := f.ask()
	for range 2 {
		session, err := f.Open(t.Context(), token, "page 1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Reader(t.Context(), session); err != nil {
			t.Error(err)
		}
	}
	f.clock.Advance(3 * time.Minute)
	if _, err := f.Open(t.Context(), token, "page 1"); !errors.Is(err, managelink.ErrUsed) {
		t.Errorf("later: %v", err)
	}
}

func TestWhatOpensNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	token := f.ask()
	for name, bad := range map[string]string{
		"cut": token[:20], "empty": "", "another": strings.Repeat("A", 26), "lower case": strings.ToLower(token),
		"zero byte": token + "\x00", "no UTF-8": "\xff", "long": strings.Repeat(token, 1000),
	} {
		if _, err := f.Open(t.Context(), bad, "page"); !errors.Is(err, managelink.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := f.Reader(t.Context(), bad); !errors.Is(err, managelink.ErrNoSession) {
			t.Errorf("%s as a session: %v", name, err)
		}
	}
	f.clock.Advance(managelink.LinkLasts)
	if _, err := f.Open(t.Context(), token, "page"); !errors.Is(err, managelink.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
	f.clock.Advance(8 * 24 * time.Hour)
	if err := f.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Open(t.Context(), token, "page"); !errors.Is(err, managelink.ErrUnknown) {
		t.Errorf("forgotten: %v", err)
	}
	if n := f.count(`SELECT count(*) FROM manage_link`); n != 0 {
		t.Errorf("%d links are kept", n)
	}
}

// What ends a reader's sessions and links at this moment holds some of the rows that are swept, and takes them in
// another order: the sweep waits for none of them.
func TestTheSweepLeavesOutWhatIsBeingDeleted(t *testing.T) {
	t.Parallel()
	f := open(t)
	for range 2 {
		if _, err := f.Open(t.Context(), f.ask(), "page"); err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(time.Hour)
	}
	f.clock.Advance(30 * 24 * time.Hour)
	testkit.Beside(t, f.db, `SELECT 1 FROM manage_link, manage_session LIMIT 1 FOR UPDATE`, f.Tidy)
	links, sessions := f.count(`SELECT count(*) FROM manage_link`), f.count(`SELECT count(*) FROM manage_session`)
	if links != 1 || sessions != 1 {
		t.Errorf("%d links and %d sessions are left, and one of each was held", links, sessions)
	}
}

// Whoever asks learns nothing of an address, and somebody whom nobody knows here gets no mail.
func TestAskingTellsNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	if err := f.Ask(t.Context(), "stranger@example.org", "", from("7")); err != nil {
		t.Errorf("an address that nobody gave with: %v", err)
	}
	f.Close()
	if n := f.count(`SELECT (SELECT count(*) FROM mail) + (SELECT count(*) FROM manage_link)`); n != 0 {
		t.Errorf("%d rows about a stranger", n)
	}
	for _, bad := range []string{
		"", "nobody", "a@b@c", "Ada <ada@example.org>", "ada@example.org\r\nBcc: all@example.org", "ada@example.org\x00",
		strings.Repeat("a", 250) + "@b.cd", "ada@example.org, bob@example.org", `"a b"@example.org`,
	} {
		if err := f.Ask(t.Context(), bad, "", from("7")); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{"ada@exämple.org", "ada+news@example.org"} {
		if err := f.Ask(t.Context(), good, "", from("9")); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestAskingHasLimits(t *testing.T) {
	t.Parallel()
	f := open(t)
	limited := func(address, at string) bool {
		t.Helper()
		err := f.Ask(t.Context(), address, "en-GB", from(at))
		if err == nil {
			return false
		}
		var limit *managelink.RateLimitError
		if !errors.As(err, &limit) || limit.Wait <= 0 {
			t.Fatal(err)
		}
		return true
	}
	for range 3 {
		if limited("ada@example.org", "1") {
			t.Fatal("refused too early")
		}
	}
	if !limited("ADA@example.org", "2") {
		t.Error("a fourth mail within the hour goes to the same mailbox")
	}
	f.Close()
	if n := len(f.mails()); n != 3 {
		t.Errorf("%d mails", n)
	}
	for range 10 {
		limited(uuid.NewString()+"@example.org", "3")
	}
	if !limited("new@example.org", "3") {
		t.Error("one address asks on and on")
	}
	f.clock.Advance(time.Hour)
	if limited("ada@example.org", "1") {
		t.Error("an hour later it is still refused")
	}
}

func TestLeavingAndForgettingEndSessions(t *testing.T) {
	t.Parallel()
	f := open(t)
	in := func() string {
		t.Helper()
		session, err := f.Open(t.Context(), f.ask(), "page")
		if err != nil {
			t.Fatal(err)
		}
		return session
	}
	one, two := in(), in()
	if err := f.Leave(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Reader(t.Context(), one); !errors.Is(err, managelink.ErrNoSession) {
		t.Errorf("left: %v", err)
	}
	if _, err := f.Reader(t.Context(), two); err != nil {
		t.Errorf("another browser's: %v", err)
	}
	if err := f.Forget(t.Context(), "ada@example.org"); err != nil {
		t.Fatal(err)
	}
	if n := f.count(`SELECT (SELECT count(*) FROM manage_session) + (SELECT count(*) FROM manage_link)`); n != 0 {
		t.Errorf("%d rows are left of somebody who was erased", n)
	}
}

// A mail's link reaches one contribution, for as long as the key or the one before it signs.
func TestAMailsLinkReachesOneContribution(t *testing.T) {
	t.Parallel()
	mine, other := uuid.New(), uuid.New()
	links := managelink.NewLinks(base, signer())
	address := links.Subscription(mine)
	id, key, ok := strings.Cut(strings.TrimPrefix(address, base+"/manage/gift/"), "?key=")
	if !ok || id != mine.String() {
		t.Fatal(address)
	}
	if !links.Opens(mine, key) || links.Opens(other, key) || links.Opens(mine, "") || links.Opens(mine, key[:10]) {
		t.Error("the key fits another lock")
	}
	if links.Opens(mine, signer().Sign("thanks page", mine.String())) {
		t.Error("the thanks page's key stops a gift")
	}
	rotated := managelink.NewLinks(base, page.NewSigner(strings.Repeat("n", 32), strings.Repeat("k", 32)))
	if !rotated.Opens(mine, key) {
		t.Error("a new secret key closes the links of mails that were sent")
	}
	if links.Ask() != base+"/manage" {
		t.Error(links.Ask())
	}
}
