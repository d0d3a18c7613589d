package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profiled keeps a CPU profile of the service whose admin address that is, while it has its turn, when that was asked
// for; the last turn's stays.
func (b *bench) profiled(
	admin, name string, turn func(context.Context, time.Duration) (float64, error),
) func(context.Context, time.Duration) (float64, error) {
	if b.Profile == "" {
		return turn
	}
	return func(ctx context.Context, length time.Duration) (float64, error) {
		taken := make(chan error, 1)
		go func() { taken <- b.takeProfile(ctx, admin, name, length) }()
		rate, err := turn(ctx, length)
		return rate, errors.Join(err, <-taken)
	}
}

func (b *bench) takeProfile(ctx context.Context, admin, name string, length time.Duration) error {
	if err := os.MkdirAll(b.Profile, 0o755); err != nil {
		return err
	}
	seconds := max(1, int(length/time.Second))
	address := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", admin, seconds)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.Profile, name+".prof"), text, 0o600)
}
