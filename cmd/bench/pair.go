package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"readerfund/internal/db"
)

// pair is the two sides of a comparison, each a process of its own, on one fresh database.
type pair struct {
	service, reference *process

	admin string // host:port of the service's metrics and profiles
	url   string // of the database
	pool  *db.DB // ours, for setting up
}

// withPair starts both sides, lets do measure them, and stops them. The service may have settings beside the usual
// ones.
func (h *house) withPair(ctx context.Context, database string, do func(*pair) error, settings ...string) (err error) {
	p := &pair{}
	defer func() { err = errors.Join(err, p.close()) }()
	if p.url, err = h.database(ctx, database); err != nil {
		return err
	}
	if p.service, p.admin, err = h.startService(ctx, p.url, settings...); err != nil {
		return err
	}
	if err := p.service.ready(ctx); err != nil {
		return err
	}
	if p.pool, err = db.Open(ctx, p.url, db.Options{MaxOpen: 2}); err != nil {
		return err
	}
	if err := p.makeTables(ctx); err != nil {
		return err
	}
	pages, err := p.copyPages(ctx)
	if err != nil {
		return err
	}
	p.reference, err = h.startReference(ctx, reference{
		DatabaseURL: p.url, Connections: ingestClients, Prepares: true, Pages: pages,
	})
	if err != nil {
		return err
	}
	if err := p.reference.ready(ctx); err != nil {
		return err
	}
	return do(p)
}

func (p *pair) close() error {
	problems := []error{p.service.stop(), p.reference.stop()}
	if p.pool != nil {
		problems = append(problems, p.pool.Close())
	}
	return errors.Join(problems...)
}

// Tables of the same shape and with the same indexes as ours, for the others.
const (
	bareTable    = "bare_event"
	pgbenchTable = "pgbench_event"
	bareGifts    = "bare_contribution" // of the shape of contribution
)

func (p *pair) makeTables(ctx context.Context) error {
	for name, like := range map[string]string{
		bareTable: "webhook_event", pgbenchTable: "webhook_event", bareGifts: "contribution",
	} {
		if _, err := p.pool.ExecContext(ctx, "CREATE TABLE "+name+" (LIKE "+like+" INCLUDING ALL)"); err != nil {
			return fmt.Errorf("make table %s: %w", name, err)
		}
	}
	return nil
}

// secretKey signs the service's links.
const secretKey = "0123456789abcdef0123456789abcdef"

// startService starts the real binary with the settings of an ordinary installation; only what has to differ does. What
// a measurement sets beside them is written as in an environment.
func (h *house) startService(
	ctx context.Context, database string, settings ...string,
) (p *process, admin string, err error) {
	public, err := freeAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	if admin, err = freeAddress(ctx); err != nil {
		return nil, "", err
	}
	p, err = launch(h.service, h.logFile(), []string{"serve", "--migrate"}, append([]string{
		"DATABASE_URL=" + database, "BASE_URL=http://" + public, "LISTEN_ADDR=" + public, "ADMIN_LISTEN_ADDR=" + admin,
		"PAYPAL_API_BASE=" + h.paypal.url, "PAYPAL_CLIENT_ID=sandbox-client", "PAYPAL_CLIENT_SECRET=sandbox-secret",
		"PAYPAL_WEBHOOK_ID=" + webhookID, "PAYPAL_WEBHOOK_CA_FILE=" + h.caFile(),
		"SECRET_KEY=" + secretKey, "PUBLICATION_NAME=The Bench Press",
		// All readers sit at one address here. They are counted as everybody is, and nobody is asked for a proof.
		"GIFT_LIMIT_ADDRESS=1000000/1000000", "GIFT_LIMIT_NETWORK=1000000/1000000", "GIFT_LIMIT_ALL=1000000/1000000",
	}, settings...), nil)
	if err != nil {
		return nil, "", err
	}
	p.address = public
	return p, admin, nil
}

// startReference starts this program again, as the plain side. It lives as long as its standard input stays open.
func (h *house) startReference(ctx context.Context, ref reference) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	ref.Address, ref.PayPalBase, ref.Roots, ref.WebhookID = address, h.paypal.url, h.signer.bundle, webhookID
	settings, err := json.Marshal(ref)
	if err != nil {
		return nil, err
	}
	p, err := launch(self, h.logFile(), []string{referenceCommand}, nil, bytes.NewReader(settings))
	if err != nil {
		return nil, err
	}
	p.name, p.address = "the reference", address
	return p, nil
}

// copyPages takes what the service answers, so that the reference can write the same bytes.
func (p *pair) copyPages(ctx context.Context) (map[string]page, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	pages := map[string]page{}
	for range 2 { // the first answer to each is made, the second and all that are measured come from memory
		for _, path := range []string{fragmentPath, fragmentOnArticle} {
			var err error
			if pages[path], err = fetch(ctx, client, "http://"+p.service.address+path); err != nil {
				return nil, err
			}
		}
	}
	return pages, nil
}

func fetch(ctx context.Context, client *http.Client, address string) (page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return page{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return page{}, err
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return page{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return page{}, fmt.Errorf("GET %s answers %s", address, resp.Status)
	}
	resp.Header.Del("Date") // net/http writes its own
	return page{Header: resp.Header, Body: body}, nil
}
