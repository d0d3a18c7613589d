package mail

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"net/textproto"
	"regexp"
	"strings"

	"readerfund/internal/db"
)

// longestReport is how much of a report is read: the headers of our mail are at its end, and some servers return the
// whole mail.
const longestReport = 4 << 20

// Verdict is what a mail server's report did.
type Verdict string

// What a report can do.
const (
	Marked  Verdict = "marked"  // a mail is marked as bounced
	Known   Verdict = "known"   // it already was, or has been queued again since
	Delayed Verdict = "delayed" // it is about a delay, or a delivery: nothing to note
	Foreign Verdict = "foreign" // it is not a report, or not about a mail that we sent
)

// Bounce reads a delivery status notification (RFC 3464) and marks the mail that it is about. Such a report is easily
// forged, so only two things in it count: our own Message-ID, which only the recipient and the servers on the way know,
// and the status code. Only the code is kept, and none of the report's text.
//
// The error comes from the database or from reading; a message that is not a report is Foreign.
func (s *Service) Bounce(ctx context.Context, message io.Reader) (Verdict, error) {
	r, err := readReport(io.LimitReader(message, longestReport))
	if err != nil {
		return "", err
	}
	switch {
	case r.messageID == "":
		return Foreign, nil
	case !r.failed:
		return Delayed, nil
	}
	// The id is found by the primary key. Only a mail that was sent can have come back.
	var marked bool
	err = s.cfg.DB.GetContext(ctx, &marked, `
		WITH ours AS (SELECT id FROM mail WHERE id = $1::uuid AND message_id = $2),
		bounced AS (
			UPDATE mail m SET state = 'bounced', answer = $3, closed_at = $4 FROM ours WHERE m.id = ours.id AND m.state = 'sent'
			RETURNING m.id)
		SELECT EXISTS (SELECT 1 FROM bounced) FROM ours`,
		r.messageID[:uuidLength], r.messageID, r.status, s.cfg.Now().UTC())
	switch {
	case db.IsNotFound(err):
		return Foreign, nil
	case err != nil:
		return "", db.Translate(fmt.Errorf("mark a mail as bounced: %w", err))
	case !marked:
		return Known, nil
	}
	s.cfg.Metrics.Mail(string(Bounced))
	return Marked, nil
}

// report is the part of a delivery status notification that counts.
type report struct {
	messageID string // of our mail, without brackets; empty if there is none that could be ours
	failed    bool
	status    string // 5.1.1
}

const uuidLength = 36

var (
	ourID      = regexp.MustCompile(`^<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}@[^\s<>@]{1,255})>?$`)
	statusCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}`) // RFC 3463
)

// readReport reads as much of a report as it understands. An error comes from reading; a message that cannot be
// understood gives an empty report.
func readReport(from io.Reader) (report, error) {
	source := &watched{Reader: from}
	r := parseReport(source)
	return r, source.err
}

// watched keeps the error that ended reading, unless that was the end of the message.
type watched struct {
	io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

func parseReport(from io.Reader) (r report) {
	m, err := netmail.ReadMessage(from)
	if err != nil {
		return report{}
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || !strings.EqualFold(params["report-type"], "delivery-status") {
		return report{}
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := parts.NextPart()
		if err != nil {
			return r
		}
		switch kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); kind {
		case "message/delivery-status", "message/global-delivery-status":
			r.failed, r.status = deliveryStatus(p)
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
			original, _ := textproto.NewReader(bufio.NewReader(p)).ReadMIMEHeader() // if it was cut off, as much as there is
			if id := ourID.FindStringSubmatch(strings.TrimSpace(original.Get("Message-Id"))); id != nil {
				r.messageID = id[1]
			}
		}
	}
}

// deliveryStatus reads the recipients' fields, which follow those of the message. Each of our mails has one recipient.
func deliveryStatus(part io.Reader) (failed bool, status string) {
	fields := textproto.NewReader(bufio.NewReader(part))
	for {
		group, err := fields.ReadMIMEHeader()
		if action := strings.TrimSpace(group.Get("Action")); action != "" {
			status = statusCode.FindString(strings.TrimSpace(group.Get("Status")))
			return strings.EqualFold(action, "failed") && strings.HasPrefix(status, "5"), status
		}
		if err != nil {
			return false, ""
		}
	}
}
