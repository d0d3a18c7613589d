package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
)

// Version is a campaign as it was saved once.
type Version struct {
	Campaign
	Change    string // what was done: created, duplicated, edited, published, paused, resumed, ended or restored
	ChangedBy string // an email address, or audit.CommandLine; empty: the program
	ChangedAt time.Time
}

// mostVersions bounds a page of history. A campaign is saved a few dozen times.
const mostVersions = 500

// History lists the versions of a campaign, the latest first.
func (s *Service) History(ctx context.Context, slug string) ([]Version, error) {
	k, err := s.Campaign(ctx, slug)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		row
		Change    string    `db:"change"`
		ChangedBy string    `db:"changed_by"`
		ChangedAt time.Time `db:"changed_at"`
	}
	err = s.DB.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			SELECT v.campaign_id AS id, v.slug, v.content, v.state, v.starts_at, v.ends_at, v.fund_drive, k.is_default,
			       v.version, k.created_at, v.changed_at AS updated_at, v.change, v.changed_by, v.changed_at
			FROM campaign_version v JOIN campaign k ON k.id = v.campaign_id
			WHERE v.campaign_id = $1 ORDER BY v.version DESC LIMIT $2`, k.ID, mostVersions)
	})
	if err != nil {
		return nil, db.Translate(fmt.Errorf("read the history of campaign %s: %w", slug, err))
	}
	all := make([]Version, len(rows))
	for n, r := range rows {
		all[n] = Version{Change: r.Change, ChangedBy: r.ChangedBy, ChangedAt: r.ChangedAt.UTC()}
		if all[n].Campaign, err = r.campaign(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Change is one field that two versions of a campaign differ in, by the name that errors have it under.
type Change struct {
	Field         string // "texts.de.heading"
	Before, After string // empty where the field is not there; amounts are minor units, times RFC 3339
}

// Diff lists the fields that a campaign was changed in, by their names.
func Diff(before, after Campaign) []Change {
	old, now := fields(before), fields(after)
	names := slices.AppendSeq(slices.Collect(maps.Keys(old)), maps.Keys(now))
	slices.Sort(names)
	var changes []Change
	for _, name := range slices.Compact(names) {
		if old[name] != now[name] {
			changes = append(changes, Change{name, old[name], now[name]})
		}
	}
	return changes
}

// fields are all values of a campaign that staff can change, by their names.
func fields(k Campaign) map[string]string {
	all := map[string]string{"slug": k.Slug, "state": string(k.State), "fund_drive": strconv.FormatBool(k.FundDrive)}
	for name, t := range map[string]time.Time{"starts_at": k.StartsAt, "ends_at": k.EndsAt} {
		if !t.IsZero() {
			all[name] = t.Format(time.RFC3339)
		}
	}
	document, err := json.Marshal(k.Content)
	if err != nil {
		panic(err) // strings, numbers and times only
	}
	var tree map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(document)))
	decoder.UseNumber() // a float64 would lose the last digits of large amounts
	if err := decoder.Decode(&tree); err != nil {
		panic(err)
	}
	flatten(all, "", tree)
	return all
}

// flatten writes the leaves of a document under their paths. A list of amounts is one value.
func flatten(into map[string]string, path string, value any) {
	at := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			flatten(into, at(name), inner)
		}
	case []any:
		var list []string
		for n, inner := range v {
			switch inner := inner.(type) {
			case json.Number, string:
				list = append(list, fmt.Sprint(inner))
			default:
				flatten(into, at(strconv.Itoa(n)), inner)
			}
		}
		if list != nil {
			into[path] = strings.Join(list, ", ")
		}
	case nil:
	default:
		into[path] = fmt.Sprint(v)
	}
}
