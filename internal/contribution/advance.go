package contribution

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/checkout"
	"readerfund/internal/db"
)

// step moves a contribution from the version that was read to the next, with the line that its history gets.
type step struct {
	was, next Contribution
	checkAt   time.Time
	event     Event
}

// Advance moves a contribution that has no payment yet from the version that was read to next and adds the event to
// its history. One statement writes and commits both; moves that are requested at the same time share it. The error
// is sql.ErrNoRows when the contribution has changed since it was read, or is being changed.
func (s *Service) Advance(ctx context.Context, was Contribution, next *Contribution, e Event) error {
	now := s.now()
	next.UpdatedAt = now.UTC().Truncate(time.Microsecond)
	failure, err := s.moved.Do(ctx, step{
		was: was, next: *next, event: e, checkAt: next.Checkout.NextCheck(checkout.Money{}, 0, now, s.sweepEvery),
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("save contribution %s: %w", was.ID, err)
	}
	return nil
}

// advanceAll moves several contributions and returns an error for each. When the server refuses the statement because
// of one of them, each is moved alone.
func (s *Service) advanceAll(ctx context.Context, all []step) ([]error, error) {
	failures := make([]error, len(all))
	if len(all) > 1 {
		moved, err := s.advanceMany(ctx, all)
		if err == nil {
			for n, a := range all {
				if !slices.Contains(moved, a.was.ID.String()) {
					failures[n] = sql.ErrNoRows
				}
			}
			return failures, nil
		}
		if !refusedOne(err) {
			return nil, err
		}
	}
	for n, a := range all {
		failures[n] = s.advanceOne(ctx, a)
	}
	return failures, nil
}

// advanceOne and advanceMany are the same statement, as insertOne and insertMany are.
func (s *Service) advanceOne(ctx context.Context, a step) error {
	k, e := a.next.Checkout, a.event
	_, err := db.GetOnce[uuid.UUID](ctx, s.db, `
		WITH moved AS (
			UPDATE contribution
			SET state = $4, reason = $5, order_id = nullif($6, ''), approve_url = $7, gone_since = $8, gone = $9,
			    check_at = $10, checks = 0, updated_at = $11
			WHERE id = $1 AND state = $2 AND updated_at = $3 AND order_id IS NULL RETURNING id)
		INSERT INTO contribution_event (contribution_id, fact, detail, paypal_ref, from_state, to_state, source, at)
		SELECT id, $12, $13, $14, $2, $4, $15, $11 FROM moved
		RETURNING contribution_id`,
		a.was.ID, string(a.was.State), a.was.UpdatedAt,
		string(a.next.State), a.next.Reason, k.PayPalID, k.ApproveURL, null(k.MissingSince), k.Gone,
		null(a.checkAt), a.next.UpdatedAt, e.Kind, e.Detail, e.Ref, string(e.Way))
	return err
}

// advanceMany returns the ids of those it moved. It skips rows that another transaction has locked, so that the
// others do not wait for them.
func (s *Service) advanceMany(ctx context.Context, all []step) ([]string, error) {
	texts := func(of func(step) string) any { return db.Array(db.Column(all, of)) }
	moved, err := db.GetOnce[string](ctx, s.db, `
		WITH next AS (
			SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
			                     $8::text[], $9::boolean[], $10::text[], $11::timestamptz[], $12::text[], $13::text[],
			                     $14::text[], $15::text[])
				AS n (id, was, was_at, state, reason, order_id, approve_url, gone_since, gone, check_at, at, fact, detail, ref,
				      source)),
		free AS (
			SELECT c.id FROM contribution c WHERE c.id IN (SELECT id FROM next) ORDER BY c.id FOR UPDATE SKIP LOCKED),
		moved AS (
			UPDATE contribution c
			SET state = n.state, reason = n.reason, order_id = nullif(n.order_id, ''), approve_url = n.approve_url,
			    gone_since = nullif(n.gone_since, '')::timestamptz, gone = n.gone,
			    check_at = nullif(n.check_at, '')::timestamptz, checks = 0, updated_at = n.at
			FROM free f JOIN next n USING (id)
			WHERE c.id = f.id AND c.state = n.was AND c.updated_at = n.was_at AND c.order_id IS NULL RETURNING c.id),
		history AS (
			INSERT INTO contribution_event (contribution_id, fact, detail, paypal_ref, from_state, to_state, source, at)
			SELECT n.id, n.fact, n.detail, n.ref, n.was, n.state, n.source, n.at FROM moved m JOIN next n USING (id))
		SELECT coalesce(string_agg(id::text, ' '), '') FROM moved`,
		texts(func(a step) string { return a.was.ID.String() }), texts(func(a step) string { return string(a.was.State) }),
		texts(func(a step) string { return instant(a.was.UpdatedAt) }),
		texts(func(a step) string { return string(a.next.State) }), texts(func(a step) string { return a.next.Reason }),
		texts(func(a step) string { return a.next.Checkout.PayPalID }),
		texts(func(a step) string { return a.next.Checkout.ApproveURL }),
		texts(func(a step) string { return instant(a.next.Checkout.MissingSince) }),
		db.Array(db.Column(all, func(a step) bool { return a.next.Checkout.Gone })),
		texts(func(a step) string { return instant(a.checkAt) }),
		texts(func(a step) string { return instant(a.next.UpdatedAt) }),
		texts(func(a step) string { return a.event.Kind }), texts(func(a step) string { return a.event.Detail }),
		texts(func(a step) string { return a.event.Ref }), texts(func(a step) string { return string(a.event.Way) }))
	return strings.Fields(moved), err
}
