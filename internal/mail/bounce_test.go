package mail_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"readerfund/internal/mail"
	"readerfund/internal/mail/catcher"
)

// dsn is a report as Postfix writes one (RFC 3464).
func dsn(messageID, action, status, original string) string {
	return strings.ReplaceAll(fmt.Sprintf(`From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: give@courier.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b0undary"
MIME-Version: 1.0

--b0undary
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b0undary
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 4Z1x2y3z

Final-Recipient: rfc822; ada@example.org
Action: %s
Status: %s
Remote-MTA: dns; mail.example.org
Diagnostic-Code: smtp; 550 5.1.1 <script>alert(1)</script> no such user

--b0undary
Content-Type: %s

From: "The Example Courier" <give@courier.example>
Message-ID: <%s>
Subject: Your page

--b0undary--
`, action, status, original, messageID), "\n", "\r\n")
}

func (o *office) bounce(message string, want mail.Verdict) {
	o.Helper()
	got, err := o.Bounce(o.Context(), strings.NewReader(message))
	if err != nil || got != want {
		o.Errorf("%s, %v; want %s", got, err, want)
	}
}

func TestAMailThatComesBack(t *testing.T) {
	t.Parallel()
	for _, original := range []string{"text/rfc822-headers", "message/rfc822", "message/global-headers"} {
		o := open(t, catcher.Options{})
		o.enqueue(link("1", "ada@example.org"))
		o.send()
		id := o.catcher.Mails()[0].MessageID()
		o.clock.Advance(time.Minute)
		o.bounce(dsn(id, "delayed", "4.4.1", original), mail.Delayed)
		o.bounce(dsn(id, "delivered", "2.0.0", original), mail.Delayed)
		o.bounce(dsn(id, "failed", "4.4.7", original), mail.Delayed)
		o.want("1", mail.Sent)
		o.bounce(dsn(id, "failed", "5.1.1 (no such user)", original), mail.Marked)
		o.bounce(dsn(id, "failed", "5.2.2", original), mail.Known)
		if state, answer := o.state("1"); state != mail.Bounced || answer != "5.1.1" {
			t.Errorf("%s, %q", state, answer)
		}
		if n := count(t, o.db, `closed_at = $1`, noon.Add(time.Minute)); n != 1 {
			t.Error("it does not say when")
		}
	}
}

// Whoever writes a report, it can mark no mail but one whose Message-ID they have seen.
func TestForgedReports(t *testing.T) {
	t.Parallel()
	o := open(t, catcher.Options{})
	o.enqueue(link("1", "ada@example.org"))
	o.send()
	id := o.catcher.Mails()[0].MessageID()
	another := "01968000" + id[8:]
	whole := dsn(id, "failed", "5.1.1", "text/rfc822-headers")
	for name, message := range map[string]string{
		"another id":            dsn(another, "failed", "5.1.1", "text/rfc822-headers"),
		"another domain":        dsn(strings.Replace(id, "courier", "evil", 1), "failed", "5.1.1", "text/rfc822-headers"),
		"no id":                 dsn("", "failed", "5.1.1", "text/rfc822-headers"),
		"SQL":                   dsn("'; DROP TABLE mail; --", "failed", "5.1.1", "text/rfc822-headers"),
		"an ordinary mail":      "From: x@y.example\r\nMessage-ID: <" + id + ">\r\nContent-Type: text/plain\r\n\r\nStatus: 5.1.1\r\n",
		"another report":        strings.Replace(whole, "delivery-status", "disposition-notification", 1),
		"no boundary":           strings.Replace(whole, `; boundary="b0undary"`, "", 1),
		"nothing":               "",
		"no mail":               "\x00\xff\r\n\r\n",
		"its id is in the text": strings.Replace(whole, "Message-ID:", "X-Message-ID:", 1),
	} {
		if got, err := o.Bounce(t.Context(), strings.NewReader(message)); err != nil || got != mail.Foreign {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	for name, message := range map[string]string{
		"no status":   dsn(id, "failed", "", "text/rfc822-headers"),
		"odd status":  dsn(id, "failed", "broken", "text/rfc822-headers"),
		"no fields":   strings.Replace(whole, "Final-Recipient: rfc822; ada@example.org\r\nAction: failed\r\n", "", 1),
		"no severity": dsn(id, "exploded", "5.1.1", "text/rfc822-headers"),
	} {
		if got, err := o.Bounce(t.Context(), strings.NewReader(message)); err != nil || got == mail.Marked {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	o.want("1", mail.Sent)
	if _, err := o.Bounce(t.Context(), iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a pipe that breaks: %v", err)
	}
	endless := io.MultiReader(strings.NewReader(whole[:len(whole)-20]), strings.NewReader(strings.Repeat("x", 8<<20)))
	if _, err := o.Bounce(t.Context(), endless); err != nil {
		t.Errorf("a long one: %v", err)
	}
}
