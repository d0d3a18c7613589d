package service

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// The service is killed at a random moment, over and over, while gifts run through it; so is always another one of
// three processes on one database. Whatever moment it was, in the end PayPal's ledger equals ours. READERFUND_KILLS
// says how often: a few times by default. Outside of CI there is one process, or there are three.
func TestKillMinusNine(t *testing.T) {
	t.Parallel()
	for _, processes := range testkit.Some(t, 1, []int{1, 3}) {
		t.Run(fmt.Sprintf("%d processes", processes), func(t *testing.T) {
			t.Parallel()
			s := harness.New(t, "SWEEP_INTERVAL", "1s")
			var services []*harness.Process
			for range processes {
				services = append(services, s.Serve())
			}
			killAtRandom(t, s, services...)
		})
	}
}

func killAtRandom(t *testing.T, s *harness.Fixture, services ...*harness.Process) {
	t.Helper()
	seed := testkit.Seed(t)
	draw := rand.New(rand.NewPCG(seed, 0))
	var bases []string
	for _, v := range services {
		bases = append(bases, v.BaseURL)
	}
	c := s.NewLoad(6, seed+1, bases...)
	for range testkit.Many(t, "READERFUND_KILLS", 3, 15) {
		v := services[draw.IntN(len(services))]
		if draw.IntN(5) > 0 { // else it is killed while it starts
			if err := v.Ready(time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(rand.N(600 * time.Millisecond)) // when exactly is up to the machine, so there is no use in a seed
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
	testkit.Eventually(t, harness.RetryFor, "enough is given for this to say something", func() (bool, string) {
		return c.Given() >= 20, fmt.Sprint(c.Given())
	})
	c.Check(time.Minute)
}
