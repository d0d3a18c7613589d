package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
)

// fallbacks answer requests that match no line of the table: an address with a trailing slash, HEAD where there is a
// GET, and addresses that do not exist. They run behind the middleware of a page. privateAddress keeps the address from
// other sites, because a mistyped one may contain a key.
func (s *server) fallbacks(table *chi.Mux, standard chi.Middlewares) {
	standard = append(standard[:len(standard):len(standard)], privateAddress)
	missing := standard.HandlerFunc(s.pages.Handle(func(http.ResponseWriter,
		*http.Request) error {
		return page.NotFound()
	}))
	moved := standard.HandlerFunc(moveWithoutSlash)
	wrong := standard.HandlerFunc(s.pages.Handle(s.wrongMethod(table)))
	table.NotFound(func(w http.ResponseWriter, r *http.Request) {
		switch path, found := withoutSlash(table, r); {
		case !found:
			missing.ServeHTTP(w, r)
		case reads(r): // is led there for good
			moved.ServeHTTP(w, r)
		default: // is taken where it came: not every program follows a redirect with its body
			reroute(table, w, r, r.Method, path)
		}
	})
	table.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		if path := routed(r); r.Method == http.MethodHead && has(table, http.MethodGet, path) {
			reroute(table, w, r, http.MethodGet, path)
			return
		}
		wrong.ServeHTTP(w, r)
	})
}

// routed is the path as chi routes it.
func routed(r *http.Request) string { return cmp.Or(r.URL.RawPath, r.URL.Path) }

func has(table *chi.Mux, method, path string) bool {
	return table.Match(chi.NewRouteContext(), method, path)
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// reroute serves the request as if it had this method and path. The request itself stays as it was sent.
func reroute(table *chi.Mux, w http.ResponseWriter, r *http.Request, method, path string) {
	routing := chi.RouteContext(r.Context())
	routing.Reset()
	routing.Routes, routing.RouteMethod, routing.RoutePath = table, method, path
	table.ServeHTTP(w, r)
}

// withoutSlash treats an address with a trailing slash as the one without it.
func withoutSlash(table *chi.Mux, r *http.Request) (path string, found bool) {
	method := r.Method
	if reads(r) {
		method = http.MethodGet
	}
	path = strings.TrimRight(routed(r), "/")
	return path, path != routed(r) && !strings.HasPrefix(path, "//") && has(table, method, path)
}

func moveWithoutSlash(w http.ResponseWriter, r *http.Request) {
	to := url.URL{
		Path: strings.TrimRight(r.URL.Path, "/"), RawPath: strings.TrimRight(r.URL.RawPath, "/"), RawQuery: r.URL.RawQuery,
	}
	w.Header().Set("Location", to.String())
	w.WriteHeader(http.StatusMovedPermanently)
}

// wrongMethod answers 405 and names the allowed methods (RFC 9110, section 15.5.6): chi knows them, but does not pass
// them to our handler.
func (s *server) wrongMethod(table *chi.Mux) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var allowed []string
		for _, m := range []string{
			http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		} {
			if has(table, m, routed(r)) {
				allowed = append(allowed, m)
				if m == http.MethodGet {
					allowed = append(allowed, http.MethodHead)
				}
			}
		}
		methods := strings.Join(allowed, ", ")
		w.Header().Set("Allow", methods)
		return page.NewError(http.StatusMethodNotAllowed, "api.methods", i18n.Args{"methods": methods})
	}
}
