package newsroom

import (
	"readerfund/internal/contribution"
	"readerfund/internal/testkit"
)

// Subscribe is a reader who gives every month or year, agrees to it at PayPal and comes back: the subscription is
// active, and its first charge is in.
func (n *Newsroom) Subscribe(frequency, amount string) contribution.Contribution {
	n.T.Helper()
	in := Intent()
	in.Frequency, in.Amount = frequency, amount
	c := n.Start(in)
	n.PayPal.Must("POST", "/sandbox/subscriptions/"+c.Checkout.PayPalID+"/approve", testkit.Fields{}, nil)
	if c = n.Return(c); c.State != contribution.Completed {
		n.T.Fatalf("the gift is %s (%s)", c.State, c.Reason)
	}
	return c
}
