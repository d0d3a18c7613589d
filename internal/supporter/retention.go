package supporter

import (
	"context"
	"fmt"
	"strings"
	"time"

	"readerfund/internal/db"
)

// Retention is how long what names people is kept where nobody needs it any more.
type Retention struct {
	Deliveries time.Duration // headers and bodies of webhook deliveries, and details of differences that are closed
	Unpaid     time.Duration // names, addresses and messages of gifts that were never paid
	Undecided  []string      // the states of gifts that may still become money; those are left alone
}

// settled is when a delivery's body is needed no more: the event was applied, or is about nothing of ours. An event
// that is parked keeps it, because a person may have it worked on again.
const settled = `w.due_at IS NULL AND w.state IN ('applied', 'ignored')`

// eraseBodies empties deliveries that a condition on w picks; its first parameter is the time. The digest still tells a
// copy from another body. It returns a row for each. They are locked by rising id, as by all that changes several.
func eraseBodies(which string) string {
	return `
	WITH locked AS (
		SELECT w.id FROM webhook_event w WHERE w.body_erased_at IS NULL AND ` + which + ` ORDER BY w.id FOR NO KEY UPDATE),
	erased AS (
		UPDATE webhook_event w
		SET body_digest = coalesce(w.body_digest, sha256(w.body)), body = '', headers = '{}', body_erased_at = $1
		FROM locked WHERE w.id = locked.id RETURNING w.id),
	gone AS (DELETE FROM webhook_body b USING erased e WHERE b.event_id = e.id)
	SELECT id FROM erased`
}

// personal are the keys of a difference's detail that say who paid.
func personal() any {
	return texts([]string{"note", "payer_id", "payer_email", "payer_given_name", "payer_surname", "payer_country"})
}

// batch is how many rows one statement goes through: it answers well within the time after which the database counts as
// lost, and holds no lock for long.
const batch = 5000

// Forget takes away what has been kept for long enough. It may run twice, and at once.
func (s *Service) Forget(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) (int64, error)
	}{
		{"deliveries", s.forgetDeliveries},
		{"deliveries about people who were erased", s.forgetErased},
		{"refused deliveries", s.forgetRefused},
		{"payers of closed differences", s.forgetDifferences},
		{"words of gifts never paid", s.forgetUnpaid},
		{"payers without a gift", s.forgetProfiles},
		{"postal addresses without a gift", s.forgetAddresses},
	} {
		n, err := step.do(ctx)
		if err != nil {
			return db.Translate(fmt.Errorf("forget %s: %w", step.what, err))
		}
		if n > 0 {
			s.log.InfoContext(ctx, "forgot "+step.what, "rows", n)
		}
	}
	return nil
}

// forgetDeliveries goes through the table by its key, which rises with the time of receipt.
func (s *Service) forgetDeliveries(ctx context.Context) (total int64, err error) {
	now := s.now().UTC()
	before := now.Add(-s.retention.Deliveries)
	for after := int64(0); ; {
		var last *int64
		err := s.db.GetContext(ctx, &last, `
			SELECT max(id) FROM (
			    SELECT id FROM webhook_event WHERE id > $1 AND received_at < $2 ORDER BY id LIMIT $3) b`, after, before, batch)
		if err != nil || last == nil {
			return total, err
		}
		n, err := s.rows(ctx, eraseBodies(settled+` AND w.id > $2 AND w.id <= $3 AND w.received_at < $4`),
			now, after, *last, before)
		if err != nil {
			return total, err
		}
		total, after = total+n, *last
	}
}

// forgetErased empties what came about a contribution after its person was erased, or was being worked on then; and the
// bodies of deliveries that a version of this program emptied which knew only webhook_event.
func (s *Service) forgetErased(ctx context.Context) (int64, error) {
	n, err := s.rows(ctx, eraseBodies(settled+`
		AND w.contribution_id IN (SELECT id FROM contribution WHERE erased_at IS NOT NULL)`), s.now().UTC())
	if err != nil {
		return n, err
	}
	left, err := s.rows(ctx, `
		DELETE FROM webhook_body b USING webhook_event w WHERE w.id = b.event_id AND w.body_erased_at IS NOT NULL`)
	return n + left, err
}

func (s *Service) forgetRefused(ctx context.Context) (int64, error) {
	now := s.now().UTC()
	return s.rows(ctx, eraseRefused(`last_seen_at < $2`), now, now.Add(-s.retention.Deliveries))
}

// eraseRefused empties refused deliveries that a condition picks; its first parameter is the time. They are locked by
// rising key, so that two erasures do not hold what the other waits for.
func eraseRefused(which string) string {
	return `
	WITH locked AS (
		SELECT transmission_id FROM suspect_delivery WHERE body_erased_at IS NULL AND ` + which + `
		ORDER BY transmission_id FOR NO KEY UPDATE)
	UPDATE suspect_delivery d SET headers = '{}', body = '', body_erased_at = $1
	FROM locked WHERE d.transmission_id = locked.transmission_id`
}

func (s *Service) forgetDifferences(ctx context.Context) (int64, error) {
	now := s.now().UTC()
	// SKIP LOCKED: one that is being changed is looked at again the next day, and is waited for by none.
	return s.rows(ctx, `
		UPDATE discrepancy SET detail = detail - $1::text[], erased_at = $2
		WHERE id IN (
		    SELECT id FROM discrepancy
		    WHERE erased_at IS NULL AND detail IS NOT NULL AND state <> 'open' AND closed_at < $3 FOR UPDATE SKIP LOCKED)`,
		personal(), now, now.Add(-s.retention.Deliveries))
}

// forgetUnpaid takes the words of gifts that came to nothing. What may still become money is left alone: a payment that
// waits, an approval that is not captured yet.
func (s *Service) forgetUnpaid(ctx context.Context) (total int64, err error) {
	// Each condition has a partial index of its own.
	for _, words := range []string{
		`(c.name <> '' OR c.email <> '' OR c.message <> '' OR c.supporter_id IS NOT NULL)`, `c.tribute_name <> ''`,
	} {
		n, err := s.forgetUnpaidWith(ctx, words)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (s *Service) forgetUnpaidWith(ctx context.Context, words string) (total int64, err error) {
	before := s.now().UTC().Add(-s.retention.Unpaid)
	for {
		n, err := s.rows(ctx, `
			UPDATE contribution SET name = '', email = '', message = '', naming = '', tribute_name = '', supporter_id = NULL,
			    intent_digest = sha256(('forgotten ' || id)::bytea)
			WHERE id IN (
			    SELECT c.id FROM contribution c
			    WHERE c.created_at < $1 AND c.completed_at IS NULL
			      AND `+words+`
			      AND c.state <> ALL ($3::text[])
			      AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.contribution_id = c.id AND p.status <> 'declined')
			    ORDER BY c.id LIMIT $2 FOR UPDATE OF c SKIP LOCKED)`, before, batch, db.Array(s.retention.Undecided))
		total += n
		if err != nil || n < batch {
			return total, err
		}
	}
}

// forgetProfiles takes payers away whose gifts have all been forgotten.
func (s *Service) forgetProfiles(ctx context.Context) (int64, error) {
	// SKIP LOCKED: a payer who is giving again at this moment is left alone.
	return s.rows(ctx, `
		DELETE FROM supporter WHERE id IN (
		    SELECT s.id FROM supporter s
		    WHERE s.updated_at < $1 AND NOT EXISTS (SELECT 1 FROM contribution c WHERE c.supporter_id = s.id)
		    FOR UPDATE OF s SKIP LOCKED)`, s.now().UTC().Add(-s.retention.Unpaid))
}

// forgetAddresses takes postal addresses away whose readers' gifts have all been forgotten, or were erased while the
// address was being saved, or by a version of this program that did not know of it; and those on the receipts of such
// erased gifts.
func (s *Service) forgetAddresses(ctx context.Context) (int64, error) {
	kept, err := s.rows(ctx, `
		DELETE FROM receipt_address a
		WHERE NOT EXISTS (SELECT 1 FROM supporter s WHERE s.email = a.email)
		  AND NOT EXISTS (SELECT 1 FROM contribution c WHERE c.email <> '' AND lower(c.email) = a.email)`)
	if err != nil {
		return kept, err
	}
	// From the few that were erased, by contribution_erased, to their receipts by receipt_contribution.
	printed, err := s.rows(ctx, `
		UPDATE receipt SET name = '', address = '', country = ''
		WHERE address <> '' AND contribution_id IN (SELECT id FROM contribution WHERE erased_at IS NOT NULL)`)
	return kept + printed, err
}

func (s *Service) rows(ctx context.Context, query string, args ...any) (int64, error) {
	done, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

func texts(all []string) any { return db.Array(all) }

// escapeLike makes a text stand for itself in a LIKE pattern.
func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
