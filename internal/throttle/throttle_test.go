package throttle_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readerfund/internal/throttle"
)

func TestTheSameIsWrittenOnceAMinuteWithACount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		log := slog.New(throttle.New(slog.NewTextHandler(&out, nil), time.Minute, "status"))
		for i := range 1000 {
			log.Warn("refused", "request", i, "status", 400)
		}
		log.With("request", 7, "status", 503).Warn("refused")
		log.With("request", 8, "status", 503).Warn("refused")
		log.Error("refused", "status", 400)
		if got := strings.Count(out.String(), "\n"); got != 3 || strings.Contains(out.String(), "withheld") {
			t.Errorf("%d lines:\n%s", got, out.String())
		}
		out.Reset()
		time.Sleep(time.Minute)
		log.Warn("refused", "status", 400)
		log.Warn("refused", "status", 400)
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "withheld=999") {
			t.Errorf("a minute later:\n%s", got)
		}
		out.Reset()
		for i := range 1000 {
			log.Warn(fmt.Sprintf("message %d", i))
		}
		if got := strings.Count(out.String(), "\n"); got != 1000 {
			t.Errorf("of 1000 different messages %d are written", got)
		}
	})
}
