package sandbox

import (
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// subscriptionRow is a subscription as the list of all of them shows it.
type subscriptionRow struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	PlanID   string `json:"plan_id"`
	Amount   string `json:"amount"` // of the regular cycle
	Currency string `json:"currency"`
	CustomID string `json:"custom_id"`
	Locale   string `json:"locale"` // of the page that waits for the payer, or that they saw last
	At       string `json:"at"`
}

// listSubscriptions is GET /sandbox/subscriptions, oldest first; custom_id narrows it down. So a test can see that a
// retry did not make a second one.
func (s *Server) listSubscriptions(w http.ResponseWriter, r *http.Request) {
	custom := r.URL.Query().Get("custom_id")
	rows := []subscriptionRow{}
	s.mu.Lock()
	for _, id := range s.books.subscriptionIDs {
		sub := s.books.subscriptions[id]
		if custom != "" && custom != sub.CustomID {
			continue
		}
		agreed := s.books.terms(sub)
		price := agreed.regular().Pricing.Price
		rows = append(rows, subscriptionRow{
			id, sub.Status, sub.PlanID, price.String(), price.Currency, sub.CustomID, sub.pageLocale(),
			stampMillis(sub.Created),
		})
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, rows)
}

// hookSubscriptionApprove is POST /sandbox/subscriptions/{id}/approve: the payer agrees to the subscription, or to the
// change of it that waits.
func (s *Server) hookSubscriptionApprove(w http.ResponseWriter, r *http.Request) {
	var said consent
	if !readHook(w, r, &said) {
		return
	}
	id := chi.URLParam(r, "id")
	next, err := s.approveSubscription(s.waitingToken(id), said)
	if err != nil {
		subscriptionRefusal(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": id, "status": s.subscriptionStatus(id), "return_url": next})
}

// hookSubscriptionDecline is POST /sandbox/subscriptions/{id}/decline: the payer presses cancel on that page.
func (s *Server) hookSubscriptionDecline(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	next, err := s.declineSubscription(s.waitingToken(id))
	if err != nil {
		subscriptionRefusal(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": id, "status": s.subscriptionStatus(id), "cancel_url": next})
}

// waitingToken is the token of what waits for a subscription's payer.
func (s *Server) waitingToken(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch sub := s.books.subscriptions[id]; {
	case sub == nil:
		return ""
	case sub.Revision != nil:
		return sub.Revision.Token
	default:
		return sub.Token
	}
}

// pageLocale is the language that the seller asked for on the page that waits for the payer, or that they saw last.
func (sub *subscription) pageLocale() string {
	if sub.Revision != nil {
		return sub.Revision.Locale
	}
	return sub.Locale
}

func (s *Server) subscriptionStatus(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.subscriptions[id].Status
}

// hookSubscriptionMove is POST /sandbox/subscriptions/{id}/cancel, suspend or activate: what is done on PayPal's own
// site. Without a reason there is no note, as when the payer does it.
func (s *Server) hookSubscriptionMove(move func(*subscription, string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Reason string `json:"reason"`
		}
		if !readHook(w, r, &body) {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		sub := s.books.subscriptions[chi.URLParam(r, "id")]
		switch {
		case sub == nil:
			subscriptionRefusal(w, errNoSubscription)
		case !move(sub, body.Reason):
			hookError(w, http.StatusConflict, "the subscription is %s", sub.Status)
		default:
			writeJSON(w, http.StatusOK, s.viewSubscription(sub, true))
		}
	}
}

func subscriptionRefusal(w http.ResponseWriter, err error) {
	status := http.StatusConflict
	if errors.Is(err, errNoSubscription) {
		status = http.StatusNotFound
	}
	hookError(w, status, "%v", err)
}
