package paypal

import (
	"context"
	"testing"
	"time"
)

// A caller whose token was refused may join a flight that began before anybody knew, and get the same token back.
func TestAStaleTokenIsNotTakenFromAnEarlierFlight(t *testing.T) {
	t.Parallel()
	tokens := &tokens{
		now: time.Now, limit: time.Minute, token: "old", soon: time.Now().Add(time.Hour), until: time.Now().Add(time.Hour),
	}
	tokens.fetch = func(context.Context) (string, time.Duration, error) { return "new", time.Hour, nil }
	release, began := make(chan struct{}), make(chan struct{})
	tokens.flight.DoChan("token", func() (any, error) { close(began); <-release; return "old", nil })
	<-began
	got := make(chan string)
	go func() {
		token, err := tokens.get(t.Context(), "old")
		if err != nil {
			t.Error(err)
		}
		got <- token
	}()
	// for it to join; when it comes too late it starts a flight of its own, with the same end
	time.Sleep(20 * time.Millisecond)
	close(release)
	if token := <-got; token != "new" {
		t.Errorf("got the %s token", token)
	}
}
