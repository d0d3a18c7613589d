package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/paypal"
)

// The events must be what PayPal's are: different, of the stated size, and signed so that the service's own verifier
// takes them and takes nothing else.
func TestDeliveriesVerify(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s, err := newSigner(now)
	if err != nil {
		t.Fatal(err)
	}
	stand, err := openStandIn(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stand.close(); err != nil {
			t.Error(err)
		}
	})
	d, err := signDeliveries(t.Context(), s, 20, stand.url+certPath, now)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := paypal.NewVerifier(paypal.VerifierConfig{
		WebhookID: func() string { return webhookID }, BaseURL: stand.url,
		ExtraRoots: append(stand.sandbox.CAPEM(), s.bundle...),
	})
	if err != nil {
		t.Fatal(err)
	}
	received := make(chan *http.Request, 1)
	bodies := make(chan []byte, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		received <- r
		bodies <- body
	}))
	t.Cleanup(server.Close)
	to, err := dial(t.Context(), strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for i := range d.signatures {
		if err := to.exchange(d.request(nil, i), http.StatusOK); err != nil {
			t.Fatal(err)
		}
		r, body := <-received, <-bodies
		if _, err := verifier.Verify(t.Context(), r.Header, body); err != nil {
			t.Fatalf("delivery %d: %v", i, err)
		}
		event, err := paypal.ParseEvent(body)
		if err != nil || event.Type != eventType {
			t.Fatalf("delivery %d is %+v: %v", i, event, err)
		}
		if len(body) < 1600 || len(body) > 1700 {
			t.Errorf("delivery %d has %d bytes", i, len(body))
		}
		ids[event.ID], ids[r.Header.Get("Paypal-Transmission-Id")] = true, true
		body[len(body)-3] ^= 1
		if _, err := verifier.Verify(t.Context(), r.Header, body); err == nil {
			t.Errorf("delivery %d verifies with another body", i)
		}
	}
	if len(ids) != 2*len(d.signatures) {
		t.Errorf("%d deliveries have %d ids", len(d.signatures), len(ids))
	}
}

func TestCreateOrderIsTakenByTheSandbox(t *testing.T) {
	t.Parallel()
	s, err := newSigner(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	stand, err := openStandIn(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stand.close(); err != nil {
			t.Error(err)
		}
	})
	token, err := stand.token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	to, err := dial(t.Context(), strings.TrimPrefix(stand.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1-1", "1-2"} {
		if err := to.exchange([]byte(createOrder(token, id)), orderStatus); err != nil {
			t.Error(err)
		}
	}
}

func TestDriveCountsAnswersAndRefusesWrongOnes(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "2")
		w.WriteHeader(int(status.Load()))
		_, _ = w.Write([]byte("ok"))
	}))
	t.Cleanup(server.Close)
	l := load{
		address: strings.TrimPrefix(server.URL, "http://"), connections: 4, status: http.StatusOK,
		next: func(buf []byte, i int) ([]byte, bool) {
			return append(buf, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"...), i < 100
		},
	}
	began := time.Now()
	var took []time.Duration
	l.took = &took
	rate, err := l.drive(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Sort(took); len(took) != 100 || took[0] <= 0 || took[99] > time.Since(began) {
		t.Errorf("%d answers took from %s to %s", len(took), took[0], took[99])
	}
	if least := 100 / time.Since(began).Seconds(); rate < least {
		t.Errorf("%f answers a second, but at least %f came", rate, least)
	}
	status.Store(http.StatusTeapot)
	if _, err := l.drive(t.Context(), time.Minute); err == nil ||
		!strings.Contains(err.Error(), "answered 418 instead of 200: ok") {
		t.Errorf("wrong answers give %v", err)
	}
}

func TestContestTurnsTheOrderAround(t *testing.T) {
	t.Parallel()
	var order strings.Builder
	side := func(name string, rate float64) contestant {
		return contestant{
			name:    name,
			prepare: func(context.Context) error { order.WriteString("-"); return nil },
			turn: func(context.Context, time.Duration) (float64, error) {
				order.WriteString(name)
				return rate, nil
			},
		}
	}
	results, err := contest(t.Context(), plan{rounds: 3}, side("a", 10), side("b", 20))
	if err != nil {
		t.Fatal(err)
	}
	if got := order.String(); got != "-b-a-a-b-b-a-a-b" {
		t.Errorf("the order is %s", got)
	}
	if all := ratios(results[0], results[1]); len(all) != 3 || all[0] != 0.5 {
		t.Errorf("the ratios are %v", all)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{3, 1}, 2}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.of); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.of, got, c.want)
		}
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]float64, 100)
	for n := range hundred {
		hundred[n] = float64(100 - n)
	}
	for _, c := range []struct {
		of      []float64
		percent int
		want    float64
	}{{nil, 99, 0}, {[]float64{7}, 99, 7}, {[]float64{2, 1}, 50, 1}, {hundred, 99, 99}, {hundred, 1, 1}} {
		if got := percentile(c.of, c.percent); got != c.want {
			t.Errorf("%d of 100 of %v are at most %v, want %v", c.percent, c.of, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	rows := []row{
		compare("CTA", "requests/s", "bare", []float64{8000, 9000, 10000}, []float64{10000, 10000, 10000}, 0.8),
		compare("ingest", "events/s", "bare", []float64{99.4, 50}, []float64{100, 100}, 1),
		compare("alone", "events/s", "not installed", []float64{1}, []float64{math.NaN()}, 1),
		compare("size", "MB", "bare", []float64{16.74}, []float64{6.5}, 0),
		compare("record", "s", "bare", []float64{10}, []float64{4}, 0).atMost(2.25),
		compare("trips", "round trips", "-", []float64{4}, []float64{math.NaN()}, 0).figureAtMost(4),
		compare("work", "events/s", "-", []float64{480}, []float64{math.NaN()}, 0).figureAtLeast(500),
	}
	var text, markdown strings.Builder
	if err := writeText(&text, []string{"two cores"}, rows); err != nil {
		t.Fatal(err)
	}
	want := `two cores

measured              ours          reference  against        ratio  spread                    aim
----------------------------------------------------------------------------------------------------------
CTA       9,000 requests/s  10,000 requests/s  bare            0.90  0.80 to 1.00            ≥ 0.8  met
ingest       74.7 events/s       100 events/s  bare            0.75  0.50 to 0.99            ≥ 1.0  missed
alone         1.0 events/s                  -  not installed      -  -                           -
size               16.7 MB             6.5 MB  bare            2.58  -                           -
record              10.0 s              4.0 s  bare            2.50  -                      ≤ 2.25  missed
trips      4.0 round trips                  -  -                  -  -             ≤ 4 round trips  met
work          480 events/s                  -  -                  -  -              ≥ 500 events/s  missed
`
	if got := text.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := writeMarkdown(&markdown, []string{"two cores"}, rows[:1]); err != nil {
		t.Fatal(err)
	}
	if got, want := markdown.String(), "| CTA | 9,000 requests/s | 10,000 requests/s | bare | 0.90 | 0.80 to 1.00 | ≥ 0.8 | met |\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant it to end in\n%s", got, want)
	}
}

func TestMetRoundsAsTheTableDoes(t *testing.T) {
	t.Parallel()
	for ratio, want := range map[float64]bool{0.994: false, 0.996: true, 1.2: true} {
		if (row{ratios: []float64{ratio}, aim: aim{least: 1}}).met() != want {
			t.Errorf("a ratio of %v: met is %v", ratio, !want)
		}
	}
}

func TestReadTPS(t *testing.T) {
	t.Parallel()
	got, err := readTPS([]byte("latency average = 1 ms\ninitial connection time = 7.4 ms\ntps = 1234.567 (without initial connection time)\n"))
	if err != nil || got != 1234.567 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := readTPS([]byte("number of transactions actually processed: 0\n")); err == nil {
		t.Error("a run of nothing has a speed")
	}
}

func TestReadResident(t *testing.T) {
	t.Parallel()
	got, err := readResident([]byte("VmHWM:\t   99999 kB\nVmRSS:\t   20000 kB\nRssAnon:\t 1 kB\n"))
	if err != nil || got != 20.48 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := readResident([]byte("Name:\tx\n")); err == nil {
		t.Error("memory is found where none is told")
	}
}

// The script's row is the inbox's: its body and headers are JSON, and nothing in it is a pgbench variable but the id.
func TestPgbenchScript(t *testing.T) {
	t.Parallel()
	script := pgbenchScript(&deliveries{sentAt: "2026-03-02T10:15:30Z", certURL: "http://127.0.0.1/cert"})
	var values []string
	for _, part := range strings.Split(script, "'") {
		if strings.HasPrefix(part, "{") {
			values = append(values, part)
			if !json.Valid([]byte(part)) {
				t.Errorf("no JSON: %s", part)
			}
		}
	}
	if len(values) != 2 {
		t.Errorf("%d values are JSON, want headers and body", len(values))
	}
	if n := strings.Count(script, ":n"); n != 2 {
		t.Errorf(":n is there %d times, want 2", n)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	if p := (flags{Quick: true, Rounds: 5}).plan(); p.rounds != 5 || p.events != 2000 {
		t.Errorf("got %+v", p)
	}
	if p := (flags{Events: 10}).plan(); p.events != 10 || p.rounds != 5 {
		t.Errorf("got %+v", p)
	}
}

// The wire passes on what it is given, byte for byte, and counts what the driver sends: a statement with parameters is
// one round trip, a transaction around it two more.
func TestWireCountsStatementsAndRoundTrips(t *testing.T) {
	t.Parallel()
	w, address, err := tap(t.Context(), dbtest.NewURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	pool, err := db.Open(t.Context(), address, db.Options{MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	count := func(do func() error) [2]int64 {
		statements, trips := w.statements.Load(), w.trips.Load()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		return [2]int64{w.statements.Load() - statements, w.trips.Load() - trips}
	}
	long := bytes.Repeat([]byte{0, 'Q', 0xff}, 50_000)
	one := func(ctx context.Context, q sqlx.QueryerContext) error {
		var back []byte
		if err := q.QueryRowxContext(ctx, `SELECT $1::bytea`, long).Scan(&back); err != nil || !bytes.Equal(back, long) {
			return fmt.Errorf("%d bytes came back: %w", len(back), err)
		}
		return nil
	}
	if got := count(func() error { return one(t.Context(), pool) }); got != [2]int64{1, 1} {
		t.Errorf("one statement is counted %v", got)
	}
	if got := count(func() error {
		return pool.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error { return one(ctx, tx) })
	}); got != [2]int64{3, 3} {
		t.Errorf("BEGIN, a statement and COMMIT are counted %v", got)
	}
}

// Processor time is read right although the program's name looks like fields.
func TestProcessorTimeIsRead(t *testing.T) {
	t.Parallel()
	const stat = "42 (read (er) 1 2) S 1 42 42 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 9 0 100 1 1"
	if got, err := readProcessorTime(stat); err != nil || got != 3*time.Second {
		t.Errorf("%s, %v", got, err)
	}
	for _, garbled := range []string{"", "42 (reader) S 1", "42 (r) S 1 42 42 0 -1 4194560 900 0 0 0 x 50 0 0"} {
		if got, err := readProcessorTime(garbled); err == nil {
			t.Errorf("%q is %s", garbled, got)
		}
	}
}

// The plain side takes the very beacons that the service does, and its answer without a body is read.
func TestBeaconsAreTaken(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(bareCounts))
	t.Cleanup(server.Close)
	to, err := dial(t.Context(), strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := to.exchange(beacon(nil, i), http.StatusNoContent); err != nil {
			t.Fatal(err)
		}
	}
}
