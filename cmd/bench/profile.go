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

// profiled keeps a CPU profile of the service's turns, when that was asked for; the last turn's stays.
func (b *bench) profiled(
	p *pair, name string, turn func(context.Context, time.Duration) (float64, error),
) func(context.Context, time.Duration) (float64, error) {
	if b.Profile == "" {
		return turn
	}
	return func(ctx context.Context, length time.Duration) (float64, error) {
		taken := make(chan error, 1)
		go func() { taken <- b.takeProfile(ctx, p, name, length) }()
		rate, err := turn(ctx, length)
		return rate, errors.Join(err, <-taken)
	}
}

func (b *bench) takeProfile(ctx context.Context, p *pair, name string, length time.Duration) error {
	if err := os.MkdirAll(b.Profile, 0o755); err != nil {
		return err
	}
	seconds := max(1, int(length/time.Second))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet,
		fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.admin, seconds), nil)
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
