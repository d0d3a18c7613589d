package monthly

import (
	"errors"
	"strconv"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// part is the share of a one-time gift that is suggested each month if staff wrote no table: a sixth.
const part = 6

// Default returns examples of what is suggested in a currency without rows of its own: a sixth of the gift, rounded to
// a number that people would name, and never less than the minimum.
func Default(c money.Currency, limit Range) []Suggestion {
	var rows []Suggestion
	for _, times := range []int64{5, 10, 25, 50, 100} {
		from := times * max(limit.Min, 1)
		rows = append(rows, Suggestion{Currency: c, From: from, Amount: usual(from, limit)})
	}
	return rows
}

func usual(gift int64, limit Range) int64 { return within(campaign.Friendly(gift/part), limit) }

func within(minor int64, limit Range) int64 { return max(min(minor, limit.Max), limit.Min) }

// Amount is the suggested monthly amount after a one-time gift, and whether there is one: staff may have left small
// gifts out of the table. all is the table, limit is that of the gift's currency.
func Amount(all []Suggestion, gift money.Amount, limit Range) (money.Amount, bool) {
	rows := Of(all, gift.Currency)
	if len(rows) == 0 {
		return money.New(usual(gift.Minor, limit), gift.Currency), true
	}
	asked, found := int64(0), false
	for _, r := range rows { // ascending by From
		if r.From <= gift.Minor {
			asked, found = within(r.Amount, limit), true
		}
	}
	return money.New(asked, gift.Currency), found
}

// check returns all that is wrong with rows at once.
func check(c money.Currency, rows []Suggestion, limit Range) error {
	if !c.Known() {
		return fault.Input("currency", "money.currency_not_offered")
	}
	if len(rows) > MostRows {
		return fault.Input("", "monthly.too_many_rows", fault.Args{"most": MostRows})
	}
	var problems []error
	seen := map[int64]bool{}
	for n, r := range rows {
		from, amount := "from."+strconv.Itoa(n), "amount."+strconv.Itoa(n)
		switch {
		case r.From <= 0 || r.From > limit.Max:
			problems = append(problems, fault.Input(from, "monthly.from_outside", fault.Args{
				"max": money.New(limit.Max, c),
			}))
		case seen[r.From]:
			problems = append(problems, fault.Input(from, "monthly.from_twice"))
		}
		seen[r.From] = true
		switch {
		case r.Amount < limit.Min:
			problems = append(problems, fault.Input(amount, "contribution.amount_too_small", fault.Args{
				"min": money.New(limit.Min, c),
			}))
		case r.Amount > r.From:
			problems = append(problems, fault.Input(amount, "monthly.more_than_gift"))
		}
	}
	return errors.Join(problems...)
}
