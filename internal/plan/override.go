package plan

import (
	"context"
	"database/sql"
	"time"

	"readerfund/internal/db"
)

// refusedFor is how long we rely on PayPal's refusal to let a subscription have its own amount. It depends on a
// permission of the account, which may be granted later; finding out that it was not costs one reader one more call.
const refusedFor = 7 * 24 * time.Hour

// overrides is what we know about PayPal's refusing subscriptions with an amount of their own.
type overrides struct {
	read      bool // the table was read
	refusedAt time.Time
}

// overrideRefused reports whether PayPal recently refused a subscription with an amount of its own. Each process
// reads the table once; after that it relies on its own calls.
func (p *Plans) overrideRefused(ctx context.Context) (bool, error) {
	p.mu.Lock()
	o := p.overrides
	p.mu.Unlock()
	if !o.read {
		var latest sql.NullTime
		err := p.db.GetContext(ctx, &latest, `SELECT max(override_refused_at) FROM paypal_plan WHERE product_id = $1`,
			p.productID)
		if err != nil {
			return false, db.Translate(err)
		}
		o = p.setRefused(latest.Time)
	}
	return p.now().Before(o.refusedAt.Add(refusedFor)), nil
}

func (p *Plans) noteOverrideRefused(ctx context.Context, id string) error {
	now := p.now()
	_, err := p.db.ExecContext(ctx, `UPDATE paypal_plan SET override_refused_at = $2 WHERE paypal_id = $1`, id, now)
	if err != nil {
		return db.Translate(err)
	}
	p.setRefused(now)
	return nil
}

// setRefused keeps the latest of the times that concurrent callers have read or written.
func (p *Plans) setRefused(at time.Time) overrides {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.overrides.read = true
	if at.After(p.overrides.refusedAt) {
		p.overrides.refusedAt = at
	}
	return p.overrides
}
