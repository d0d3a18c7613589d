package plan

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/paypal"
)

// id returns PayPal's id of the plan with these terms.
func (p *Plans) id(ctx context.Context, t terms) (string, error) {
	p.mu.Lock()
	id := p.known[t]
	p.mu.Unlock()
	if id != "" {
		return id, nil
	}
	return detached.Run(ctx, &p.calls, func(ctx context.Context) (string, error) {
		got, err, _ := p.making.Do(fmt.Sprint(t.every, t.price), func() (any, error) { return p.find(ctx, t) })
		id, _ := got.(string)
		return id, db.Translate(err)
	})
}

// find takes the plan's id from our own table, or from PayPal's list, or creates the plan.
func (p *Plans) find(ctx context.Context, t terms) (string, error) {
	row, err := p.row(ctx, t)
	if err != nil {
		return "", err
	}
	id := row.PayPalID
	if id == "" {
		if id, err = p.make(ctx, t, row.RequestID); err != nil {
			return "", err
		}
		if id, err = p.save(ctx, t, id); err != nil {
			return "", err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[t] = id
	return id, nil
}

// row is our record of a plan. PayPalID is empty until PayPal has given it.
type row struct {
	PayPalID  string    `db:"paypal_id"`
	RequestID uuid.UUID `db:"request_id"`
}

const where = ` WHERE product_id = $1 AND name = $2 AND every = $3 AND currency = $4 AND price_minor = $5`

func (p *Plans) key(t terms) []any {
	return []any{p.productID, p.name(t.every), string(t.every), string(t.price.Currency), t.price.Minor}
}

// row reads the plan's row, and inserts one if there is none.
func (p *Plans) row(ctx context.Context, t terms) (row, error) {
	var got row
	const read = `SELECT coalesce(paypal_id, '') AS paypal_id, request_id FROM paypal_plan` + where
	err := p.db.GetContext(ctx, &got, read, p.key(t)...)
	if !errors.Is(err, sql.ErrNoRows) {
		return got, err
	}
	// The insert may have committed although its answer was lost, or another process may have been quicker: the row
	// decides.
	_, err = p.db.ExecContext(ctx, `INSERT INTO paypal_plan
		(product_id, name, every, currency, price_minor, request_id, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT DO NOTHING`, append(p.key(t), uuid.New(), p.now())...)
	if err != nil {
		return row{}, err
	}
	err = p.db.GetContext(ctx, &got, read, p.key(t)...)
	return got, err
}

// make gets the plan from PayPal. It looks for one before it creates one: PayPal forgets a request id after three
// days, and our database may have been restored from before the plan was made.
func (p *Plans) make(ctx context.Context, t terms, requestID uuid.UUID) (string, error) {
	if err := p.ensureProduct(ctx); err != nil {
		return "", err
	}
	all, err := p.paypal.Plans(ctx, p.productID)
	if err != nil {
		return "", err
	}
	if found := p.among(all, t); found != "" {
		return found, nil
	}
	made, err := p.paypal.CreatePlan(ctx, paypal.PlanRequest{
		RequestID: requestID.String(), ProductID: p.productID, Name: p.name(t.every), Every: t.every, Price: t.price,
	})
	if paypal.Refused(err) {
		// PayPal may give the same answer to the same request id even after the reason is gone, so a new id is
		// needed.
		_, dropErr := p.db.ExecContext(ctx, `DELETE FROM paypal_plan`+where+` AND paypal_id IS NULL AND request_id = $6`,
			append(p.key(t), requestID)...)
		return "", errors.Join(err, dropErr)
	}
	return made.ID, err
}

// among picks the plan with these terms; of several, the oldest, so that all processes pick the same.
func (p *Plans) among(all []paypal.Plan, t terms) string {
	var best paypal.Plan
	for _, plan := range all {
		same := plan.Status == paypal.PlanActive && plan.Name == p.name(t.every) && plan.Every == t.every &&
			plan.Price != nil && *plan.Price == t.price && plan.Endless != nil && *plan.Endless
		older := best.ID == "" || plan.CreatedAt.Before(best.CreatedAt) ||
			plan.CreatedAt.Equal(best.CreatedAt) && plan.ID < best.ID
		if same && older {
			best = plan
		}
	}
	return best.ID
}

// save stores the plan's id unless another process stored one before, and returns the id that is stored.
func (p *Plans) save(ctx context.Context, t terms, id string) (string, error) {
	_, err := p.db.ExecContext(ctx, `UPDATE paypal_plan SET paypal_id = $6`+where+` AND paypal_id IS NULL`,
		append(p.key(t), id)...)
	if err != nil {
		return "", err
	}
	row, err := p.row(ctx, t)
	return cmp.Or(row.PayPalID, id), err
}

// forget drops a plan that PayPal no longer accepts.
func (p *Plans) forget(ctx context.Context, id string) error {
	if _, err := p.db.ExecContext(ctx, `DELETE FROM paypal_plan WHERE paypal_id = $1`, id); err != nil {
		return db.Translate(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for t, known := range p.known {
		if known == id {
			delete(p.known, t)
		}
	}
	return nil
}
