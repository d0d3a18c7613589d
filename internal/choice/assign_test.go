package choice

import (
	"fmt"
	"math"
	"testing"

	"readerfund/internal/campaign"
)

// variants makes variants named a, b, c … with these weights.
func variants(weights ...int) []campaign.Variant {
	all := make([]campaign.Variant, len(weights))
	for n, w := range weights {
		all[n] = campaign.Variant{Name: string(rune('a' + n)), Weight: w}
	}
	return all
}

// The answers are those of the version that readers' browsers have in their caches: changing one would move readers
// from one variant to another in the middle of a test.
func TestAssignmentsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for reader, want := range map[string]string{
		"00000000000000000000000000000000": "b", "00000000000000000000000000000001": "b",
		"0123456789abcdef0123456789abcdef": "c", "ffffffffffffffffffffffffffffffff": "a", "": "a",
	} {
		if got := Assign(reader, "spring", variants(1, 1, 2), 10); got != want {
			t.Errorf("%q: %s, want %s", reader, got, want)
		}
	}
}

// Each variant gets its share of 100,000 readers within four standard deviations, among those of the holdout too.
func TestReadersAreSplitByWeight(t *testing.T) {
	t.Parallel()
	const readers, holdout = 100_000, 10
	weights := []int{5, 3, 0, 1, 1}
	got, other := map[string]int{}, map[string]int{}
	for n := range readers {
		id := fmt.Sprintf("%032x", n)
		v := Assign(id, "spring", variants(weights...), holdout)
		got[v]++
		if v == "a" {
			other[Assign(id, "autumn", variants(1, 1), 0)]++
		}
	}
	within := func(what string, count, of int, share float64) {
		t.Helper()
		want, deviation := share*float64(of), math.Sqrt(float64(of)*share*(1-share))
		if math.Abs(float64(count)-want) > 4*deviation {
			t.Errorf("%s: %d of %d, want %.0f ± %.0f", what, count, of, want, 4*deviation)
		}
	}
	within("holdout", got[campaign.Holdout], readers, holdout/100.)
	for n, w := range weights {
		name := string(rune('a' + n))
		within("variant "+name, got[name], readers, float64(w)/10*(1-holdout/100.))
	}
	within("variant of another campaign", other["a"], other["a"]+other["b"], 0.5)
}

func TestOddWeights(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		variants []campaign.Variant
		holdout  int
		want     string
	}{
		"no variants":     {nil, 0, ""},
		"no weights":      {variants(0, 0), 0, "a"},
		"negative weight": {variants(-5, 1), 0, "b"},
		"all held out":    {variants(1), 100, campaign.Holdout},
		"negative share":  {variants(1), -1, "a"},
	} {
		for n := range 50 {
			if got := Assign(fmt.Sprint(n), "spring", c.variants, c.holdout); got != c.want {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}
