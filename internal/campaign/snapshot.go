package campaign

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
)

// Entry is a campaign with its figures. It is shared and never changed: as long as nothing of either changes, the
// catalog gives the same pointer, so that what was made of an entry can be kept under it.
type Entry struct {
	Campaign
	Facts Facts
}

// Snapshot is all campaigns as they were at one moment. It never changes.
type Snapshot struct {
	All []Campaign // by slug; shared: do not change it

	entries map[string]*Entry // by slug
	byID    map[uuid.UUID]*Entry
}

// Find is the campaign of a slug; nil where there is none.
func (s *Snapshot) Find(slug string) *Entry { return s.entries[slug] }

// campaigns are those of the entries, by slug.
func (s *Snapshot) campaigns() []*Campaign {
	all := make([]*Campaign, len(s.All))
	for n := range s.All {
		all[n] = &s.entries[s.All[n].Slug].Campaign
	}
	return all
}

// Facts are the figures of a campaign; none where there is no such campaign.
func (s *Snapshot) Facts(id uuid.UUID) Facts {
	if e := s.byID[id]; e != nil {
		return e.Facts
	}
	return Facts{DaysLeft: -1}
}

// head is what tells whether a campaign changed.
type head struct {
	ID        uuid.UUID `db:"id"`
	Version   int64     `db:"version"`
	UpdatedAt time.Time `db:"updated_at"`
}

func (h head) same(k *Campaign) bool { return h.Version == k.Version && h.UpdatedAt.Equal(k.UpdatedAt) }

// readChanged reads the campaigns that changed since an earlier snapshot, and takes the others from there. Both reads
// see one state of the table.
func readChanged(ctx context.Context, d *db.DB, earlier *Snapshot) (all []*Campaign, err error) {
	err = d.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var heads []head
		if err := tx.SelectContext(ctx, &heads, `SELECT id, version, updated_at FROM campaign`); err != nil {
			return err
		}
		var changed []string
		for _, h := range heads {
			if e := earlier.byID[h.ID]; e != nil && h.same(&e.Campaign) {
				all = append(all, &e.Campaign)
			} else {
				changed = append(changed, h.ID.String())
			}
		}
		if len(changed) == 0 {
			return nil
		}
		read, err := read(ctx, tx, changed...)
		for n := range read {
			all = append(all, &read[n])
		}
		return err
	})
	slices.SortFunc(all, func(a, b *Campaign) int { return strings.Compare(a.Slug, b.Slug) })
	return all, err
}

func newEntry(k *Campaign, counted map[uuid.UUID]Progress, now time.Time, zone *time.Location) *Entry {
	var progress *Progress
	if p, known := counted[k.ID]; known {
		progress = &p
	}
	return &Entry{*k, facts(k, progress, now, zone)}
}

// newSnapshot puts campaigns and what was counted for them together. Of an earlier snapshot it keeps what is the same.
func newSnapshot(
	all []*Campaign, counted map[uuid.UUID]Progress, earlier *Snapshot, now time.Time, zone *time.Location,
) *Snapshot {
	s := &Snapshot{entries: make(map[string]*Entry, len(all)), byID: make(map[uuid.UUID]*Entry, len(all))}
	same := len(all) == len(earlier.All)
	for _, k := range all {
		e := earlier.byID[k.ID]
		old := e != nil && &e.Campaign == k
		if fresh := newEntry(k, counted, now, zone); !old || e.Facts != fresh.Facts {
			e = fresh
		}
		same = same && old
		s.entries[k.Slug], s.byID[k.ID] = e, e
	}
	if same {
		if s.All = earlier.All; maps.Equal(s.byID, earlier.byID) {
			return earlier
		}
		return s
	}
	s.All = make([]Campaign, len(all))
	for n, k := range all {
		s.All[n] = *k
	}
	return s
}
