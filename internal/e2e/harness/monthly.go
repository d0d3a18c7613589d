package harness

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"

	"readerfund/internal/testkit"
)

// monthly are the ways of readers who give monthly: what is done to their subscription at PayPal once they are back. No
// step needs a month to pass.
var monthly = map[string][]step{
	"monthly": nil,
	"renewed": {{"renew", testkit.Fields{}}},
	"held":    {{"renew", testkit.Fields{"outcome": "held"}}},
	"missed":  {{"renew", testkit.Fields{"outcome": "failed"}}, {"renew", testkit.Fields{}}},
	"paused":  {{"suspend", testkit.Fields{}}, {"activate", testkit.Fields{}}},
	"stopped": {{"renew", testkit.Fields{}}, {"cancel", testkit.Fields{}}, {"renew", testkit.Fields{"late": true}}},
}

// frequency is what a reader who ends so chooses.
func (g Gift) frequency() string {
	if _, recurs := monthly[g.Ending]; recurs {
		return "month"
	}
	return "once"
}

// subscribe is the rest of a monthly gift: the reader agrees, comes back, and has their way.
func (c *Load) subscribe(v *Client, draw *rand.Rand, g *Gift) error {
	p := c.fixture.PayPal
	var made []struct{ ID string }
	if err := p.Hook("GET", "/sandbox/subscriptions?custom_id="+g.ID, nil, &made); err != nil {
		return err
	}
	if len(made) != 1 {
		return fmt.Errorf("PayPal has %d subscriptions of %s", len(made), g.ID)
	}
	hook := "/sandbox/subscriptions/" + made[0].ID + "/"
	var said struct {
		ReturnURL string `json:"return_url"`
	}
	if err := p.Hook("POST", hook+"approve", testkit.Fields{}, &said); err != nil {
		return err
	}
	u, err := url.Parse(said.ReturnURL)
	if err != nil {
		return err
	}
	if err := c.returnFromPayPal(v, draw, g, u.RequestURI()); err != nil {
		return err
	}
	for _, step := range monthly[g.Ending] {
		if err := p.Hook("POST", hook+step.hook, step.body, nil); err != nil && !errors.Is(err, testkit.ErrRefused) {
			return err
		}
	}
	return nil
}

// subscribedTwice lists the contributions that two subscriptions at PayPal are charged for.
func subscribedTwice(all []testkit.Movement) (twice []string) {
	first := map[string]string{}
	for _, m := range all {
		if m.SubscriptionID == "" {
			continue
		}
		if before := first[m.CustomID]; before != "" && before != m.SubscriptionID {
			twice = append(twice, fmt.Sprintf("PayPal charges %s and %s for %s", before, m.SubscriptionID, m.CustomID))
		}
		first[m.CustomID] = m.SubscriptionID
	}
	return twice
}
