// Package admission decides whether one more gift may be begun, so that a thief's list of card numbers is not tried out
// here and PayPal does not block the shop. It knows nothing of pages and moves no money. docs/abuse.md is about it.
//
// Three counts are kept, of gifts begun and not paid in the last ten minutes: by address, by the network around it, and
// of all. Below its free share a gift passes unseen; above it the browser does a small sum; who has reached the most
// waits. A paid gift is taken out of the counts, and a declined card counts as many.
package admission

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/altcha"
	"readerfund/internal/batch"
	"readerfund/internal/db"
	"readerfund/internal/metrics"
	"readerfund/internal/ratelimit"
)

// Allowance is a limit: so many gifts within Window without a word, and so many at most.
type Allowance struct{ Free, Most int64 }

const (
	// Window is the time that allowances are about.
	Window = 10 * time.Minute
	// share is what each address has left once all together have reached the most: it must not be closed to
	// everybody because a few thousand machines are at work.
	share = 3
	// declined is what a declined card counts for.
	declined = 15
	// remembered is how many gifts of its own a browser may have begun lately without a word.
	remembered = 5

	usualWork   = 100_000          // the largest number of a challenge
	proofLasts  = 10 * time.Minute // from when a challenge was given out
	turnAfter   = 20 * time.Second // how long the way without JavaScript takes
	turnsEach   = 10               // such turns within Window, by address
	turnsForAll = 100              // and of all together
	keyLasts    = 10 * time.Second // from a gift's being let in until its row can be seen by all its copies
)

// Config is what a Gate needs. Log and Metrics may be nil.
type Config struct {
	DB                    *db.DB
	Limits                *ratelimit.Limiter
	SecretKey, OldKey     string // sign challenges; the old one is still accepted and may be empty
	Address, Network, All Allowance
	Work                  int64 // the largest number of a challenge; 0: a second or two on a telephone
	Now                   func() time.Time
	Log                   *slog.Logger
	Metrics               *metrics.Metrics
}

// Gate is where gifts are let in. It is safe for concurrent use.
type Gate struct {
	Config
	proofs    altcha.Maker
	turns     turns
	uncounted uncounted
	origins   *batch.Writer[origin, struct{}]
}

// New makes a gate.
func New(c Config) *Gate {
	c.Work = cmp.Or(c.Work, usualWork)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	g := &Gate{
		Config: c, proofs: altcha.NewMaker(c.SecretKey, c.OldKey), turns: newTurns(c.SecretKey, c.OldKey),
		uncounted: newUncounted(c.All.Free),
	}
	g.origins = batch.NewWriter(1, g.noteOrigins)
	return g
}

// Visitor is who wants to give.
type Visitor struct {
	Address, Network string // see web's client
	Begun            int    // gifts this browser has begun within Window, as far as it says
	Key              string // the gift's idempotency key; may be empty
}

// Proof is what a visitor brings after having been asked for it: a solved challenge, or a turn that was waited for.
type Proof struct{ Solution, Turn string }

// NotYetError is the error for a visitor who has to do something first, or to wait.
type NotYetError struct {
	Wait      time.Duration     // until the same would pass by itself
	Challenge *altcha.Challenge // what would let it pass now; nil: only waiting does
	Turn      string            // lets it pass without a solution from TurnIn on; may be empty
	TurnIn    time.Duration
}

func (e *NotYetError) Error() string {
	return fmt.Sprintf("too many gifts were begun: wait %s, or solve %t", e.Wait, e.Challenge != nil)
}

// Pass is a gift that was let in. The zero Pass is a copy of one.
type Pass struct{ address, network string }

// Admit counts a gift and lets it in, or says by a *NotYetError what to do first. Of copies of one key at once, the
// first is counted and the others are let in with it: they make no gift of their own. It is one statement, shared by
// those who come at the same time, but for the few that come once all together have reached the most.
func (g *Gate) Admit(ctx context.Context, v Visitor, p Proof) (Pass, error) {
	pass := Pass{address: g.Limits.Hide(v.Address), network: g.Limits.Hide(v.Network)}
	proof := g.proofUses(pass, p)
	proven := len(proof) > 0
	if !proven && v.Begun >= remembered {
		return Pass{}, g.ask(pass, p, 0)
	}
	limits, key := g.counts(pass, 1, proven), g.keyUse(v.Key)
	d, err := g.Limits.Take(ctx, slices.Concat(limits, proof, key)...)
	if err == nil && proven && !d.Passed && d.Used[2] > float64(g.All.Most) {
		limits = limits[:2]
		limits[0].Most = min(limits[0].Most, share)
		d, err = g.Limits.Take(ctx, slices.Concat(limits, proof, key)...)
	}
	switch {
	case err != nil:
		return g.admitUncounted(ctx, pass, err)
	case d.Passed:
		g.Metrics.Admission(map[bool]string{false: "passed", true: "proven"}[proven])
		return pass, nil
	case len(key) > 0 && d.Used[len(d.Used)-1] > 1:
		g.Metrics.Admission("copy")
		return Pass{}, nil
	case g.reached(d, limits, proven):
		g.Metrics.Admission("refused")
		return Pass{}, &NotYetError{Wait: d.Wait}
	default:
		e := g.ask(pass, p, d.Wait)
		if n := len(limits); len(proof) == 3 && (d.Used[n+1] > turnsEach || d.Used[n+2] > turnsForAll) {
			e.Turn, e.TurnIn = "", 0 // too many wait their turn already
		}
		return Pass{}, e
	}
}

// reached reports whether the address or its network has had the most. All together alone stop nobody who proves to be
// a reader; a proof that was used before leads to the next.
func (g *Gate) reached(d ratelimit.Decision, limits []ratelimit.Use, proven bool) bool {
	most := []int64{g.Address.Most, g.Network.Most}
	if proven {
		most = []int64{limits[0].Most, limits[1].Most}
	}
	return d.Used[0] > float64(most[0]) || d.Used[1] > float64(most[1])
}

// counts are the three limits as one gift, or several, see them; with the free share or, proven, with the most.
func (g *Gate) counts(p Pass, times int64, proven bool) []ratelimit.Use {
	use := func(key string, a Allowance) ratelimit.Use {
		u := ratelimit.Use{Key: key, Every: Window / time.Duration(a.Most), Times: times, Most: a.Free}
		if proven {
			u.Most = a.Most
		}
		return u
	}
	return []ratelimit.Use{
		use("gift address "+p.address, g.Address), use("gift network "+p.network, g.Network), use("gift all", g.All),
	}
}

// proofUses reads a proof, and gives none where it is worth nothing. That it is used once is a limit of its own, so
// that it is one statement with the counts.
func (g *Gate) proofUses(pass Pass, p Proof) []ratelimit.Use {
	now := g.Now()
	if challenge, expires, err := g.proofs.Check(p.Solution, now); err == nil {
		return []ratelimit.Use{once("gift proof "+challenge, expires.Sub(now))}
	}
	expires, err := g.turns.check(p.Turn, pass.address, now)
	if err != nil {
		return nil
	}
	return []ratelimit.Use{
		once("gift turn "+g.Limits.Hide(p.Turn), expires.Sub(now)),
		{Key: "gift turns " + pass.address, Every: Window / turnsEach, Times: 1, Most: turnsEach},
		{Key: "gift turns all", Every: Window / turnsForAll, Times: 1, Most: turnsForAll},
	}
}

// keyUse is taken by the first of a key's copies. It is part of the count, so whoever finds it taken knows that the key
// was let in, and it lasts until the contribution's row shows the same.
func (g *Gate) keyUse(key string) []ratelimit.Use {
	if key == "" {
		return nil
	}
	return []ratelimit.Use{once("gift key "+g.Limits.Hide(key), keyLasts)}
}

// once is the use of what may be used once, remembered until it is worth nothing.
func once(key string, lasts time.Duration) ratelimit.Use {
	return ratelimit.Use{Key: key, Every: max(lasts, time.Second), Times: 1, Most: 1}
}

// ask asks for a proof. A turn that was shown too early stays the same, and its time goes on.
func (g *Gate) ask(pass Pass, p Proof, wait time.Duration) *NotYetError {
	g.Metrics.Admission("challenged")
	now := g.Now()
	c := g.proofs.New(g.Work, now.Add(proofLasts))
	e := &NotYetError{Wait: max(wait, time.Second), Challenge: &c, Turn: p.Turn}
	e.TurnIn = g.turns.left(p.Turn, pass.address, now)
	if e.TurnIn == 0 {
		e.Turn, e.TurnIn = g.turns.issue(pass.address, now), turnAfter
	}
	return e
}

// origin is where a gift was begun.
type origin struct {
	id   uuid.UUID
	from Pass
}

// Began notes where a gift was begun, so that what becomes of it counts there; nothing for a copy, whose gift is noted
// by the first. It is one statement, shared by gifts that are begun at the same time.
func (g *Gate) Began(ctx context.Context, p Pass, id uuid.UUID) error {
	if p == (Pass{}) {
		return nil
	}
	_, err := g.origins.Do(ctx, origin{id, p})
	return db.Translate(err)
}

func (g *Gate) noteOrigins(ctx context.Context, all []origin) ([]struct{}, error) {
	ids, addresses, networks := make([]string, len(all)), make([]string, len(all)), make([]string, len(all))
	for n, o := range all {
		ids[n], addresses[n], networks[n] = o.id.String(), o.from.address, o.from.network
	}
	// A reader waits for it, and nothing is lost that a gift needs: this commit does not wait for the disk. Should the
	// server itself stop within that moment, what becomes of these gifts is not counted. It holds for this transaction.
	_, err := g.DB.ExecContext(ctx, `
		INSERT INTO gift_origin (contribution_id, address, network, begun_at)
		SELECT id, address, network, $4 FROM unnest($1::uuid[], $2::text[], $3::text[]) AS o (id, address, network)
		WHERE set_config('synchronous_commit', 'off', true) = 'off'
		ORDER BY 1 -- so that two processes with copies of the same gifts wait for each other in one order
		ON CONFLICT DO NOTHING`, db.Array(ids), db.Array(addresses), db.Array(networks), g.Now().UTC())
	if err != nil {
		return nil, fmt.Errorf("note where gifts were begun: %w", err)
	}
	return make([]struct{}, len(all)), nil
}
