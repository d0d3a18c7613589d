package choice

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"readerfund/internal/campaign"
)

// Chooser chooses from the campaigns as the catalog knows them, without asking the database for each page. It is safe
// for concurrent use.
type Chooser struct {
	campaigns *campaign.Catalog
	consent   bool
	now       func() time.Time
	last      atomic.Pointer[prepared]
}

// prepared is a snapshot with the catalog's slice it was made of.
type prepared struct {
	of *campaign.Campaign // the first of them; nil for none
	*Snapshot
}

// NewChooser makes a chooser. With consent, nothing is kept in readers' browsers before they agreed.
func NewChooser(campaigns *campaign.Catalog, consent bool, now func() time.Time) *Chooser {
	return &Chooser{campaigns: campaigns, consent: consent, now: now}
}

// Consent reports whether nothing is kept in readers' browsers before they agreed.
func (c *Chooser) Consent() bool { return c.consent }

// Offer is what may stand on a page now. The error is the catalog's, where it knows no campaigns yet.
func (c *Chooser) Offer(ctx context.Context, v Visit) (Offer, error) {
	s, err := c.Snapshot(ctx)
	if err != nil {
		return Offer{}, err
	}
	o := s.Offer(v, c.now())
	o.Consent = c.consent
	return o, nil
}

// Snapshot is the campaigns as they are now. It is prepared again when the catalog has read them again.
func (c *Chooser) Snapshot(ctx context.Context) (*Snapshot, error) {
	all, err := c.campaigns.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("choose from the campaigns: %w", err)
	}
	var first *campaign.Campaign
	if len(all) > 0 {
		first = &all[0]
	}
	if last := c.last.Load(); last != nil && last.of == first {
		return last.Snapshot, nil
	}
	fresh := &prepared{first, NewSnapshot(all)}
	c.last.Store(fresh)
	return fresh.Snapshot, nil
}
