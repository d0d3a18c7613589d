package mail_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	netmail "net/mail"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/mail"
	"readerfund/internal/mail/catcher"
	"readerfund/internal/queue"
	"readerfund/internal/testkit"
)

// office is a database, a mail server, and who carries mails from one to the other.
type office struct {
	*testing.T
	db      *db.DB
	clock   *testkit.Clock
	catcher *catcher.Catcher
	*mail.Service
}

func open(t *testing.T, opts catcher.Options) *office {
	t.Helper()
	o := &office{T: t, db: dbtest.New(t), clock: testkit.ClockAt(noon)}
	o.catcher = listen(t, opts)
	o.Service = o.service(o.server())
	return o
}

func listen(t *testing.T, opts catcher.Options) *catcher.Catcher {
	t.Helper()
	c, err := catcher.Listen(t.Context(), "127.0.0.1:0", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (o *office) server() mail.Server {
	o.Helper()
	at := netip.MustParseAddrPort(o.catcher.Addr())
	return mail.Server{Host: at.Addr().String(), Port: int(at.Port()), Loopback: true}
}

func house() mail.House {
	return mail.House{
		Publication: "The Example Courier", Contact: "readers@example.org", BaseURL: "https://give.example.org",
		Privacy: "https://example.org/privacy", Imprint: "https://example.org/imprint",
	}
}

func (o *office) service(s mail.Server) *mail.Service {
	o.Helper()
	service, err := mail.New(mail.Config{
		DB: o.db, Server: s, From: "give@courier.example", House: house(), Retention: 30 * 24 * time.Hour, Now: o.clock.Now,
		Log: slog.New(slog.NewTextHandler(o.Output(), nil)),
	})
	if err != nil {
		o.Fatal(err)
	}
	return service
}

func (o *office) enqueue(all ...mail.Message) {
	o.Helper()
	if err := enqueue(o.T, o.db, all...); err != nil {
		o.Fatal(err)
	}
}

// send sends what is due. A server that is away is no failure here.
func (o *office) send() {
	o.Helper()
	if err := o.Send(o.Context()); err != nil && !o.later(err) {
		o.Fatal(err)
	}
}

// later reports whether there is more to do later, as the queue is told.
func (o *office) later(err error) bool {
	return err.Error() == queue.At(o.clock.Now()).Error() || strings.HasPrefix(err.Error(), "there is more to do at")
}

func (o *office) state(key string) (state mail.State, answer string) {
	o.Helper()
	var row struct {
		State  mail.State `db:"state"`
		Answer string     `db:"answer"`
	}
	if err := o.db.GetContext(o.Context(), &row, `SELECT state, answer FROM mail WHERE key = $1`, key); err != nil {
		o.Fatal(err)
	}
	return row.State, row.Answer
}

func (o *office) want(key string, want mail.State) {
	o.Helper()
	if state, answer := o.state(key); state != want {
		o.Errorf("mail %s is %s, want %s: %s", key, state, want, answer)
	}
}

func TestAMailArrives(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.enqueue(link("1", "ada@example.org"))
	o.send()
	mails := o.catcher.Mails()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	m := mails[0]
	if m.Problem != "" || m.From != "give@courier.example" || fmt.Sprint(m.To) != "[ada@example.org]" {
		t.Errorf("%+v", m)
	}
	for header, want := range map[string]string{
		"From": `"The Example Courier" <give@courier.example>`, "To": `"Ada" <ada@example.org>`,
		"Reply-To": "<readers@example.org>", "Auto-Submitted": "auto-generated",
		"Subject": "Your page at The Example Courier", "List-Unsubscribe": "", "X-Mailer": "", "User-Agent": "",
	} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if at, err := netmail.ParseDate(m.Header.Get("Date")); err != nil || !at.Equal(noon) {
		t.Errorf("dated %s, %v", at, err)
	}
	if n := count(t, o.db, `state = 'sent' AND message_id = $1 AND closed_at = $2 AND due_at IS NULL AND tries = 1
		AND args::text = '{}'`, m.MessageID(), noon); n != 1 {
		t.Error("the row does not say so, or still has the secret link")
	}
	o.send()
	if n := len(o.catcher.Mails()); n != 1 {
		t.Errorf("%d mails after another run", n)
	}
}

func TestManyMailsShareConnections(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.receipts(450)
	o.send()
	to := map[string]int{}
	for _, m := range o.catcher.Mails() {
		to[m.To[0]]++
	}
	if n := count(t, o.db, `state = 'sent'`); n != 450 || len(to) != 450 || len(o.catcher.Mails()) != 450 {
		t.Errorf("%d sent, to %d readers, %d mails", n, len(to), len(o.catcher.Mails()))
	}
	if n := o.catcher.Connections(); n > 12 {
		t.Errorf("%d connections for three batches", n)
	}
}

// Where the database does not take that mails were sent, no more are sent than were under way: all would come twice.
func TestNoMoreAreSentThanCanBeMarked(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	all := make([]mail.Message, 200) // what one statement claims
	for n := range all {
		all[n] = link(strconv.Itoa(n), fmt.Sprintf("reader%d@example.org", n))
	}
	o.enqueue(all...)
	if _, err := o.db.Exec(`ALTER TABLE mail ADD CONSTRAINT broken CHECK (state <> 'sent')`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = o.db.Exec(`ALTER TABLE mail DROP CONSTRAINT broken`) })
	if err := o.Send(t.Context()); err == nil {
		t.Error("no error")
	}
	if n := len(o.catcher.Mails()); n == 0 || n > 100 {
		t.Errorf("%d mails were sent", n)
	}
	if n := count(t, o.db, `state = 'queued' AND tries = 0`); n < 100 {
		t.Errorf("%d mails wait as if nobody had tried them", n)
	}
}

// F28: what the mail server does, and what becomes of the mail.
func TestHowTheServerFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  catcher.Fault
		after  mail.State // after the first run
		says   string     // the row's answer
		copies int        // in the end, when the server is well again and time has passed
	}{
		"not now, to the recipient": {catcher.Fault{At: catcher.AtRcpt, Code: 451}, mail.Queued, "451", 1},
		"never, to the recipient":   {catcher.Fault{At: catcher.AtRcpt, Code: 550}, mail.Failed, "550", 0},
		"not now, to the mail":      {catcher.Fault{At: catcher.AtData, Code: 452}, mail.Queued, "452", 1},
		"never, to the mail":        {catcher.Fault{At: catcher.AtData, Code: 554}, mail.Failed, "554", 0},
		"never, to the sender":      {catcher.Fault{At: catcher.AtMail, Code: 550}, mail.Queued, "550", 1},
		"hangs up politely":         {catcher.Fault{At: catcher.AtRcpt, Code: 421}, mail.Queued, "421", 1},
		"dies before the mail":      {catcher.Fault{At: catcher.AtRcpt, Cut: true}, mail.Queued, "EOF", 1},
		"dies after the mail":       {catcher.Fault{At: catcher.AfterData, Cut: true}, mail.Queued, "EOF", 2},
		"is slow":                   {catcher.Fault{At: catcher.AfterData, Slow: 50 * time.Millisecond}, mail.Sent, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t, catcher.Options{})
			o.catcher.Fail(c.fault)
			o.enqueue(link("1", "ada@example.org"))
			o.send()
			if state, answer := o.state("1"); state != c.after || !strings.Contains(answer, c.says) {
				t.Errorf("%s, %q", state, answer)
			}
			if n := count(t, o.db, `answer LIKE '%affected%' OR answer LIKE '%ada@%'`); n > 0 {
				t.Error("the answer has go-mail's words in it, or the recipient's address")
			}
			o.catcher.Fail(catcher.Fault{})
			o.clock.Advance(time.Hour)
			o.send()
			mails := o.catcher.Mails()
			if len(mails) != c.copies {
				t.Fatalf("%d copies, want %d", len(mails), c.copies)
			}
			for _, m := range mails {
				if m.MessageID() != mails[0].MessageID() || m.MessageID() == "" {
					t.Errorf("Message-IDs %q and %q", mails[0].MessageID(), m.MessageID())
				}
			}
			if c.copies > 0 {
				o.want("1", mail.Sent)
			}
			if n := count(t, o.db, `true`); n != 1 {
				t.Errorf("%d rows", n)
			}
		})
	}
}

// One mail that the server dies of does not keep the others from being sent.
func TestOthersAreSentBesideAPoisonedMail(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.enqueue(link("1", "ada@example.org"), link("2", "bob@example.org"), link("3", "cat@example.org"))
	o.catcher.Fail(catcher.Fault{At: catcher.AtRcpt, Cut: true, Times: 1})
	o.send()
	if n := count(t, o.db, `state = 'queued' AND tries = 1`); n != 1 {
		t.Errorf("%d have used up a try", n)
	}
	o.clock.Advance(10 * time.Second)
	o.send()
	if n := count(t, o.db, `state = 'sent'`); n != 2 {
		t.Errorf("%d are sent", n)
	}
}

func TestAServerThatIsAwayUsesUpNoTries(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.enqueue(link("1", "ada@example.org"), link("2", "bob@example.org"))
	gone := mail.Server{Host: "127.0.0.1", Port: 1, Loopback: true}
	away := o.service(gone)
	for range 3 {
		if err := away.Send(t.Context()); err == nil || !o.later(err) {
			t.Fatalf("got %v, want to come later", err)
		}
		o.clock.Advance(time.Hour)
	}
	if n := count(t, o.db, `state = 'queued' AND tries = 0 AND answer LIKE '%refused%'`); n != 2 {
		t.Errorf("%d mails wait with the reason", n)
	}
	o.send()
	if n := count(t, o.db, `state = 'sent' AND tries = 1`); n != 2 {
		t.Errorf("%d mails are sent", n)
	}
	// It does not ask at all before its time.
	if err := away.Send(t.Context()); err != nil {
		t.Errorf("with nothing to do: %v", err)
	}
}

func TestAMailIsGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.catcher.Fail(catcher.Fault{At: catcher.AtRcpt, Code: 450})
	o.enqueue(link("1", "ada@example.org"))
	for range 41 {
		o.send()
		o.want("1", mail.Queued)
		o.clock.Advance(3 * time.Hour)
	}
	o.send()
	o.want("1", mail.Failed)
}

func TestAMailThatIsTooLateIsNotSent(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	late, early := link("1", "ada@example.org"), link("2", "ada@example.org")
	late.NotAfter = noon.Add(15 * time.Minute)
	early.NotBefore = noon.Add(time.Hour)
	o.enqueue(late, early)
	o.clock.Advance(15 * time.Minute)
	o.send()
	o.want("1", mail.Expired)
	o.want("2", mail.Queued)
	o.clock.Advance(time.Hour)
	o.send()
	o.want("2", mail.Sent)
	if n := len(o.catcher.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestWithoutAServerNothingIsSentEver(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.enqueue(link("1", "ada@example.org"))
	if err := o.service(mail.Server{}).Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.want("1", mail.Off)
	o.send()
	if n := len(o.catcher.Mails()); n != 0 {
		t.Errorf("%d mails, by surprise", n)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for to, c := range map[string]struct {
		state mail.State
		to    string // in the envelope
	}{
		"ada@example.org":                      {mail.Sent, "ada@example.org"},
		`"ada l"@example.org`:                  {mail.Sent, "ada l@example.org"},
		"ada+gift@münchen.example":             {mail.Sent, "ada+gift@xn--mnchen-3ya.example"},
		"o'hara@example.org":                   {mail.Sent, "o'hara@example.org"},
		"jürgen@example.org":                   {mail.Failed, ""}, // this server does not take such addresses
		"nobody":                               {mail.Failed, ""},
		"a@b@example.org":                      {mail.Failed, ""},
		"ada@example.org, all@example.org":     {mail.Failed, ""},
		"Ada <ada@example.org>":                {mail.Failed, ""},
		"<ada@example.org>":                    {mail.Failed, ""},
		"ada@example.org\r\nRCPT TO:<all@x.y>": {mail.Failed, ""},
		"\"a\r\nDATA\"@example.org":            {mail.Sent, "a DATA@example.org"}, // one line by then
		"ada@-ü.example":                       {mail.Failed, ""},
	} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			o := open(t, catcher.Options{})
			o.enqueue(link("1", to))
			o.send()
			o.want("1", c.state)
			for _, m := range o.catcher.Mails() {
				if len(m.To) != 1 || strings.Trim(m.To[0], `"`) != c.to && strings.ReplaceAll(m.To[0], `"`, "") != c.to {
					t.Errorf("to %q, want %q", m.To, c.to)
				}
			}
			if n := len(o.catcher.Mails()); (n == 1) != (c.state == mail.Sent) {
				t.Errorf("%d mails", n)
			}
		})
	}
}

func TestAServerThatTakesEveryAlphabet(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{UTF8: true})
	o.enqueue(link("1", "jürgen@bücher.example"))
	o.send()
	if mails := o.catcher.Mails(); len(mails) != 1 || mails[0].To[0] != "jürgen@xn--bcher-kva.example" {
		t.Errorf("%v", mails)
	}
}

// Names are greeted, and nothing that somebody wrote in a name's place to have it read by somebody else.
func TestNames(t *testing.T) {
	t.Parallel()
	for name, greeted := range map[string]bool{
		"Ada": true, "Dr. Zoë O’Hara-Müller Jr.": true, "أدا": true, "Ада Лавлейс": true,
		"Win at https://evil.example": false, "evil.example": false, "Ada\r\nBcc: all@example.org": false,
		"<b>Ada</b>": false, strings.Repeat("long ", 20): false, "": false,
	} {
		o := open(t, catcher.Options{})
		m := link("1", "ada@example.org")
		m.Name = name
		o.enqueue(m)
		o.send()
		mails := o.catcher.Mails()
		if len(mails) != 1 || len(mails[0].To) != 1 {
			t.Fatalf("%q: %v", name, mails)
		}
		to, err := netmail.ParseAddress(mails[0].Header.Get("To"))
		if err != nil || (to.Name == name && name != "") != greeted {
			t.Errorf("%q: to %v, %v", name, to, err)
		}
		if got := strings.Contains(mails[0].Text, "Hello"); got != greeted {
			t.Errorf("%q: greeted %v", name, got)
		}
		if mails[0].Header.Get("Bcc") != "" {
			t.Errorf("%q: a header of the reader's own", name)
		}
	}
}

func TestPasswordsAndTLS(t *testing.T) {
	t.Parallel()
	secured := httptest.NewTLSServer(nil)
	t.Cleanup(secured.Close)
	known := x509.NewCertPool()
	known.AddCert(secured.Certificate())
	certificate := &tls.Config{Certificates: secured.TLS.Certificates, MinVersion: tls.VersionTLS12}
	for name, c := range map[string]struct {
		offers   *tls.Config
		trusts   *x509.CertPool
		password string
		loopback bool
		says     string // the error; empty for none
	}{
		"in plain text here":      {nil, nil, "right one", true, ""},
		"in plain text elsewhere": {nil, nil, "right one", false, "STARTTLS"},
		"over TLS":                {certificate, known, "right one", false, ""},
		"a wrong one":             {certificate, known, "wrong one", false, "535"},
		"to an unknown server":    {certificate, nil, "right one", true, "certificate"},
	} {
		o := open(t, catcher.Options{TLS: c.offers, User: "fund", Password: "right one"})
		s := o.server()
		s.User, s.Password, s.Loopback, s.Roots = "fund", c.password, c.loopback, c.trusts
		hello, err := o.service(s).Check(t.Context())
		switch {
		case c.says == "" && (err != nil || !strings.Contains(hello, "Hello")):
			t.Errorf("%s: %q, %v", name, hello, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v", name, err)
		case err != nil && strings.Contains(err.Error(), c.password):
			t.Errorf("%s: the error has the password: %v", name, err)
		}
	}
}

func TestForgetting(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	waiting := link("2", "bob@example.org")
	waiting.NotBefore = noon.Add(365 * 24 * time.Hour)
	o.enqueue(link("1", "ada@example.org"), waiting)
	o.send()
	for _, step := range []struct {
		pass time.Duration
		left int
	}{{30 * 24 * time.Hour, 2}, {time.Second, 1}} {
		o.clock.Advance(step.pass)
		if err := errors.Join(o.Forget(t.Context()), o.Forget(t.Context())); err != nil {
			t.Fatal(err)
		}
		if n := count(t, o.db, `recipient <> '' AND name <> ''`); n != step.left {
			t.Errorf("after %s %d mails name somebody", step.pass, n)
		}
	}
	o.enqueue(link("1", "ada@example.org"))
	if n := count(t, o.db, `true`); n != 2 {
		t.Error("what was told is told again after it was forgotten")
	}
}
