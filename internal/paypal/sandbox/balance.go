package sandbox

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// balanceView is what the account holds in one currency.
type balanceView struct {
	Currency  string     `json:"currency"`
	Primary   bool       `json:"primary"`
	Total     *moneyView `json:"total_balance"`
	Available *moneyView `json:"available_balance"`
	Withheld  *moneyView `json:"withheld_balance"`
}

// listBalances is GET /v1/reporting/balances: the sum of what moved, from an account that was empty at first. What is
// held back for a dispute is part of the total, but not available.
func (s *Server) listBalances(c *call) (reply, error) {
	q := &queryReader{values: c.URL.Query()}
	at, currency := q.moment("as_of_time", false), q.text("currency_code", 3, 3)
	if p := q.problem(); p != nil {
		return reply{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	refreshed := s.refreshed()
	if at.IsZero() || at.After(refreshed) {
		at = refreshed
	}
	available, withheld := map[string]int64{"EUR": 0}, map[string]int64{}
	for _, m := range s.books.window(time.Unix(0, 0), at) {
		if !m.moved() {
			continue
		}
		l := m.row(&s.books)
		available[l.amount.Currency] += l.amount.Minor + l.fee
		if l.code == codeHold || l.code == codeRelease {
			withheld[l.amount.Currency] -= l.amount.Minor
		}
	}
	balances := []balanceView{}
	for _, code := range slices.Sorted(maps.Keys(available)) {
		if currency == "" || currency == code || currency == "ALL" {
			free, held := money{code, available[code]}, money{code, withheld[code]}
			balances = append(balances, balanceView{
				code, code == "EUR", free.minus(-held.Minor).view(), free.view(), held.view(),
			})
		}
	}
	return reply{http.StatusOK, map[string]any{
		"balances": balances, "account_id": sellerMerchant, "as_of_time": stamp(at), "last_refresh_time": stamp(refreshed),
	}}, nil
}
