package sandbox_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"readerfund/internal/paypal/sandbox"
)

// inNoDocument are the addresses of PayPal's that no OpenAPI document has. Their tests are elsewhere in this package.
var inNoDocument = []string{"POST /v1/oauth2/token", "GET /v1/notifications/certs/{}"}

// checkRouteCoverage wants every operation that the emulator has to have been driven.
func (in *inspector) checkRouteCoverage(t *testing.T) {
	t.Helper()
	server, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	driven := slices.Clone(inNoDocument)
	for operation := range in.operations {
		driven = append(driven, nameless(operation))
	}
	routes, isRouter := server.Handler().(chi.Routes)
	if !isRouter {
		t.Fatal("the emulator's routes cannot be listed")
	}
	err = chi.Walk(routes, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		operation := nameless(method + " " + route)
		if strings.Contains(operation, " /v") && !slices.Contains(driven, operation) {
			t.Errorf("the emulator has %s, but no test here calls it", operation)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// nameless is an operation without the names of its path's parameters.
func nameless(operation string) string {
	return regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(operation, "{}")
}
