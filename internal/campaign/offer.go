package campaign

import "readerfund/internal/money"

// Offered are the amounts that the campaign's form offers for a frequency ("once", "month" or "year") in a currency, in
// minor units. Where nobody wrote any for months or years, they are made of those for one time: each about two fifths
// of it a month, or four times it a year, as friendly numbers.
func (c *Content) Offered(frequency string, in money.Currency) []int64 {
	written, times, of := c.Suggested, int64(1), int64(1)
	switch frequency {
	case "month":
		written, times, of = c.Monthly, 2, 5
	case "year":
		written, times, of = c.Yearly, 4, 1
	}
	if amounts, here := written[in]; here {
		return amounts
	}
	var amounts []int64
	for _, minor := range c.Suggested[in] {
		if a := Friendly(minor * times / of); len(amounts) == 0 || a > amounts[len(amounts)-1] {
			amounts = append(amounts, a)
		}
	}
	return amounts
}

// Friendly is an amount that people would name, near to this one: 167 is 150, and 4166 is 4000. It is never 0.
func Friendly(minor int64) int64 {
	unit := int64(1)
	for unit*100 <= minor {
		unit *= 10
	}
	// minor is now 1 to 99 units: two digits, of which people name these.
	best := unit
	for _, n := range []int64{1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 80, 100} {
		if distance(n*unit, minor) < distance(best, minor) {
			best = n * unit
		}
	}
	return best
}

func distance(a, b int64) int64 { return max(a-b, b-a) }
