package experiment

import (
	"math"

	"readerfund/internal/money"
)

// Verdict is what the results say, as one sentence: its code and what goes into it.
type Verdict struct {
	Code  Code
	Best  string // the variant with the most gifts of a reader; not set where there is no test
	Other string // the one that comes next
	// More is by how much Best brings more gifts than Other, relative: 0.2 is a fifth more. Interval may reach below 0.
	More float64
	Interval
	Needed int64 // readers of each variant after which a difference of a fifth would show; of TooFew and NoDifference
}

// Code is the kind of a verdict.
type Code string

// The codes. Each is a sentence in locales: results.verdict.CODE.
const (
	NoTest       Code = "no_test"       // the campaign has no two variants
	NothingYet   Code = "nothing_yet"   // no reader was counted
	BrokenSplit  Code = "broken_split"  // something is wrong with the counting: no figure is to be believed
	TooFew       Code = "too_few"       // not enough gifts
	NoDifference Code = "no_difference" // what there is can be chance
	MoreRegret   Code = "more_regret"   // Best brings more gifts, and a larger share of them was regretted
	LessMoney    Code = "less_money"    // Best brings more gifts, and less money
	Winner       Code = "winner"        // Best brings more gifts, no less money and no more regret
	WinnerMoney  Code = "winner_money"  // Best brings more money of a reader, with no fewer gifts and no more regret
)

// FewestGifts is how many gifts each variant needs before anything is compared.
const FewestGifts = 25

const (
	confidence   = 0.05 // how often all comparisons of a test together may be wrong
	fewestValues = 100  // the same for money: a few large gifts would decide
)

// judge compares the arms. Gifts and money are after refunds; money is of one currency only, the campaign's own.
func judge(arms []Arm, split Split, own money.Currency) Verdict {
	readers, fewest := int64(0), int64(math.MaxInt64)
	for _, a := range arms {
		readers += a.Readers
		fewest = min(fewest, a.Gifts)
	}
	switch {
	case len(arms) < 2:
		return Verdict{Code: NoTest}
	case readers == 0:
		return Verdict{Code: NothingYet}
	case split.Broken:
		return Verdict{Code: BrokenSplit}
	}
	best, next := leaders(arms, Arm.Rate)
	v := compare(arms, best, next)
	if fewest < FewestGifts {
		v.Code = TooFew
		return v
	}
	if ahead(arms, best, gifts) {
		v.Code = winning(arms, best, own)
		return v
	}
	perReader := func(a Arm) float64 { return ratio(float64(a.In(own).Net), a.Readers) }
	byMoney := func(a, b Arm, alpha float64) difference { return value(a, b, a.In(own), b.In(own), alpha) }
	richest, second := leaders(arms, perReader)
	if fewest >= fewestValues && ahead(arms, richest, byMoney) && notFewer(arms, richest) && !regrets(arms, richest) {
		v = compare(arms, richest, second)
		d := byMoney(arms[richest], arms[second], alphaOf(arms))
		v.Code, v.More, v.Interval = WinnerMoney, 0, Interval{}
		if base := perReader(arms[second]); base > 0 {
			v.More, v.Interval = d.by/base, Interval{d.Low / base, d.High / base}
		}
		return v
	}
	v.Code = NoDifference
	return v
}

// winning is the verdict on the arm that brings more gifts than every other. It is no winner where it brings less money
// than one of them, or where a larger share of its gifts was regretted, however little: gifts that readers did not mean
// to make are no success.
func winning(arms []Arm, best int, own money.Currency) Code {
	if regrets(arms, best) {
		return MoreRegret
	}
	for i, a := range arms {
		mine, theirs := arms[best].In(own).Net, a.In(own).Net
		if i != best && ratio(float64(mine), arms[best].Readers) < ratio(float64(theirs), a.Readers) {
			return LessMoney
		}
	}
	return Winner
}

// regrets reports whether a larger share of an arm's gifts was regretted than of any other's.
func regrets(arms []Arm, best int) bool {
	for i, a := range arms {
		if i != best && arms[best].Regret() > a.Regret() {
			return true
		}
	}
	return false
}

// ahead reports whether an arm is above every other by more than chance.
func ahead(arms []Arm, best int, by func(a, b Arm, alpha float64) difference) bool {
	for i, a := range arms {
		if i != best && by(arms[best], a, alphaOf(arms)).Low <= 0 {
			return false
		}
	}
	return true
}

// notFewer reports whether no other arm brings more gifts by more than chance.
func notFewer(arms []Arm, best int) bool {
	for i, a := range arms {
		if i != best && gifts(a, arms[best], alphaOf(arms)).Low > 0 {
			return false
		}
	}
	return true
}

// alphaOf divides the error among all pairs of arms (Bonferroni), because the best is chosen after looking.
func alphaOf(arms []Arm) float64 {
	return confidence / float64(len(arms)*(len(arms)-1)/2)
}

// leaders are the places of the arms with the highest and the second highest figure.
func leaders(arms []Arm, figure func(Arm) float64) (best, next int) {
	next = 1
	if figure(arms[1]) > figure(arms[0]) {
		best, next = 1, 0
	}
	for i := 2; i < len(arms); i++ {
		switch f := figure(arms[i]); {
		case f > figure(arms[best]):
			best, next = i, best
		case f > figure(arms[next]):
			next = i
		}
	}
	return best, next
}

// compare fills in what a verdict on two arms says.
func compare(arms []Arm, best, next int) Verdict {
	a, b := arms[best], arms[next]
	v := Verdict{Best: a.Name, Other: b.Name, Needed: needed(arms)}
	if base := b.Rate(); base > 0 && a.Readers > 0 {
		d := gifts(a, b, alphaOf(arms))
		v.More, v.Interval = d.by/base, Interval{d.Low / base, d.High / base}
	}
	return v
}

// needed is about how many readers of each variant would show a difference of a fifth four times in five: Lehr's rule,
// n = 16 p(1-p)/d², with this test's three standard errors in place of two, which makes it 30.
func needed(arms []Arm) int64 {
	var all, readers int64
	for _, a := range arms {
		all += a.Gifts
		readers += a.Readers
	}
	p := (float64(all) + 1) / (float64(readers) + 2)
	n := 30 * (1 - p) / (0.2 * 0.2 * p)
	step := math.Pow(10, math.Floor(math.Log10(n))) // one digit says enough
	return int64(math.Ceil(n/step) * step)
}
