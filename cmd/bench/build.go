package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
)

// build makes a program as a release is made: static, without symbols. what is a package or a file.
func build(ctx context.Context, what, to string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", to, what) //nolint:gosec // our own packages
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", what, err, bytes.TrimSpace(out))
	}
	return to, nil
}
