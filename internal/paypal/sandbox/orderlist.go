package sandbox

import "net/http"

// orderRow is an order as the list of all orders shows it.
type orderRow struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Expired  bool   `json:"expired"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	CustomID string `json:"custom_id"` // of the first unit
	Locale   string `json:"locale"`    // of the approval page, as the seller asked for it; empty where it did not
	At       string `json:"at"`
}

// listOrders is GET /sandbox/orders, oldest first: every order that was ever made, whether or not PayPal would still
// know it; custom_id narrows it down. So a test can see that a retry did not make a second one.
func (s *Server) listOrders(w http.ResponseWriter, r *http.Request) {
	custom, now := r.URL.Query().Get("custom_id"), s.now()
	rows := []orderRow{}
	s.mu.Lock()
	for _, id := range s.books.recent {
		o := s.books.orders[id]
		if custom != "" && custom != o.Units[0].CustomID {
			continue
		}
		sum := o.sum()
		rows = append(rows, orderRow{
			o.ID, o.Status, o.expired(now), sum.String(), sum.Currency, o.Units[0].CustomID, o.Locale, stampMillis(o.Created),
		})
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, rows)
}
