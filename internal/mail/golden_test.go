package mail_test

import (
	"flag"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/mail"
	"readerfund/internal/mail/catcher"
	"readerfund/internal/money"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// samples is a mail of each kind, and more than one where a kind has more than one face. A golden has the name of its
// sample; what comes before the dot is the kind.
func samples() map[string]mail.Message {
	return map[string]mail.Message{
		"manage_link":  {Args: mail.ManageLinkArgs{URL: "https://give.example.org/manage/TQ5JH2K4", Minutes: 15}},
		"receipt":      {Args: receiptArgs("receipt")},
		"receipt.back": {Args: receiptArgs("cancellation")},
		"statement":    {Args: mail.StatementArgs{Year: 2026, URL: "https://give.example.org/statements/0197/2026?key=abc"}},

		"welcome": {Args: giftArgs(func(*mail.GiftArgs) {})},
		"welcome.later": {Args: giftArgs(func(a *mail.GiftArgs) {
			a.First, a.Next, a.Scheduled = a.Next, time.Time{}, true
		})},
		"changed": {Args: giftArgs(func(a *mail.GiftArgs) {
			a.Before, a.FrequencyBefore = money.New(500, "EUR"), "year"
		})},
		"changed.late": {Args: giftArgs(func(a *mail.GiftArgs) {
			a.Before, a.FrequencyBefore, a.MissesNext = money.New(500, "EUR"), "month", true
		})},
		"paused": {Args: giftArgs(func(a *mail.GiftArgs) {
			a.Until = time.Date(2027, 2, 1, 12, 0, 0, 0, time.UTC)
		})},
		"paused.open":     {Args: giftArgs(func(*mail.GiftArgs) {})},
		"paused.disputed": {Args: giftArgs(func(a *mail.GiftArgs) { a.Disputed = true })},
		"resumed":         {Args: giftArgs(func(*mail.GiftArgs) {})},
		"stopped":         {Args: giftArgs(func(a *mail.GiftArgs) { a.By = "reader" })},
		"stopped.before":  {Args: giftArgs(func(a *mail.GiftArgs) { a.By, a.First = "reader", a.Next })},
		"stopped.staff":   {Args: giftArgs(func(a *mail.GiftArgs) { a.By = "staff" })},
		"stopped.paypal":  {Args: giftArgs(func(a *mail.GiftArgs) { a.By = "paypal" })},
		"payment_failed": {Args: giftArgs(func(a *mail.GiftArgs) {
			a.Retry = time.Date(2026, 12, 20, 10, 0, 0, 0, time.UTC)
		})},
		"payment_failed.last": {Args: giftArgs(func(a *mail.GiftArgs) { a.Suspended = true })},
		"charged_after_end": {Args: giftArgs(func(a *mail.GiftArgs) {
			a.At, a.Ended = time.Date(2026, 12, 15, 10, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
		})},
		"yearly_notice": {Args: giftArgs(func(a *mail.GiftArgs) { a.Frequency = "year" })},
	}
}

func giftArgs(change func(*mail.GiftArgs)) mail.GiftArgs {
	a := mail.GiftArgs{
		Reference: "K7M3-9QX2", Amount: money.New(1000, "EUR"), Frequency: "month",
		Next: time.Date(2026, 12, 15, 10, 0, 0, 0, time.UTC), Manage: "https://give.example.org/manage/gift/0197?key=abc",
	}
	change(&a)
	return a
}

func receiptArgs(kind string) mail.ReceiptArgs {
	return mail.ReceiptArgs{
		Kind: kind, Serial: "R-2026-000123", Amount: money.New(1000, "EUR"), Frequency: "month", Title: "Receipt",
		Facts: []mail.Fact{{Label: "Receipt number", Value: "R-2026-000123"},
			{Label: "How often", Value: "every month"}},
		Paragraphs: [][]string{{"The Test Gazette has received this gift. Thank you."}, {"One line", "and another"}},
		URL:        "https://give.example.org/contributions/0197/receipt?key=abc",
		Manage:     "https://give.example.org/manage/gift/0197?key=abc",
	}
}

// rendered sends every sample, and gives what arrived.
func rendered(t *testing.T) map[string]catcher.Mail {
	t.Helper()
	o := open(t, catcher.Options{})
	all := samples()
	for name, m := range all {
		kind, _, _ := strings.Cut(name, ".")
		m.Kind, m.Key, m.To, m.Name = mail.Kind(kind), name, strings.ReplaceAll(name, ".", "-")+"@example.org", "Ada"
		o.enqueue(m)
	}
	o.send()
	mails := map[string]catcher.Mail{}
	for _, m := range o.catcher.Mails() {
		to, _, _ := strings.Cut(m.To[0], "@")
		mails[strings.ReplaceAll(to, "-", ".")] = m
	}
	if !slices.Equal(slices.Sorted(maps.Keys(mails)), slices.Sorted(maps.Keys(all))) {
		t.Fatalf("sent %v of %v", slices.Sorted(maps.Keys(mails)), slices.Sorted(maps.Keys(all)))
	}
	return mails
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	for name, m := range rendered(t) {
		for file, got := range map[string]string{
			name + ".txt": "Subject: " + m.Subject + "\n\n" + m.Text, name + ".html": m.HTML,
		} {
			path := filepath.Join("testdata", file)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is not as it was (`go test ./internal/mail -update` takes it over):\n%s", file, got)
			}
		}
	}
}

// remote finds what a mail program would fetch when it shows a mail. A link, which waits for a click, is none.
var remote = regexp.MustCompile(`(?i)\b(src|srcset|background|poster|data)\s*=|url\(|@import|<(link|img|script|iframe|object|embed|form|base)\b`)

// What holds for every kind of mail, whoever writes it.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	mails := rendered(t)
	for _, k := range mail.Kinds() {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(mails)), func(name string) bool {
			return name == string(k) || strings.HasPrefix(name, string(k)+".")
		}) {
			t.Errorf("%s has no sample", k)
		}
	}
	for name, m := range mails {
		if m.Problem != "" {
			t.Errorf("%s cannot be read: %s", name, m.Problem)
		}
		if m.Subject == "" || len([]rune(m.Subject)) > 90 {
			t.Errorf("%s: the subject %q is empty, or cut off by mail programs", name, m.Subject)
		}
		if size := len(m.Raw); size > 100<<10 { // Gmail cuts off what is longer
			t.Errorf("%s has %d bytes", name, size)
		}
		for part, text := range map[string]string{"text": m.Text, "HTML": m.HTML} {
			for _, want := range []string{house().Publication, house().Contact, house().Privacy, house().Imprint} {
				if !strings.Contains(text, want) {
					t.Errorf("%s: the %s does not have %s", name, part, want)
				}
			}
			if strings.Contains(text, "<no value>") || strings.Contains(text, "ZgotmplZ") {
				t.Errorf("%s: the %s has a hole", name, part)
			}
		}
		if found := remote.FindString(m.HTML); found != "" {
			t.Errorf("%s fetches something: %s", name, found)
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(string(m.Raw), "\r\n", "\n"), "\n") {
			if len(line) > 998 { // RFC 5322, section 2.1.1
				t.Errorf("%s has a line of %d bytes", name, len(line))
			}
		}
		for _, link := range linksOf(m.HTML) {
			if !strings.Contains(m.Text, link) {
				t.Errorf("%s: the text lacks the link %s", name, link)
			}
		}
	}
}

var href = regexp.MustCompile(`href="(https?://[^"]+)"`)

func linksOf(html string) (all []string) {
	for _, m := range href.FindAllStringSubmatch(html, -1) {
		all = append(all, m[1])
	}
	return all
}

// An operator's own template lies over ours, and is read again when it changes; a broken one stops the start.
func TestOwnTemplates(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	dir := t.TempDir()
	own := filepath.Join(dir, "mail", "manage_link.txt")
	write := func(text string) {
		if err := os.MkdirAll(filepath.Dir(own), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start := func() (*mail.Service, error) {
		return mail.New(mail.Config{
			DB: o.db, Server: o.server(), From: "give@courier.example", House: house(), TemplatesDir: dir, Now: o.clock.Now,
			Log: slog.New(slog.DiscardHandler),
		})
	}
	write(`{{define "subject"}}Ours{{end}}{{define "content"}}First.{{end}}`)
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	for key, text := range map[string]string{"1": "First.", "2": "Second."} {
		write(`{{define "subject"}}Ours{{end}}{{define "content"}}` + text + `{{end}}`)
		o.enqueue(link(key, "ada@example.org"))
		if err := s.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
		mails := o.catcher.Mails()
		if m := mails[len(mails)-1]; m.Subject != "Ours" || !strings.HasPrefix(m.Text, text) || !strings.Contains(m.HTML, "Open your page") {
			t.Errorf("%q, %q", m.Subject, m.Text)
		}
	}
	write(`{{define "subject"}}{{.Nothing`)
	if _, err := start(); err == nil || !strings.Contains(err.Error(), "TEMPLATES_DIR") {
		t.Errorf("a broken template starts: %v", err)
	}
	if err := s.Send(t.Context()); err == nil || !strings.Contains(err.Error(), "TEMPLATES_DIR") {
		t.Errorf("a template that broke while running: %v", err)
	}
}
