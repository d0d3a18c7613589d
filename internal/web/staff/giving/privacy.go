package giving

import (
	"slices"

	"readerfund/internal/dashboard"
)

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
