package contribution

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/checkout"
	"readerfund/internal/db"
)

// inserted is the result of writing one contribution.
type inserted struct {
	article int64 // the id of its article's row; 0 where there is none yet
	err     error // sql.ErrNoRows: its key or its receipt number is taken
}

// insertAll writes contributions that begin at the same time in one statement, which is one commit. When the server
// refuses the statement because of one of them, each is written alone.
func (s *Service) insertAll(ctx context.Context, all []Contribution) ([]inserted, error) {
	done := make([]inserted, len(all))
	if len(all) > 1 {
		articles, err := s.insertMany(ctx, all)
		if err == nil {
			for n, c := range all {
				var is bool
				if done[n].article, is = articles[c.ID]; !is {
					done[n].err = sql.ErrNoRows
				}
			}
			return done, nil
		}
		if !refusedOne(err) {
			return nil, err
		}
	}
	for n, c := range all {
		done[n].article, done[n].err = s.insertOne(ctx, c)
	}
	return done, nil
}

// refusedOne reports whether the server refused a statement because of a value in one of its rows: one that cannot be
// stored, or that breaks a constraint.
func refusedOne(err error) bool {
	state := db.SQLState(err)
	return len(state) == 5 && (state[:2] == "22" || state[:2] == "23")
}

// firstCheck is when the sweep first asks PayPal about a contribution.
func (s *Service) firstCheck(c Contribution) time.Time {
	return c.Checkout.NextCheck(checkout.Money{}, 0, c.CreatedAt, s.sweepEvery)
}

// insertOne and insertMany run the same statement. A single contribution has its own version because every statement
// is planned anew (docs/decisions/0008), and this one is the cheapest to plan.
func (s *Service) insertOne(ctx context.Context, c Contribution) (int64, error) {
	article, err := db.GetOnce[sql.NullInt64](ctx, s.db, `
		WITH begun AS (
			INSERT INTO contribution (id, receipt, idempotency_key, intent_digest, campaign_id, frequency, amount_minor,
			                          currency, article, article_id, name, email, message, naming, cover_fee, utm_source,
			                          utm_medium, utm_campaign, utm_term, utm_content, variant, format, section, author,
			                          article_ref, referrer, shared, covered_minor, tribute, tribute_name, locale, state,
			                          check_at, created_at, updated_at, first_charge_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
			        (SELECT id FROM article WHERE digest = sha256(convert_to($9::text, 'UTF8'))),
			        $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $24, $25, $26, $27, $28, $29, $30,
			        $31, $32, $33, $34, 'started', $20, $21, $21, $23)
			ON CONFLICT DO NOTHING RETURNING id, created_at, article_id),
		history AS (
			INSERT INTO contribution_event (contribution_id, fact, from_state, to_state, source, at)
			SELECT id, 'started', '', 'started', $22, created_at FROM begun)
		SELECT article_id FROM begun`,
		c.ID, c.Receipt, c.key, c.digest, c.CampaignID, string(c.Frequency), c.Amount.Minor, string(c.Amount.Currency),
		c.Article, c.Name, c.Email, c.Message, string(c.Naming), c.CoverFee,
		c.Source.UTM.Source, c.Source.Medium, c.Source.Campaign, c.Source.Term, c.Source.Content,
		s.firstCheck(c), c.CreatedAt, string(ByStart), null(c.Checkout.FirstChargeAt),
		c.Source.Variant, c.Source.Format, c.Source.Section, c.Source.Author, c.Source.ArticleRef,
		string(c.Source.Referrer), c.Source.Shared, c.Covered, c.Tribute.Kind, c.Tribute.Name, c.Locale)
	return article.Int64, err
}

// insertMany returns the article ids of the contributions it wrote; 0 where the article has no row yet.
func (s *Service) insertMany(ctx context.Context, all []Contribution) (map[uuid.UUID]int64, error) {
	texts := func(of func(Contribution) string) any { return db.Array(db.Column(all, of)) }
	// Sorted by key, so that two processes with the same keys wait for each other in one order and do not deadlock.
	written, err := db.GetOnce[string](ctx, s.db, `
		WITH begun AS (
			INSERT INTO contribution (id, receipt, idempotency_key, intent_digest, campaign_id, frequency, amount_minor,
			                          currency, article, article_id, name, email, message, naming, cover_fee, utm_source,
			                          utm_medium, utm_campaign, utm_term, utm_content, variant, format, section, author,
			                          article_ref, referrer, shared, covered_minor, tribute, tribute_name, locale, state,
			                          check_at, created_at, updated_at, first_charge_at)
			SELECT b.id, receipt, nullif(key, ''), digest, campaign, frequency, amount, currency, b.article,
			       (SELECT a.id FROM article a WHERE a.digest = sha256(convert_to(b.article, 'UTF8'))),
			       name, email, message, naming, cover_fee, source, medium, utm_campaign, term, content,
			       variant, format, section, author, article_ref, referrer, shared, covered, tribute, tribute_name,
			       locale, 'started',
			       nullif(check_at, '')::timestamptz, at, at, nullif(first_charge, '')::timestamptz
			FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::uuid[], $6::text[], $7::bigint[], $8::text[],
			            $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[], $15::text[],
			            $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::timestamptz[], $23::text[],
			            $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::boolean[],
			            $31::bigint[], $32::text[], $33::text[], $34::text[])
				AS b (id, receipt, key, digest, campaign, frequency, amount, currency, article, name, email, message, naming,
				      cover_fee, source, medium, utm_campaign, term, content, check_at, at, first_charge,
				      variant, format, section, author, article_ref, referrer, shared, covered, tribute, tribute_name,
				      locale)
			ORDER BY key
			ON CONFLICT DO NOTHING RETURNING id, created_at, article_id),
		history AS (
			INSERT INTO contribution_event (contribution_id, fact, from_state, to_state, source, at)
			SELECT id, 'started', '', 'started', $22, created_at FROM begun)
		SELECT coalesce(json_object_agg(id, coalesce(article_id, 0)), '{}')::text FROM begun`,
		texts(func(c Contribution) string { return c.ID.String() }),
		texts(func(c Contribution) string { return c.Receipt }),
		texts(func(c Contribution) string { return c.key.String }), // no key is none, and none is empty
		db.Array(db.Column(all, func(c Contribution) []byte { return c.digest })),
		texts(func(c Contribution) string { return c.CampaignID.String() }),
		texts(func(c Contribution) string { return string(c.Frequency) }),
		db.Array(db.Column(all, func(c Contribution) int64 { return c.Amount.Minor })),
		texts(func(c Contribution) string { return string(c.Amount.Currency) }),
		texts(func(c Contribution) string { return c.Article }), texts(func(c Contribution) string { return c.Name }),
		texts(func(c Contribution) string { return c.Email }), texts(func(c Contribution) string { return c.Message }),
		texts(func(c Contribution) string { return string(c.Naming) }),
		db.Array(db.Column(all, func(c Contribution) bool { return c.CoverFee })),
		texts(func(c Contribution) string { return c.Source.UTM.Source }),
		texts(func(c Contribution) string { return c.Source.Medium }),
		texts(func(c Contribution) string { return c.Source.Campaign }),
		texts(func(c Contribution) string { return c.Source.Term }),
		texts(func(c Contribution) string { return c.Source.Content }),
		texts(func(c Contribution) string { return instant(s.firstCheck(c)) }),
		texts(func(c Contribution) string { return instant(c.CreatedAt) }), string(ByStart),
		texts(func(c Contribution) string { return instant(c.Checkout.FirstChargeAt) }),
		texts(func(c Contribution) string { return c.Source.Variant }),
		texts(func(c Contribution) string { return c.Source.Format }),
		texts(func(c Contribution) string { return c.Source.Section }),
		texts(func(c Contribution) string { return c.Source.Author }),
		texts(func(c Contribution) string { return c.Source.ArticleRef }),
		texts(func(c Contribution) string { return string(c.Source.Referrer) }),
		db.Array(db.Column(all, func(c Contribution) bool { return c.Source.Shared })),
		db.Array(db.Column(all, func(c Contribution) int64 { return c.Covered })),
		texts(func(c Contribution) string { return c.Tribute.Kind }),
		texts(func(c Contribution) string { return c.Tribute.Name }),
		texts(func(c Contribution) string { return c.Locale }))
	if err != nil {
		return nil, err
	}
	var articles map[uuid.UUID]int64
	if err := json.Unmarshal([]byte(written), &articles); err != nil {
		return nil, fmt.Errorf("read what was written: %w", err)
	}
	return articles, nil
}

// instant formats a time for an array of texts; the zero time is empty.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
