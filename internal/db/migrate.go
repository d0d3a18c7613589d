package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"readerfund/internal/fault"
)

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string        // the file's name
	AppliedAt time.Time     // UTC; zero while it waits
	Took      time.Duration // only when it has just been run
}

// Applied reports whether the database has this step.
func (m Migration) Applied() bool { return !m.AppliedAt.IsZero() }

// Migrate applies every step of fsys (goose files) that the database lacks, in order, and returns those it applied; on
// an error, those before it.
//
// Several replicas may do so at once: one works, the others wait up to five minutes for it and then find nothing to do.
// The lock is a row with a lease that the worker renews, not an advisory lock, so that it holds behind PgBouncer in
// transaction mode; if the worker dies, the next one goes on after 30 seconds. Each step is one transaction together
// with its entry in the version table: it is applied whole or not at all. A step that makes indexes beside the service
// cannot be one (NO TRANSACTION): it is written so that running it again, after it broke off, mends it.
func Migrate(ctx context.Context, d *DB, fsys fs.FS) ([]Migration, error) {
	var done []Migration
	err := d.withGoose(ctx, fsys, true, func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		partial, failed := errors.AsType[*goose.PartialError](err)
		if failed {
			results = partial.Applied
			err = fmt.Errorf("%s: %w", path.Base(partial.Failed.Source.Path), partial.Err)
		}
		for _, r := range results {
			done = append(done, applied(r))
		}
		return err
	})
	if err != nil {
		return done, Translate(fmt.Errorf("migrate: %w", err))
	}
	return done, nil
}

// MigrateDown takes back the newest step and returns it. Without any step applied it is a fault.NotFound.
func MigrateDown(ctx context.Context, d *DB, fsys fs.FS) (Migration, error) {
	var undone Migration
	err := d.withGoose(ctx, fsys, true, func(p *goose.Provider) error {
		result, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return fault.New(fault.NotFound, "database.nothing_to_undo")
		}
		if err == nil {
			undone = Migration{Version: result.Source.Version, Name: path.Base(result.Source.Path), Took: result.Duration}
		}
		return err
	})
	if err != nil {
		return undone, Translate(fmt.Errorf("migrate down: %w", err))
	}
	return undone, nil
}

// MigrateStatus lists every step of fsys and whether the database has it.
func MigrateStatus(ctx context.Context, d *DB, fsys fs.FS) ([]Migration, error) {
	var all []Migration
	err := d.withGoose(ctx, fsys, false, func(p *goose.Provider) error {
		steps, err := p.Status(ctx)
		for _, s := range steps {
			all = append(all, Migration{Version: s.Source.Version, Name: path.Base(s.Source.Path), AppliedAt: s.AppliedAt})
		}
		return err
	})
	if err != nil {
		return nil, Translate(fmt.Errorf("migration status: %w", err))
	}
	return all, nil
}

func applied(r *goose.MigrationResult) Migration {
	return Migration{
		Version: r.Source.Version, Name: path.Base(r.Source.Path), AppliedAt: time.Now().UTC(), Took: r.Duration,
	}
}

// withGoose works on a small pool of its own: a step may take longer than AnswerTimeout (an index on a large table),
// and the lock's renewal needs a connection beside the one that works.
func (d *DB) withGoose(ctx context.Context, fsys fs.FS, locked bool, fn func(*goose.Provider) error) (err error) {
	own, err := Open(ctx, d.url, Options{
		MaxOpen: 3, AnswerTimeout: -1, ApplicationName: d.opts.ApplicationName + " migrate",
	})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := own.Close(); err == nil {
			err = closeErr
		}
	}()
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler))}
	if locked {
		locker, err := migrationLock()
		if err != nil {
			return err
		}
		options = append(options, goose.WithLocker(locker))
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, own.DB.DB, fsys, options...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	return fn(provider)
}

func migrationLock() (lock.Locker, error) {
	return lock.NewPostgresTableLocker(
		lock.WithTableLockTimeout(250*time.Millisecond, 1200),
		lock.WithTableUnlockTimeout(250*time.Millisecond, 40),
		lock.WithTableLogger(slog.New(slog.DiscardHandler)),
		// Waiting helps only while somebody else holds the lock; goose tells that without a type of its own.
		lock.WithTableRetryPolicy(func(err error) bool { return SQLState(err) == "" && !isAway(err) }),
	)
}
