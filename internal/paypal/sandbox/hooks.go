package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// readHook reads the JSON body of a test hook; an empty one leaves the defaults. Members it does not know are refused,
// so that a slip of the pen is not taken for a test.
func readHook(w http.ResponseWriter, r *http.Request, into any) bool {
	return readLongHook(w, r, into, maxBody)
}

// readLongHook is readHook for a body of up to so many bytes.
func readLongHook(w http.ResponseWriter, r *http.Request, into any, most int64) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err == nil && strings.TrimSpace(string(body)) != "" {
		dec := json.NewDecoder(strings.NewReader(string(body)))
		dec.DisallowUnknownFields()
		err = dec.Decode(into)
	}
	if err != nil {
		hookError(w, http.StatusBadRequest, "body: %v", err)
		return false
	}
	return true
}

// hookError answers a test hook that could not be done.
func hookError(w http.ResponseWriter, status int, format string, args ...any) {
	writeJSON(w, status, map[string]string{"error": fmt.Sprintf(format, args...)})
}

// fromThisMachine says whether a request came over loopback.
func fromThisMachine(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && net.ParseIP(host).IsLoopback()
}

// health is GET /sandbox/health.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// showClock is GET /sandbox/clock.
func (s *Server) showClock(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{
		"now": stampMillis(s.now()), "ahead": time.Duration(s.offset.Load()).String(),
	})
}

// advanceClock is POST /sandbox/clock: time goes forward only, and what falls due happens before the answer.
func (s *Server) advanceClock(w http.ResponseWriter, r *http.Request) {
	var want struct {
		Advance *duration `json:"advance"`
	}
	if !readHook(w, r, &want) {
		return
	}
	if want.Advance == nil || *want.Advance < 0 {
		hookError(w, http.StatusBadRequest, `advance: give a duration such as "4h", or "0s" for what has fallen due`)
		return
	}
	s.advance(time.Duration(*want.Advance))
	s.post.open(s.now())
	s.reverseApprovals()
	s.once.forget(s.now())
	s.tokens.forget(s.now())
	s.showClock(w, r)
}

// revokeTokens is POST /sandbox/tokens/revoke: every access token is invalid from now on.
func (s *Server) revokeTokens(w http.ResponseWriter, _ *http.Request) {
	ended := s.tokens.revokeAll()
	for _, token := range ended {
		s.journal.remove("token", token)
	}
	writeJSON(w, http.StatusOK, map[string]int{"revoked": len(ended)})
}

// deliveryView is one request that was sent to a webhook; body is the exact text, so that it can be sent again.
type deliveryView struct {
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`
	Status    int               `json:"status"` // 0: no answer, or none yet
	Error     string            `json:"error,omitempty"`
	At        string            `json:"at"`
	EventID   string            `json:"event_id"`
	EventType string            `json:"event_type"`
	WebhookID string            `json:"webhook_id"`
	Attempt   int               `json:"attempt"`
}

// showDeliveries is GET /sandbox/deliveries, oldest first; event_type and event_id narrow it down.
func (s *Server) showDeliveries(w http.ResponseWriter, r *http.Request) {
	kind, id := r.URL.Query().Get("event_type"), r.URL.Query().Get("event_id")
	views := []deliveryView{}
	s.post.mu.Lock()
	for _, a := range s.post.attempts {
		if kind != "" && kind != a.eventType || id != "" && id != a.eventID {
			continue
		}
		views = append(views, deliveryView{
			a.url, s.headers(a), a.body, a.status, a.failure, a.at, a.eventID, a.eventType, a.webhookID, a.number,
		})
	}
	s.post.mu.Unlock()
	writeJSON(w, http.StatusOK, views)
}

// withCapture runs a hook on the capture that the path names, under the lock. The hook gives an error to refuse.
func (s *Server) withCapture(w http.ResponseWriter, r *http.Request, hook func(*capture) (any, error)) {
	id := chi.URLParam(r, "id")
	s.mu.Lock()
	k := s.books.captures[id]
	var answer any
	var err error
	if k != nil {
		answer, err = hook(k)
	}
	s.mu.Unlock()
	switch {
	case k == nil:
		hookError(w, http.StatusNotFound, "there is no capture %s", id)
	case err != nil:
		hookError(w, http.StatusConflict, "%v", err)
	default:
		writeJSON(w, http.StatusOK, answer)
	}
}

// hookRefund is POST /sandbox/captures/{id}/refund: the seller refunds on PayPal's own site.
func (s *Server) hookRefund(w http.ResponseWriter, r *http.Request) { s.giveBack(w, r, false) }

// hookReverse is POST /sandbox/captures/{id}/reverse: PayPal or a bank takes the money back.
func (s *Server) hookReverse(w http.ResponseWriter, r *http.Request) { s.giveBack(w, r, true) }

func (s *Server) giveBack(w http.ResponseWriter, r *http.Request, reversal bool) {
	var body struct {
		Amount      string `json:"amount"`
		Note        string `json:"note_to_payer"`
		Pending     bool   `json:"pending"`
		FeeReturned string `json:"fee_returned"`
	}
	if !readHook(w, r, &body) {
		return
	}
	s.withCapture(w, r, func(k *capture) (any, error) {
		want := refundOrder{note: body.Note, reversal: reversal, pending: body.Pending && !reversal}
		if body.Amount != "" {
			minor, code := parseMinor(k.Amount.Currency, body.Amount)
			if code != "" || minor <= 0 {
				return nil, fmt.Errorf("amount %q: it has to be a positive amount in %s", body.Amount, k.Amount.Currency)
			}
			want.amount = &money{k.Amount.Currency, minor}
		}
		if body.FeeReturned != "" {
			fee, err := hookAmount(k.Amount.Currency, body.FeeReturned)
			if err != nil || fee.Minor > k.Fee {
				return nil, fmt.Errorf("fee_returned %q: it has to be a positive amount in %s, and no more than the fee",
					body.FeeReturned, k.Amount.Currency)
			}
			want.feeReturned = fee.Minor
		}
		if p := s.refundRefusal(k, want); p != nil {
			return nil, p
		}
		if reversal {
			k.Reason, want.note = "CHARGEBACK", "Payment reversed"
		}
		return s.viewRefund(s.enterRefund(k, want)), nil
	})
}

// hookSettle is POST /sandbox/captures/{id}/settle: PayPal ends its hold on a pending capture.
func (s *Server) hookSettle(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Outcome string `json:"outcome"`
	}
	if !readHook(w, r, &body) {
		return
	}
	status, known := map[string]string{
		"": statusCompleted, "completed": statusCompleted, "declined": statusDeclined,
	}[body.Outcome]
	if !known {
		hookError(w, http.StatusBadRequest, "outcome %q: it has to be completed or declined", body.Outcome)
		return
	}
	s.withCapture(w, r, func(k *capture) (any, error) {
		if k.Status != statusPending {
			return nil, fmt.Errorf("the capture is %s, not PENDING", k.Status)
		}
		s.settleCapture(k, status)
		return s.viewCaptureAlone(k), nil
	})
}

// hookSettleRefund is POST /sandbox/refunds/{id}/settle: a pending refund arrives, or fails.
func (s *Server) hookSettleRefund(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Outcome string `json:"outcome"`
	}
	if !readHook(w, r, &body) {
		return
	}
	status, known := map[string]string{
		"": statusCompleted, "completed": statusCompleted, "failed": statusFailed,
	}[body.Outcome]
	if !known {
		hookError(w, http.StatusBadRequest, "outcome %q: it has to be completed or failed", body.Outcome)
		return
	}
	id := chi.URLParam(r, "id")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch back := s.books.refunds[id]; {
	case back == nil:
		hookError(w, http.StatusNotFound, "there is no refund %s", id)
	case back.Status != statusPending:
		hookError(w, http.StatusConflict, "the refund is %s, not PENDING", back.Status)
	default:
		s.settleRefund(back, status)
		writeJSON(w, http.StatusOK, s.viewRefund(back))
	}
}
