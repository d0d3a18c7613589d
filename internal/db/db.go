// Package db is the way to PostgreSQL: it opens the pool, runs transactions, translates errors and applies migrations.
//
// It knows no tables. SQL lives in the packages that own them; they get a *sqlx.Tx from InTx and never see the driver.
// Everything here works behind PgBouncer in transaction mode: no session state, no advisory locks, and no start-up
// parameter that PgBouncer does not know.
package db

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"readerfund/internal/fault"
)

// DB is a pool of connections to one database.
type DB struct {
	*sqlx.DB
	url  string
	opts Options
}

// Options are the pool's limits. A zero value takes the default named beside it.
type Options struct {
	MaxOpen        int           // connections at most: 20
	MaxIdle        int           // connections kept while idle: as many as MaxOpen
	MaxLifetime    time.Duration // after which a connection is replaced, so that a failover spreads out: 30 min
	MaxIdleTime    time.Duration // after which an idle connection is closed: 5 min
	ConnectTimeout time.Duration // for dialling, TLS and sign-in together, rounded up to whole seconds: 5 s
	// how long the server may stay silent before the connection counts as lost: 30 s; below 0: for ever
	AnswerTimeout   time.Duration
	ReadTimeout     time.Duration // after which the server ends a statement of InReadTx: never
	OnceTimeout     time.Duration // how long GetOnce waits for the answer to what it has sent: 5 s
	ApplicationName string        // shown in pg_stat_activity: "readerfund"

	// Around stands between the pool and the driver, so that tests can keep connections beyond their pool; nil: nothing.
	Around func(driver.Connector) driver.Connector
}

func (o Options) withDefaults() Options {
	o.MaxOpen = cmp.Or(o.MaxOpen, 20)
	o.MaxIdle = cmp.Or(o.MaxIdle, o.MaxOpen)
	o.MaxLifetime = cmp.Or(o.MaxLifetime, 30*time.Minute)
	o.MaxIdleTime = cmp.Or(o.MaxIdleTime, 5*time.Minute)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, 5*time.Second)
	o.AnswerTimeout = cmp.Or(o.AnswerTimeout, 30*time.Second)
	o.OnceTimeout = cmp.Or(o.OnceTimeout, 5*time.Second)
	o.ApplicationName = cmp.Or(o.ApplicationName, "readerfund")
	return o
}

// Open connects to the database at a postgres:// URL and asks it for an answer once.
//
// An error is a whole sentence without the password: a fault.Invalid on DATABASE_URL when the address is wrong, a
// fault.Unavailable when the server does not answer or refuses us.
//
// Parameters travel in the binary format (lib/pq's binary_parameters), so that a query without a prepared statement
// takes one round trip and PgBouncer may give each transaction another server. The price: a []byte is sent in that
// format and must be what the server expects there, bytea; give JSON to a jsonb column as a string, and a slice as an
// Array.
//
// No statement_timeout is sent, because PgBouncer refuses start-up parameters it does not track. A statement ends with
// its context, and a server that is silent for AnswerTimeout counts as lost; it may go on working, which ReadTimeout
// prevents. Operators who want a limit for every statement set it on the role (ALTER ROLE … SET statement_timeout).
func Open(ctx context.Context, address string, opts Options) (*DB, error) {
	opts = opts.withDefaults()
	connector, err := connectorFor(address, opts)
	if err != nil {
		return nil, err
	}
	if opts.Around != nil {
		connector = opts.Around(connector)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(opts.MaxOpen)
	pool.SetMaxIdleConns(opts.MaxIdle)
	pool.SetConnMaxLifetime(opts.MaxLifetime)
	pool.SetConnMaxIdleTime(opts.MaxIdleTime)
	d := &DB{DB: sqlx.NewDb(pool, "postgres"), url: address, opts: opts}
	if err := d.PingContext(ctx); err != nil {
		_ = pool.Close() // nothing was opened that could fail to close
		return nil, openFault(address, err)
	}
	return d, nil
}

// URL is the address the pool was opened with, password included: for tests and for programs started beside this one.
func (d *DB) URL() string { return d.url }

func connectorFor(address string, opts Options) (driver.Connector, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fault.Input("DATABASE_URL", "database.address_missing")
	}
	cfg, err := pq.NewConfig(address)
	if err != nil {
		return nil, fault.Input("DATABASE_URL", "database.address_malformed", fault.Args{
			"problem": redact(err.Error(), u),
		})
	}
	cfg.BinaryParameters = true
	if cfg.ApplicationName == "" || cfg.ApplicationName == "pqgo" {
		cfg.ApplicationName = opts.ApplicationName
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = opts.ConnectTimeout
	}
	// Times are read in UTC whatever the server's own zone is. PgBouncer tracks this parameter, so it is safe there.
	cfg.Runtime["timezone"] = "UTC"
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, fault.Input("DATABASE_URL", "database.address_unusable", fault.Args{
			"problem": redact(err.Error(), u),
		})
	}
	connector.Dialer(&dialer{answerTimeout: opts.AnswerTimeout})
	return connector, nil
}

// openFault says in a sentence why the database cannot be used, and what to do where that is known.
func openFault(address string, err error) error {
	u, parseErr := url.Parse(address)
	if parseErr != nil {
		return fmt.Errorf("open database: %w", err)
	}
	place := u.Redacted()
	if i := strings.IndexByte(place, '?'); i >= 0 {
		place = place[:i] // parameters can carry a password too
	}
	cause := errors.New(redact(err.Error(), u))
	switch {
	case errors.Is(err, pq.ErrSSLNotSupported):
		return fault.Wrap(cause, fault.Unavailable, "database.no_tls", fault.Args{"place": place})
	case hasState(err, "28"):
		return fault.Wrap(cause, fault.Unavailable, "database.refused", fault.Args{"place": place})
	case hasState(err, "3D000"):
		return fault.Wrap(cause, fault.Unavailable, "database.name_unknown", fault.Args{"place": place})
	default:
		return fault.Wrap(cause, fault.Unavailable, "database.silent", fault.Args{"place": place})
	}
}

// redact takes the address's passwords out of a text that the driver or the URL parser wrote.
func redact(text string, u *url.URL) string {
	secrets := []string{u.Query().Get("password"), u.Query().Get("sslpassword")}
	if password, ok := u.User.Password(); ok {
		secrets = append(secrets, password, url.QueryEscape(password), url.PathEscape(password))
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "xxxxx")
		}
	}
	return text
}
