package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxHistory     = 5_000_000  // payments that one call may make
	maxHistoryBody = 512 << 20  // so that each of them may have a custom_id of its own
	historyReaders = 500        // who pay
	historyLeast   = int64(100) // what they pay, in minor units: at least,
	historyMost    = int64(10_000)
)

// pastPayments is what POST /sandbox/history is asked for.
type pastPayments struct {
	Payments int       `json:"payments"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Currency string    `json:"currency"`
	// of each; empty: from 1.00 to 100.00 (or 100 to 10,000 where there are no decimals), by chance
	Amount    string   `json:"amount"`
	CustomID  string   `json:"custom_id"`  // of each; {n} stands for its number, from 1
	CustomIDs []string `json:"custom_ids"` // of each in turn, instead
	Seed      uint64   `json:"seed"`       // the same seed makes the same payments
	List      bool     `json:"list"`       // name each of them in the answer
}

// pastPayment is one of them in the answer.
type pastPayment struct {
	Order    string `json:"order"`
	Capture  string `json:"capture"`
	CustomID string `json:"custom_id"`
	Amount   string `json:"amount"`
	Fee      string `json:"fee"`
	At       string `json:"at"`
}

// check fills in what was left out, and says what cannot be.
func (p *pastPayments) check(now time.Time) error {
	if p.Payments == 0 {
		p.Payments = len(p.CustomIDs)
	}
	if p.Currency == "" {
		p.Currency = "EUR"
	}
	if p.To.IsZero() {
		p.To = now
	}
	if p.From.IsZero() {
		p.From = p.To.Add(-30 * 24 * time.Hour)
	}
	_, settled := decimals[p.Currency]
	switch {
	case p.Payments < 1 || p.Payments > maxHistory:
		return fmt.Errorf("payments %d: it has to be between 1 and %d", p.Payments, maxHistory)
	case len(p.CustomIDs) != 0 && len(p.CustomIDs) != p.Payments:
		return fmt.Errorf("custom_ids: there are %d for %d payments", len(p.CustomIDs), p.Payments)
	case !settled:
		return fmt.Errorf("currency %q: not a currency that PayPal settles", p.Currency)
	case p.From.After(p.To) || p.To.After(now):
		return fmt.Errorf("from %s, to %s: it has to be a time that has passed", stamp(p.From), stamp(p.To))
	}
	return nil
}

// customID is that of the payment with this number, counted from 0.
func (p *pastPayments) customID(n int) string {
	if len(p.CustomIDs) > 0 {
		return p.CustomIDs[n]
	}
	return strings.ReplaceAll(p.CustomID, "{n}", strconv.Itoa(n+1))
}

// hookHistory is POST /sandbox/history: completed payments of the past, each with its order and capture, at equal
// distances in time. No webhook tells of them.
func (s *Server) hookHistory(w http.ResponseWriter, r *http.Request) {
	var want pastPayments
	if !readLongHook(w, r, &want, maxHistoryBody) {
		return
	}
	err := want.check(s.now())
	var fixed money
	if err == nil && want.Amount != "" {
		fixed, err = hookAmount(want.Currency, want.Amount)
	}
	if err != nil {
		hookError(w, http.StatusBadRequest, "%v", err)
		return
	}
	s.mu.Lock()
	made, err := s.makeHistory(&want, fixed)
	s.mu.Unlock()
	if err != nil {
		hookError(w, http.StatusConflict, "%v", err)
		return
	}
	writeJSON(w, http.StatusCreated, made)
}

// historyView is what came of it.
type historyView struct {
	Payments int           `json:"payments"`
	Currency string        `json:"currency"`
	Gross    string        `json:"gross"`
	Fees     string        `json:"fees"`
	List     []pastPayment `json:"list,omitempty"`
}

// makeHistory enters the payments. Holds s.mu.
func (s *Server) makeHistory(want *pastPayments, fixed money) (*historyView, error) {
	chance := rand.New(rand.NewPCG(want.Seed, 0)) //nolint:gosec // it is to be the same again, not unguessable
	readers := make([]*payer, historyReaders)
	for i := range readers {
		readers[i] = person{Email: fmt.Sprintf("reader-%d@example.com", i+1)}.payer()
	}
	gross, fees := money{want.Currency, 0}, money{want.Currency, 0}
	v := &historyView{Payments: want.Payments, Currency: want.Currency}
	step := want.To.Sub(want.From) / time.Duration(want.Payments)
	for n := range want.Payments {
		amount := fixed
		if want.Amount == "" {
			amount = money{want.Currency, historyLeast + chance.Int64N(historyMost-historyLeast+1)}
		}
		orderID, captureID := newIDFrom(chance.Uint64), newIDFrom(chance.Uint64)
		if s.books.orders[orderID] != nil {
			return nil, fmt.Errorf("the payments of seed %d are there already", want.Seed)
		}
		at := want.From.Add(time.Duration(n) * step).UTC()
		k := s.enterPast(orderID, captureID, want.customID(n), amount, readers[chance.IntN(len(readers))], at)
		gross.Minor, fees.Minor = gross.Minor+amount.Minor, fees.Minor+k.Fee
		if want.List {
			v.List = append(v.List, pastPayment{
				orderID, captureID, k.CustomID, amount.String(), money{amount.Currency, k.Fee}.String(), stampMillis(at),
			})
		}
	}
	v.Gross, v.Fees = gross.String(), fees.String()
	return v, nil
}

// enterPast makes one order with its capture, as they would stand now. Holds s.mu.
func (s *Server) enterPast(orderID, captureID, customID string, amount money, by *payer, at time.Time) *capture {
	o := &order{
		ID: orderID, Intent: "CAPTURE", Status: statusCompleted, Payer: by, Outcome: outcomeApprove, Created: at,
		Approved: at, Updated: at,
		Units: []unit{{ReferenceID: "default", CustomID: customID, Amount: amount, CaptureID: captureID}},
	}
	k := &capture{
		ID: captureID, OrderID: orderID, Status: statusCompleted, Amount: amount, Fee: s.fees[amount.Currency].of(amount),
		CustomID: customID,
		Created:  at, Updated: at,
	}
	s.books.orders[orderID], s.books.captures[captureID] = o, k
	s.books.recent = append(s.books.recent, orderID)
	s.enterLedger(ledgerRef{kindCapture, captureID})
	s.enterMovement(k)
	s.journal.put("order", orderID, o)
	s.journal.put("capture", captureID, k)
	return k
}

// newIDFrom is an id like those of newID, by a given chance.
func newIDFrom(chance func() uint64) string {
	var b [17]byte
	for i := range b {
		b[i] = idAlphabet[chance()%uint64(len(idAlphabet))]
	}
	if b[0] > '9' {
		b[0] = '1' + b[0]%9
	}
	return string(b[:])
}
