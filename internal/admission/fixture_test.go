package admission_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/admission"
	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/ratelimit"
	"readerfund/internal/testkit"
)

// fixture is a gate before a real database, whose clock stands until a test moves it.
type fixture struct {
	*admission.Gate
	t     *testing.T
	db    *db.DB
	clock *testkit.Clock
}

// narrow are limits that a test reaches soon.
func narrow() admission.Config {
	return admission.Config{
		Address: admission.Allowance{Free: 3, Most: 20}, Network: admission.Allowance{Free: 8, Most: 40},
		All: admission.Allowance{Free: 12, Most: 60}, SecretKey: "secret", Work: 20,
	}
}

func newFixture(t *testing.T, c admission.Config) fixture {
	t.Helper()
	f := fixture{t: t, db: dbtest.New(t), clock: testkit.NewClock()}
	c.DB, c.Now = f.db, f.clock.Now
	c.Limits = ratelimit.New(f.db, c.Now, c.SecretKey)
	f.Gate = admission.New(c)
	return f
}

func (f fixture) exec(query string, args ...any) {
	f.t.Helper()
	testkit.Exec(f.t, f.db, query, args...)
}

// at is a visitor from an address in a network.
func at(address, network string) admission.Visitor {
	return admission.Visitor{Address: address, Network: network}
}

// begin admits a visitor without a proof, or says what is to be done first.
func (f fixture) begin(v admission.Visitor) *admission.NotYetError {
	f.t.Helper()
	return f.prove(v, admission.Proof{})
}

func (f fixture) prove(v admission.Visitor, p admission.Proof) *admission.NotYetError {
	f.t.Helper()
	_, err := f.Admit(f.t.Context(), v, p)
	if n, ok := errors.AsType[*admission.NotYetError](err); ok {
		return n
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return nil
}

// free begins a gift that needs no proof.
func (f fixture) free(v admission.Visitor) {
	f.t.Helper()
	if n := f.begin(v); n != nil {
		f.t.Fatalf("%+v is asked: %v", v, n)
	}
}

// passes is how many of n gifts of a visitor are let in without a proof.
func (f fixture) passes(n int, v admission.Visitor) (passed int) {
	f.t.Helper()
	for range n {
		if f.begin(v) == nil {
			passed++
		}
	}
	return passed
}

// solve solves the challenge of a visitor who was asked.
func (f fixture) solve(n *admission.NotYetError) admission.Proof {
	f.t.Helper()
	if n == nil || n.Challenge == nil {
		f.t.Fatalf("no challenge to solve: %v", n)
	}
	solution, _, err := n.Challenge.Solve(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return admission.Proof{Solution: solution}
}

// solves is how many of n gifts of a visitor are let in, who solves each challenge, and what the last was told.
func (f fixture) solves(n int, v admission.Visitor) (passed int, last *admission.NotYetError) {
	f.t.Helper()
	for range n {
		if last = f.begin(v); last != nil && last.Challenge != nil {
			last = f.prove(v, f.solve(last))
		}
		if last == nil {
			passed++
		}
	}
	return passed, last
}

// gift begins one and notes where, as the pages do; become gives it a state.
func (f fixture) gift(v admission.Visitor) uuid.UUID {
	f.t.Helper()
	pass, err := f.Admit(f.t.Context(), v, admission.Proof{})
	if err != nil {
		f.t.Fatal(err)
	}
	id := uuid.New()
	err = campaign.EnsureDefault(f.t.Context(), f.db, "The Test Post", "EUR", f.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	f.exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state,
			created_at, updated_at)
		SELECT $1, $2, ''::bytea, id, 'once', 2500, 'EUR', 'created', $3, $3 FROM campaign`, id, id.String(), f.Now())
	if err := f.Began(f.t.Context(), pass, id); err != nil {
		f.t.Fatal(err)
	}
	return id
}

// become gives a gift a state, and lets the job see it.
func (f fixture) become(id uuid.UUID, state string) {
	f.t.Helper()
	f.exec(`UPDATE contribution SET state = $2 WHERE id = $1`, id, state)
	f.weigh()
}

func (f fixture) weigh() {
	f.t.Helper()
	if err := f.CountOutcomes(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}
