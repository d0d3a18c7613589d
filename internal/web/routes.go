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
	standard := chi.Chain(s.identify, s.accessLog(s.Log), s.protect, s.recoverer)
	s.fallbacks(r, standard)

	// The appeal stands on every article, and deliveries come in floods: these two carry nothing they do not need.
	r.With(s.cachedAppeal).With(standard...).Get(appealRoute, s.pages.Handle(s.embed))
	r.With(s.identify, s.accessLog(s.floods), s.recoverer).Post(webhookPath, s.webhook)

	r.Group(func(r chi.Router) {
		r.Use(standard...)
		r.Get("/healthz", s.pages.Handle(s.healthz))
		r.Get("/readyz", s.pages.Handle(s.readyz))
		r.Get("/static/{file}", s.pages.Handle(s.pages.Static))

		r.Get("/", s.pages.Handle(s.home))
		r.Get("/support/{campaign}", s.pages.Handle(s.support))
		r.Post("/support/{campaign}", s.pages.Handle(s.changeCurrency))
		r.Get("/contributions", s.pages.Handle(s.toForm))
		r.Post("/contributions", s.pages.Handle(s.give))
		r.Get("/embed/cta.js", s.pages.Handle(s.pages.Script("cta.js")))
		if s.DemoArticle {
			r.Get("/article", s.pages.Handle(s.article))
		}
		r.Group(func(r chi.Router) {
			r.Use(keepAddress)
			r.Get("/contributions/{id}/return", s.pages.Handle(s.comeBack))
			r.Get("/contributions/{id}/cancel", s.pages.Handle(s.cancelled))
			r.Get("/contributions/{id}/thanks", s.pages.Handle(s.showThanks))
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
	r.Get("/staff/sign-in", s.pages.Handle(s.showSignIn))
	r.Post("/staff/sign-in", s.pages.Handle(s.signIn))
	r.Post("/staff/sign-out", s.pages.Handle(s.signOut))
	r.Group(func(r chi.Router) {
		r.Use(s.only(account.Viewer))
		r.Get("/staff/password", s.pages.Handle(s.showPassword))
		r.Post("/staff/password", s.pages.Handle(s.choosePassword))
		r.Get("/staff", s.pages.Handle(s.overview))
		r.Get("/staff/contributions", s.pages.Handle(s.listContributions))
		r.Get("/staff/contributions.csv", s.pages.Handle(s.exportContributions))
		r.Get("/staff/contributions/{id}", s.pages.Handle(s.showContribution))
		r.Get("/staff/reports", s.pages.Handle(s.showReports))
		r.Get("/staff/reports.csv", s.pages.Handle(s.exportReports))
		r.Get("/staff/ledger", s.pages.Handle(s.showLedger))
		r.Get("/staff/ledger.csv", s.pages.Handle(s.exportLedger))
		r.Get("/staff/reconciliation", s.pages.Handle(s.showReconciliation))
		r.Get("/staff/reconciliation/{difference}", s.pages.Handle(s.showDifference))
	})
	r.Group(func(r chi.Router) { // what PayPal sent holds more about readers than a report needs
		r.Use(s.only(account.Editor))
		r.Get("/staff/contributions/{id}/refund", s.pages.Handle(s.showRefund))
		r.Post("/staff/contributions/{id}/refund", s.pages.Handle(s.refund))
		r.Post("/staff/contributions/{id}/ask", s.pages.Handle(s.askPayPal))
		r.Post("/staff/contributions/{id}/notes", s.pages.Handle(s.addNote))
		r.Post("/staff/contributions/{id}/looked", s.pages.Handle(s.looked))
		r.Get("/staff/contributions/{id}/disputes/{dispute}/accept", s.pages.Handle(s.showAccept))
		r.Post("/staff/contributions/{id}/disputes/{dispute}/accept", s.pages.Handle(s.acceptDispute))
		r.Post("/staff/reconciliation/{difference}/adopt", s.pages.Handle(s.adopt))
		r.Post("/staff/reconciliation/{difference}/set-aside", s.pages.Handle(s.setAside))
		r.Post("/staff/reconciliation/{difference}/reopen", s.pages.Handle(s.reopen))
		r.Get("/staff/inbox", s.pages.Handle(s.listInbox))
		r.Post("/staff/inbox/replay", s.pages.Handle(s.replayParked))
		r.Get("/staff/inbox/{event}", s.pages.Handle(s.showWebhook))
		r.Post("/staff/inbox/{event}/replay", s.pages.Handle(s.replayEvent))
	})
	r.Group(func(r chi.Router) {
		r.Use(s.only(account.Admin))
		r.Get("/staff/audit", s.pages.Handle(s.showAudit))
	})
}
