package settle_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/metrics"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// transitionsCounted is how many changes of state are counted.
func transitionsCounted(t *testing.T, m *metrics.Metrics) (n float64) {
	t.Helper()
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "readerfund_contribution_transitions_total" {
			continue
		}
		for _, one := range f.GetMetric() {
			n += one.GetCounter().GetValue()
		}
	}
	return n
}

// A change of state is counted once it is committed, and once however often it was tried.
func TestTransitionsAreCountedAfterCommit(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	d := openWith(t, newsroom.Options{Clock: testkit.ClockAt(noon), Metrics: m})
	c := mustBegin(t, d)
	fact := settle.CaptureSeen(c.ID, byWebhook, captureOf("CAP", "COMPLETED"))
	trouble := errors.New("something after it went wrong")
	err := d.DB.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := d.Applier.Apply(ctx, tx, fact); err != nil {
			return err
		}
		return trouble
	})
	if n := transitionsCounted(t, m); !errors.Is(err, trouble) || n != 0 {
		t.Errorf("rolled back, and %v are counted: %v", n, err)
	}
	tries := 0
	err = d.DB.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := d.Applier.Apply(ctx, tx, fact)
		if tries++; err == nil && tries < 3 {
			_, err = tx.ExecContext(ctx, `DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`) // it lost against another one
		}
		return err
	})
	if n := transitionsCounted(t, m); err != nil || tries != 3 || n != 1 {
		t.Errorf("after %d tries %v are counted: %v", tries, n, err)
	}
	apply(t, d, fact)
	if n := transitionsCounted(t, m); n != 1 {
		t.Errorf("the same again, and %v are counted", n)
	}
}
