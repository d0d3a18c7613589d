package experiment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"readerfund/internal/campaign"
	"readerfund/internal/choice"
)

// readerIDs are random ids as browsers make them, always the same ones.
func readerIDs(n int) []string {
	random := rand.New(rand.NewPCG(5, 6))
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%016x%016x", random.Uint64(), random.Uint64())
	}
	return ids
}

// A hundred thousand readers are divided by weight, within what chance allows, and the check of the split says so.
func TestReadersAreDividedByWeight(t *testing.T) {
	t.Parallel()
	ids := readerIDs(100_000)
	for _, c := range []struct {
		weights []int
		holdout int
	}{
		{[]int{1, 1}, 0}, {[]int{1, 1}, 10}, {[]int{9, 1}, 5}, {[]int{50, 30, 20}, 0}, {[]int{1, 1, 1, 1, 1, 1, 1, 1}, 1},
		{[]int{1, 0, 3}, 0},
	} {
		var variants []campaign.Variant
		sum := 0
		for n, w := range c.weights {
			variants = append(variants, campaign.Variant{Name: fmt.Sprint("v", n), Weight: w})
			sum += w
		}
		readers := map[string]int64{}
		for _, id := range ids {
			readers[choice.Assign(id, "winter", variants, c.holdout)]++
		}
		within(t, c.weights, "the holdout", readers[campaign.Holdout], float64(c.holdout)/100)
		var arms []Arm
		for _, v := range variants {
			share := (1 - float64(c.holdout)/100) * float64(v.Weight) / float64(sum)
			within(t, c.weights, v.Name, readers[v.Name], share)
			arms = append(arms, Arm{Name: v.Name, Weight: v.Weight, Seen: Seen{Readers: readers[v.Name]}})
		}
		if s := splitOf(arms); s.Broken {
			t.Errorf("weights %v: the split is called broken: %v", c.weights, s)
		}
	}
}

// within checks a count of 100,000 against its expected share: four standard deviations, which one test in 15,000
// fails.
func within(t *testing.T, weights []int, what string, got int64, share float64) {
	t.Helper()
	const n = 100_000
	if d := math.Abs(float64(got) - n*share); d > 4*math.Sqrt(n*share*(1-share)) {
		t.Errorf("weights %v: %s has %d readers, %.0f are expected", weights, what, got, n*share)
	}
}

func TestABrokenSplitIsFlagged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		weights []int
		readers []int64
		broken  bool
	}{
		{"even", []int{1, 1}, []int64{50_000, 50_000}, false},
		{"by chance", []int{1, 1}, []int64{50_300, 49_700}, false},
		{"a fiftieth is lost", []int{1, 1}, []int64{100_000, 98_000}, true},
		{"one page shows the first to everybody", []int{1, 1}, []int64{53_000, 47_000}, true},
		{"weights that were not heeded", []int{3, 1}, []int64{50_000, 50_000}, true},
		{"weights that were", []int{3, 1}, []int64{75_100, 24_900}, false},
		{"one of three is not counted", []int{1, 1, 1}, []int64{1000, 1000, 0}, true},
		{"few", []int{1, 1}, []int64{4, 2}, false},
		{"nobody", []int{1, 1}, []int64{0, 0}, false},
		{"somebody saw what nobody should", []int{1, 0}, []int64{1000, 3}, true},
		{"alone", []int{1}, []int64{1000}, false},
		{"without weights", []int{0, 0}, []int64{0, 0}, false},
	} {
		var arms []Arm
		for n, w := range c.weights {
			arms = append(arms, Arm{Weight: w, Seen: Seen{Readers: c.readers[n]}})
		}
		if s := splitOf(arms); s.Broken != c.broken || math.IsNaN(s.P) {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}

// assignments is what a process assigns to a thousand readers.
func assignments() string {
	variants := []campaign.Variant{{Name: "a", Weight: 2}, {Name: "b", Weight: 1}, {Name: "c", Weight: 1}}
	var all []string
	for _, id := range readerIDs(1000) {
		all = append(all, choice.Assign(id, "winter", variants, 10))
	}
	return strings.Join(all, " ")
}

// The same reader gets the same variant in three processes, and in one that was started again.
func TestEveryProcessAssignsAlike(t *testing.T) {
	t.Parallel()
	const asked = "READERFUND_PRINT_ASSIGNMENTS"
	if os.Getenv(asked) != "" {
		fmt.Printf("assigned: %s\n", assignments())
		return
	}
	want := assignments()
	for process := range 4 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEveryProcessAssignsAlike$")
		cmd.Env = append(os.Environ(), asked+"=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), "assigned: "+want+"\n") {
			t.Errorf("process %d assigns otherwise:\n%s\nwant:\n%s", process, out, want)
		}
	}
}
