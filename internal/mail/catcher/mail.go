package catcher

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// Mail is one caught mail.
type Mail struct {
	ID      int         `json:"id"`
	At      time.Time   `json:"at"`
	From    string      `json:"from"` // of the envelope, like To
	To      []string    `json:"to"`
	Subject string      `json:"subject"` // decoded
	Header  mail.Header `json:"header"`  // as it came
	Text    string      `json:"text"`
	HTML    string      `json:"html"`
	Problem string      `json:"problem,omitempty"` // why it could not be parsed; empty if it was
	Raw     []byte      `json:"-"`
}

// MessageID is the mail's Message-ID, without the brackets.
func (m Mail) MessageID() string { return strings.Trim(m.Header.Get("Message-ID"), "<>") }

// read parses a mail.
func read(raw []byte) Mail {
	m := Mail{Raw: raw}
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		m.Problem = err.Error()
		return m
	}
	m.Header = parsed.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		m.Problem = err.Error()
	}
	if err := m.part(textproto.MIMEHeader(parsed.Header), parsed.Body); err != nil {
		m.Problem = err.Error()
	}
	return m
}

// part parses a part of the mail, and the parts inside it.
func (m *Mail) part(header textproto.MIMEHeader, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.part(p.Header, p); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	switch written := strings.ReplaceAll(string(text), "\r\n", "\n"); kind {
	case "text/plain":
		m.Text = written
	case "text/html":
		m.HTML = written
	}
	return nil
}
