package service

import (
	"math/rand/v2"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// Three processes take gifts, and one of them is killed every five seconds until enough were given.
// READERFUND_KILL_GIFTS says how many: few by default, 10000 for who has the time.
func TestGiftsWhileOneOfThreeIsKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	gifts := testkit.Many(t, "READERFUND_KILL_GIFTS", 40, 150)
	pause := 5 * time.Second
	if gifts < 1000 {
		pause = time.Second // else nobody would be killed
	}
	s := harness.New(t, "SWEEP_INTERVAL", "1s")
	services := []*harness.Process{s.Serve(), s.Serve(), s.Serve()}
	seed := testkit.Seed(t)
	draw := rand.New(rand.NewPCG(seed, 0))
	c := s.NewLoad(16, seed+1, services[0].BaseURL, services[1].BaseURL, services[2].BaseURL)
	kills := 0
	for ; c.Given() < gifts; kills++ {
		time.Sleep(pause)
		v := services[draw.IntN(len(services))]
		if err := v.Ready(time.Minute); err != nil {
			t.Fatal(err)
		}
		v.Kill()
		if err := v.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range services {
		if err := v.Ready(time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d gifts were given, and processes killed %d times", c.Given(), kills)
	c.Check(2 * time.Minute)
}
