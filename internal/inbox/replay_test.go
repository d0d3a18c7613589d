package inbox_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/inbox"
)

// noted are the audit entries of replays: actor, subject and what was before.
func (p *postbox) noted() (all []string) {
	p.T.Helper()
	var rows []struct {
		Actor   string        `db:"actor"`
		StaffID uuid.NullUUID `db:"staff_id"`
		Subject string        `db:"subject"`
		Detail  []byte        `db:"detail"`
	}
	if err := p.DB.SelectContext(
		p.T.Context(),
		&rows,
		`SELECT actor, staff_id, subject, detail FROM audit_entry WHERE action = 'inbox.replay' ORDER BY id`,
	); err != nil {
		p.T.Fatal(err)
	}
	for _, row := range rows {
		var detail map[string]string
		if err := json.Unmarshal(row.Detail, &detail); err != nil {
			p.T.Fatal(err)
		}
		all = append(
			all,
			fmt.Sprintf("%s %v %s %s→%s", row.Actor, row.StaffID.Valid, row.Subject, detail["before"], detail["after"]),
		)
	}
	return all
}

func TestReplayIsAuditedWithTheChange(t *testing.T) {
	t.Parallel()
	p := open(t)
	id := uuid.New()
	if _, err := p.DB.ExecContext(
		t.Context(),
		`INSERT INTO staff (id, email, password_hash, role, created_at) VALUES ($1, 'ed@example.org', '', 'editor', now())`,
		id,
	); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DB.ExecContext(t.Context(), `
		INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, headers, body, received_at, state, attempts, processed_at)
		SELECT 'WH-' || i, 't' || i, now(), 'PAYMENT.CAPTURE.COMPLETED', '{}', '{}'::bytea, now(), CASE WHEN i = 1 THEN 'applied' ELSE 'parked' END, 20, now()
		FROM generate_series(1, 1103) i`); err != nil {
		t.Fatal(err)
	}
	n, err := p.Replay(
		t.Context(),
		[]string{"WH-1", "WH-2", "WH-NONE"},
		contribution.Actor{ID: id, Name: "ed@example.org"},
	)
	if err != nil || n != 2 ||
		p.Count(
			`webhook_event WHERE state = 'received' AND attempts = 0 AND due_at IS NOT NULL AND processed_at IS NULL`,
		) != 2 {
		t.Fatalf("replayed %d, %v", n, err)
	}
	if got := fmt.Sprint(
		p.noted(),
	); got != "[ed@example.org true WH-1 applied→received ed@example.org true WH-2 parked→received]" {
		t.Errorf("audited %s", got)
	}
	// All that are parked, in several batches, by the command line.
	n, err = inbox.ReplayParked(t.Context(), p.DB, contribution.Actor{Name: audit.CommandLine}, p.Clock.Now())
	if err != nil || n != 1101 || p.Count(`webhook_event WHERE state = 'parked'`) != 0 {
		t.Errorf("replayed %d, %v", n, err)
	}
	if all := p.noted(); len(all) != 1103 || all[1102] != "command line false WH-1103 parked→received" {
		t.Errorf("%d entries, the last is %q", len(all), all[len(all)-1])
	}
	// What cannot be audited is not done.
	if _, err := p.DB.ExecContext(
		t.Context(),
		`UPDATE webhook_event SET state = 'parked' WHERE event_id = 'WH-7'`,
	); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Replay(
		t.Context(),
		[]string{"WH-7"},
		contribution.Actor{ID: uuid.New(), Name: "nobody"},
	); err == nil || n != 0 ||
		p.Count(`webhook_event WHERE state = 'parked'`) != 1 {
		t.Errorf("replayed %d for an account that there is not, %v", n, err)
	}
}
