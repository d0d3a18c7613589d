package admission_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"readerfund/internal/admission"
)

func TestEachGiftCountsAtItsAddressItsNetworkAndAmongAll(t *testing.T) {
	t.Parallel()
	f := newFixture(t, narrow())
	if n := f.passes(10, at("a", "home")); n != 3 {
		t.Errorf("%d gifts of one address, want its 3", n)
	}
	// The seven that were not let in count nowhere: five are left for the network, in gifts of other addresses.
	passed := 0
	for i := range 8 {
		passed += f.passes(1, at(fmt.Sprint("neighbour ", i), "home"))
	}
	if passed != 5 {
		t.Errorf("%d gifts of the network's other addresses, want 5", passed)
	}
	passed = 0
	for i := range 8 {
		passed += f.passes(1, at(fmt.Sprint("stranger ", i), fmt.Sprint("elsewhere ", i)))
	}
	if passed != 4 {
		t.Errorf("%d gifts from elsewhere, want the 4 that all together have left of 12", passed)
	}
	f.clock.Advance(admission.Window / 20) // one of an address's most is forgotten: three of all
	if n := f.passes(5, at("late", "elsewhere")); n != 3 {
		t.Errorf("%d gifts half a minute later, want 3", n)
	}
}

func TestAProofLiftsTheFreeShareUpToTheMost(t *testing.T) {
	t.Parallel()
	c := narrow()
	c.Address.Most = 6
	f := newFixture(t, c)
	passed, last := f.solves(8, at("a", "home"))
	if passed != 6 {
		t.Errorf("%d gifts of an address that solves, want 6", passed)
	}
	if last == nil || last.Challenge != nil || last.Turn != "" || last.Wait != admission.Window*(7-3)/6 {
		t.Errorf("the last was told %+v, want to wait until it passes without a proof", last)
	}
	f.clock.Advance(admission.Window / 6)
	if passed, _ := f.solves(2, at("a", "home")); passed != 1 {
		t.Errorf("%d gifts once one is forgotten, want 1", passed)
	}
}

func TestASolutionIsTakenOnceAndInTime(t *testing.T) {
	t.Parallel()
	c := narrow()
	c.Address.Free = 1
	f := newFixture(t, c)
	v := at("a", "home")
	f.free(v)
	used, late := f.solve(f.begin(v)), f.solve(f.begin(v))
	if n := f.prove(v, used); n != nil {
		t.Fatalf("solved: %v", n)
	}
	for name, p := range map[string]admission.Proof{
		"used": used, "nonsense": {Solution: "e30="}, "another gate's": newFixture(t, admission.Config{
			Address: admission.Allowance{Free: 1, Most: 2}, Network: c.Network, All: c.All, SecretKey: "theirs", Work: 20,
		}).solved(),
	} {
		if n := f.prove(v, p); n == nil || n.Challenge == nil {
			t.Errorf("%s: %+v, want to be asked again", name, n)
		}
	}
	f.clock.Advance(10 * time.Minute)
	f.free(v) // the free share, which is back
	if n := f.prove(v, late); n == nil || n.Challenge == nil {
		t.Errorf("solved too late: %+v", n)
	}
}

// solved is a solution of a challenge of this gate, whose addresses have one gift free.
func (f fixture) solved() admission.Proof {
	f.t.Helper()
	f.free(at("x", "x"))
	return f.solve(f.begin(at("x", "x")))
}

func TestATurnIsTakenOnceFromItsAddressInItsTime(t *testing.T) {
	t.Parallel()
	c := narrow()
	c.Address.Free = 1
	f := newFixture(t, c)
	v := at("a", "home")
	f.free(v)
	asked := f.begin(v)
	turn := admission.Proof{Turn: asked.Turn}
	if asked.TurnIn != 20*time.Second || asked.Turn == "" {
		t.Fatalf("asked: %+v", asked)
	}
	f.clock.Advance(15 * time.Second)
	if n := f.prove(v, turn); n == nil || n.Turn != asked.Turn || n.TurnIn != 5*time.Second {
		t.Errorf("too early: %+v, want the same turn in 5 s", n)
	}
	f.clock.Advance(5 * time.Second)
	other := at("b", "elsewhere")
	f.free(other)
	theirs := f.prove(other, turn)
	if theirs == nil || theirs.Turn == asked.Turn {
		t.Fatalf("from another address: %+v, want another turn", theirs)
	}
	if n := f.prove(v, turn); n != nil {
		t.Errorf("in time: %v", n)
	}
	if n := f.prove(v, turn); n == nil || n.Turn == asked.Turn {
		t.Errorf("once more: %+v, want another turn", n)
	}
	f.clock.Advance(20 * time.Second)
	if n := f.prove(other, admission.Proof{Turn: theirs.Turn}); n != nil {
		t.Errorf("the other address's own: %v", n)
	}
	old := admission.Proof{Turn: f.begin(v).Turn}
	f.clock.Advance(20*time.Second + 10*time.Minute)
	f.free(v) // the free share, which is back
	if n := f.prove(v, old); n == nil {
		t.Error("a turn is taken ten minutes after it came")
	}
}

// Others' attack shuts nobody out: who proves to be a reader has three gifts, and their address no more.
func TestWhereAllTogetherReachedTheMostEachAddressHasThreeLeft(t *testing.T) {
	t.Parallel()
	c := narrow()
	c.All = admission.Allowance{Free: 2, Most: 4}
	f := newFixture(t, c)
	if passed, _ := f.solves(4, at("attack", "away")); passed != 4 {
		t.Fatalf("%d, want the 4 of all together", passed)
	}
	for _, address := range []string{"reader", "another reader"} {
		v := at(address, "home")
		if n := f.begin(v); n == nil || n.Challenge == nil {
			t.Errorf("%s without a proof: %+v, want to be asked", address, n)
		}
		if passed, last := f.solves(5, v); passed != 3 || last == nil || last.Challenge != nil {
			t.Errorf("%s: %d gifts, and then %+v", address, passed, last)
		}
	}
	if passed, _ := f.solves(1, at("attack", "away")); passed != 0 {
		t.Error("who has begun four already has another")
	}
}

func TestCopiesOfOneKeyCountOnce(t *testing.T) {
	t.Parallel()
	c := narrow()
	c.Address.Free = 2
	f := newFixture(t, c)
	v := at("a", "home")
	v.Key = "one"
	var firsts, copies int
	var mu sync.Mutex
	var crew sync.WaitGroup
	for range 6 {
		crew.Go(func() {
			pass, err := f.Admit(t.Context(), v, admission.Proof{})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case pass == admission.Pass{}:
				copies++
			default:
				firsts++
			}
		})
	}
	crew.Wait()
	if firsts != 1 || copies != 5 {
		t.Errorf("%d counted and %d let in with it", firsts, copies)
	}
	v.Key = ""
	if n := f.passes(3, v); n != 1 {
		t.Errorf("%d more gifts, want the one that is left of two", n)
	}
}

func TestABrowserThatBeganFiveIsAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t, narrow())
	v := at("a", "home")
	v.Begun = 4
	if n := f.begin(v); n != nil {
		t.Errorf("the fifth: %v", n)
	}
	v.Begun = 5
	asked := f.begin(v)
	if asked == nil || asked.Challenge == nil {
		t.Fatalf("the sixth: %+v", asked)
	}
	if n := f.prove(v, f.solve(asked)); n != nil {
		t.Errorf("the sixth, solved: %v", n)
	}
}
