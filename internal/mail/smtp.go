package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
	"golang.org/x/net/idna"
)

// answerWithin is how long the server may take for a connection, and for each mail.
const answerWithin = time.Minute

// hangUpAfter is how long a mail in transit may take once the process is to stop: waiting for its answer avoids sending
// a second copy.
const hangUpAfter = 5 * time.Second

// connection is an open connection to the mail server, for one mail after another.
type connection struct {
	client *mail.Client
	smtp   *smtp.Client
	wire   net.Conn
	free   func() bool // ends the watch over the context
	sent   int
}

// connect opens a connection, with TLS and authentication as configured. Once ctx ends, it is closed after hangUpAfter.
func (s *Service) connect(ctx context.Context) (*connection, error) {
	c := &connection{}
	var err error
	// A client for each connection: while it signs in, go-mail changes it without a lock.
	if c.client, err = mail.NewClient(s.cfg.Server.Host, s.options(c)...); err != nil {
		return nil, fmt.Errorf("prepare for the mail server: %w", err)
	}
	if c.smtp, err = c.client.DialToSMTPClientWithContext(ctx); err != nil {
		if c.wire != nil { // go-mail leaves it open
			err = errors.Join(err, c.wire.Close())
		}
		return nil, fmt.Errorf("connect to the mail server: %w", err)
	}
	c.free = context.AfterFunc(ctx, func() { time.AfterFunc(hangUpAfter, func() { _ = c.wire.Close() }) })
	return c, nil
}

func (s *Service) options(c *connection) []mail.Option {
	server := s.cfg.Server
	trust := &tls.Config{ServerName: server.Host, RootCAs: server.Roots, MinVersion: tls.VersionTLS12}
	policy := mail.TLSOpportunistic
	if server.User != "" && !server.Loopback {
		policy = mail.TLSMandatory // no password in plain text, even if STARTTLS was stripped from the answer on the way
	}
	options := []mail.Option{
		mail.WithPort(server.Port), mail.WithTimeout(answerWithin), mail.WithTLSPolicy(policy), mail.WithTLSConfig(trust),
		mail.WithoutNoop(), mail.WithoutRset(), // each would be one more round trip for each mail
		mail.WithDSNMailReturnType(mail.DSNMailReturnHeadersOnly), mail.WithDSNRcptNotifyType(mail.DSNRcptNotifyFailure),
		mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			wire, err := (&net.Dialer{}).DialContext(ctx, network, address)
			c.wire = wire
			if err != nil || !server.TLS {
				return wire, err
			}
			secured := tls.Client(wire, trust)
			return secured, secured.HandshakeContext(ctx)
		}),
	}
	if server.TLS {
		options = append(options, mail.WithSSL())
	}
	if server.User != "" {
		options = append(options, mail.WithUsername(server.User), mail.WithPassword(server.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return options
}

// send sends a mail. judge reads from the error the outcome for the mail, and for the connection.
func (c *connection) send(m *mail.Msg, utf8 bool) error {
	if offered, _ := c.smtp.Extension("SMTPUTF8"); utf8 && !offered {
		return errNeedsUTF8
	}
	c.smtp.SkipSMTPUTF8(!utf8) // a mail that declares it is refused by servers on the way that do not support it
	if err := c.client.SendWithSMTPClient(c.smtp, m); err != nil {
		return err
	}
	c.sent++
	return nil
}

// reset prepares the connection for the next mail after a refused one.
func (c *connection) reset() error { return c.smtp.Reset() }

// close ends the session and the connection. Errors no longer matter.
func (c *connection) close() {
	c.free()
	_ = c.wire.SetDeadline(time.Now().Add(hangUpAfter))
	_ = c.smtp.Quit()
	_ = c.wire.Close()
}

var (
	errNoAddress = errors.New("the recipient's address is not one")
	errNeedsUTF8 = errors.New("the mail server does not take addresses that are not ASCII (SMTPUTF8)")
)

// address parses an address as readers write it, and returns it as mail servers want it: the domain in ASCII (IDNA).
// utf8 reports whether the part before the @ is not ASCII, which not every server accepts. An address with line ends or
// other control characters is invalid.
func address(written string) (a *netmail.Address, utf8 bool, err error) {
	parsed, err := netmail.ParseAddress(written)
	if err != nil || parsed.Name != "" || strings.HasPrefix(written, "<") {
		return nil, false, errNoAddress
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	local, domain := parsed.Address[:at], parsed.Address[at+1:]
	if !isASCII(domain) {
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return nil, false, errNoAddress
		}
	}
	return &netmail.Address{Address: local + "@" + domain}, !isASCII(local), nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

// compose builds a mail. Every value goes through go-mail's setters, which encode it.
func (s *Service) compose(q queued, r Rendered, to *netmail.Address) (*mail.Msg, error) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(&netmail.Address{Name: s.cfg.House.Publication, Address: s.cfg.From})
	m.ToMailAddress(&netmail.Address{Name: greeted(q.Name), Address: to.Address})
	if contact := s.cfg.House.Contact; contact != "" && contact != s.cfg.From {
		if err := m.ReplyTo(contact); err != nil {
			return nil, fmt.Errorf("reply to CONTACT_EMAIL: %w", err)
		}
	}
	m.SetMessageIDWithValue(q.MessageID)
	m.SetDateWithValue(s.cfg.Now())
	m.Subject(r.Subject)
	// No out-of-office answers, please (RFC 3834; the other is Exchange's).
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader(mail.HeaderXAutoResponseSuppress, "All")
	m.SetBodyString(mail.TypeTextPlain, r.Text)
	m.AddAlternativeString(mail.TypeTextHTML, r.HTML)
	return m, nil
}
