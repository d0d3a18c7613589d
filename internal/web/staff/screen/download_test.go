package screen

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

	"readerfund/internal/web/page"
)

// A client that does not read gives its place back; until then others are told so, and when to come again.
func TestADownloadThatIsNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	s := bareExporter(t, slog.New(slog.DiscardHandler))
	s.places, s.chunkTime = make(chan struct{}, 1), 2*time.Second
	server := httptest.NewServer(s.pages.Handle(func(w http.ResponseWriter, r *http.Request) error {
		return s.Download(w, r, "x", DateRange{}, func(out io.Writer) error {
			for range 6000 { // longer than a socket's buffers
				if _, err := fmt.Fprintln(out, strings.Repeat("a", 2000)); err != nil {
					return err
				}
			}
			return nil
		})
	}))
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
	if lines := strings.Count(body, "\n"); resp.StatusCode != 200 || lines != 6000 {
		t.Errorf("after the stalled one: %s, %d lines", resp.Status, lines)
	}
}

// A list that breaks off is cut, and is said in the log.
func TestADownloadThatBreaksOffIsNotTakenForAWholeOne(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := bareExporter(t, slog.New(slog.NewTextHandler(&log, nil)))
	for begun, want := range map[bool]int{false: 500, true: 200} {
		server := httptest.NewServer(s.pages.Handle(func(w http.ResponseWriter, r *http.Request) error {
			return s.Download(w, r, "x", DateRange{}, func(out io.Writer) error {
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

// bareExporter makes downloads without an audit log.
func bareExporter(t *testing.T, log *slog.Logger) *Exporter {
	t.Helper()
	pages, err := page.New(page.Config{Publication: "The Test Post", Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return NewExporter(pages, nil, log)
}
