package page

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"readerfund/internal/fault"
)

// A defect is in the log whether or not the reader waited for its answer; what ended because the reader left is not.
func TestADefectIsLoggedThoughTheReaderLeft(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		left bool
		want string
	}{
		"a defect":                    {errors.New("pq: no such column"), false, "level=ERROR"},
		"a defect, nobody waits":      {errors.New("pq: no such column"), true, "level=ERROR"},
		"unavailable, nobody waits":   {fault.Wrap(nil, fault.Unavailable, "Not now."), true, "level=WARN"},
		"the reader's own leave":      {fmt.Errorf("read: %w", context.Canceled), true, "level=DEBUG"},
		"cancelled, but not by them":  {fmt.Errorf("read: %w", context.Canceled), false, "level=ERROR"},
		"a wrong address, who waits":  {fault.New(fault.NotFound, "No."), false, "level=DEBUG"},
		"a wrong address, who leaves": {fault.New(fault.NotFound, "No."), true, "level=DEBUG"},
	} {
		var log strings.Builder
		p := bare(t, func(c *Config) {
			c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		ctx, leave := context.WithCancel(t.Context())
		if c.left {
			leave()
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		p.Handle(func(http.ResponseWriter, *http.Request) error { return c.err })(httptest.NewRecorder(), r)
		leave()
		if !strings.Contains(log.String(), c.want) {
			t.Errorf("%s: the log says %s", name, log.String())
		}
	}
}

func TestErrorsBecomeStatusAndPageOrProblem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		shown  string
	}{
		{fault.New(fault.NotFound, "No such campaign."), 404, "No such campaign."},
		{fault.New(fault.Conflict, "Sent before with other input."), 409, "Sent before with other input."},
		{fault.New(fault.Forbidden, "Not for you."), 403, "Not for you."},
		{fault.Wrap(errors.New("dial tcp: secret-host"), fault.Unavailable, "PayPal does not answer."), 503,
			"PayPal does not answer."},
		{fault.New(fault.TooLarge, "Too long."), 413, "Too long."},
		{errors.Join(fault.Input("amount", "Give an amount.")), 422, "Give an amount."},
		{errors.New("pq: secret-host password"), 500, "our mistake"},
		{NewError(415, "Send a form."), 415, "Send a form."},
	} {
		h := bare(t, nil).Handle(func(http.ResponseWriter, *http.Request) error { return c.err })
		w := ask(h, "GET", "/x")
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.shown) ||
			strings.Contains(w.Body.String(), "secret-host") {
			t.Errorf("%v: page %d %s", c.err, w.Code, w.Body)
		}
		w = ask(h, "GET", "/x", "Accept", "application/json")
		var got Problem
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil ||
			w.Header().Get("Content-Type") != "application/problem+json" {
			t.Fatalf("%v: no problem details: %v %s", c.err, err, w.Body)
		}
		if got.Status != c.status || !strings.Contains(got.Detail, c.shown) || got.Title == "" {
			t.Errorf("%v: problem %+v", c.err, got)
		}
	}
}
