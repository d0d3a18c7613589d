package appeal

import (
	"math"

	"readerfund/internal/experiment"
	"readerfund/internal/i18n"
)

// The tones of the verdicts that have one.
var verdictTones = map[experiment.Code]string{
	experiment.Winner: "good", experiment.WinnerMoney: "good", experiment.BrokenSplit: "bad", experiment.MoreRegret: "bad",
	experiment.LessMoney: "bad",
}

// verdictIn says what the results come to.
func verdictIn(loc i18n.Localizer, found experiment.Results) verdict {
	v := found.Verdict
	least, best := 1.0, 0.0
	for _, a := range found.Arms {
		if a.Name == v.Best {
			best = a.Regret()
		} else if a.Weight > 0 {
			least = min(least, a.Regret())
		}
	}
	// Which of these a sentence uses is its own matter.
	args := i18n.Args{
		"best": v.Best, "other": v.Other, "more": percent(math.Abs(v.More)), "low": signed(v.Low), "high": signed(v.High),
		"needed": number(loc, v.Needed), "regret": percent(best), "least": percent(least),
		"chance": percent(found.Split.P), "fewest": experiment.FewestGifts,
	}
	said := verdict{Tone: verdictTones[v.Code]}
	said.Text, _ = loc.Lookup("results.verdict."+string(v.Code)+".text", args)
	said.More, _ = loc.Lookup("results.verdict."+string(v.Code)+".more", args)
	return said
}

// signed writes a change as "+12 %" or "−3 %".
func signed(change float64) string {
	if change < 0 {
		return "−" + percent(-change)
	}
	return "+" + percent(change)
}
