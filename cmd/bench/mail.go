package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	gomail "github.com/wneessen/go-mail"

	"readerfund/internal/db"
	"readerfund/internal/mail"
	"readerfund/internal/mail/catcher"
)

// measureMail holds mails sent from the table, claimed, made and marked, against go-mail alone, which sends mails of
// the same words over one connection and keeps no account of them. Both have the same mail server, in this process.
func (b *bench) measureMail(ctx context.Context) error {
	return b.withPostOffice(ctx, "mail", func(p *postOffice) error {
		results, err := contest(ctx, b.plan,
			contestant{name: "service", prepare: p.enqueue, turn: p.timed(p.service.Send)}, p.loop())
		if err != nil {
			return err
		}
		b.add(compare("mail sent", "mails/s", bareMailLoop, results[0], results[1], 0.7))
		return nil
	})
}

// postOffice is a mail server and what sends to it.
type postOffice struct {
	mails   int // in each turn
	pool    *db.DB
	catcher *catcher.Catcher
	server  mail.Server
	service *mail.Service
	text    string // of a mail of ours
	html    string
}

// withPostOffice opens one on a fresh database, lets do measure it, and closes it.
func (b *bench) withPostOffice(ctx context.Context, database string, do func(*postOffice) error) (err error) {
	address, err := b.house.database(ctx, database)
	if err != nil {
		return err
	}
	if err := b.house.migrate([]string{"DATABASE_URL=" + address}); err != nil {
		return err
	}
	p := &postOffice{mails: 2000}
	if b.Quick {
		p.mails = 100
	}
	if p.pool, err = db.Open(ctx, address, db.Options{MaxOpen: 8}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.pool.Close()) }()
	if p.catcher, err = catcher.Listen(ctx, "127.0.0.1:0", catcher.Options{}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.catcher.Close()) }()
	at, err := netip.ParseAddrPort(p.catcher.Addr())
	if err != nil {
		return err
	}
	p.server = mail.Server{Host: at.Addr().String(), Port: int(at.Port()), Loopback: true}
	p.service, err = mail.New(mail.Config{
		DB: p.pool, Server: p.server, From: mailFrom, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		House: mail.House{Publication: "The Bench Press", Contact: "readers@example.org"},
	})
	if err != nil {
		return err
	}
	return do(p)
}

// mailFrom is the address that mails come from.
const mailFrom = "give@example.org"

// bareMailLoop is what mails are held against.
const bareMailLoop = "bare go-mail loop, 1 connection"

// loop is a turn of go-mail alone.
func (p *postOffice) loop() contestant {
	return contestant{name: bareMailLoop, prepare: p.clear, turn: p.timed(p.bare)}
}

func (p *postOffice) clear(context.Context) error {
	p.catcher.Clear()
	return nil
}

// enqueue writes the mails of a turn down.
func (p *postOffice) enqueue(ctx context.Context) error {
	p.catcher.Clear()
	if _, err := p.pool.ExecContext(ctx, "TRUNCATE mail"); err != nil {
		return err
	}
	all := make([]mail.Message, p.mails)
	for n := range all {
		all[n] = mail.Message{
			Kind: mail.ManageLink, Key: strconv.Itoa(n), To: fmt.Sprintf("reader%d@example.org", n), Name: "Ada",
			Args: mail.ManageLinkArgs{URL: "https://give.example.org/manage/" + strconv.Itoa(n), Minutes: 15},
		}
	}
	return p.pool.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return mail.Enqueue(ctx, tx, time.Now(), all...)
	})
}

// timed is how many mails a second are caught, however long the turn was to be.
func (p *postOffice) timed(send func(context.Context) error) func(context.Context, time.Duration) (float64, error) {
	return func(ctx context.Context, _ time.Duration) (float64, error) {
		began := time.Now()
		if err := send(ctx); err != nil {
			return 0, err
		}
		took := time.Since(began)
		caught := p.catcher.Mails()
		if len(caught) != p.mails {
			return 0, fmt.Errorf("%d of %d mails were caught", len(caught), p.mails)
		}
		p.text, p.html = caught[0].Text, caught[0].HTML
		return float64(p.mails) / took.Seconds(), nil
	}
}

// bare sends mails of the words of ours, as go-mail's documentation has it.
func (p *postOffice) bare(ctx context.Context) error {
	client, err := gomail.NewClient(p.server.Host, gomail.WithPort(p.server.Port), gomail.WithTLSPolicy(gomail.NoTLS))
	if err != nil {
		return err
	}
	all := make([]*gomail.Msg, p.mails)
	for n := range all {
		m := gomail.NewMsg()
		if err := errors.Join(m.From(mailFrom), m.To(fmt.Sprintf("reader%d@example.org", n))); err != nil {
			return err
		}
		m.Subject("Your page at The Bench Press")
		m.SetMessageID()
		m.SetDate()
		m.SetBodyString(gomail.TypeTextPlain, p.text)
		m.AddAlternativeString(gomail.TypeTextHTML, p.html)
		all[n] = m
	}
	return client.DialAndSendWithContext(ctx, all...)
}
