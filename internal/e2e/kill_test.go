package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// The service is killed at a random moment, over and over, while gifts run through it. Whatever moment it was, in the
// end PayPal's ledger equals ours. READERFUND_KILLS says how often: a few times by default.
func TestKillMinusNine(t *testing.T) {
	t.Parallel()
	s := openScene(t, "SWEEP_INTERVAL", "1s")
	killAtRandom(t, s, s.serve())
}

// The same with three processes on one database, of which always another one is killed.
func TestKillMinusNineOfThree(t *testing.T) {
	t.Parallel()
	s := openScene(t, "SWEEP_INTERVAL", "1s")
	killAtRandom(t, s, s.serve(), s.serve(), s.serve())
}

func killAtRandom(t *testing.T, s *scene, services ...*service) {
	t.Helper()
	seed := seed(t)
	draw := rand.New(rand.NewPCG(seed, 0))
	var bases []string
	for _, v := range services {
		bases = append(bases, v.base)
	}
	c := s.gather(6, seed+1, bases...)
	for range many(t, "READERFUND_KILLS", 15) {
		v := services[draw.IntN(len(services))]
		if draw.IntN(5) > 0 { // else it is killed while it starts
			if err := v.ready(30 * time.Second); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(rand.N(600 * time.Millisecond)) // when exactly is up to the machine, so there is no use in a seed
		v.kill()
		if err := v.start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range services {
		if err := v.ready(30 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	c.reconciled(40 * time.Second)
}

// seed is READERFUND_SEED, or drawn; it decides what readers and killers choose.
func seed(t *testing.T) uint64 {
	t.Helper()
	n := rand.Uint64()
	if text := os.Getenv("READERFUND_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("READERFUND_SEED: %v", err)
		}
	}
	t.Logf("READERFUND_SEED=%d", n)
	return n
}
