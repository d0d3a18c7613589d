package experiment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// arm is an arm of a test with weight 1, whose gifts of 10.00 EUR are all kept but the regretted, which went back
// whole.
func arm(name string, readers, begun, regretted int64) Arm {
	kept := begun - regretted
	return Arm{Name: name, Weight: 1, Seen: Seen{Readers: readers, Views: 3 * readers}, Given: Given{
		Starts: 2 * begun, Begun: begun, Gifts: kept, Regretted: regretted,
		Money: []Money{{"EUR", 1000 * kept, 1000 * 1000 * float64(kept)}},
	}}
}

// worth is the arm with other gifts: so many minor units each.
func (a Arm) worth(minor int64) Arm {
	a.Money = []Money{{"EUR", minor * a.Gifts, float64(minor) * float64(minor) * float64(a.Gifts)}}
	return a
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		arms []Arm
		code Code
		best string
	}{
		{"no variants", []Arm{arm("", 1000, 50, 0)}, NoTest, ""},
		{"nobody was there", []Arm{arm("a", 0, 0, 0), arm("b", 0, 0, 0)}, NothingYet, ""},
		{"few gifts", []Arm{arm("a", 5000, 4, 0), arm("b", 5000, 24, 0)}, TooFew, "b"},
		{"one arm without gifts", []Arm{arm("a", 5000, 0, 0), arm("b", 5000, 60, 0)}, TooFew, "b"},
		{"the same", []Arm{arm("a", 50_000, 250, 5), arm("b", 50_000, 250, 5)}, NoDifference, "a"},
		{"a little more", []Arm{arm("a", 50_000, 250, 5), arm("b", 50_000, 290, 5)}, NoDifference, "b"},
		{"more", []Arm{arm("a", 50_000, 250, 5), arm("b", 50_000, 400, 5)}, Winner, "b"},
		{"the campaign as it stands is better", []Arm{arm("a", 50_000, 400, 5), arm("b", 50_000, 250, 5)}, Winner, "a"},
		{"more, as often regretted", []Arm{arm("a", 50_000, 200, 10), arm("b", 50_000, 400, 20)}, Winner, "b"},
		{"more gifts, more regret", []Arm{arm("a", 50_000, 250, 5), arm("b", 50_000, 450, 40)}, MoreRegret, "b"},
		{"more gifts, a little more regret", []Arm{arm("a", 50_000, 250, 5), arm("b", 50_000, 451, 10)}, MoreRegret, "b"},
		{"more gifts that all go back", []Arm{arm("a", 50_000, 300, 0), arm("b", 50_000, 700, 400)}, NoDifference, "a"},
		{"more gifts, less money", []Arm{arm("a", 50_000, 250, 0), arm("b", 50_000, 400, 0).worth(500)}, LessMoney, "b"},
		{"as many gifts, more money", []Arm{arm("a", 50_000, 400, 0), arm("b", 50_000, 390, 0).worth(1800)},
			WinnerMoney, "b"},
		{"more money, more regret", []Arm{arm("a", 50_000, 400, 0), arm("b", 50_000, 390, 2).worth(1800)}, NoDifference, "a"},
		{"more money of few", []Arm{arm("a", 50_000, 90, 0), arm("b", 50_000, 90, 0).worth(5000)}, NoDifference, "a"},
		{"more money of fewer gifts", []Arm{arm("a", 50_000, 500, 0), arm("b", 50_000, 330, 0).worth(9000)}, LessMoney, "a"},
		{
			"better than one of two",
			[]Arm{arm("a", 50_000, 250, 5), arm("b", 50_000, 400, 5), arm("c", 50_000, 390, 5)}, NoDifference, "b",
		},
		{
			"better than both",
			[]Arm{arm("a", 50_000, 250, 5), arm("b", 50_000, 450, 5), arm("c", 50_000, 290, 5)}, Winner, "b",
		},
		{"a broken split", []Arm{arm("a", 50_000, 250, 5), arm("b", 46_000, 600, 5)}, BrokenSplit, ""},
	} {
		got := judge(c.arms, splitOf(c.arms), "EUR")
		if got.Code != c.code || got.Best != c.best {
			t.Errorf("%s: %s %q, want %s %q (%+v)", c.name, got.Code, got.Best, c.code, c.best, got)
		}
	}
}

// Money of another currency is no argument: it is not added, and not compared.
func TestMoneyOfOneCurrencyIsCompared(t *testing.T) {
	t.Parallel()
	a, b := arm("a", 50_000, 400, 0), arm("b", 50_000, 400, 0)
	b.Money = append(b.Money, Money{"JPY", 10_000_000, 1e12})
	if got := judge([]Arm{a, b}, splitOf([]Arm{a, b}), "EUR"); got.Code != NoDifference {
		t.Errorf("%+v", got)
	}
}

// Of tests whose variants are the same, looked at on each of sixty days until somebody calls a winner, at most one in
// twenty is wrong; by the usual two standard errors it would be several times as many.
func TestLookingEveryDayMakesNoWinner(t *testing.T) {
	t.Parallel()
	const tests, days, readers, rate = 1000, 60, 1000, 0.004
	wrong := func(within func(gifts int64) float64) (n int) {
		random := rand.New(rand.NewPCG(1, 2))
		daily := distuv.Poisson{Lambda: readers * rate, Src: random}
		for range tests {
			a, b := arm("a", 0, 0, 0), arm("b", 0, 0, 0)
			for range days {
				for _, x := range []*Arm{&a, &b} {
					x.Readers += readers
					x.Gifts += int64(daily.Rand())
				}
				d := gifts(a, b, confidence)
				half := (d.High - d.Low) / 2 * within(a.Gifts+b.Gifts) / edge(a.Gifts+b.Gifts, confidence)
				if min(a.Gifts, b.Gifts) >= FewestGifts && math.Abs(d.by) > half {
					n++
					break
				}
			}
		}
		return n
	}
	ours := wrong(func(n int64) float64 { return edge(n, confidence) })
	usual := wrong(func(int64) float64 { return z95 })
	t.Logf("wrong winners of %d: %d by ours, %d by two standard errors", tests, ours, usual)
	if ours > tests/20 || usual < tests/8 {
		t.Errorf("wrong winners of %d: %d by ours, %d by two standard errors", tests, ours, usual)
	}
}

// A test runs for about as long as is said beforehand.
func TestAFifthShowsAfterWhatIsNeeded(t *testing.T) {
	t.Parallel()
	const tests, rate = 400, 0.005
	random := rand.New(rand.NewPCG(3, 4))
	n := needed([]Arm{arm("a", 100_000, rate*100_000, 0), arm("b", 100_000, rate*100_000, 0)})
	found := 0
	for range tests {
		a, b := arm("a", n, 0, 0), arm("b", n, 0, 0)
		a.Gifts = int64(distuv.Poisson{Lambda: float64(n) * rate, Src: random}.Rand())
		b.Gifts = int64(distuv.Poisson{Lambda: float64(n) * rate * 1.2, Src: random}.Rand())
		if gifts(b, a, confidence).Low > 0 {
			found++
		}
	}
	t.Logf("%d readers each: %d of %d were found", n, found, tests)
	if found < tests*7/10 || found > tests*95/100 {
		t.Errorf("%d readers each: %d of %d were found", n, found, tests)
	}
}

// Known values: Wilson's interval (Brown, Cai, DasGupta 2001 use the same formula), and shares without any.
func TestSharesHaveIntervals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		k, n int64
		want string
	}{
		{10, 100, "0.0552 0.1744"}, {0, 20, "0.0000 0.1611"}, {20, 20, "0.8389 1.0000"}, {0, 0, "0.0000 1.0000"},
		{5, 1000, "0.0021 0.0117"},
	} {
		in := share(c.k, c.n)
		if got := fmt.Sprintf("%.4f %.4f", in.Low, in.High); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.k, c.n, got, c.want)
		}
	}
	a := arm("a", 1000, 4, 0) // 3,000 views, four gifts of 10.00
	value, in := a.ValuePerView(a.In("EUR"))
	if got := fmt.Sprintf("%.3f %.3f %.3f", value, in.Low, in.High); got != "1.333 0.027 2.640" {
		t.Error(got)
	}
}
