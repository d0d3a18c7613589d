package sandbox

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// routes is the whole URL table.
func (s *Server) routes() http.Handler {
	r := chi.NewRouter()
	r.NotFound(s.unknown)
	r.MethodNotAllowed(s.wrongMethod)
	r.Group(func(r chi.Router) {
		r.Use(s.disturb)
		r.Post("/v1/oauth2/token", s.issueToken)
		r.Get("/v1/notifications/certs/{id}", s.certificate)

		r.Post("/v2/checkout/orders", s.api(opCreate, s.createOrder))
		r.Get("/v2/checkout/orders/{id}", s.api(opShow, s.showOrder))
		r.Patch("/v2/checkout/orders/{id}", s.api(opPatch, s.patchOrder))
		r.Post("/v2/checkout/orders/{id}/capture", s.api(opCapture, s.captureOrder))

		r.Get("/v2/payments/captures/{id}", s.api(opCaptureShow, s.showCapture))
		r.Post("/v2/payments/captures/{id}/refund", s.api(opRefund, s.refundCapture))
		r.Get("/v2/payments/refunds/{id}", s.api(opRefundShow, s.showRefund))

		r.Get("/v1/payments/sale/{id}", s.api(opSale, s.showSale))
		r.Post("/v1/payments/sale/{id}/refund", s.api(opSaleRefund, s.refundSale))
		r.Get("/v1/payments/refund/{id}", s.api(opSale, s.showSaleRefund))

		r.Route("/v1/catalogs", s.productRoutes)
		r.Route("/v1/billing", s.billingRoutes)

		r.Get("/v1/customer/disputes", s.api(opDisputes, s.listDisputes))
		r.Get("/v1/customer/disputes/{id}", s.api(opDisputes, s.showDispute))
		r.Post("/v1/customer/disputes/{id}/accept-claim", s.api(opDisputes, s.acceptClaim()))
		r.Post("/v1/customer/disputes/{id}/provide-evidence", s.api(opDisputes, s.provideEvidence()))
		r.Post("/v1/customer/disputes/{id}/send-message", s.api(opDisputes, s.sendMessage()))
		r.Post("/v1/customer/disputes/{id}/make-offer", s.api(opDisputes, s.makeOffer()))
		r.Post("/v1/customer/disputes/{id}/adjudicate", s.api(opDisputes, s.adjudicate()))

		r.Get("/v1/reporting/transactions", s.api(opReporting, s.searchTransactions))
		r.Get("/v1/reporting/balances", s.api(opReporting, s.listBalances))

		r.Route("/v1/notifications", func(r chi.Router) {
			r.Post("/webhooks", s.api(opWebhooks, s.createWebhook))
			r.Get("/webhooks", s.api(opWebhooks, s.listWebhooks))
			r.Get("/webhooks/{id}", s.api(opWebhooks, s.showWebhook))
			r.Patch("/webhooks/{id}", s.api(opWebhooks, s.patchWebhook))
			r.Delete("/webhooks/{id}", s.api(opWebhooks, s.deleteWebhook))
			r.Get("/webhooks/{id}/event-types", s.api(opWebhooks, s.webhookEventTypes))
			r.Get("/webhooks-event-types", s.api(opWebhooks, s.listEventTypes))
			r.Post("/verify-webhook-signature", s.api(opWebhooks, s.verifySignature))
			r.Get("/webhooks-events", s.api(opWebhooks, s.listEvents))
			r.Get("/webhooks-events/{id}", s.api(opWebhooks, s.showEvent))
			r.Post("/webhooks-events/{id}/resend", s.api(opWebhooks, s.resendEvent))
			r.Post("/simulate-event", s.api(opWebhooks, s.simulateEvent))
		})
	})
	r.Group(func(r chi.Router) {
		// A page of another site that the tester has open must not press these buttons.
		r.Use(http.NewCrossOriginProtection().Handler)
		r.Get("/checkoutnow", s.approvalPage)
		r.Post("/checkoutnow", s.approvalChoice)
		for _, path := range []string{consentPath, updatePath} {
			r.Get(path, s.consentPage)
			r.Post(path, s.consentChoice)
		}
		r.Route("/sandbox", s.hooks)
	})
	return r
}

func (s *Server) productRoutes(r chi.Router) {
	r.Post("/products", s.api(opProductCreate, s.createProduct))
	r.Get("/products", s.api(opProductShow, s.listProducts))
	r.Get("/products/{id}", s.api(opProductShow, s.showProduct))
	r.Patch("/products/{id}", s.api(opProductPatch, s.patchProduct))
}

func (s *Server) billingRoutes(r chi.Router) {
	r.Post("/plans", s.api(opPlanCreate, s.createPlan))
	r.Get("/plans", s.api(opPlanShow, s.listPlans))
	r.Get("/plans/{id}", s.api(opPlanShow, s.showPlan))
	r.Patch("/plans/{id}", s.api(opPlanPatch, s.patchPlan))
	r.Post("/plans/{id}/activate", s.api(opPlanActivate, s.activatePlan))
	r.Post("/plans/{id}/deactivate", s.api(opPlanDeactivate, s.deactivatePlan))
	r.Post("/plans/{id}/update-pricing-schemes", s.api(opPlanReprice, s.repricePlan))

	r.Post("/subscriptions", s.api(opSubscribe, s.createSubscription))
	r.Get("/subscriptions/{id}", s.api(opSubscription, s.showSubscription))
	r.Patch("/subscriptions/{id}", s.api(opSubscriptionPatch, s.patchSubscription))
	r.Post("/subscriptions/{id}/revise", s.api(opRevise, s.reviseSubscription))
	r.Post("/subscriptions/{id}/suspend", s.api(opSuspend, s.suspendSubscription))
	r.Post("/subscriptions/{id}/cancel", s.api(opCancel, s.cancelSubscription))
	r.Post("/subscriptions/{id}/activate", s.api(opActivate, s.activateSubscription))
	r.Post("/subscriptions/{id}/capture", s.api(opOutstanding, s.captureOutstanding))
	r.Get("/subscriptions/{id}/transactions", s.api(opTransactions, s.subscriptionTransactions))
}

// hooks are the addresses that PayPal does not have.
func (s *Server) hooks(r chi.Router) {
	r.Get("/", s.hookPage)
	r.Get("/style.css", s.stylesheet)
	r.Get("/health", s.health)
	r.Get("/ca.pem", s.caBundle)
	r.Get("/ledger", s.showLedger)
	r.Get("/deliveries", s.showDeliveries)
	r.Get("/clock", s.showClock)
	r.Post("/clock", s.advanceClock)
	r.Post("/tokens/revoke", s.revokeTokens)
	r.Get("/faults", s.listFaults)
	r.Post("/faults", s.addFault)
	r.Delete("/faults", s.clearFaults)
	r.Delete("/faults/{id}", s.clearFault)
	r.Get("/orders", s.listOrders)
	r.Post("/orders/{id}/approve", s.hookApprove)
	r.Post("/orders/{id}/cancel", s.hookCancel)
	r.Post("/captures/{id}/refund", s.hookRefund)
	r.Post("/captures/{id}/reverse", s.hookReverse)
	r.Post("/captures/{id}/dispute", s.hookDispute)
	r.Post("/captures/{id}/settle", s.hookSettle)
	r.Post("/captures/{id}/release", s.hookRelease)
	r.Post("/refunds/{id}/settle", s.hookSettleRefund)
	r.Get("/billing", s.showBilling)
	r.Post("/billing", s.hookBilling)
	r.Post("/payers/{email}/fail", s.hookPayerFails)
	r.Post("/payers/{email}/mend", s.hookPayerMends)
	r.Post("/disputes/{id}/fee-return", s.hookFeeReturn)
	r.Post("/payments", s.hookPayment)
	r.Post("/payments/{id}/refund", s.hookPaymentRefund)
	r.Post("/search", s.hookSearch)
	r.Post("/history", s.hookHistory)
	r.Post("/subscriptions", s.hookSubscriptions)
	r.Post("/subscriptions/{id}/renew", s.hookRenew)
	r.Post("/subscriptions/{id}/fail", s.hookFail)
	r.Post("/subscriptions/{id}/mend", s.hookMend)
	r.Get("/subscriptions", s.listSubscriptions)
	r.Get("/subscriptions/{id}", s.hookBilled)
	r.Post("/subscriptions/{id}/approve", s.hookSubscriptionApprove)
	r.Post("/subscriptions/{id}/decline", s.hookSubscriptionDecline)
	r.Post("/subscriptions/{id}/cancel", s.hookSubscriptionMove(s.end))
	r.Post("/subscriptions/{id}/suspend", s.hookSubscriptionMove(s.suspend))
	r.Post("/subscriptions/{id}/activate", s.hookSubscriptionMove(s.activate))
}
