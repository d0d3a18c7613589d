package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
)

// lane is a share of the mails, claimed and sent separately.
type lane struct {
	where string // which mails
	most  int    // how many are claimed by one statement
	// held is how long claimed mails are left alone: long enough to send them all to a slow server. What was claimed by
	// a process that died is sent after that.
	held time.Duration
}

// The lanes. Each condition has its index, mail_prompt and mail_due.
var (
	prompt  = lane{`due_at IS NOT NULL AND kind IN (` + promptKinds() + `)`, 50, 4 * time.Minute}
	patient = lane{`due_at IS NOT NULL AND kind NOT IN (` + promptKinds() + `)`, 200, 10 * time.Minute}
)

// queued is a mail that was claimed, to be sent now.
type queued struct {
	ID        uuid.UUID  `db:"id"`
	Kind      Kind       `db:"kind"`
	Recipient string     `db:"recipient"`
	Name      string     `db:"name"`
	Locale    string     `db:"locale"`
	Args      []byte     `db:"args"`
	MessageID string     `db:"message_id"`
	Tries     int        `db:"tries"` // including this one
	Expires   *time.Time `db:"expires_at"`
}

// claim claims mails of a lane that are due. It is one statement, and so its own transaction. A mail gets its
// Message-ID here, before it can have left this machine, and keeps it.
func (s *Service) claim(ctx context.Context, l lane, now time.Time) ([]queued, error) {
	var rows []queued
	err := s.cfg.DB.SelectContext(ctx, &rows, `
		WITH due AS MATERIALIZED (
			SELECT id FROM mail WHERE due_at <= $1 AND `+l.where+` ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
		UPDATE mail m SET
			due_at = $3, tried_at = $1, tries = m.tries + 1,
			message_id = CASE m.message_id WHEN '' THEN m.id || '@' || $4 ELSE m.message_id END
		FROM due WHERE m.id = due.id
		RETURNING m.id, m.kind, m.recipient, m.name, m.locale, m.args, m.message_id, m.tries, m.expires_at`,
		now.UTC(), l.most, now.Add(l.held).UTC(), s.domain())
	if err != nil {
		return nil, db.Translate(fmt.Errorf("claim mails: %w", err))
	}
	return rows, nil
}

// ending is the record of a mail after an attempt. Its JSON is what the UPDATE unpacks.
type ending struct {
	ID     uuid.UUID  `json:"id"`
	State  State      `json:"state"`
	Answer string     `json:"answer"`
	Due    *time.Time `json:"due_at"`
	Closed *time.Time `json:"closed_at"`
	Back   int        `json:"back"`   // attempts that do not count
	Secret bool       `json:"secret"` // delete the arguments
}

// writeWithin is how long saving the end of an attempt may take, also when the process is to stop.
const writeWithin = 10 * time.Second

// write saves the outcomes of mails. A mail that has left the state queued meanwhile stays as it is: another process
// may have sent it, too, and it is marked once.
func (s *Service) write(ctx context.Context, all []ending) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
	defer cancel()
	list, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("write down what became of mails: %w", err)
	}
	var written []State
	// Locked by rising id, as by Erase and AgainAll, so that none of them holds what the other waits for.
	err = s.cfg.DB.SelectContext(ctx, &written, `
		WITH ending AS (
			SELECT * FROM json_to_recordset($1::json) AS e (
				id uuid, state text, answer text, due_at timestamptz, closed_at timestamptz, back integer, secret boolean)),
		locked AS (SELECT id FROM mail WHERE id IN (SELECT id FROM ending) ORDER BY id FOR UPDATE)
		UPDATE mail m SET
			state = e.state, answer = e.answer, due_at = e.due_at, closed_at = e.closed_at, tries = m.tries - e.back,
			args = CASE WHEN e.secret THEN '{}' ELSE m.args END
		FROM locked JOIN ending e USING (id)
		WHERE m.id = locked.id AND m.state = 'queued'
		RETURNING m.state`, string(list))
	if err != nil {
		return db.Translate(fmt.Errorf("write down what became of mails: %w", err))
	}
	for _, state := range written {
		s.cfg.Metrics.Mail(string(state))
	}
	return nil
}

// switchOff closes the mails that are due while there is no mail server. They are not sent by surprise once there is
// one: staff can queue again those that they still want to be sent.
func (s *Service) switchOff(ctx context.Context) error {
	// SKIP LOCKED: what another statement is changing is looked at again by the next round.
	done, err := s.cfg.DB.ExecContext(ctx, `
		UPDATE mail SET state = 'off', due_at = NULL, closed_at = $1
		WHERE id IN (SELECT id FROM mail WHERE due_at <= $1 FOR UPDATE SKIP LOCKED)`, s.cfg.Now().UTC())
	if err != nil {
		return db.Translate(fmt.Errorf("close mails while mail is off: %w", err))
	}
	if n, err := done.RowsAffected(); err == nil && n > 0 {
		s.cfg.Log.WarnContext(ctx, "mails were not sent, because SMTP_URL is not set", "mails", n)
	}
	return nil
}

// Forget deletes what identifies people in mails that are old enough. It may run twice, and at once.
func (s *Service) Forget(ctx context.Context) error {
	now := s.cfg.Now().UTC()
	for {
		done, err := s.cfg.DB.ExecContext(ctx, `
			UPDATE mail SET recipient = '', name = '', args = '{}', answer = '', erased_at = $1
			WHERE id IN (
				SELECT id FROM mail WHERE closed_at < $2 AND erased_at IS NULL LIMIT 5000 FOR UPDATE SKIP LOCKED)`,
			now, now.Add(-s.cfg.Retention))
		if err != nil {
			return db.Translate(fmt.Errorf("forget mails: %w", err))
		}
		if n, err := done.RowsAffected(); err != nil || n < 5000 {
			return err
		}
	}
}

// Erase deletes what identifies a person in the mails to an address, and returns how many mails that were. Mails that
// were still queued are not sent, because they have no recipient any more.
func Erase(ctx context.Context, tx *sqlx.Tx, address string, now time.Time) (int64, error) {
	// Locked by rising id, as by write.
	done, err := tx.ExecContext(ctx, `
		WITH locked AS (
			SELECT id FROM mail WHERE lower(recipient) = lower($1) AND recipient <> '' ORDER BY id FOR UPDATE)
		UPDATE mail m SET recipient = '', name = '', args = '{}', answer = '', erased_at = $2, due_at = NULL,
			state = CASE state WHEN $3 THEN $4 ELSE state END, closed_at = coalesce(closed_at, $2)
		FROM locked WHERE m.id = locked.id`, address, now.UTC(), string(Queued), string(Expired))
	if err != nil {
		return 0, fmt.Errorf("erase mails: %w", err)
	}
	return done.RowsAffected()
}
