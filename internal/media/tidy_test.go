package media_test

import (
	"bytes"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/media"
	"readerfund/internal/testkit"
)

func TestPicturesThatNobodyUsesAreDeletedAfterAMonth(t *testing.T) {
	t.Parallel()
	d, clock := dbtest.New(t), testkit.ClockAt(noon)
	s := media.New(d, clock.Now)
	if err := campaign.EnsureDefault(t.Context(), d, "The Test Post", "EUR", clock.Now()); err != nil {
		t.Fatal(err)
	}
	pictures := map[string]campaign.Picture{}
	for n, name := range []string{"in a campaign", "in an old version", "in the appearance", "in an open form", "sent twice", "unused"} {
		p, err := s.Add(t.Context(), "picture", bytes.NewReader(asJPEG(t, photo(100+n, 100))))
		if err != nil {
			t.Fatal(err)
		}
		pictures[name] = p
	}
	testkit.Exec(t, d, `UPDATE campaign SET content = jsonb_set(content, '{portrait}', jsonb_build_object('digest', $1::text))`,
		pictures["in a campaign"].Digest)
	testkit.Exec(t, d, `
		INSERT INTO campaign_version (campaign_id, version, change, changed_by, changed_at, slug, content, state, fund_drive)
		SELECT id, 99, 'edited', '', now(), slug, jsonb_build_object('variants', jsonb_build_array($1::text)), 'draft', false
		FROM campaign`, pictures["in an old version"].Digest)
	testkit.Exec(t, d, `
		INSERT INTO appearance (content, version, changed_by, changed_at)
		VALUES (jsonb_build_object('logo', jsonb_build_object('digest', $1::text)), 1, '', $2)`,
		pictures["in the appearance"].Digest, noon)
	const month = media.UnusedFor
	left := func(after time.Duration, want int) {
		t.Helper()
		clock.Advance(after)
		if err := s.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := testkit.Count(t, d, "image"); n != want {
			t.Errorf("%d pictures are left, want %d", n, want)
		}
	}
	left(0, 6)
	left(month-time.Second, 6)
	if _, err := s.Find(t.Context(), "picture", pictures["in an open form"].Digest); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(t.Context(), "picture", bytes.NewReader(asJPEG(t, photo(104, 100)))); err != nil {
		t.Fatal(err)
	}
	left(2*time.Second, 5)
	for name, p := range pictures {
		if _, err := s.File(t.Context(), p.Digest, 0); fault.Is(err, fault.NotFound) != (name == "unused") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What was saved last is in caches for a while, and may have replaced any of them.
	testkit.Exec(t, d, `UPDATE appearance SET content = '{}', changed_at = $1`, clock.Now())
	left(month-time.Second, 5)
	left(2*time.Second, 2)
	if n := testkit.Count(t, d, "image_file WHERE digest = $1", pictures["unused"].Digest); n != 0 {
		t.Errorf("%d files of it are left", n)
	}
}
