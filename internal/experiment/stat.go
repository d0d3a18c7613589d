package experiment

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is a range that holds the true value with 95 % confidence.
type Interval struct{ Low, High float64 }

// z95 is how many standard errors are 95 % of a normal distribution.
const z95 = 1.959964

// share is k of n with Wilson's score interval, which stays between 0 and 1 and is right for few and for none
// (E. B. Wilson, 1927). It is for one look at one share; comparisons take edge.
func share(k, n int64) Interval {
	if n <= 0 {
		return Interval{0, 1}
	}
	p, of := float64(k)/float64(n), float64(n)
	middle := (p + z95*z95/(2*of)) / (1 + z95*z95/of)
	half := z95 / (1 + z95*z95/of) * math.Sqrt(p*(1-p)/of+z95*z95/(4*of*of))
	return Interval{max(0, middle-half), min(1, middle+half)}
}

// Rate is how many gifts a reader makes: 0.002 is two by a thousand.
func (a Arm) Rate() float64 { return ratio(float64(a.Gifts), a.Readers) }

// RateInterval is Rate's interval.
func (a Arm) RateInterval() Interval { return share(min(a.Gifts, a.Readers), a.Readers) }

// Regret is the share of gifts that were regretted.
func (g Given) Regret() float64 { return ratio(float64(g.Regretted), g.Begun) }

// RegretInterval is Regret's interval.
func (g Given) RegretInterval() Interval { return share(g.Regretted, g.Begun) }

// ValuePerView is the net that a view brings, in minor units, with its interval: gifts come at random (a compound
// Poisson process), so the variance of their sum is the sum of their squares.
func (a Arm) ValuePerView(m Money) (value float64, in Interval) {
	value = ratio(float64(m.Net), a.Views)
	half := z95 * ratio(math.Sqrt(m.Squares), a.Views)
	return value, Interval{value - half, value + half}
}

func ratio(a float64, b int64) float64 {
	if b == 0 {
		return 0
	}
	return a / float64(b)
}

// Split says whether readers were divided as the weights say.
type Split struct {
	P      float64 // how likely a split at least as uneven is, if everything works: chi-square; 1 where it cannot be told
	Broken bool
}

// brokenBelow is the P beneath which a split is called broken. It is small because staff look every day.
const brokenBelow = 0.001

// splitOf is the chi-square test of the arms' readers against their weights. It says nothing until each arm could
// have five readers, as the test's approximation asks.
func splitOf(arms []Arm) Split {
	var readers, weights float64
	least := math.Inf(1)
	for _, a := range arms {
		readers += float64(a.Readers)
		weights += float64(max(a.Weight, 0))
	}
	square, free := 0.0, -1.0
	for _, a := range arms {
		expected := readers * float64(max(a.Weight, 0)) / max(weights, 1)
		if a.Weight <= 0 {
			if a.Readers > 0 {
				return Split{P: 0, Broken: true} // nobody should have seen it
			}
			continue
		}
		least = min(least, expected)
		square += math.Pow(float64(a.Readers)-expected, 2) / expected
		free++
	}
	if free < 1 || least < 5 {
		return Split{P: 1}
	}
	p := distuv.ChiSquared{K: free}.Survival(square)
	return Split{P: p, Broken: p < brokenBelow}
}

// tunedTo is the number of gifts at which edge is narrowest, over 7.9 (the optimum for 95 %).
const tunedTo = 200 / 7.9

// edge is how many standard errors a difference must have so that it is taken for real with error alpha, however often
// somebody looks: the mixture boundary of a sequential test (H. Robbins, 1970), with time counted in gifts. A test that
// is looked at once would ask for 2 of them, this one for about 3; but it may be stopped on any day.
func edge(gifts int64, alpha float64) float64 {
	v := max(float64(gifts), 1)
	return math.Sqrt((v + tunedTo) / v * (2*math.Log(1/alpha) + math.Log((v+tunedTo)/tunedTo)))
}

// difference is by how much one arm's figure per reader is above another's, with an interval that holds on every day of
// the test together.
type difference struct {
	Interval
	by float64
}

// gifts compares the gifts of a reader.
func gifts(a, b Arm, alpha float64) difference {
	// A gift and a reader are added to each side, so that an arm without gifts has a variance, too.
	variance := func(x Arm) float64 {
		p := (float64(x.Gifts) + 1) / (float64(x.Readers) + 2)
		return p * (1 - p) / float64(x.Readers)
	}
	return spread(a.Rate()-b.Rate(), variance(a)+variance(b), edge(a.Gifts+b.Gifts, alpha))
}

// value compares the net of a reader in one currency, in minor units.
func value(a, b Arm, am, bm Money, alpha float64) difference {
	by := ratio(float64(am.Net), a.Readers) - ratio(float64(bm.Net), b.Readers)
	variance := func(m Money, readers int64) float64 { return m.Squares / (float64(readers) * float64(readers)) }
	return spread(by, variance(am, a.Readers)+variance(bm, b.Readers), edge(a.Gifts+b.Gifts, alpha))
}

func spread(by, variance, errors float64) difference {
	half := errors * math.Sqrt(variance)
	return difference{Interval{by - half, by + half}, by}
}
