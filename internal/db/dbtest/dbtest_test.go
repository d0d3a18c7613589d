package dbtest_test

import (
	"fmt"
	"testing"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/migrations"
)

func TestEachTestHasItsOwnMigratedDatabase(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			d := dbtest.New(t)
			d.MustExec(`CREATE TABLE own (n int)`)
			steps, err := db.MigrateStatus(t.Context(), d, migrations.FS)
			if err != nil || len(steps) == 0 {
				t.Fatalf("got %v, %v", steps, err)
			}
			for _, s := range steps {
				if !s.Applied() {
					t.Errorf("%s is not applied", s.Name)
				}
			}
		})
	}
}

func TestDatabaseGoesWithItsTest(t *testing.T) {
	t.Parallel()
	var address string
	t.Run("a test", func(t *testing.T) {
		address = dbtest.NewURL(t)
		// Somebody who stays connected does not keep it.
		if _, err := db.Open(t.Context(), address, db.Options{}); err != nil {
			t.Fatal(err)
		}
	})
	if d, err := db.Open(t.Context(), address, db.Options{}); err == nil {
		t.Fatalf("%s is still there", d.URL())
	}
}

func BenchmarkNewURL(b *testing.B) {
	dbtest.NewURL(b) // the first one may have to start the server
	for b.Loop() {
		dbtest.NewURL(b)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		b.Run("", func(b *testing.B) { dbtest.New(b) })
	}
}
