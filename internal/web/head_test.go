package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"readerfund/internal/account"
)

// Whatever answers GET answers HEAD (RFC 9110, section 9.1).
func TestEveryAddressTakesHead(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	admin := h.signedIn(account.Admin)
	err := chi.Walk(h.routes(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method != http.MethodGet {
			return nil
		}
		address := strings.NewReplacer("{", "", "}", "").Replace(route)
		for _, address := range []string{address, strings.TrimSuffix(address, "/")} {
			if address == "" {
				continue
			}
			if got := admin.do(http.MethodHead, address, ""); got.status == http.StatusMethodNotAllowed {
				t.Errorf("HEAD %s: %d", address, got.status)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
