package app_test

import (
	"testing"
	"time"

	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/testkit"
)

// The books are held against PayPal's at night, by the publication's clock, without anybody asking.
func TestReconcilesAtNight(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	s, _ := settings(t, address)
	s.DatabaseURL, s.PublicationTimezone = config.Secret(address), "Europe/Berlin"
	running(t, s, &journal{})
	d, err := db.Open(t.Context(), address, db.Options{MaxOpen: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // nothing of it is left to lose
	wait := func(what, query string) {
		t.Helper()
		testkit.Eventually(t, time.Minute, what, func() (so bool, said string) {
			if err := d.GetContext(t.Context(), &so, query); err != nil {
				t.Fatal(err)
			}
			return so, ""
		})
	}
	wait("the job is known", `SELECT EXISTS (SELECT 1 FROM queue WHERE kind = 'reconcile' AND plan = 'daily at 04:30 Europe/Berlin' AND runs = 0)`)
	if _, err := d.ExecContext(t.Context(), `UPDATE queue SET due_at = now() - interval '1 second' WHERE kind = 'reconcile'`); err != nil {
		t.Fatal(err)
	}
	wait("it has run", `SELECT EXISTS (SELECT 1 FROM reconcile_run WHERE state = 'done' AND follows AND checked_to IS NOT NULL)`)
	wait("it is due tomorrow", `SELECT due_at > now() AND runs = 1 AND last_error = '' FROM queue WHERE kind = 'reconcile'`)
}
