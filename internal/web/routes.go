package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"readerfund/internal/account"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/appeal"
)

const webhookPath = "/webhooks/paypal"

// routes is the whole URL table: it routes every request, and each line shows the middleware of its handler.
//
// Routes with ambient authority (a staff session) are behind sameOrigin, so that another site's page cannot use it.
// POST /contributions and the webhook are not: neither relies on a cookie for a decision, and the call to action on a
// newsroom's own site is meant to post from another origin.
func (s *server) routes() *chi.Mux {
	r := chi.NewRouter()
	standard := chi.Chain(s.identify, s.accessLog(s.Log), s.protect, s.recoverer)
	s.fallbacks(r, standard)

	// The appeal stands on every article and is counted there, and deliveries are throttled: these run only the
	// middleware they need.
	h := s.pages.Handle
	r.With(s.public.Appeal.Cached).With(standard...).Get(appeal.Route, h(s.public.Appeal.Show))
	r.With(standard...).Get(appeal.FrameRoute, h(s.public.Appeal.Frame))
	r.With(s.identify, s.recoverer).Post(appeal.CountsRoute, s.public.Counts.Receive)
	r.With(s.identify, s.accessLog(s.throttled), s.recoverer).Post(webhookPath, s.webhook)

	r.Group(func(r chi.Router) {
		r.Use(standard...)
		r.Get("/healthz", h(s.healthz))
		r.Get("/readyz", h(s.readyz))
		r.Get("/static/{file}", h(s.pages.Static))

		r.Get("/", h(s.public.Donate.Home))
		r.Get("/support/{campaign}", h(s.public.Donate.Support))
		r.Post("/support/{campaign}", h(s.public.Donate.ChangeCurrency))
		r.Get("/contributions", h(s.public.Donate.Redirect))
		r.Post("/contributions", h(byMediaType(s.public.Give.Submit, s.api.Create)))
		r.Get("/appearance/{file}", h(s.public.Appearance.Show))
		r.Get("/media/{digest}", h(s.public.Media.Show))
		r.Get("/media/{digest}/{width}", h(s.public.Media.Show))
		r.Get("/oembed", h(s.public.OEmbed.Show))
		r.Get("/embed/cta.js", h(s.pages.Script("cta.js")))
		r.Get("/embed", h(s.public.Choice.Show))
		r.Get("/embed/choice", h(s.public.Choice.Offer))
		r.Get("/embed/kept", h(s.public.Choice.Kept))
		r.Get("/embed/choose.js", h(s.pages.Script("choose.js")))
		if s.DemoArticle {
			r.Get("/article", h(s.public.Appeal.Article))
		}
		r.Group(func(r chi.Router) {
			r.Use(privateAddress)
			r.Get("/contributions/{id}/return", h(s.public.Return.Return))
			r.Get("/contributions/{id}/cancel", h(s.public.Return.Cancel))
			r.Get("/contributions/{id}/thanks", h(s.public.Thanks.Show))
			r.Get("/contributions/{id}/share", h(s.public.Thanks.ShareOnMastodon))
			r.With(s.sameOrigin).Post("/contributions/{id}/message", h(s.public.Say.Submit))
			if s.Questions != nil {
				r.With(s.sameOrigin).Post("/contributions/{id}/monthly", h(s.public.Monthly.Answer))
			}
			if s.Receipts != nil {
				r.Get("/contributions/{id}/receipt", h(s.public.Receipts.List))
				r.Get("/contributions/{id}/receipt/{serial}", h(s.public.Receipts.Show))
				r.Get("/statements/{supporter}/{year}", h(s.public.Receipts.Statement))
			}
		})
		if s.manage != nil {
			r.Group(s.manageRoutes)
		}
		if s.staff != nil {
			r.Group(s.staffRoutes)
		}
	})
	return r
}

// byMediaType sends a form body to one handler, and JSON to another.
func byMediaType(form, json page.Handler) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		switch kind := page.MediaType(r); {
		case kind == page.JSONType:
			return json(w, r)
		case page.IsForm(kind):
			return form(w, r)
		default:
			w.Header().Set("Accept-Post", page.FormType+", "+page.MultipartType+", "+page.JSONType)
			return page.NewError(http.StatusUnsupportedMediaType, "api.media_types",
				i18n.Args{"form": page.FormType, "json": page.JSONType})
		}
	}
}

// manageRoutes are readers' own pages. Every change is a POST.
func (s *server) manageRoutes(r chi.Router) {
	manage, h := s.manage, s.pages.Handle
	r.Use(s.sameOrigin, privateAddress)
	r.Get("/manage", h(manage.Own.Show))
	r.Post("/manage", h(manage.Ask.Submit))
	r.Post("/manage/address", h(manage.Own.ActOnAddress))
	r.Post("/manage/leave", h(manage.Open.Leave))
	r.Get("/manage/export", h(manage.Privacy.Export))
	r.Get("/manage/erase", h(manage.Privacy.AskErase))
	r.Post("/manage/erase", h(manage.Privacy.Erase))
	r.Get("/manage/gift/{id}", h(manage.Gift.Show))
	r.Post("/manage/gift/{id}", h(manage.Gift.Act))
	r.Get("/manage/changes/{id}/return", h(manage.Gift.Return))
	r.Get("/manage/changes/{id}/cancel", h(manage.Gift.Cancel))
	r.Get("/manage/{token}", h(manage.Open.Show))
	r.Post("/manage/{token}", h(manage.Open.Open))
}

// staffRoutes are the pages behind the sign-in. Every change is a POST, needs the role editor, except for changing
// one's own password, and is recorded in the audit log.
func (s *server) staffRoutes(r chi.Router) {
	staff, h := s.staff, s.pages.Handle
	r.Use(s.sameOrigin, privateAddress)
	r.Get("/staff/sign-in", h(staff.SignIn.Show))
	r.Post("/staff/sign-in", h(staff.SignIn.SignIn))
	r.Post("/staff/sign-out", h(staff.SignIn.SignOut))
	r.Group(func(r chi.Router) {
		r.Use(staff.Only(account.Viewer))
		r.Get("/staff/password", h(staff.Password.Show))
		r.Post("/staff/password", h(staff.Password.Choose))
		r.Get("/staff", h(staff.Overview.Show))
		r.Get("/staff/contributions", h(staff.Giving.Contributions.List))
		r.Get("/staff/contributions.csv", h(staff.Giving.Contributions.Export))
		r.Get("/staff/contributions/{id}", h(staff.Giving.Contribution.Show))
		r.Get("/staff/campaigns", h(staff.Appeal.Campaigns.List))
		r.Get("/staff/embedding", h(staff.Appeal.Embedding.Show))
		r.Get("/staff/campaigns/why", h(staff.Appeal.Why.Show))
		r.Get("/staff/campaigns/{slug}", h(staff.Appeal.Campaign.Show))
		r.Get("/staff/campaigns/{slug}/preview", h(staff.Appeal.Preview.Show))
		r.Get("/staff/campaigns/{slug}/history", h(staff.Appeal.History.Show))
		r.Get("/staff/campaigns/{slug}/results", h(staff.Appeal.Results.Show))
		r.Get("/staff/reports", h(staff.Finance.Reports.Show))
		r.Get("/staff/reports.csv", h(staff.Finance.Reports.Export))
		r.Get("/staff/recurring", h(staff.Finance.Recurring.Show))
		r.Get("/staff/ledger", h(staff.Finance.Ledger.Show))
		r.Get("/staff/ledger.csv", h(staff.Finance.Ledger.Export))
		r.Get("/staff/reconciliation", h(staff.Finance.Reconciliation.Show))
		r.Get("/staff/reconciliation/{difference}", h(staff.Finance.Difference.Show))
	})
	r.Group(func(r chi.Router) { // PayPal's bodies contain more about readers than a report needs
		r.Use(staff.Only(account.Editor))
		r.Get("/staff/contributions/{id}/refund", h(staff.Giving.Refund.Show))
		r.Post("/staff/contributions/{id}/refund", h(staff.Giving.Refund.Request))
		if s.Receipts != nil {
			r.Get("/staff/contributions/{id}/receipt/{serial}", h(staff.Giving.Document.Show))
		}
		r.Get("/staff/contributions/{id}/{act:stop|pause|resume}", h(staff.Giving.Subscription.Show))
		r.Post("/staff/contributions/{id}/{act:stop|pause|resume}", h(staff.Giving.Subscription.Do))
		r.Post("/staff/contributions/{id}/ask", h(staff.Giving.Contribution.Ask))
		r.Post("/staff/contributions/{id}/notes", h(staff.Giving.Contribution.AddNote))
		r.Post("/staff/contributions/{id}/looked", h(staff.Giving.Contribution.Review))
		r.Get("/staff/contributions/{id}/disputes/{dispute}/accept", h(staff.Giving.Dispute.ShowAccept))
		r.Post("/staff/contributions/{id}/disputes/{dispute}/accept", h(staff.Giving.Dispute.Accept))
		r.Post("/staff/reconciliation/{difference}/adopt", h(staff.Finance.Difference.Adopt))
		r.Post("/staff/reconciliation/{difference}/set-aside", h(staff.Finance.Difference.SetAside))
		r.Post("/staff/reconciliation/{difference}/reopen", h(staff.Finance.Difference.Reopen))
		r.Get("/staff/campaigns/new", h(staff.Appeal.Edit.New))
		r.Post("/staff/campaigns/new", h(staff.Appeal.Edit.Create))
		r.Get("/staff/campaigns/{slug}/edit", h(staff.Appeal.Edit.Show))
		r.Post("/staff/campaigns/{slug}/edit", h(staff.Appeal.Edit.Save))
		r.Get("/staff/campaigns/{slug}/{act:publish|pause|resume|end|default}", h(staff.Appeal.Act.Show))
		r.Post("/staff/campaigns/{slug}/{act:publish|pause|resume|end|default}", h(staff.Appeal.Act.Do))
		r.Get("/staff/campaigns/{slug}/duplicate", h(staff.Appeal.Duplicate.Show))
		r.Post("/staff/campaigns/{slug}/duplicate", h(staff.Appeal.Duplicate.Do))
		r.Post("/staff/campaigns/{slug}/history", h(staff.Appeal.History.Restore))
		r.Get("/staff/inbox", h(staff.Operations.Inbox.List))
		r.Post("/staff/inbox/replay", h(staff.Operations.Inbox.ReplayAll))
		r.Get("/staff/inbox/{event}", h(staff.Operations.Event.Show))
		r.Post("/staff/inbox/{event}/replay", h(staff.Operations.Event.Replay))
		r.Get("/staff/work", h(staff.Operations.Work.Show))
		r.Post("/staff/work/retry", h(staff.Operations.Work.Retry))
		r.Post("/staff/work/discard", h(staff.Operations.Work.Discard))
		r.Get("/staff/messages", h(staff.Giving.Messages.Show))
		r.Post("/staff/messages/read", h(staff.Giving.Messages.Read))
		r.Post("/staff/messages/unread", h(staff.Giving.Messages.TakeBack))
		r.Get("/staff/appearance", h(staff.Appeal.Appearance.Show))
		r.Post("/staff/appearance", h(staff.Appeal.Appearance.Save))
		r.Get("/staff/monthly", h(staff.Giving.Monthly.Show))
		r.Post("/staff/monthly", h(staff.Giving.Monthly.Save))
		r.Get("/staff/mail", h(staff.Operations.Mail.Show))
		r.Post("/staff/mail/again", h(staff.Operations.Mail.Again))
	})
	r.Group(func(r chi.Router) {
		r.Use(staff.Only(account.Admin))
		r.Get("/staff/audit", h(staff.Operations.AuditLog.Show))
	})
}
