package ledger

import (
	"slices"
	"time"
)

// Terms say how often a subscription charges now. Since is when that began; zero if unknown.
type Terms struct {
	Subscription string // PayPal's id
	Frequency    string // "month" or "year"
	Since        time.Time
}

// NoteTerms gives each charge of a subscription the frequency that the subscription had when PayPal took it. Charges
// from Since on have the present frequency. A charge from before Since that we hear of late gets the frequency of the
// charge before it, or else the one that the reader chose at the beginning; one that is already stored stays as it
// is.
//
// If a charge was booked before PayPal told us of the change, its entries are moved to the new frequency. NoteTerms
// reports whether any charge changed its frequency.
func (b *Book) NoteTerms(t Terms) (moved bool) {
	charges := slices.Clone(b.payments)
	charges = slices.DeleteFunc(charges, func(p *Payment) bool { return p.Subscription != t.Subscription })
	slices.SortStableFunc(charges, func(x, y *Payment) int { return x.OccurredAt.Compare(y.OccurredAt) })
	before := b.subject.Frequency
	for _, p := range charges {
		now := p.Frequency
		switch {
		case t.Since.IsZero() && !p.labelled, !t.Since.IsZero() && !p.OccurredAt.Before(t.Since):
			now = t.Frequency
		case !p.labelled:
			now = before
		}
		if now != p.Frequency {
			p.Frequency, p.changed, p.relabelled, moved = now, true, true, true
		}
		before, p.labelled = now, true
	}
	return moved
}
