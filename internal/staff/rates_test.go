package staff_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/httprate"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/staff"
)

// replicas are doors of different processes, as it were, with one limit.
func replicas(d *db.DB, n, limit int, window time.Duration) []http.Handler {
	var doors []http.Handler
	for range n {
		limiter := httprate.LimitBy(limit, window, func(r *http.Request) (string, error) { return r.Header.Get("From"), nil },
			httprate.WithLimitCounter(staff.NewRates(d, time.Now)),
			httprate.WithErrorHandler(func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusServiceUnavailable) }))
		doors = append(doors, limiter(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	}
	return doors
}

func knock(t *testing.T, door http.Handler, from string) int {
	t.Helper()
	r, w := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil), httptest.NewRecorder()
	r.Header.Set("From", from)
	door.ServeHTTP(w, r)
	return w.Code
}

// However many knock at once at however many doors, as many get in as the limit says, and not one more.
func TestALimitHoldsOverReplicas(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	doors := replicas(d, 3, 30, 24*time.Hour)
	var in, out atomic.Int64
	var crew sync.WaitGroup
	for _, door := range doors {
		for range 4 {
			crew.Go(func() {
				for range 10 {
					switch code := knock(t, door, "192.0.2.1"); code {
					case http.StatusNoContent:
						in.Add(1)
					case http.StatusTooManyRequests:
						out.Add(1)
					default:
						t.Errorf("answered %d", code)
					}
				}
			})
		}
	}
	crew.Wait()
	if in.Load() != 30 || out.Load() != 90 {
		t.Errorf("%d got in, %d did not", in.Load(), out.Load())
	}
	if code := knock(t, doors[0], "192.0.2.2"); code != http.StatusNoContent {
		t.Errorf("another network: %d", code)
	}
}

// What was counted in the window before counts for as long as it overlaps, and what is refused for it is not counted.
func TestTheWindowSlides(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	window := 24 * time.Hour
	current := time.Now().UTC().Truncate(window)
	if _, err := d.ExecContext(t.Context(), `INSERT INTO rate_count (key, window_at, hits) VALUES ('192.0.2.1:', $1, 1000000)`, current.Add(-window)); err != nil {
		t.Fatal(err)
	}
	door := replicas(d, 1, 5, window)[0]
	for range 10 {
		if code := knock(t, door, "192.0.2.1"); code != http.StatusTooManyRequests {
			t.Fatalf("answered %d", code)
		}
	}
	var hits int
	if err := d.GetContext(t.Context(), &hits, `SELECT hits FROM rate_count WHERE window_at = $1`, current); err != nil || hits != 1 {
		t.Errorf("%d hits were counted, %v", hits, err)
	}
}

// Without the database nobody gets in, at once while it is known to be away, and again once it is back.
func TestCountingFailsClosed(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	rates := staff.NewRates(d, c.now)
	rates.Config(5, time.Minute)
	now := time.Now().UTC().Truncate(time.Minute)
	if _, err := d.ExecContext(t.Context(), `ALTER TABLE rate_count RENAME TO away`); err != nil {
		t.Fatal(err)
	}
	if _, _, err := rates.Get("x", now, now.Add(-time.Minute)); err == nil {
		t.Fatal("counted without a table")
	}
	if _, err := d.ExecContext(t.Context(), `ALTER TABLE away RENAME TO rate_count`); err != nil {
		t.Fatal(err)
	}
	if _, _, err := rates.Get("x", now, now.Add(-time.Minute)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("right after: %v", err)
	}
	c.pass(time.Second)
	if n, before, err := rates.Get("x", now, now.Add(-time.Minute)); err != nil || n != 0 || before != 0 {
		t.Errorf("a second after: %d, %d, %v", n, before, err)
	}
	if err := rates.Increment("x", now); err != nil {
		t.Error(err)
	}
	if n, _, err := rates.Get("x", now, now.Add(-time.Minute)); err != nil || n != 1 {
		t.Errorf("the next: %d, %v", n, err)
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	a, d, c := setUp(t)
	for age, want := range map[time.Duration]bool{-time.Minute: true, 59 * time.Minute: true, 61 * time.Minute: false} {
		at := c.now().Add(-age)
		if _, err := d.ExecContext(t.Context(), `INSERT INTO rate_count (key, window_at, hits) VALUES ($1, $2, 1)`, age.String(), at); err != nil {
			t.Fatal(err)
		}
		if _, err := d.ExecContext(t.Context(), `INSERT INTO session (token, data, expires_at) VALUES ($1, '', $2)`, age.String(), at); err != nil {
			t.Fatal(err)
		}
		if err := a.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		var counts, sessions int
		if err := d.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM rate_count WHERE key = $1), (SELECT count(*) FROM session WHERE token = $1)`, age.String()).Scan(&counts, &sessions); err != nil {
			t.Fatal(err)
		}
		if (counts == 1) != want || (sessions == 1) != (age < 0) {
			t.Errorf("%s old: %d counts and %d sessions are left", age, counts, sessions)
		}
	}
	for _, table := range []string{"session", "rate_count"} {
		if _, err := d.ExecContext(t.Context(), `ALTER TABLE `+table+` RENAME TO away_`+table); err != nil {
			t.Fatal(err)
		}
		if err := a.Tidy(t.Context()); err == nil {
			t.Errorf("tidied without %s", table)
		}
		if _, err := d.ExecContext(t.Context(), `ALTER TABLE away_`+table+` RENAME TO `+table); err != nil {
			t.Fatal(err)
		}
	}
}
