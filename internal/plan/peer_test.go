package plan_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"readerfund/internal/paypal"
)

// peer is as much of PayPal as makes products and plans.
type peer struct {
	*httptest.Server

	mu       sync.Mutex
	calls    int
	products map[string]bool
	plans    map[string]*planJSON
	requests map[string]string // PayPal-Request-Id to the plan
	refusals map[string]string // and to the refusal

	lose   int    // so many plans are made and nobody hears of it
	hidden bool   // the list does not show a plan yet
	refuse string // the issue every plan is refused with
	hold   func() // comes before every plan
}

type planJSON struct {
	ID        string `json:"id"`
	ProductID string `json:"product_id"`
	Name      string `json:"name"`
	Status    string `json:"status"`
	Cycles    []struct {
		Frequency struct {
			Unit  string `json:"interval_unit"`
			Count int    `json:"interval_count"`
		} `json:"frequency"`
		Tenure  string `json:"tenure_type"`
		Total   *int   `json:"total_cycles"`
		Pricing struct {
			Fixed struct {
				Currency string `json:"currency_code"`
				Value    string `json:"value"`
			} `json:"fixed_price"`
		} `json:"pricing_scheme"`
	} `json:"billing_cycles"`
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{
		products: map[string]bool{}, plans: map[string]*planJSON{}, requests: map[string]string{}, refusals: map[string]string{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/oauth2/token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"access_token":"token","expires_in":32400}`)
	})
	mux.HandleFunc("POST /v1/catalogs/products", p.makeProduct)
	mux.HandleFunc("POST /v1/billing/plans", p.makePlan)
	mux.HandleFunc("GET /v1/billing/plans", p.list)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *peer) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *peer) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// made is every plan in words, by its id.
func (p *peer) made() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]string{}
	for id, made := range p.plans {
		c := made.Cycles[0]
		all[id] = fmt.Sprintf("%s, %s, %s %s", made.Name, c.Frequency.Unit, c.Pricing.Fixed.Value, c.Pricing.Fixed.Currency)
	}
	return all
}

func refuse(w http.ResponseWriter, issue string) {
	w.WriteHeader(http.StatusUnprocessableEntity)
	_, _ = fmt.Fprintf(w, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":%q}]}`, issue)
}

func (p *peer) makeProduct(w http.ResponseWriter, r *http.Request) {
	var in struct{ ID string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.products[in.ID] {
		refuse(w, "DUPLICATE_RESOURCE_IDENTIFIER")
		return
	}
	p.products[in.ID] = true
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"id":%q}`, in.ID)
}

func (p *peer) makePlan(w http.ResponseWriter, r *http.Request) {
	var in planJSON
	_ = json.NewDecoder(r.Body).Decode(&in)
	p.mu.Lock()
	hold := p.hold
	p.mu.Unlock()
	if hold != nil {
		hold()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	request := r.Header.Get("PayPal-Request-Id")
	if p.refuse != "" {
		p.refusals[request] = p.refuse
	}
	if issue := p.refusals[request]; issue != "" {
		refuse(w, issue)
		return
	}
	id := p.requests[request]
	if id == "" {
		id = fmt.Sprintf("P-%d", len(p.plans)+1)
		in.ID, in.Status = id, "ACTIVE"
		p.plans[id], p.requests[request] = &in, id
	}
	if p.lose > 0 {
		p.lose--
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(p.plans[id])
}

func (p *peer) list(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	all := []*planJSON{}
	for _, made := range p.plans {
		if !p.hidden && made.ProductID == r.URL.Query().Get("product_id") {
			all = append(all, made)
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"plans": all})
}

// refusal is PayPal's answer to a subscription.
func refusal(status int, issue string) error {
	return &paypal.Error{Operation: "create subscription", Status: status, Name: "X", Issues: []paypal.Issue{{Issue: issue}}}
}
