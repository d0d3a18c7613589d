package web

import (
	"net/http"

	"readerfund/internal/report"
	"readerfund/internal/staff"
)

// Looks at personal data, in the audit log. The subject is the receipt number, or PayPal's id of the difference or event.
const (
	viewedContribution staff.Action = "contribution.view"
	viewedDifference   staff.Action = "reconcile.view"
	viewedDelivery     staff.Action = "inbox.view"
)

// auditView notes a look at personal data before it is shown.
func (s *site) auditView(r *http.Request, action staff.Action, subject string) error {
	return s.Accounts.AuditView(r.Context(), accountOf(r), action, subject)
}

// withoutPersonalData leaves addresses and words of the reader out of a contribution.
func withoutPersonalData(h report.History) report.History {
	h.Email, h.Message, h.PayerMail = "", "", ""
	return h
}
