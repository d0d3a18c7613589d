package admission_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/admission"
	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/ratelimit"
)

// house is a gate before a real database, whose clock stands until a test moves it.
type house struct {
	*admission.Gate
	t     *testing.T
	db    *db.DB
	clock *atomic.Int64 // microseconds
}

// narrow are limits that a test reaches soon.
func narrow() admission.Config {
	return admission.Config{
		Address: admission.Allowance{Free: 3, Most: 20}, Network: admission.Allowance{Free: 8, Most: 40},
		All: admission.Allowance{Free: 12, Most: 60}, SecretKey: "secret", Work: 20,
	}
}

func newHouse(t *testing.T, c admission.Config) house {
	t.Helper()
	h := house{t: t, db: dbtest.New(t), clock: &atomic.Int64{}}
	h.clock.Store(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).UnixMicro())
	c.DB, c.Now = h.db, func() time.Time { return time.UnixMicro(h.clock.Load()) }
	c.Limits = ratelimit.New(h.db, c.Now, c.SecretKey)
	h.Gate = admission.New(c)
	return h
}

func (h house) pass(d time.Duration) { h.clock.Add(d.Microseconds()) }

func (h house) exec(query string, args ...any) {
	h.t.Helper()
	if _, err := h.db.ExecContext(h.t.Context(), query, args...); err != nil {
		h.t.Fatal(err)
	}
}

// at is a visitor from an address in a network.
func at(address, network string) admission.Visitor {
	return admission.Visitor{Address: address, Network: network}
}

// begin admits a visitor without a proof, or says what is to be done first.
func (h house) begin(v admission.Visitor) *admission.NotYetError {
	h.t.Helper()
	return h.prove(v, admission.Proof{})
}

func (h house) prove(v admission.Visitor, p admission.Proof) *admission.NotYetError {
	h.t.Helper()
	_, err := h.Admit(h.t.Context(), v, p)
	if n, ok := errors.AsType[*admission.NotYetError](err); ok {
		return n
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return nil
}

// free begins a gift that needs no proof.
func (h house) free(v admission.Visitor) {
	h.t.Helper()
	if n := h.begin(v); n != nil {
		h.t.Fatalf("%+v is asked: %v", v, n)
	}
}

// passes is how many of n gifts of a visitor are let in without a proof.
func (h house) passes(n int, v admission.Visitor) (passed int) {
	h.t.Helper()
	for range n {
		if h.begin(v) == nil {
			passed++
		}
	}
	return passed
}

// solve solves the challenge of a visitor who was asked.
func (h house) solve(n *admission.NotYetError) admission.Proof {
	h.t.Helper()
	if n == nil || n.Challenge == nil {
		h.t.Fatalf("no challenge to solve: %v", n)
	}
	solution, _, err := n.Challenge.Solve(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return admission.Proof{Solution: solution}
}

// solves is how many of n gifts of a visitor are let in, who solves each challenge, and what the last was told.
func (h house) solves(n int, v admission.Visitor) (passed int, last *admission.NotYetError) {
	h.t.Helper()
	for range n {
		if last = h.begin(v); last != nil && last.Challenge != nil {
			last = h.prove(v, h.solve(last))
		}
		if last == nil {
			passed++
		}
	}
	return passed, last
}

// gift begins one and notes where, as the pages do; become gives it a state.
func (h house) gift(v admission.Visitor) uuid.UUID {
	h.t.Helper()
	pass, err := h.Admit(h.t.Context(), v, admission.Proof{})
	if err != nil {
		h.t.Fatal(err)
	}
	id := uuid.New()
	err = campaign.EnsureDefault(h.t.Context(), h.db, "The Test Post", "EUR", h.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	h.exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state,
			created_at, updated_at)
		SELECT $1, $2, ''::bytea, id, 'once', 2500, 'EUR', 'created', $3, $3 FROM campaign`, id, id.String(), h.Now())
	if err := h.Began(h.t.Context(), pass, id); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// become gives a gift a state, and lets the job see it.
func (h house) become(id uuid.UUID, state string) {
	h.t.Helper()
	h.exec(`UPDATE contribution SET state = $2 WHERE id = $1`, id, state)
	h.weigh()
}

func (h house) weigh() {
	h.t.Helper()
	if err := h.Weigh(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}
