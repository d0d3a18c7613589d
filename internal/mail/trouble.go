package mail

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// ActionAgain is the audit log's action for sending mail again. The subject is the mail's kind and key, or the state if
// all of a state were queued.
const ActionAgain audit.Action = "mail.again"

// Trouble is a mail that did not arrive, as far as we know. It contains the recipient's provider, but not the
// recipient.
type Trouble struct {
	ID     uuid.UUID
	Kind   Kind
	Key    string
	To     string // a…@example.org; empty once it is forgotten
	State  State  // Failed, Bounced or Off
	Answer string // the mail server's
	Tries  int
	Since  time.Time
	Again  bool // it can be sent again
}

// Troubles are the newest mails that did not arrive, and how many there are in each state.
type Troubles struct {
	Mails []Trouble
	Count map[State]int
}

// mostTroubles is how many are listed.
const mostTroubles = 100

// repeatable is the condition for a mail that can be sent again: its content is still kept.
const repeatable = `erased_at IS NULL AND args::text <> '{}' AND (expires_at IS NULL OR expires_at > $1)`

// Troubles lists mails that did not arrive.
func (s *Service) Troubles(ctx context.Context) (Troubles, error) {
	var rows []struct {
		ID     uuid.UUID `db:"id"`
		Kind   Kind      `db:"kind"`
		Key    string    `db:"key"`
		To     string    `db:"recipient"`
		State  State     `db:"state"`
		Answer string    `db:"answer"`
		Tries  int       `db:"tries"`
		Since  time.Time `db:"closed_at"`
		Again  bool      `db:"again"`
	}
	var counts []struct {
		State State `db:"state"`
		Count int   `db:"count"`
	}
	err := s.cfg.DB.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		err := tx.SelectContext(ctx, &rows, `
			SELECT id, kind, key, recipient, state, answer, tries, closed_at, `+repeatable+` AS again
			FROM mail WHERE state IN ('failed', 'bounced', 'off') ORDER BY closed_at DESC, id DESC LIMIT $2`,
			s.cfg.Now().UTC(), mostTroubles)
		if err != nil {
			return err
		}
		return tx.SelectContext(ctx, &counts, `
			SELECT state, count(*) AS count FROM mail WHERE state IN ('failed', 'bounced', 'off') GROUP BY state`)
	})
	if err != nil {
		return Troubles{}, fmt.Errorf("read mails that did not arrive: %w", err)
	}
	all := Troubles{Count: map[State]int{}}
	for _, c := range counts {
		all.Count[c.State] = c.Count
	}
	for _, r := range rows {
		all.Mails = append(all.Mails, Trouble{
			ID: r.ID, Kind: r.Kind, Key: r.Key, To: masked(r.To), State: r.State, Tries: r.Tries, Since: r.Since.UTC(),
			Again: r.Again, Answer: r.Answer,
		})
	}
	return all, nil
}

// masked shows the provider of an address, and not whose address it is.
func masked(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return ""
	}
	first := []rune(address)[:1]
	return string(first) + "…" + address[at:]
}

// withoutAddress is a mail server's answer without the recipient's address, which most servers repeat: the answer is
// logged, and is kept with other mails that the server refused at the same time.
func (q queued) withoutAddress(answer string) string {
	if to, _, err := address(q.Recipient); err == nil {
		answer = strings.ReplaceAll(answer, to.Address, masked(to.Address))
	}
	if q.Recipient != "" {
		answer = strings.ReplaceAll(answer, q.Recipient, masked(q.Recipient))
	}
	return answer
}

// By is the acting account of the staff.
type By struct {
	ID   uuid.UUID
	Name string
}

// again queues mails again. Their attempts count from zero, and they keep their Message-ID.
const again = `
	UPDATE mail SET state = 'queued', due_at = $1, wanted_at = $1, closed_at = NULL, tries = 0, answer = ''
	WHERE state IN ('failed', 'bounced', 'off') AND ` + repeatable

// Again sends one mail again. The error is fault.Conflict if it cannot be sent again, or is already being sent.
func (s *Service) Again(ctx context.Context, id uuid.UUID, by By) error {
	return s.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var kind, key string
		row := tx.QueryRowxContext(ctx, again+` AND id = $2 RETURNING kind, key`, s.cfg.Now().UTC(), id)
		switch err := row.Scan(&kind, &key); {
		case db.IsNotFound(err):
			return fault.New(fault.Conflict, "mail.changed")
		case err != nil:
			return fmt.Errorf("send mail %s again: %w", id, err)
		}
		return s.audit(ctx, tx, by, kind+" "+key)
	})
}

// AgainAll sends every mail of a state again that can be, and returns how many those are. The error is fault.Invalid
// for a state other than failed, bounced and off.
func (s *Service) AgainAll(ctx context.Context, state State, by By) (n int64, err error) {
	if state != Failed && state != Bounced && state != Off {
		return 0, fault.Input("state", "mail.state_unknown")
	}
	err = s.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// Locked by rising id, as by write.
		done, err := tx.ExecContext(ctx, again+`
			AND id IN (SELECT id FROM mail WHERE state = $2 ORDER BY id FOR UPDATE)`, s.cfg.Now().UTC(), string(state))
		if err != nil {
			return fmt.Errorf("send mails again: %w", err)
		}
		if n, err = done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return s.audit(ctx, tx, by, fmt.Sprintf("%d × %s", n, state))
	})
	return n, err
}

func (s *Service) audit(ctx context.Context, tx *sqlx.Tx, by By, subject string) error {
	return audit.Write(ctx, tx, audit.Entry{
		At: s.cfg.Now().UTC(), StaffID: by.ID, Actor: by.Name, Action: ActionAgain, Subject: subject,
	})
}
