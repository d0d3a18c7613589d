package newsroom

import (
	"time"

	"github.com/google/uuid"

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

// BeginLater is a reader who said yes to giving monthly after a one-time gift, and agreed to it at PayPal: the first
// charge comes then. PayPal keeps the subscription as "active" or as "approved" until that day.
func (n *Newsroom) BeginLater(amount string, first time.Time, waitsAs string) contribution.Contribution {
	n.T.Helper()
	n.PayPal.Must("POST", "/sandbox/billing", testkit.Fields{"future_start": waitsAs}, nil)
	in := Intent()
	in.Frequency, in.Amount, in.Follows, in.FirstChargeAt = "month", amount, uuid.New(), first
	c := n.Start(in)
	n.PayPal.Must("POST", "/sandbox/subscriptions/"+c.Checkout.PayPalID+"/approve", testkit.Fields{}, nil)
	return n.Return(c)
}
