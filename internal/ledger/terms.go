package ledger

import (
	"slices"
	"time"
)

// Terms are how often a subscription charges now. Since is when that began; zero where it is not known.
type Terms struct {
	Subscription string // PayPal's id
	Frequency    string // "month" or "year"
	Since        time.Time
}

// NoteTerms gives each charge of a subscription the frequency that the subscription had when PayPal took it. From Since
// on that is the present one. A charge from before it that we hear of late has that of the charge before it, or else
// what the reader chose at the beginning; one that is kept already stays as it is.
//
// Entries of a charge that was booked before PayPal told us of the change are counted anew under its frequency. It
// reports whether any charge got another one.
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
