package e2e

import (
	"context"
	"testing"
)

func axe(t *testing.T, n *newsroom, browser context.Context) {}
