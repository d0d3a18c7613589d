package staff

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/dashboard"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/report"
	"readerfund/internal/web/page"
)

// A client that does not read gives its place back; until then others are told so, and when to come again.
func TestADownloadThatIsNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	s, database := bare(t, slog.New(slog.DiscardHandler))
	manyGifts(t, database, 6000)
	s.Contributions.exports.places, s.Contributions.exports.chunkTime = make(chan struct{}, 1), 2*time.Second
	server := httptest.NewServer(s.Guard.pages.Handle(s.Contributions.Export))
	defer server.Close()

	stalled, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stalled.Close() }()
	fmt.Fprint(stalled, "GET / HTTP/1.1\r\nHost: staff\r\n\r\n")
	if _, err := stalled.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	download := func() (*http.Response, string) {
		resp, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	resp, body := download()
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "in half a minute") {
		t.Errorf("one too many: %s, Retry-After %q\n%s", resp.Status, resp.Header.Get("Retry-After"), body)
	}
	for deadline := time.Now().Add(30 * time.Second); resp.StatusCode == 503 && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
		resp, body = download()
	}
	if lines := strings.Count(body, "\n"); resp.StatusCode != 200 || lines != 6001 {
		t.Errorf("after the stalled one: %s, %d lines", resp.Status, lines)
	}
}

// manyGifts writes contributions whose list is longer than a socket's buffers.
func manyGifts(t *testing.T, database *db.DB, n int) {
	t.Helper()
	_, err := database.ExecContext(t.Context(), `
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article,
		       state, created_at, updated_at)
		SELECT gen_random_uuid(), 'R' || n, ''::bytea, (SELECT id FROM campaign), 'once', 500, 'EUR', repeat('a', 2000),
		       'expired', $1::timestamptz - n * interval '1 second', $1
		FROM generate_series(1, $2::int) n`, time.Now(), n)
	if err != nil {
		t.Fatal(err)
	}
}

func TestADownloadThatBreaksOffIsNotTakenForAWholeOne(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s, _ := bare(t, slog.New(slog.NewTextHandler(&log, nil)))
	for begun, want := range map[bool]int{false: 500, true: 200} {
		server := httptest.NewServer(s.Guard.pages.Handle(func(w http.ResponseWriter, r *http.Request) error {
			return s.Contributions.exports.download(w, r, "x", dateRange{}, func(out io.Writer) error {
				if begun {
					if _, err := io.WriteString(out, strings.Repeat("half a file\n", 1000)); err != nil {
						return err
					}
				}
				return errors.New("connection to the database lost")
			})
		}))
		res, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, readErr := io.ReadAll(res.Body)
		_ = res.Body.Close()
		server.Close()
		if res.StatusCode != want || begun != (readErr != nil) {
			t.Errorf("begun %v: %d, %v", begun, res.StatusCode, readErr)
		}
		if begun != strings.Contains(log.String(), "broke off") {
			t.Errorf("begun %v: log %s", begun, log.String())
		}
		log.Reset()
	}
}

// bare is the screens on a database, without accounts.
func bare(t *testing.T, log *slog.Logger) (*Screens, *db.DB) {
	t.Helper()
	database := dbtest.New(t)
	if err := campaign.EnsureDefault(t.Context(), database, "The Test Post", "EUR", time.Now()); err != nil {
		t.Fatal(err)
	}
	pages, err := page.New(page.Config{Publication: "The Test Post", Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{
		Pages: pages, Zone: time.UTC, Currency: "EUR", Campaigns: campaign.NewCatalog(database, time.Now),
		Reports: report.New(database, time.UTC, "EUR"), Views: dashboard.New(database, time.UTC),
		Audit: audit.NewLog(audit.Config{DB: database, Now: time.Now}),
		Log:   log, Now: time.Now,
	}), database
}
