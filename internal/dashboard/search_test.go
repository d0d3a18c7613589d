package dashboard_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/dashboard"
)

// person writes a contribution of a reader, and what PayPal knows of them, where it knows something.
func (b *book) person(receipt, name, email, payerName, payerMail string) {
	b.t.Helper()
	g := b.Paid(gift{Receipt: receipt, Amount: 100, At: at("2026-03-28T22:00:00Z")}, 1)
	b.Exec(`UPDATE contribution SET name = $2, email = $3 WHERE id = $1`, g.ID, name, email)
	if payerMail != "" {
		b.Exec(`INSERT INTO supporter (id, email, name, created_at, updated_at) VALUES ($1, $2, $3, now(), now())`,
			uuid.New(), payerMail, payerName)
		b.Exec(`UPDATE contribution SET supporter_id = (SELECT id FROM supporter WHERE email = $2) WHERE id = $1`,
			g.ID, payerMail)
	}
}

func people(t *testing.T) *dashboard.Views {
	b := newBook(t)
	b.person("AAAA-0001", "Zoë Müller", "Zoe.Mueller@Example.org", "", "")
	b.person("AAAA-0002", "", "", "Øyvind Łukasz Straße", "oyvind@paypal.example")
	b.person("AAAA-0003", "Ann O'Hara-Quinn", "ann_o@example.org", "Anne Quinn", "anne%quinn@paypal.example")
	b.person("AAAA-0004", "Ελένη Παπαδοπούλου", "", "", "")
	b.person("AAAA-0005", "ИВАН ПЕТРОВ", "", "", "")
	b.person("AAAA-0006", "山田太郎", "", "", "")
	b.person("AAAA-0007", "Rene\u0301e (the 2nd) [*]", "", "", "") // the accent is a character of its own
	b.person("ABCD-EFGH", "Nobody", "", "", "")
	return dashboard.New(b.DB, time.UTC)
}

func TestSearchFindsReaders(t *testing.T) {
	t.Parallel()
	r := people(t)
	for text, want := range map[string]string{
		"müller": "1", "Muller": "1", "MUELLER": "1", "mull": "1", "zoe": "1", "müller zoë": "1",
		"müller anna": "", "uller": "1",
		"zoe.mueller@example.org": "1", "ZOE.MUELLER@": "1", "zoe.mueller@example.com": "", "@example.org": "3 1",
		"example": "3 2 1",
		"oyvind":  "2", "ØYVIND": "2", "lukasz": "2", "strasse": "2", "STRAẞE": "2",
		"oyvind@paypal.example": "2", "straße łukasz": "2",
		"o'hara": "3", "quinn": "3", "anne": "3", "Anne Ann": "3", "ann_o@": "3", "annxo@": "",
		"anne%quinn@": "3", "anne_quinn@": "",
		"ελενη": "4", "ΠΑΠΑΔΟΠΟΥΛΟΥ": "4", "иван": "5", "Петров": "5", "太郎": "6",
		"renee": "7", "Renée": "7", "(the": "7", "[*]": "7", "[a-z]": "", ".*": "", "abcd-efgh": "H", "abcd": "",
		`\`: "", "%": "3", "_": "3", "'": "3", strings.Repeat("ä", 500): "",
	} {
		var found []string
		for _, receipt := range receipts(t, r, dashboard.ContributionsQuery{Search: text, Mail: true, Limit: 10}) {
			found = append(found, receipt[8:])
		}
		if !sameSet(found, strings.Fields(want)) {
			t.Errorf("search %q: got %v, want %s", text, found, want)
		}
	}
}

func sameSet(a, b []string) bool {
	seen := map[string]int{}
	for _, s := range a {
		seen[s]++
	}
	for _, s := range b {
		seen[s]--
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return true
}

// Who may not see addresses cannot find out by looking for one either.
func TestSearchWithoutMailIsNoOracle(t *testing.T) {
	t.Parallel()
	r := people(t)
	for _, text := range []string{
		"zoe.mueller@example.org", "zoe.mueller@", "@example.org", "example", "oyvind@paypal.example", "ann_o", "paypal",
	} {
		if got := receipts(t, r, dashboard.ContributionsQuery{Search: text, Limit: 10}); len(got) != 0 {
			t.Errorf("search %q: got %v", text, got)
		}
	}
	for text, want := range map[string]string{"muller": "AAAA-0001", "oyvind": "AAAA-0002", "quinn": "AAAA-0003"} {
		if got := receipts(t, r, dashboard.ContributionsQuery{Search: text, Limit: 10}); len(got) != 1 || got[0] != want {
			t.Errorf("search %q: got %v", text, got)
		}
	}
}

// READERFUND_INDEX_ROWS=200000 with -v says how long a look for a reader takes among so many.
func TestSearchTakes(t *testing.T) {
	t.Parallel()
	rows, _ := strconv.Atoi(os.Getenv("READERFUND_INDEX_ROWS"))
	if rows == 0 {
		t.Skip("a measurement: set READERFUND_INDEX_ROWS")
	}
	r := dashboard.New(filled(t, rows), time.UTC)
	last := day(t, "2026-01-01").Add(rows / 24 / 60)
	for _, q := range []dashboard.ContributionsQuery{
		{Search: "R77"}, {Search: "reader77@example.org"}, {Search: "reader77"}, {Search: "payer77@"}, {Search: "muller"},
		{Search: "nobodyatall"}, {Search: "nobody at all"}, {Search: "nobodyatall", From: last.Add(-30), To: last},
	} {
		q.Mail = true
		for range 2 { // the first finds the caches cold
			begun := time.Now()
			page, err := r.Contributions(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			took := time.Since(begun).Round(time.Millisecond)
			t.Logf("%-22s %s %3d found, %s", q.Search, q.From, len(page.Contributions), took)
		}
	}
}
