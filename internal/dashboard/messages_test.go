package dashboard_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/listing"
)

// writes are gifts with messages, the newest last; one that begins with "!" is read.
func (b *book) writes(messages ...string) {
	b.t.Helper()
	for n, text := range messages {
		when := at("2026-03-28T22:00:00Z").Add(time.Duration(n) * time.Minute)
		g := b.Give(gift{ID: uuid.MustParse(fmt.Sprintf("01900000-0000-7000-8000-%012d", n)), At: when})
		text, read := strings.CutPrefix(text, "!")
		b.Exec(`UPDATE contribution SET message = $2 WHERE id = $1`, g.ID, text)
		if read {
			b.Exec(`UPDATE contribution SET message_read_at = $2, message_read_by = 'ada@example.org' WHERE id = $1`,
				g.ID, when.Add(time.Hour))
		}
	}
}

// listed are the messages of all pages, one line for each page.
func listed(t *testing.T, v *dashboard.Views, search string) string {
	t.Helper()
	var pages []string
	for q := (dashboard.MessagesQuery{Search: search}); ; {
		p, err := v.Messages(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var line []string
		for _, m := range p.Messages {
			line = append(line, m.WithGift)
		}
		pages = append(pages, strings.Join(line, " "))
		if q.After = p.Next; p.Next == "" {
			return strings.Join(pages, "\n")
		}
	}
}

func TestUnreadMessagesComeFirst(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.writes("a", "!b", "c", "", "!d")
	b.Exec(`UPDATE contribution SET completed_at = NULL WHERE message = 'a'`)
	v := dashboard.New(b.DB, time.UTC)
	if got := listed(t, v, ""); got != "c d b" {
		t.Errorf("listed are %s", got)
	}
	if n, err := v.UnreadMessages(t.Context()); err != nil || n != 1 {
		t.Errorf("%d are unread: %v", n, err)
	}
	p, err := v.Messages(t.Context(), dashboard.MessagesQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if m := p.Messages[1]; m.ReadBy != "ada@example.org" || !m.ReadAt.Equal(at("2026-03-28T23:04:00Z")) || m.Unread() {
		t.Errorf("the second was read by %s at %s", m.ReadBy, m.ReadAt)
	}
}

func TestPagesOfMessagesLeaveNoneOut(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	var all, want []string
	for n := range listing.DefaultLimit + 10 {
		all = append(all, fmt.Sprint("u", n))
	}
	for n := range listing.DefaultLimit {
		all = append(all, fmt.Sprint("!r", n))
	}
	b.writes(all...)
	for n := listing.DefaultLimit + 9; n >= 0; n-- {
		want = append(want, fmt.Sprint("u", n))
	}
	for n := listing.DefaultLimit - 1; n >= 0; n-- {
		want = append(want, fmt.Sprint("r", n))
	}
	got := listed(t, dashboard.New(b.DB, time.UTC), "")
	if pages := strings.Count(got, "\n") + 1; pages != 3 ||
		strings.Join(strings.Fields(got), " ") != strings.Join(want, " ") {
		t.Errorf("%d pages:\n%s", pages, got)
	}
}

func TestSearchFindsMessages(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.writes("The river and the mayor", "!Über den Fluss", "Thanks")
	b.Exec(`UPDATE contribution SET later_message = 'More about the MAYOR', name = 'Zoë Müller', email = 'z@example.net',
		receipt = 'K7M3-9QX2' WHERE message = 'Thanks'`)
	v := dashboard.New(b.DB, time.UTC)
	for search, want := range map[string]string{
		"mayor": "Thanks|The river and the mayor", "mayor river": "The river and the mayor", "uber fluss": "Über den Fluss",
		"mueller": "Thanks", "z@example.net": "Thanks", "k7m3 9qx2": "Thanks",
		" ":           "Thanks|The river and the mayor|Über den Fluss",
		"mayor fluss": "", "%": "", ".*": "", strings.Repeat("ä", 500): "",
		"ann@example": "The river and the mayor|Über den Fluss",
	} {
		p, err := v.Messages(t.Context(), dashboard.MessagesQuery{Search: search})
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, m := range p.Messages {
			found = append(found, m.WithGift)
		}
		if got := strings.Join(found, "|"); got != want {
			t.Errorf("%.20q finds %q, want %q", search, got, want)
		}
	}
	for _, q := range []dashboard.MessagesQuery{
		{After: "x"}, {After: "unread-"}, {After: "read-x"}, {Search: "\x00"}, {Search: "\xff"},
	} {
		if _, err := v.Messages(t.Context(), q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}
