package web

import (
	"net/http"

	"readerfund/internal/audit"
	"readerfund/internal/report"
)

// Looks at personal data, in the audit log. The subject is the receipt number, or PayPal's id of the difference or event.
const (
	viewedContribution audit.Action = "contribution.view"
	viewedDifference   audit.Action = "reconcile.view"
	viewedDelivery     audit.Action = "inbox.view"
)

// auditView notes a look at personal data before it is shown.
func (s *site) auditView(r *http.Request, action audit.Action, subject string) error {
	by := accountOf(r)
	return s.Audit.RecordView(r.Context(), audit.Entry{StaffID: by.ID, Actor: by.Email, Action: action, Subject: subject})
}

// withoutPersonalData leaves addresses and words of the reader out of a contribution.
func withoutPersonalData(h report.History) report.History {
	h.Email, h.Message, h.PayerMail = "", "", ""
	return h
}
