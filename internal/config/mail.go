package config

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// MailServer is the server that mail to readers is handed to. Without a Host there is none.
type MailServer struct {
	Host     string
	Port     int
	TLS      bool   // from the first byte on; otherwise by STARTTLS, where the server offers it
	User     string // empty: without signing in
	Password Secret
}

// The ports of RFC 8314: submission, and submission over TLS.
const (
	portSubmission  = 587
	portSubmissions = 465
)

// mailServer reads "smtp://user:password@host:587". No message repeats any part of it.
func (p *parser) mailServer(value Secret) MailServer {
	const example = "smtp://user:password@mail.example.org:587" //nolint:gosec // an example
	text := strings.TrimSpace(string(value))
	if text == "" {
		return MailServer{}
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		p.problem("SMTP_URL", "It is not a mail server's address: write it like %s, special characters in the password as %%XX.",
			example)
		return MailServer{}
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		p.problem("SMTP_URL", "Write scheme, user, host and port only, like %s.", example)
	}
	s := MailServer{Host: u.Hostname(), Port: portSubmission, TLS: u.Scheme == "smtps"}
	if s.TLS {
		s.Port = portSubmissions
	}
	if port := u.Port(); port != "" {
		if s.Port, err = strconv.Atoi(port); err != nil || s.Port < 1 || s.Port > 65535 {
			p.problem("SMTP_URL", "Its port is no number from 1 to 65535.")
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		s.User, s.Password = u.User.Username(), Secret(password)
		if s.User == "" || password == "" {
			p.problem("SMTP_URL", "It has a user or a password, but not both: write it like %s.", example)
		}
	}
	return s
}

// Loopback reports whether the server is this machine, so that what is said to it stays here.
func (s MailServer) Loopback() bool {
	address, err := netip.ParseAddr(s.Host)
	return err == nil && address.IsLoopback() || strings.EqualFold(s.Host, "localhost")
}

// String is its address without user and password.
func (s MailServer) String() string {
	switch {
	case s.Host == "":
		return ""
	case s.TLS:
		return "smtps://" + net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	default:
		return "smtp://" + net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	}
}

// mailFrom is where mail comes from. It is an address alone: the name that readers see is the publication's.
func (p *parser) mailFrom(value string, server Secret) string {
	from := p.mailAddress("MAIL_FROM", value)
	if from == "" && strings.TrimSpace(string(server)) != "" {
		p.problem("MAIL_FROM", "With SMTP_URL it is needed: write the address that mail to readers comes from.")
	}
	return from
}
