package main

import (
	"math/rand/v2"
	"slices"
	"time"
)

// history draws the newsroom's past gifts, oldest first. The draw is always the same, so that a report looks the same
// in every demo; the people and articles are made up.
func history(n int, from time.Time) []gift {
	draw := rand.New(rand.NewPCG(1821, 2026)) //nolint:gosec // sample data, not a secret
	// Gifts come in bursts, after an article is out. A burst is made at once, see seeder.play, so it must be short.
	const span, burst = (historyDays - 1) * 24 * time.Hour, 100 * time.Minute
	begins := make([]time.Duration, (n+batch-1)/batch)
	for i := range begins {
		begins[i] = span/time.Duration(len(begins))*time.Duration(i) + time.Duration(draw.Int64N(int64(10*time.Hour)))
	}
	gifts := make([]gift, n)
	for i := range gifts {
		p := people[draw.IntN(len(people))]
		at := begins[i/batch] + time.Duration(draw.Int64N(int64(burst)))
		g := gift{
			at: from.Add(at), article: pick(draw, articles), ending: pick(draw, endings),
			email: p.email, given: p.given, surname: p.surname, place: p.country,
		}
		g.currency = pick(draw, currencies)
		g.amount = pick(draw, amounts[g.currency])
		if draw.IntN(3) == 0 {
			g.name = p.given + " " + p.surname
		}
		if draw.IntN(7) == 0 {
			g.message = pick(draw, messages)
		}
		g.variant = variants[i%len(variants)]
		gifts[i] = g
	}
	slices.SortFunc(gifts, func(a, b gift) int { return a.at.Compare(b.at) })
	assign(gifts, n-1, held)
	if n >= 20 {
		assign(gifts, n-n/10, disputeOpen)
	}
	if n >= 60 {
		assign(gifts, n/5, disputeWon)
		assign(gifts, 2*n/5, disputeLost)
	}
	return gifts
}

// assign gives an ending to the gift in euro that simply came in last before a place, so that there is one of each.
func assign(gifts []gift, before int, e ending) {
	for i := before; i >= 0; i-- {
		if g := &gifts[i]; g.ending == returned && g.currency == "EUR" {
			g.ending = e
			return
		}
	}
}

// weighted is a choice that comes up in proportion to its weight.
type weighted[T any] struct {
	value  T
	weight int
}

func pick[T any](draw *rand.Rand, from []weighted[T]) T {
	total := 0
	for _, w := range from {
		total += w.weight
	}
	at := draw.IntN(total)
	for _, w := range from {
		if at -= w.weight; at < 0 {
			return w.value
		}
	}
	panic("weights do not add up")
}

var endings = []weighted[ending]{
	{returned, 66}, {closedTab, 14}, {abandoned, 6}, {declined, 4}, {cancelled, 4}, {pending, 2}, {partBack, 2},
	{allBack, 2},
}

var currencies = []weighted[string]{
	{"EUR", 70}, {"USD", 12}, {"GBP", 8}, {"CHF", 4}, {"SEK", 2}, {"JPY", 2}, {"HUF", 2},
}

var amounts = map[string][]weighted[string]{
	"EUR": {{"5.00", 6}, {"10.00", 8}, {"25.00", 6}, {"50.00", 2}, {"12.50", 1}, {"100.00", 1}},
	"USD": {{"5.00", 3}, {"10.00", 4}, {"25.00", 3}, {"50.00", 1}},
	"GBP": {{"5.00", 3}, {"10.00", 4}, {"20.00", 2}},
	"CHF": {{"10.00", 3}, {"25.00", 2}},
	"SEK": {{"60.00", 2}, {"120.00", 2}, {"300.00", 1}},
	"JPY": {{"800", 1}, {"1500", 2}, {"4000", 1}},
	"HUF": {{"2000", 1}, {"4000", 2}, {"10000", 1}},
}

var articles = []weighted[string]{
	{"https://harbour-courier.example/2026/the-river-that-nobody-measured", 9},
	{"https://harbour-courier.example/2026/who-owns-the-old-fish-market", 6},
	{"https://harbour-courier.example/2026/night-bus-line-14", 4},
	{"https://harbour-courier.example/2026/the-school-without-a-roof", 4},
	{"https://harbour-courier.example/2026/what-the-dredger-brought-up", 2},
	{"", 3},
}

var messages = []weighted[string]{
	{"Thank you for staying with the river story.", 3},
	{"I moved away years ago and still read you every morning.", 2},
	{"Please keep asking the council about the fish market.", 2},
	{"For the reporter who sat through all those hearings.", 1},
	{"Não parem!", 1},
	{"Weiter so. 🌊", 1},
}

// person is somebody who gives; email addresses end in names that nobody can own.
type person struct{ given, surname, email, country string }

var people = []person{
	{"Inês", "Valadares", "ines.valadares@reader.example", "PT"}, {"Tomasz", "Wilk", "tomasz.wilk@reader.example", "PL"},
	{"Agnes", "Lindqvist", "agnes.lindqvist@reader.example", "SE"},
	{"Jürgen", "Ohlsen", "juergen.ohlsen@reader.example", "DE"},
	{"Maud", "Peverell", "maud.peverell@reader.example", "GB"}, {"Réka", "Halász", "reka.halasz@reader.example", "HU"},
	{"Sota", "Minami", "sota.minami@reader.example", "JP"},
	{"Beat", "Rüegsegger", "beat.rueegsegger@reader.example", "CH"},
	{"Dolores", "Quint", "dolores.quint@reader.example", "ES"}, {"Wendell", "Amory", "wendell.amory@reader.example", "US"},
	{"Noor", "van Dam", "noor.vandam@reader.example", "NL"},
	{"Lucrezia", "Dandolo", "lucrezia.dandolo@reader.example", "IT"},
	{"Fionn", "Magee", "fionn.magee@reader.example", "IE"}, {"Chantal", "Perrot", "chantal.perrot@reader.example", "FR"},
	{"Abigail", "Stroud", "abigail.stroud@reader.example", "US"},
	{"Duarte", "Nogueira", "duarte.nogueira@reader.example", "PT"},
}
