package e2e

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Three processes take gifts, and one of them is killed every five seconds until enough were given.
// READERFUND_KILL_GIFTS says how many: few by default, 10000 for who has the time.
func TestGiftsWhileOneOfThreeIsKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	gifts := many(t, "READERFUND_KILL_GIFTS", 150)
	pause := 5 * time.Second
	if gifts < 1000 {
		pause = time.Second // else nobody would be killed
	}
	s := openScene(t, "SWEEP_INTERVAL", "1s")
	services := []*service{s.serve(), s.serve(), s.serve()}
	seed := seed(t)
	draw := rand.New(rand.NewPCG(seed, 0))
	c := s.gather(16, seed+1, services[0].base, services[1].base, services[2].base)
	kills := 0
	for ; c.gave() < gifts; kills++ {
		time.Sleep(pause)
		v := services[draw.IntN(len(services))]
		if err := v.ready(30 * time.Second); err != nil {
			t.Fatal(err)
		}
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
	t.Logf("%d gifts were given, and processes killed %d times", c.gave(), kills)
	c.reconciled(2 * time.Minute)
}
