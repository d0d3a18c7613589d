package settle_test

import (
	"maps"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/migrations"
)

// Before readers were asked for a yes they could only tick a box against being named. An empty box was no yes, and what
// was adopted or restored was marked anonymous although nobody had asked.
func TestAnEmptyBoxOfBeforeIsNoYes(t *testing.T) {
	t.Parallel()
	n := open(t)
	want := map[uuid.UUID]contribution.Naming{}
	for version := int64(0); version != 13; {
		undone, err := db.MigrateDown(t.Context(), n.DB, migrations.FS)
		if err != nil {
			t.Fatal(err)
		}
		version = undone.Version
	}
	for _, before := range []struct {
		anonymous bool
		origin    string
		naming    contribution.Naming
	}{
		{false, "here", contribution.NotAsked}, {true, "here", contribution.MayNotName},
		{true, "adopted", contribution.NotAsked}, {true, "restored", contribution.NotAsked},
	} {
		id := uuid.New()
		_, err := n.DB.Exec(`
			INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, anonymous,
			                          origin, state, created_at, updated_at)
			SELECT $1, $2, '', k.id, 'once', 500, 'EUR', $3, $4, 'created', $5, $5 FROM campaign k`,
			id, id.String(), before.anonymous, before.origin, n.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		want[id] = before.naming
	}
	if _, err := db.Migrate(t.Context(), n.DB, migrations.FS); err != nil {
		t.Fatal(err)
	}
	got := map[uuid.UUID]contribution.Naming{}
	for id := range want {
		c, err := n.Contributions.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		got[id] = c.Naming
	}
	if !maps.Equal(got, want) {
		t.Errorf("carried over as %v, want %v", got, want)
	}
}
