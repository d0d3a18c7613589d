package web

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"readerfund/internal/admission"
	"readerfund/internal/altcha"
	"readerfund/internal/ratelimit"
)

// attack is one run of posts, and what a crowd of readers meets in the same minute. Its size comes from
// READERFUND_ATTACK_POSTS: 10000 has the limits that are built in and a thousand addresses.
type attack struct {
	name      string
	limited   bool
	addresses int
	solves    bool // the program solves what it is asked

	passed, challenged, refused atomic.Int64
	hashes                      atomic.Int64
	spent                       atomic.Int64 // on hashing, in nanoseconds
}

func attackSize(t *testing.T) (posts, addresses, readers int, limits admission.Config) {
	t.Helper()
	posts, err := strconv.Atoi(cmp.Or(os.Getenv("READERFUND_ATTACK_POSTS"), "200"))
	if err != nil {
		t.Fatal(err)
	}
	if posts < 10_000 {
		return posts, posts / 10, 15, admission.Config{
			Address: admission.Allowance{Free: 3, Most: 20}, Network: admission.Allowance{Free: 6, Most: 40},
			All: admission.Allowance{Free: 15, Most: 60}, Work: 1000,
		}
	}
	return posts, posts / 10, 200, admission.Config{
		Address: admission.Allowance{Free: 20, Most: 300}, Network: admission.Allowance{Free: 60, Most: 600},
		All: admission.Allowance{Free: 300, Most: 1000},
	}
}

// What an attack gets through, and that readers are not hindered: those at addresses of their own never, those who
// share one as long as all together have not reached the most. The clock stands still: all of it is in one minute.
func TestWhatAnAttackGetsThrough(t *testing.T) {
	t.Parallel()
	posts, addresses, readers, _ := attackSize(t)
	t.Logf("%d posts and %d readers in one minute", posts, readers)
	t.Log("| attack | posts | reached PayPal | challenged | refused | hashes (CPU) | hindered: at home | at one school |")
	for _, a := range []*attack{
		{name: "1 address, no limits", addresses: 1},
		{name: "1 address", limited: true, addresses: 1},
		{name: "1 address, solving", limited: true, addresses: 1, solves: true},
		{name: fmt.Sprintf("%d addresses", addresses), limited: true, addresses: addresses},
		{name: fmt.Sprintf("%d addresses, solving", addresses), limited: true, addresses: addresses, solves: true},
	} {
		t.Run(a.name, a.run)
	}
}

func (a *attack) run(t *testing.T) {
	posts, _, readers, c := attackSize(t)
	if !a.limited {
		posts = min(posts, 120)
	}
	h := openHouse(t, func(d *Deps) {
		d.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		d.Log = quiet()
	})
	if a.limited {
		h.limit(c, h.Now())
	}
	work := make(chan int)
	var crew sync.WaitGroup
	for range 8 {
		program := h.newReader()
		program.client.Jar = nil
		crew.Go(func() {
			for n := range work {
				a.post(program, n)
			}
		})
	}
	for n := range posts {
		work <- n
	}
	close(work)
	crew.Wait()
	reached := h.number(`SELECT count(*) FROM contribution WHERE order_id IS NOT NULL`)
	home, school := a.crowd(h, readers)
	t.Logf("| %s | %d | %d | %d | %d | %d (%s) | %d | %d |", a.name, posts, reached, a.challenged.Load(), a.refused.Load(),
		a.hashes.Load(), time.Duration(a.spent.Load()).Round(time.Millisecond), home, school)
	if home > 0 || school > 0 && (!a.solves || a.addresses == 1) {
		t.Errorf("%s: %d readers at home and %d at school were hindered", a.name, home, school)
	}
	most := c.Address.Most
	switch {
	case !a.limited:
		return
	case a.addresses == 1 && !a.solves:
		most = c.Address.Free
	case a.addresses > 1 && !a.solves:
		most = c.All.Free
	case a.addresses > 1:
		most = c.All.Most + 3*int64(a.addresses)
	}
	if reached > most {
		t.Errorf("%s: %d orders reached PayPal, want %d at most", a.name, reached, most)
	}
}

// post is one post of the program.
func (a *attack) post(r reader, n int) {
	from := n % a.addresses
	address := fmt.Sprintf("20.%d.%d.7", from/256, from%256)
	got := r.send(giftForm("amount", "1"), "X-Forwarded-For", address)
	if got.status == 429 && a.solves {
		if solution := a.solve(r.t, got.body); solution != "" {
			got = r.send(giftForm("amount", "1", "altcha", solution), "X-Forwarded-For", address)
		}
	}
	switch {
	case got.status == 303:
		a.passed.Add(1)
	case challengeIn(got.body) != nil:
		a.challenged.Add(1)
	default:
		a.refused.Add(1)
	}
}

func (a *attack) solve(t *testing.T, page string) string {
	c := challengeIn(page)
	if c == nil {
		return ""
	}
	began := time.Now()
	solution, hashes, err := c.Solve(context.Background())
	if err != nil {
		t.Error(err)
	}
	a.hashes.Add(hashes)
	a.spent.Add(int64(time.Since(began)))
	return solution
}

// crowd is readers who all give: each from an address of their own, and as many from one school. It gives how many of
// each did not get to PayPal.
func (a *attack) crowd(h house, readers int) (home, school int) {
	for n := range 2 * readers {
		address := "198.51.100.1"
		if n%2 == 0 {
			address = fmt.Sprintf("30.%d.%d.1", n/256, n%256)
		}
		r := h.newReader()
		got := r.send(giftForm("amount", "25"), "X-Forwarded-For", address)
		if c := challengeIn(got.body); got.status == 429 && c != nil {
			solution, _, err := c.Solve(h.t.Context())
			if err != nil {
				h.t.Fatal(err)
			}
			form := inputs(h.t, got.body)
			form.Set("altcha", solution)
			got = r.send(form, "X-Forwarded-For", address)
		}
		switch {
		case got.status == 303:
		case n%2 == 0:
			home++
		default:
			school++
		}
	}
	return home, school
}

// challengeIn is the challenge of a page, or nil.
func challengeIn(page string) *altcha.Challenge {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil
	}
	for n := range root.Descendants() {
		at := attributes(n)
		if n.Type == html.ElementNode && at["name"] == "altcha" {
			most, _ := strconv.ParseInt(at["data-maxnumber"], 10, 64)
			return &altcha.Challenge{
				Algorithm: "SHA-256", Challenge: at["data-challenge"], MaxNumber: most,
				Salt: at["data-salt"], Signature: at["data-signature"],
			}
		}
	}
	return nil
}

// limit puts a gate before the gifts, on a clock that stands still.
func (h house) limit(c admission.Config, now time.Time) *atomic.Int64 {
	var clock atomic.Int64
	clock.Store(now.UnixMicro())
	c.Now = func() time.Time { return time.UnixMicro(clock.Load()) }
	c.DB, c.SecretKey = h.db, h.SecretKey
	c.Limits = ratelimit.New(h.db, c.Now, h.SecretKey)
	h.alter(func(d *Deps) { d.Gate = admission.New(c) })
	return &clock
}
