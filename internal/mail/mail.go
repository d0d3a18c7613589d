// Package mail sends mail to readers. Enqueue stores a mail in the transaction that makes its content true; it is sent
// later: at least once, and marked as sent once.
//
// It does not decide which mails to send: the packages that know the facts do. It does not receive mail either; the
// operator's mail server hands in bounce reports with "readerfund mail bounce".
package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/text"
)

// Message is one mail to enqueue. Kind and Key together identify the fact that it reports, and each fact is reported
// once.
type Message struct {
	Kind   Kind
	Key    string // identifies the fact: the id of a payment, of a change. Nothing personal, because it is kept
	To     string // an address alone; if it is empty, nothing is enqueued
	Name   string // the recipient's, as they wrote it; may be empty
	Locale string // BCP 47; empty for the publication's own
	Args   any    // what the mail says: the struct that belongs to Kind. Kept as JSON until Config.Retention is over

	NotBefore time.Time // zero: at once
	NotAfter  time.Time // when it would be useless, such as an expired link; zero: never
}

// State is how far a mail has got.
type State string

// The states. A mail that is queued is tried until it leaves this state; staff can queue it again from failed, bounced
// and off.
const (
	Queued  State = "queued"
	Sent    State = "sent"    // the mail server took it
	Failed  State = "failed"  // the mail server refused it for good, or it cannot be composed
	Bounced State = "bounced" // the mail server took it, and it came back
	Expired State = "expired" // it could not be sent before its time was over
	Off     State = "off"     // it was due while no mail server was set
)

// row is a message as the INSERT unpacks it. All external input in it has been cleaned.
type row struct {
	ID        uuid.UUID  `json:"id"`
	Kind      Kind       `json:"kind"`
	Key       string     `json:"key"`
	Recipient string     `json:"recipient"`
	Name      string     `json:"name"`
	Locale    string     `json:"locale"`
	Args      string     `json:"args"` // JSON as a text: json_to_recordset would not take a \u0000 in it
	Due       time.Time  `json:"due_at"`
	Expires   *time.Time `json:"expires_at"`
}

// Enqueue stores messages, to be sent once the caller's transaction is committed. A fact that was already reported is
// not reported again. For any number of messages it runs one statement, and it makes no network call.
//
// An invalid address is not an error here, because what the mail reports is true all the same: the mail fails when it
// is to be sent. An error is either a programming mistake (an unknown kind, or the arguments of another kind) or the
// database's.
func Enqueue(ctx context.Context, tx *sqlx.Tx, now time.Time, all ...Message) error {
	rows := make([]row, 0, len(all))
	for _, m := range all {
		if m.To == "" {
			continue
		}
		r, err := m.row(now)
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("enqueue mail: %w", err)
	}
	// In the order of the unique key, so that two transactions with the same facts cannot deadlock.
	_, err = tx.ExecContext(ctx, `
		INSERT INTO mail (id, kind, key, recipient, name, locale, args, created_at, wanted_at, due_at, expires_at)
		SELECT id, kind, key, recipient, name, locale, args::json, $2, due_at, due_at, expires_at
		FROM json_to_recordset($1::json) AS m (
			id uuid, kind text, key text, recipient text, name text, locale text, args text, due_at timestamptz,
			expires_at timestamptz)
		ORDER BY kind, key
		ON CONFLICT (kind, key) DO NOTHING`, string(list), now.UTC())
	if err != nil {
		return db.Translate(fmt.Errorf("enqueue mail: %w", err))
	}
	return nil
}

// row checks a message against its kind.
func (m Message) row(now time.Time) (row, error) {
	k, known := kinds[m.Kind]
	switch {
	case !known:
		return row{}, fmt.Errorf("enqueue mail: there is no kind %q", m.Kind)
	case m.Key == "":
		return row{}, fmt.Errorf("enqueue mail: %q has no key", m.Kind)
	case reflect.TypeOf(m.Args) != k.args:
		return row{}, fmt.Errorf("enqueue mail: %q takes %s, not %T", m.Kind, k.args, m.Args)
	}
	args, err := json.Marshal(m.Args)
	if err != nil {
		return row{}, fmt.Errorf("enqueue mail %q: %w", m.Kind, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return row{}, fmt.Errorf("enqueue mail: %w", err)
	}
	r := row{
		ID: id, Kind: m.Kind, Key: m.Key, Recipient: text.Line(m.To), Name: text.Line(m.Name), Locale: text.Line(m.Locale),
		Args: string(args), Due: now.UTC(),
	}
	if m.NotBefore.After(now) {
		r.Due = m.NotBefore.UTC()
	}
	if !m.NotAfter.IsZero() {
		until := m.NotAfter.UTC()
		r.Expires = &until
	}
	return r, nil
}
