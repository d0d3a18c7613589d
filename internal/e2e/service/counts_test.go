package service

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
)

// Of what readers saw, a process that is killed loses at most the last second, and one that is stopped nothing.
func TestACrashLosesASecondOfCounts(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	killed, stopped := s.Serve(), s.Serve()
	const views = 30
	var sent []time.Time // to the one that is killed
	for range views {
		see(t, killed, "inline")
		sent = append(sent, time.Now())
		see(t, stopped, "banner")
		time.Sleep(100 * time.Millisecond)
	}
	at := time.Now()
	killed.Kill()
	if err := stopped.Stop(syscall.SIGTERM, time.Minute); err != nil {
		t.Fatal(err)
	}
	certain := 0 // what was sent a second before, and a half for the write itself on a busy machine
	for _, one := range sent {
		if at.Sub(one) > 1500*time.Millisecond {
			certain++
		}
	}
	var counts struct{ Inline, Banner int }
	if err := s.DB.Get(&counts, `
		SELECT coalesce(sum(views) FILTER (WHERE format = 'inline'), 0) AS inline,
		       coalesce(sum(views) FILTER (WHERE format = 'banner'), 0) AS banner FROM appeal_count`); err != nil {
		t.Fatal(err)
	}
	if counts.Inline < certain || counts.Inline > views || counts.Banner != views {
		t.Errorf("of %d views the killed process wrote %d, at least %d are certain; the stopped one wrote %d",
			views, counts.Inline, certain, counts.Banner)
	}
}

// see tells a process that a reader saw the default campaign.
func see(t *testing.T, p *harness.Process, format string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.BaseURL+"/embed/counts",
		strings.NewReader(`[{"k":"view","c":"support","f":"`+format+`"}]`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatal(resp.Status, err)
	}
}
