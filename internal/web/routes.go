package web

import (
	"github.com/go-chi/chi/v5"

	"readerfund/internal/account"
)

const webhookPath = "/webhooks/paypal"

// routes is the whole URL table: every request is routed by it, and each line says what stands before its handler.
//
// What carries ambient authority (a staff session) stands behind sameOrigin, so that another site's page cannot use it.
// POST /contributions and the webhook do not: neither reads a cookie to decide anything, and the call to action on a
// newsroom's own site is meant to post from another origin.
func (s *site) routes() *chi.Mux {
	r := chi.NewRouter()
	page := chi.Chain(s.identify, s.accessLog(s.Log), s.protect, s.recoverer)
	s.fallbacks(r, page)

	// The appeal stands on every article, and deliveries come in floods: these two carry nothing they do not need.
	r.With(s.cachedAppeal).With(page...).Get(appealRoute, s.page(s.embed))
	r.With(s.identify, s.accessLog(s.floods), s.recoverer).Post(webhookPath, s.webhook)

	r.Group(func(r chi.Router) {
		r.Use(page...)
		r.Get("/healthz", s.page(s.healthz))
		r.Get("/readyz", s.page(s.readyz))
		r.Get("/static/{file}", s.page(s.static))

		r.Get("/", s.page(s.home))
		r.Get("/support/{campaign}", s.page(s.support))
		r.Post("/support/{campaign}", s.page(s.changeCurrency))
		r.Get("/contributions", s.page(s.toForm))
		r.Post("/contributions", s.page(s.give))
		r.Get("/embed/cta.js", s.page(s.embedScript))
		if s.DemoArticle {
			r.Get("/article", s.page(s.article))
		}
		r.Group(func(r chi.Router) {
			r.Use(keepAddress)
			r.Get("/contributions/{id}/return", s.page(s.comeBack))
			r.Get("/contributions/{id}/cancel", s.page(s.cancelled))
			r.Get("/contributions/{id}/thanks", s.page(s.showThanks))
		})
		if s.Sessions != nil {
			r.Group(s.staffRoutes)
		}
	})
	return r
}

// staffRoutes are the pages behind the sign-in. What changes something is a POST, needs the role editor, but for one's
// own password, and is in the audit log.
func (s *site) staffRoutes(r chi.Router) {
	r.Use(s.sameOrigin, keepAddress)
	r.Get("/staff/sign-in", s.page(s.showSignIn))
	r.Post("/staff/sign-in", s.page(s.signIn))
	r.Post("/staff/sign-out", s.page(s.signOut))
	r.Group(func(r chi.Router) {
		r.Use(s.only(account.Viewer))
		r.Get("/staff/password", s.page(s.showPassword))
		r.Post("/staff/password", s.page(s.choosePassword))
		r.Get("/staff", s.page(s.overview))
		r.Get("/staff/contributions", s.page(s.listContributions))
		r.Get("/staff/contributions.csv", s.page(s.exportContributions))
		r.Get("/staff/contributions/{id}", s.page(s.showContribution))
		r.Get("/staff/reports", s.page(s.showReports))
		r.Get("/staff/reports.csv", s.page(s.exportReports))
		r.Get("/staff/ledger", s.page(s.showLedger))
		r.Get("/staff/ledger.csv", s.page(s.exportLedger))
		r.Get("/staff/reconciliation", s.page(s.showReconciliation))
		r.Get("/staff/reconciliation/{difference}", s.page(s.showDifference))
	})
	r.Group(func(r chi.Router) { // what PayPal sent holds more about readers than a report needs
		r.Use(s.only(account.Editor))
		r.Get("/staff/contributions/{id}/refund", s.page(s.showRefund))
		r.Post("/staff/contributions/{id}/refund", s.page(s.refund))
		r.Post("/staff/contributions/{id}/ask", s.page(s.askPayPal))
		r.Post("/staff/contributions/{id}/notes", s.page(s.addNote))
		r.Post("/staff/contributions/{id}/looked", s.page(s.looked))
		r.Get("/staff/contributions/{id}/disputes/{dispute}/accept", s.page(s.showAccept))
		r.Post("/staff/contributions/{id}/disputes/{dispute}/accept", s.page(s.acceptDispute))
		r.Post("/staff/reconciliation/{difference}/adopt", s.page(s.adopt))
		r.Post("/staff/reconciliation/{difference}/set-aside", s.page(s.setAside))
		r.Post("/staff/reconciliation/{difference}/reopen", s.page(s.reopen))
		r.Get("/staff/inbox", s.page(s.listInbox))
		r.Post("/staff/inbox/replay", s.page(s.replayParked))
		r.Get("/staff/inbox/{event}", s.page(s.showWebhook))
		r.Post("/staff/inbox/{event}/replay", s.page(s.replayEvent))
	})
	r.Group(func(r chi.Router) {
		r.Use(s.only(account.Admin))
		r.Get("/staff/audit", s.page(s.showAudit))
	})
}
