package staff

import (
	"net/http"
	"slices"

	"readerfund/internal/audit"
	"readerfund/internal/dashboard"
)

// The audit log's actions for viewing personal data. The subject is the receipt number, PayPal's id of the difference
// or event, or the document's number.
const (
	viewedContribution audit.Action = "contribution.view"
	viewedDifference   audit.Action = "reconcile.view"
	viewedDelivery     audit.Action = "inbox.view"
	viewedDocument     audit.Action = "receipt.view"
)

// auditView records a view of personal data before it is shown.
func auditView(r *http.Request, log *audit.Log, action audit.Action, subject string) error {
	by := accountOf(r)
	return log.RecordView(r.Context(), audit.Entry{StaffID: by.ID, Actor: by.Email, Action: action, Subject: subject})
}

// withoutPersonalData removes the reader's addresses and messages from a contribution.
func withoutPersonalData(h dashboard.History) dashboard.History {
	h.Email, h.Message, h.LaterMessage, h.PayerMail = "", "", "", ""
	h.Changes = slices.Clone(h.Changes)
	for i := range h.Changes {
		if h.Changes[i].By == "reader" {
			h.Changes[i].Reason = ""
		}
	}
	return h
}
