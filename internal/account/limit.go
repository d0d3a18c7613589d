package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/ratelimit"
)

// From is where a sign-in comes from.
type From struct {
	Address string // an IPv4 address or an IPv6 /64
	Network string // the IPv4 /24 or the IPv6 /48 around it
	Browser Browser
}

// Browser is what a browser shows that signed in here before: whose account it was, and which browser. The zero value
// is one that never did.
type Browser struct{ Account, ID uuid.UUID }

// limit is how many sign-ins may come in a time.
type limit struct {
	most int64
	per  time.Duration
}

// signInLimits are by where a sign-in comes from, and by account. A newsroom behind one address stays far below those
// by address. Those by account let five slips pass; whoever keeps an account from one network closed does so for that
// network only.
func signInLimits() (address, network, all, here, near, account limit) {
	const quarter = 15 * time.Minute
	return limit{30, 5 * time.Minute}, limit{60, 5 * time.Minute}, limit{300, 5 * time.Minute},
		limit{5, quarter}, limit{10, quarter}, limit{60, quarter}
}

func (l limit) of(key string) ratelimit.Use {
	return ratelimit.Use{Key: key, Every: l.per / time.Duration(l.most), Times: 1, Most: l.most}
}

// subject is an account as it stands in keys: by its id, so that its counts can be found again, or what was typed as a
// keyed hash, so that an unknown address is limited as a known one is.
func (s *Store) subject(row accountRow, typed string) string {
	if row.ID != uuid.Nil {
		return row.ID.String()
	}
	return s.limits.Hide("address " + foldEmail(typed))
}

// count counts a try before its password is looked at, so that many at once are counted too. A browser that signed in
// to this account before has a count of its own, and no flood from elsewhere closes the account to it. It is one
// statement. Where not the account but a limit around it is reached, the error is a *RateLimitError.
func (s *Store) count(ctx context.Context, row accountRow, subject string, from From) (free bool, err error) {
	address, network, all, here, near, account := signInLimits()
	prefix := accountKey(subject)
	var uses []ratelimit.Use
	shared := 0
	if known(row, from) {
		uses = append(uses, limit{10, 15 * time.Minute}.of(prefix+"browser "+from.Browser.ID.String()))
	} else {
		at, in := s.limits.Hide(from.Address), s.limits.Hide(from.Network)
		uses = append(uses, address.of("sign-in address "+at), network.of("sign-in network "+in), all.of("sign-in all"),
			here.of(prefix+"address "+at), near.of(prefix+"network "+in), account.of(prefix+"all"))
		shared = 3
	}
	d, err := s.limits.Take(ctx, uses...)
	if err != nil || d.Passed {
		return d.Passed, err
	}
	for i := range shared {
		if d.Used[i] > float64(uses[i].Most) {
			return false, &RateLimitError{Wait: d.Wait}
		}
	}
	return false, nil
}

// forget takes the count of an account's slips back once the right password came from there.
func (s *Store) forget(ctx context.Context, row accountRow, subject string, from From) error {
	if known(row, from) {
		return s.limits.Forget(ctx, accountKey(subject)+"browser "+from.Browser.ID.String())
	}
	return s.limits.Forget(ctx, accountKey(subject)+"address "+s.limits.Hide(from.Address))
}

// accountKey is what the keys of an account's counts begin with.
func accountKey(subject string) string { return "sign-in account " + subject + " " }

func known(row accountRow, from From) bool {
	return row.ID != uuid.Nil && from.Browser.Account == row.ID && from.Browser.ID != uuid.Nil
}

// RateLimitError is the answer while an address, its network or all together try too often. It says nothing of any
// account.
type RateLimitError struct{ Wait time.Duration }

func (e *RateLimitError) Error() string {
	return fmt.Sprintf("too many sign-ins; the next in %s", e.Wait)
}
