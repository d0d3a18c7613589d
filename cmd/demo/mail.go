package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"readerfund/internal/mail/catcher"
)

// startMail starts a mail server that keeps what it gets, and the page that shows it.
func (d *demo) startMail(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", d.MailAddr)
	if err != nil {
		return fmt.Errorf("DEMO_MAIL_ADDR: %w", err)
	}
	if d.mail, err = catcher.Listen(ctx, "127.0.0.1:0", catcher.Options{Now: d.clock.now}); err != nil {
		return errors.Join(err, l.Close())
	}
	d.MailAddr = l.Addr().String()
	d.mailbox = &http.Server{Handler: d.mail.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := d.mailbox.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("the page with the mails stopped", "error", err)
		}
	}()
	return nil
}
