package web

import (
	"context"
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
		"unavailable, nobody waits":   {fault.Unavailablef(nil, "Not now."), true, "level=WARN"},
		"the reader's own leave":      {fmt.Errorf("read: %w", context.Canceled), true, "level=DEBUG"},
		"cancelled, but not by them":  {fmt.Errorf("read: %w", context.Canceled), false, "level=ERROR"},
		"a wrong address, who waits":  {fault.NotFoundf("No."), false, "level=DEBUG"},
		"a wrong address, who leaves": {fault.NotFoundf("No."), true, "level=DEBUG"},
	} {
		var log strings.Builder
		s := bareSite(t, func(d *Deps) {
			d.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		ctx, leave := context.WithCancel(t.Context())
		if c.left {
			leave()
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		s.page(func(http.ResponseWriter, *http.Request) error { return c.err })(httptest.NewRecorder(), r)
		leave()
		if !strings.Contains(log.String(), c.want) {
			t.Errorf("%s: the log says %s", name, log.String())
		}
	}
}
