package dbtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"readerfund/internal/db"
)

const (
	keptDatabases = 4       // for the tests of a process that run at the same time
	keptSessions  = 16      // of each of them
	timesUsed     = 50      // what deleted rows leave behind grows with each test
	sizeKept      = 8 << 20 // bytes of tables and indexes, after which a copy of the template is the quicker way
)

// New gives a pool on a migrated database without rows, as fresh as one of NewURL's. Both go when the test ends.
//
// The private server's databases are kept for later tests of the same process, with the connections that are open by
// then: a new connection, and all that its server process reads before it knows our tables, cost more than most tests
// do. In between, a database is emptied, and its connections forget their session. Where more than rows could pass to
// the next test, it is dropped: when its schema or its settings have changed, or somebody is still connected.
func New(t testing.TB) *db.DB {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("a PostgreSQL for tests: %v", err)
	}
	return s.lend(t)
}

// lend gives a test a database that no other test has.
func (s *server) lend(t testing.TB) *db.DB {
	t.Helper()
	k, err := s.take(t.Context())
	if err != nil {
		t.Fatalf("a database for the test: %v", err)
	}
	d, err := s.open(t.Context(), k)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // the test's own context is over
		defer cancel()
		if d != nil {
			err = d.Close()
		}
		unfit, giveErr := s.giveBack(ctx, k)
		if unfit != nil {
			t.Logf("the test's database is not used again: %v", unfit)
		}
		if err := errors.Join(err, giveErr); err != nil {
			t.Errorf("give the test's database back: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// take gives a database that no test has: the one that was used last, or else a new one.
func (s *server) take(ctx context.Context) (*kept, error) {
	s.mu.Lock()
	if last := len(s.free) - 1; last >= 0 {
		k := s.free[last]
		s.free = s.free[:last]
		s.mu.Unlock()
		return k, nil
	}
	s.mu.Unlock()
	name, err := s.create(ctx, s.template+s.strategy)
	return &kept{name: name}, err
}

// open gives a pool on a kept database, on the connections that it has and, when they do not suffice, others.
func (s *server) open(ctx context.Context, k *kept) (*db.DB, error) {
	d, err := db.Open(ctx, s.address(k.name), db.Options{Around: k.around})
	if err != nil || !s.private || k.used > 0 {
		return d, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blank == nil {
		if s.blank, err = readBlank(ctx, d); err != nil {
			return d, err
		}
	}
	k.blank, k.schema = s.blank, s.blank.Schema
	return d, nil
}

// giveBack empties a database whose pool is closed for the next test, or drops it and says why.
func (s *server) giveBack(ctx context.Context, k *kept) (unfit, err error) {
	if !s.private { // there, it would stay when this process ends
		return nil, s.drop(ctx, k.name)
	}
	if unfit = s.empty(ctx, k); unfit == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.free) < keptDatabases {
			s.free = append(s.free, k)
			return nil, nil
		}
		unfit = fmt.Errorf("%d are kept already", keptDatabases)
	}
	k.close()
	return unfit, s.drop(ctx, k.name)
}

// empty makes a database as it was when it was new. An error says that it is not.
func (s *server) empty(ctx context.Context, k *kept) error {
	k.used++
	switch {
	case k.blank == nil:
		return errors.New("it was never opened")
	case k.used == timesUsed:
		return fmt.Errorf("it was used %d times", k.used)
	}
	if err := k.rest(ctx, keptSessions); err != nil {
		return err
	}
	d, err := db.Open(ctx, s.address(k.name), db.Options{MaxOpen: 1, Around: k.around})
	if err != nil {
		return err
	}
	if err := k.blank.restore(ctx, d, k); err != nil {
		return errors.Join(err, d.Close())
	}
	return d.Close()
}
