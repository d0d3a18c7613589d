package campaign

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// act is something that staff do to a campaign.
type act struct {
	change string       // as a version says it
	action audit.Action // in the audit log; its subject is the campaign's slug
}

var (
	created    = act{"created", "campaign.create"}
	duplicated = act{"duplicated", "campaign.duplicate"}
	edited     = act{"edited", "campaign.edit"}
	published  = act{"published", "campaign.publish"}
	paused     = act{"paused", "campaign.pause"}
	resumed    = act{"resumed", "campaign.resume"}
	ended      = act{"ended", "campaign.end"}
	restored   = act{"restored", "campaign.restore"}

	madeDefault = act{action: "campaign.default"} // which keeps no version
)

// ConflictError says that somebody else saved a campaign since it was read. It unwraps to a fault.Conflict.
type ConflictError struct {
	Saved Campaign // as it is now
	By    string   // who saved it: an email address, or audit.CommandLine
	At    time.Time
}

// Error gives the sentence.
func (e *ConflictError) Error() string { return e.Unwrap().Error() }

// Unwrap gives the sentence as a fault.
func (e *ConflictError) Unwrap() error {
	return fault.New(fault.Conflict, "campaign.changed", fault.Args{"by": e.By})
}

func (s *Service) create(ctx context.Context, by Actor, e Edit, a act) (Campaign, error) {
	now := s.Now().UTC()
	k := Campaign{ID: uuid.New(), State: Draft, Version: 1, CreatedAt: now, UpdatedAt: now}
	k.apply(e)
	k.normalise()
	if err := s.validate(k); err != nil {
		return Campaign{}, err
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := insert(ctx, tx, k); err != nil {
			return err
		}
		return keep(ctx, tx, by, k, a, nil)
	})
	return k, s.explain(ctx, k, err)
}

// change does something to a campaign and keeps it as a new version, unless the campaign is no longer the version that
// whoever does it has read.
func (s *Service) change(
	ctx context.Context, by Actor, slug string, version int64, a act, do func(*Campaign) error,
) (Campaign, error) {
	var k Campaign
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		before, err := lockVersion(ctx, tx, slug, version)
		if err != nil {
			return err
		}
		k = before
		if err := do(&k); err != nil {
			return err
		}
		k.normalise()
		k.Version, k.UpdatedAt = k.Version+1, s.Now().UTC()
		if err := s.validate(k); err != nil {
			return err
		}
		// A campaign of the version before has no version kept yet.
		if err := keepVersion(ctx, tx, before, created, ""); err != nil {
			return err
		}
		if err := update(ctx, tx, k); err != nil {
			return err
		}
		return keep(ctx, tx, by, k, a, Diff(before, k))
	})
	if err != nil {
		return Campaign{}, s.explain(ctx, k, err)
	}
	return k, nil
}

func (s *Service) validate(k Campaign) error {
	return Validate(k, Options{Complete: k.State != Draft, Zone: s.Zone, Limit: s.Limit})
}

// explain puts the database's refusal beside the field.
func (s *Service) explain(ctx context.Context, k Campaign, err error) error {
	switch {
	case db.IsUnique(err):
		return fault.Input("slug", "campaign.slug_taken")
	case db.IsExclusion(err):
		return fault.Input("fund_drive", "campaign.fund_drive_overlaps", fault.Args{"other": s.otherDrive(ctx, k)})
	default:
		return err
	}
}

// otherDrive is the name of the fund drive that runs at the time of this one; empty where it is no longer there.
func (s *Service) otherDrive(ctx context.Context, k Campaign) string {
	var name string
	err := s.DB.GetContext(ctx, &name, `
		SELECT coalesce(content->>'name', heading) FROM campaign
		WHERE fund_drive AND state IN ('published', 'paused') AND id <> $1
		  AND tstzrange(starts_at, ends_at) && tstzrange($2, $3)
		ORDER BY starts_at LIMIT 1`, k.ID, nullable(k.StartsAt), nullable(k.EndsAt))
	if err != nil {
		return ""
	}
	return name
}

// lockVersion is lock for whoever has read a version of the campaign. If it is no longer that, the error is a
// *ConflictError.
func lockVersion(ctx context.Context, tx *sqlx.Tx, slug string, version int64) (Campaign, error) {
	k, err := lock(ctx, tx, slug)
	if err == nil && k.Version != version {
		err = conflict(ctx, tx, k)
	}
	return k, err
}

// conflict tells who changed the campaign last.
func conflict(ctx context.Context, tx *sqlx.Tx, k Campaign) error {
	e := &ConflictError{Saved: k, At: k.UpdatedAt}
	err := tx.GetContext(ctx, &e.By,
		`SELECT changed_by FROM campaign_version WHERE campaign_id = $1 AND version = $2`, k.ID, k.Version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read who changed campaign %s: %w", k.Slug, err)
	}
	return e
}
