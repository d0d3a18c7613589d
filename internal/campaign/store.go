package campaign

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
)

// row is a campaign in its table.
type row struct {
	ID        uuid.UUID    `db:"id"`
	Slug      string       `db:"slug"`
	Content   []byte       `db:"content"`
	State     State        `db:"state"`
	StartsAt  sql.NullTime `db:"starts_at"`
	EndsAt    sql.NullTime `db:"ends_at"`
	FundDrive bool         `db:"fund_drive"`
	IsDefault bool         `db:"is_default"`
	Version   int64        `db:"version"`
	CreatedAt time.Time    `db:"created_at"`
	UpdatedAt time.Time    `db:"updated_at"`
}

// selectRow is the beginning of each query for rows. Where the document is missing, the version before made the row.
const selectRow = `
	SELECT id, slug, coalesce(content, jsonb_build_object(
	           'name', heading, 'language', 'en', 'texts', jsonb_build_object('en', jsonb_build_object(
	               'heading', heading, 'why', why, 'ask', ask, 'button', button, 'reassurance', reassurance)),
	           'currency', currency, 'suggested', suggested, 'monthly', suggested_month, 'yearly', suggested_year,
	           'frequency', frequency)) AS content,
	       state, starts_at, ends_at, fund_drive, is_default, version, created_at, updated_at
	FROM campaign`

func (r row) campaign() (Campaign, error) {
	k := Campaign{
		ID: r.ID, Slug: r.Slug, State: r.State, StartsAt: r.StartsAt.Time.UTC(), EndsAt: r.EndsAt.Time.UTC(),
		FundDrive: r.FundDrive, IsDefault: r.IsDefault, Version: r.Version, CreatedAt: r.CreatedAt.UTC(),
		UpdatedAt: r.UpdatedAt.UTC(),
	}
	if err := json.Unmarshal(r.Content, &k.Content); err != nil {
		return Campaign{}, fmt.Errorf("read the content of campaign %s: %w", r.Slug, err)
	}
	return k, nil
}

// read reads the campaigns of these ids, by slug; all of them where none is given.
func read(ctx context.Context, q sqlx.QueryerContext, ids ...string) ([]Campaign, error) {
	var rows []row
	err := sqlx.SelectContext(ctx, q, &rows,
		selectRow+` WHERE $1::uuid[] IS NULL OR id = ANY ($1::uuid[]) ORDER BY slug`, db.Array(ids))
	if err != nil {
		return nil, fmt.Errorf("read campaigns: %w", err)
	}
	all := make([]Campaign, len(rows))
	for n, r := range rows {
		var err error
		if all[n], err = r.campaign(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// lock reads a campaign and keeps it as it is until the transaction ends: whoever saves it next sees its new version.
func lock(ctx context.Context, tx *sqlx.Tx, slug string) (Campaign, error) {
	var r row
	err := tx.GetContext(ctx, &r, selectRow+` WHERE slug = $1 FOR UPDATE`, slug)
	if !db.IsNotFound(err) {
		if err != nil {
			return Campaign{}, fmt.Errorf("lock campaign %s: %w", slug, err)
		}
		return r.campaign()
	}
	var slugs []string
	if err := tx.SelectContext(ctx, &slugs, `SELECT slug FROM campaign ORDER BY slug`); err != nil {
		return Campaign{}, fmt.Errorf("read the campaigns' slugs: %w", err)
	}
	return Campaign{}, unknown(slug, slugs)
}

// document is the campaign's content as it is stored. It is text, because it goes to a jsonb column.
func (k *Campaign) document() (string, error) {
	content, err := json.Marshal(k.Content)
	if err != nil {
		return "", fmt.Errorf("write the content of campaign %s: %w", k.Slug, err)
	}
	return string(content), nil
}

// columns are the parts of the content that the version before reads, and runs on beside this one: its words in its own
// language, without what depends on figures.
func (k *Campaign) columns() ([]any, error) {
	own := k.Texts[k.Language].Fill(Facts{}, k.tag())
	all := []any{own.Heading, own.Why, own.Ask, own.Button, own.Reassurance, string(k.Currency), k.Frequency}
	for _, amounts := range []any{k.Suggested, k.Monthly, k.Yearly} {
		text, err := json.Marshal(amounts)
		if err != nil {
			return nil, fmt.Errorf("write the amounts of campaign %s: %w", k.Slug, err)
		}
		all = append(all, strings.Replace(string(text), "null", "{}", 1))
	}
	return all, nil
}

// insert adds a campaign. If another has its slug, the error is one of db.IsUnique.
func insert(ctx context.Context, tx sqlx.ExecerContext, k Campaign) error {
	return write(ctx, tx, k, `
		INSERT INTO campaign (id, slug, state, starts_at, ends_at, fund_drive, is_default, version, created_at, updated_at,
			content, heading, why, ask, button, reassurance, currency, frequency, suggested, suggested_month, suggested_year)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12, $13, $14, $15, $16, $17, $18, $19::jsonb,
			$20::jsonb, $21::jsonb)`)
}

// update replaces a campaign, which the caller has locked. Fund drives that overlap are an error of db.IsExclusion.
func update(ctx context.Context, tx sqlx.ExecerContext, k Campaign) error {
	return write(ctx, tx, k, `
		UPDATE campaign SET slug = $2, state = $3, starts_at = $4, ends_at = $5, fund_drive = $6, is_default = $7,
			version = $8, created_at = $9, updated_at = $10, content = $11::jsonb, heading = $12, why = $13, ask = $14,
			button = $15, reassurance = $16, currency = $17, frequency = $18, suggested = $19::jsonb, suggested_month = $20::jsonb,
			suggested_year = $21::jsonb
		WHERE id = $1`)
}

func write(ctx context.Context, tx sqlx.ExecerContext, k Campaign, statement string) error {
	document, err := k.document()
	if err != nil {
		return err
	}
	columns, err := k.columns()
	if err != nil {
		return err
	}
	args := append([]any{
		k.ID, k.Slug, string(k.State), nullable(k.StartsAt), nullable(k.EndsAt), k.FundDrive, k.IsDefault, k.Version,
		k.CreatedAt, k.UpdatedAt, document,
	}, columns...)
	if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
		return fmt.Errorf("write campaign %s: %w", k.Slug, err)
	}
	return nil
}

func nullable(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

// keep keeps the campaign's version and the note of it in the audit log, in the transaction that makes the change.
func keep(ctx context.Context, tx *sqlx.Tx, by Actor, k Campaign, a act, changes []Change) error {
	if err := keepVersion(ctx, tx, k, a, by.Name); err != nil {
		return err
	}
	return note(ctx, tx, by, k, a, changes)
}

// note writes what was done into the audit log, in the transaction that does it.
func note(ctx context.Context, tx *sqlx.Tx, by Actor, k Campaign, a act, changes []Change) error {
	detail := map[string]string{}
	if len(changes) > 0 {
		detail["fields"] = strings.Join(db.Column(changes, func(c Change) string { return c.Field }), ", ")
	}
	return audit.Write(ctx, tx, audit.Entry{
		At: k.UpdatedAt, StaffID: by.ID, Actor: by.Name, Action: a.action, Subject: k.Slug, Detail: detail,
	})
}

// keepVersion keeps a campaign as it is now. Where that version is kept already, it changes nothing.
func keepVersion(ctx context.Context, tx *sqlx.Tx, k Campaign, a act, by string) error {
	document, err := k.document()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO campaign_version (campaign_id, version, change, changed_by, changed_at, slug, content, state, starts_at,
			ends_at, fund_drive)
		VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11)
		ON CONFLICT (campaign_id, version) DO NOTHING`,
		k.ID, k.Version, a.change, by, k.UpdatedAt, k.Slug, document, string(k.State), nullable(k.StartsAt),
		nullable(k.EndsAt), k.FundDrive)
	if err != nil {
		return fmt.Errorf("keep version %d of campaign %s: %w", k.Version, k.Slug, err)
	}
	return nil
}
