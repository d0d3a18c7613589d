package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/db"
	"readerfund/internal/paypal"
)

// referenceCommand is the argument with which this program is the reference instead.
const referenceCommand = "reference"

// reference is the plainest program that does what is measured: net/http and one handler each, behind the service's own
// timeouts; no router, no log, no metrics, no limits. It verifies with the same code as the service, the certificate
// cached, and inserts with the same driver. It has a database connection for each client, so that it waits for nothing
// but the disk.
type reference struct {
	Address     string
	DatabaseURL string
	Connections int
	Prepares    bool // the INSERT, once on each connection; the service may not (docs/decisions/0008)
	PayPalBase  string
	Roots       []byte // PEM
	WebhookID   string
	Pages       map[string]page // by path and query
}

// page is an answer to repeat.
type page struct {
	Header http.Header
	Body   []byte
}

// serveReference reads its settings and serves until it is stopped.
func serveReference(ctx context.Context, settings io.Reader) (err error) {
	var ref reference
	if err := json.NewDecoder(settings).Decode(&ref); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	pool, err := db.Open(ctx, ref.DatabaseURL, db.Options{MaxOpen: ref.Connections, ApplicationName: "reference"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	verifier, err := paypal.NewVerifier(paypal.VerifierConfig{
		WebhookID: func() string { return ref.WebhookID }, BaseURL: ref.PayPalBase, ExtraRoots: ref.Roots,
	})
	if err != nil {
		return err
	}
	insert := func(ctx context.Context, values ...any) (sql.Result, error) {
		return pool.ExecContext(ctx, bareInsert, values...)
	}
	if ref.Prepares {
		prepared, err := pool.PrepareContext(ctx, bareInsert)
		if err != nil {
			return err
		}
		defer func() { _ = prepared.Close() }() // the process ends with it
		insert = prepared.ExecContext
	}
	mux := http.NewServeMux()
	client, err := paypal.New(paypal.Config{BaseURL: ref.PayPalBase, ClientID: "sandbox-client",
		ClientSecret: "sandbox-secret"})
	if err != nil {
		return err
	}
	mux.HandleFunc("POST /webhooks/paypal", bareIngest(verifier, insert))
	mux.HandleFunc("POST /contributions", bareGive(pool, client))
	mux.HandleFunc("POST "+countsPath, bareCounts)
	mux.HandleFunc("GET /embed/{campaign}", barePage(ref.Pages))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if pool.PingContext(r.Context()) != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	server := app.PublicServer(mux)
	server.Addr = ref.Address
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// barePage writes the service's bytes and headers without making them.
func barePage(pages map[string]page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, there := pages[r.RequestURI]
		if !there {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		for name, values := range p.Header {
			h[name] = values
		}
		_, _ = w.Write(p.Body)
	}
}

const bareInsert = `
	INSERT INTO ` + bareTable + ` (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body, received_at, state)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'ignored')`

// bareIngest verifies one delivery and commits it, alone: the INSERT is its own transaction.
func bareIngest(verifier *paypal.Verifier, insert func(context.Context, ...any) (sql.Result, error)) http.HandlerFunc {
	type event struct {
		ID       string `json:"id"`
		Type     string `json:"event_type"`
		Resource struct {
			ID string `json:"id"`
		} `json:"resource"`
	}
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		signed, err := verifier.Verify(r.Context(), r.Header, body)
		if err != nil {
			http.Error(w, "refused", http.StatusBadRequest)
			return
		}
		var e event
		if err := json.Unmarshal(body, &e); err != nil {
			http.Error(w, "no event", http.StatusBadRequest)
			return
		}
		headers, err := json.Marshal(r.Header)
		if err != nil {
			http.Error(w, "no event", http.StatusBadRequest)
			return
		}
		_, err = insert(r.Context(), e.ID, signed.TransmissionID, signed.TransmissionTime, e.Type, e.Resource.ID,
			string(headers), body, time.Now())
		if err != nil {
			http.Error(w, "not stored", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "received\n")
	}
}
