package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"readerfund/internal/account"
)

// routes is the whole URL table.
//
// What carries ambient authority (a staff session) stands behind sameOrigin, so that another site's page cannot use it.
// POST /contributions and the webhook do not: neither reads a cookie to decide anything, and the call to action on a
// newsroom's own site is meant to post from another origin.
func (s *site) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(s.identify, s.accessLog, s.protect, s.survive, s.trimSlash(r), headAsGet)
	r.NotFound(s.page(func(http.ResponseWriter, *http.Request) error { return errNoPage() }))
	r.MethodNotAllowed(s.page(s.wrongMethod(r)))

	r.Get("/healthz", s.page(s.healthz))
	r.Get("/readyz", s.page(s.readyz))
	r.Get("/static/{file}", s.page(s.static))

	r.Get("/", s.page(s.home))
	r.Get("/support/{campaign}", s.page(s.support))
	r.Post("/support/{campaign}", s.page(s.changeCurrency))
	r.Get("/contributions", s.page(s.toForm))
	r.Post("/contributions", s.page(s.give))
	r.Route("/contributions/{id}", func(r chi.Router) {
		r.Use(keepAddress)
		r.Get("/return", s.page(s.comeBack))
		r.Get("/cancel", s.page(s.cancelled))
		r.Get("/thanks", s.page(s.showThanks))
	})
	r.Get("/embed/cta.js", s.page(s.embedScript))
	r.Get("/embed/{campaign}", s.page(s.embed))
	if s.DemoArticle {
		r.Get("/article", s.page(s.article))
	}

	r.Post(webhookPath, s.page(s.webhook)) // fromPayPal is asked before

	if s.Sessions != nil {
		r.Route("/staff", s.staffRoutes)
	}
	return r
}

// staffRoutes are the pages behind the sign-in. What changes something is a POST, needs the role editor, but for one's
// own password, and is in the audit log.
func (s *site) staffRoutes(r chi.Router) {
	r.Use(s.sameOrigin, keepAddress)
	r.Get("/sign-in", s.page(s.showSignIn))
	r.Post("/sign-in", s.page(s.signIn))
	r.Post("/sign-out", s.page(s.signOut))
	r.Group(func(r chi.Router) {
		r.Use(s.only(account.Viewer))
		r.Get("/password", s.page(s.showPassword))
		r.Post("/password", s.page(s.choosePassword))
		r.Get("/", s.page(s.overview))
		r.Get("/contributions", s.page(s.listContributions))
		r.Get("/contributions.csv", s.page(s.exportContributions))
		r.Get("/contributions/{id}", s.page(s.showContribution))
		r.Get("/reports", s.page(s.showReports))
		r.Get("/reports.csv", s.page(s.exportReports))
		r.Get("/ledger", s.page(s.showLedger))
		r.Get("/ledger.csv", s.page(s.exportLedger))
		r.Get("/reconciliation", s.page(s.showReconciliation))
		r.Get("/reconciliation/{difference}", s.page(s.showDifference))
	})
	r.Group(func(r chi.Router) { // what PayPal sent holds more about readers than a report needs
		r.Use(s.only(account.Editor))
		r.Get("/contributions/{id}/refund", s.page(s.showRefund))
		r.Post("/contributions/{id}/refund", s.page(s.refund))
		r.Post("/contributions/{id}/ask", s.page(s.askPayPal))
		r.Post("/contributions/{id}/notes", s.page(s.addNote))
		r.Post("/contributions/{id}/looked", s.page(s.looked))
		r.Get("/contributions/{id}/disputes/{dispute}/accept", s.page(s.showAccept))
		r.Post("/contributions/{id}/disputes/{dispute}/accept", s.page(s.acceptDispute))
		r.Post("/reconciliation/{difference}/adopt", s.page(s.adopt))
		r.Post("/reconciliation/{difference}/set-aside", s.page(s.setAside))
		r.Post("/reconciliation/{difference}/reopen", s.page(s.reopen))
		r.Get("/inbox", s.page(s.listInbox))
		r.Post("/inbox/replay", s.page(s.replayParked))
		r.Get("/inbox/{event}", s.page(s.showWebhook))
		r.Post("/inbox/{event}/replay", s.page(s.replayEvent))
	})
	r.Group(func(r chi.Router) {
		r.Use(s.only(account.Admin))
		r.Get("/audit", s.page(s.showAudit))
	})
}

// headAsGet routes HEAD as GET. chi's own GetHead does not, where a table of routes is mounted at the address itself.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			chi.RouteContext(r.Context()).RouteMethod = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses a write that another site's page makes a browser send (CSRF): by Sec-Fetch-Site or Origin, without
// tokens. GET, HEAD and OPTIONS pass, so they must have no effects. BASE_URL's origin is ours whatever Host says: a
// proxy may rewrite it, and an older browser sends nothing but Origin to compare it with.
func (s *site) sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(s.origin()); err != nil {
		panic(fmt.Errorf("trust BASE_URL: %w", err)) // newSite has read it
	}
	guard.SetDenyHandler(s.page(func(http.ResponseWriter, *http.Request) error {
		return &httpError{http.StatusForbidden, "This came from another site's page. Open the form here and send it again."}
	}))
	return guard.Handler(next)
}

// trimSlash makes one address of two: with a slash at its end, a page is found without it. Who reads is led there for
// good; what is sent is taken where it came, since not every program follows a redirect with its body.
func (s *site) trimSlash(table chi.Routes) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent := cmp.Or(r.URL.RawPath, r.URL.Path) // as chi routes it
			path := strings.TrimRight(sent, "/")
			reads, method := r.Method == http.MethodGet || r.Method == http.MethodHead, r.Method
			if reads {
				method = http.MethodGet
			}
			if path == sent || strings.HasPrefix(path, "//") || !table.Match(chi.NewRouteContext(), method, path) {
				next.ServeHTTP(w, r)
				return
			}
			if reads {
				to := url.URL{Path: strings.TrimRight(r.URL.Path, "/"), RawPath: path, RawQuery: r.URL.RawQuery}
				w.Header().Set("Location", to.String())
				w.WriteHeader(http.StatusMovedPermanently)
				return
			}
			chi.RouteContext(r.Context()).RoutePath = path
			next.ServeHTTP(w, r)
		})
	}
}

// wrongMethod answers 405 and names the methods there are (RFC 9110, section 15.5.6): chi knows them, but does not tell
// a handler of ours.
func (s *site) wrongMethod(table chi.Routes) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var allowed []string
		for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if table.Match(chi.NewRouteContext(), m, r.URL.Path) {
				allowed = append(allowed, m)
				if m == http.MethodGet {
					allowed = append(allowed, http.MethodHead)
				}
			}
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return &httpError{http.StatusMethodNotAllowed, fmt.Sprintf("This address takes %s.", strings.Join(allowed, ", "))}
	}
}
