package ledger

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"readerfund/internal/review"
)

// history draws what is heard of three payments of one contribution.
func history(rt *rapid.T) []step {
	var all []step
	for _, id := range []string{"A", "B", "C"} {
		all = append(all, stepsOf(id)...)
	}
	picked := rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, 14, rapid.ID[int]).Draw(rt, "steps")
	slices.Sort(picked)
	steps := make([]step, 0, len(picked))
	for _, i := range picked {
		steps = append(steps, all[i])
	}
	return steps
}

// shuffled is the same history in another order of arrival, with something heard twice.
func shuffled(rt *rapid.T, steps []step) []step {
	again := steps[rapid.IntRange(0, len(steps)-1).Draw(rt, "again")]
	return rapid.Permutation(append(slices.Clone(steps), again)).Draw(rt, "arrival")
}

// Any order of arrival, with duplicates, ends in the same states of the same payments and the same entries.
func TestHistoriesEndTheSame(t *testing.T) {
	t.Parallel()
	tried := 0
	rapid.Check(t, func(rt *rapid.T) {
		subject := rapid.SampledFrom([]Subject{once(), monthly()}).Draw(rt, "subject")
		for range 20 {
			steps := history(rt)
			arrived := shuffled(rt, steps)
			want := picture(play(rt, New(subject, &review.List{}), steps...))
			if got := picture(play(rt, New(subject, &review.List{}), arrived...)); got != want {
				rt.Fatalf("%s ended in\n%s\nbut %s in\n%s", names(steps), want, names(arrived), got)
			}
			tried++
		}
	})
	t.Logf("%d histories, each in two orders of arrival", tried)
}

// What is heard of one payment leaves the others as they were.
func TestPaymentsAreIndependent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		steps := shuffled(rt, history(rt))
		together := play(rt, New(monthly(), &review.List{}), steps...)
		for _, p := range together.Payments() {
			own := slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return s.name[:1] != p.PayPalID })
			alone := play(rt, New(monthly(), &review.List{}), own...).Payments()
			if len(alone) != 1 || alone[0].State != p.State {
				rt.Fatalf("%s is %s beside others, and %+v alone, after %s", p.PayPalID, p.State, alone, names(own))
			}
		}
	})
}
