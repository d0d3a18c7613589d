package page

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// bare is a Renderer with our own templates; change may alter its settings.
func bare(t testing.TB, change func(*Config)) *Renderer {
	t.Helper()
	c := Config{Publication: "The Test Post", Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now}
	if change != nil {
		change(&c)
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ask sends one request straight into a handler; header is pairs of name and value.
func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
