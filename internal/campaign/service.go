package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/text"
)

// Actor is the person who changes a campaign: an account of the staff, or a command.
type Actor struct {
	ID   uuid.UUID // uuid.Nil without an account
	Name string    // email address, or audit.CommandLine
}

// Edit is what staff fill in. What they decide about it, such as Publish, is apart.
type Edit struct {
	Slug string
	Content
	StartsAt  time.Time // zero: when it is published
	EndsAt    time.Time // exclusive; zero: never
	FundDrive bool
}

// Config is what a Service needs. Limit may be nil.
type Config struct {
	DB   *db.DB
	Now  func() time.Time
	Zone *time.Location // the publication's: where its days begin

	Limit func(money.Currency) (least, most int64) // the publication's gifts, in minor units
}

// Service changes campaigns, and reads them for those who do. Each change is kept as a version and audited. Readers'
// pages read the Catalog. It is safe for concurrent use.
type Service struct{ Config }

// NewService makes a service.
func NewService(c Config) *Service { return &Service{c} }

// Campaign reads one campaign as it is now. The error is a fault.NotFound where there is none of that name.
func (s *Service) Campaign(ctx context.Context, slug string) (Campaign, error) {
	all, err := s.All(ctx)
	if err != nil {
		return Campaign{}, err
	}
	names := make([]string, len(all))
	for i := range all {
		if all[i].Slug == slug {
			return all[i], nil
		}
		names[i] = all[i].Slug
	}
	return Campaign{}, unknown(slug, names)
}

// All reads all campaigns as they are now, by slug.
func (s *Service) All(ctx context.Context) ([]Campaign, error) {
	all, err := read(ctx, s.DB)
	return all, db.Translate(err)
}

// unknown is a fault.NotFound with the names that are most like the one asked for.
func unknown(slug string, names []string) error {
	return fault.New(fault.NotFound, "campaign.unknown", fault.Args{
		"slug": text.Line(slug), "similar": text.Nearest(slug, names, 8),
	})
}

// Create keeps a new campaign as a draft, which readers do not see. Errors are fault.Invalid beside the fields.
func (s *Service) Create(ctx context.Context, by Actor, e Edit) (Campaign, error) {
	return s.create(ctx, by, e, created)
}

// Duplicate makes a draft like a campaign, without its times.
func (s *Service) Duplicate(ctx context.Context, by Actor, slug, newSlug, newName string) (Campaign, error) {
	k, err := s.Campaign(ctx, slug)
	if err != nil {
		return Campaign{}, err
	}
	e := Edit{Slug: newSlug, Content: k.Content}
	e.Name = newName
	return s.create(ctx, by, e, duplicated)
}

// Save keeps what staff wrote about a campaign. version is the one they read: if somebody saved another since, the
// error is a *ConflictError. Other errors are fault.Invalid beside the fields, all of them at once.
func (s *Service) Save(ctx context.Context, by Actor, slug string, version int64, e Edit) (Campaign, error) {
	return s.change(ctx, by, slug, version, edited, func(k *Campaign) error {
		if e.Slug != k.Slug && k.State != Draft {
			return fault.Input("slug", "campaign.slug_fixed")
		}
		k.apply(e)
		return nil
	})
}

// Publish shows a draft, or a campaign that ended, to readers: from StartsAt on, or at once where it has none.
func (s *Service) Publish(ctx context.Context, by Actor, slug string, version int64) (Campaign, error) {
	return s.change(ctx, by, slug, version, published, func(k *Campaign) error {
		if k.State == Published || k.State == Paused {
			return fault.New(fault.Conflict, "campaign.published_already")
		}
		if k.StartsAt.IsZero() {
			k.StartsAt = s.Now().UTC()
		}
		return s.show(k)
	})
}

// Pause takes a campaign off articles until Resume. Its donation page goes on taking gifts.
func (s *Service) Pause(ctx context.Context, by Actor, slug string, version int64) (Campaign, error) {
	return s.change(ctx, by, slug, version, paused, func(k *Campaign) error {
		if k.State != Published {
			return fault.New(fault.Conflict, "campaign.not_published")
		}
		k.State = Paused
		return nil
	})
}

// Resume shows a paused campaign again.
func (s *Service) Resume(ctx context.Context, by Actor, slug string, version int64) (Campaign, error) {
	return s.change(ctx, by, slug, version, resumed, func(k *Campaign) error {
		if k.State != Paused {
			return fault.New(fault.Conflict, "campaign.not_paused")
		}
		return s.show(k)
	})
}

// show publishes a campaign, unless its end has passed: it would be no more seen than before.
func (s *Service) show(k *Campaign) error {
	if !k.EndsAt.IsZero() && !k.EndsAt.After(s.Now()) {
		return fault.Input("ends_at", "campaign.end_passed")
	}
	k.State = Published
	return nil
}

// End ends a published campaign now, whatever its EndsAt. Its donation page goes on taking gifts.
func (s *Service) End(ctx context.Context, by Actor, slug string, version int64) (Campaign, error) {
	return s.change(ctx, by, slug, version, ended, func(k *Campaign) error {
		if k.State != Published && k.State != Paused {
			return fault.New(fault.Conflict, "campaign.not_published")
		}
		k.State = Ended
		return nil
	})
}

// MakeDefault shows a campaign at the home page, and to readers whose link names none, in place of the one before. It
// is no change of what the campaign says, so that it keeps its version.
func (s *Service) MakeDefault(ctx context.Context, by Actor, slug string, version int64) (Campaign, error) {
	var k Campaign
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		if k, err = lockVersion(ctx, tx, slug, version); err != nil {
			return err
		}
		if k.State == Draft {
			return fault.New(fault.Conflict, "campaign.not_published")
		}
		now := s.Now().UTC()
		// The index campaign_default takes one at a time, so the one before goes first.
		_, err = tx.ExecContext(ctx, `UPDATE campaign SET is_default = false, updated_at = $1 WHERE is_default`, now)
		if err != nil {
			return fmt.Errorf("take the default from the campaign before: %w", err)
		}
		k.IsDefault, k.UpdatedAt = true, now
		if err := update(ctx, tx, k); err != nil {
			return err
		}
		return note(ctx, tx, by, k, madeDefault, nil)
	})
	if err != nil {
		return Campaign{}, err
	}
	return k, nil
}

// Restore brings back what an earlier version had, as a new one: words, amounts, pictures and times. The campaign's
// state and slug stay.
func (s *Service) Restore(ctx context.Context, by Actor, slug string, version, to int64) (Campaign, error) {
	history, err := s.History(ctx, slug)
	if err != nil {
		return Campaign{}, err
	}
	for _, v := range history {
		if v.Version == to {
			return s.change(ctx, by, slug, version, restored, func(k *Campaign) error {
				k.apply(Edit{Slug: k.Slug, Content: v.Content, StartsAt: v.StartsAt, EndsAt: v.EndsAt, FundDrive: v.FundDrive})
				return nil
			})
		}
	}
	return Campaign{}, fault.New(fault.NotFound, "campaign.no_version", fault.Args{"version": to})
}

func (k *Campaign) apply(e Edit) {
	k.Slug, k.Content, k.StartsAt, k.EndsAt, k.FundDrive = e.Slug, e.Content, e.StartsAt.UTC(), e.EndsAt.UTC(), e.FundDrive
}
