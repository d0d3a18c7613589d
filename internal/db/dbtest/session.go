package dbtest

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync"
	"time"
)

// session is a connection of the driver's, with all that it can do.
type session interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// kept is a database that tests have one after another, and its connections.
type kept struct {
	name   string
	used   int    // by how many tests
	blank  *blank // what it is like before a test has it
	schema string // as a test must leave it

	mu     sync.Mutex
	idle   []session // those that no pool has
	lent   int       // how many a pool has
	closed bool
}

// around makes a pool open and close connections by way of the kept ones.
func (k *kept) around(c driver.Connector) driver.Connector { return &connector{Connector: c, kept: k} }

type connector struct {
	driver.Connector
	kept *kept
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if s := c.kept.lend(); s != nil {
		return &lentSession{session: s, kept: c.kept}, nil
	}
	conn, err := c.Connector.Connect(ctx)
	s, ok := conn.(session)
	switch {
	case err != nil:
		c.kept.lost()
		return nil, err
	case !ok:
		c.kept.lost()
		return nil, fmt.Errorf("the driver's %T cannot do what its pool needs", conn)
	}
	return &lentSession{session: s, kept: c.kept}, nil
}

// lentSession is a connection while a pool has it.
type lentSession struct {
	session
	kept *kept
}

// Close gives the connection back, or closes one that is of no more use.
func (s *lentSession) Close() error {
	if s.discarded() {
		return s.kept.back(s.session)
	}
	_ = s.session.Close() // it may not even be able to say goodbye
	s.kept.lost()
	return nil
}

// discarded frees the connection of what its session holds: settings, prepared statements, temporary tables, locks. One
// that broke, or is in a transaction, refuses.
func (s *lentSession) discarded() bool {
	_, err := s.ExecContext(context.Background(), "DISCARD ALL", nil)
	return err == nil
}

// lend counts one more connection as lent, and gives one if there is one.
func (k *kept) lend() (s session) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lent++
	if last := len(k.idle) - 1; last >= 0 {
		s, k.idle = k.idle[last], k.idle[:last]
	}
	return s
}

// back takes a connection back.
func (k *kept) back(s session) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lent--
	if k.closed {
		return s.Close()
	}
	k.idle = append(k.idle, s)
	return nil
}

// lost counts out a connection that does not come back.
func (k *kept) lost() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lent--
}

// rest waits until no pool has a connection, and closes what is more than should stay.
func (k *kept) rest(ctx context.Context, stay int) error {
	err := eventually(ctx, func() error {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.lent > 0 {
			return fmt.Errorf("%d connections are in use", k.lent)
		}
		return nil
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	for err == nil && len(k.idle) > stay {
		err = k.idle[0].Close()
		k.idle = k.idle[1:]
	}
	return err
}

// close ends all connections that nobody uses, and those in use when they come back.
func (k *kept) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for _, s := range k.idle {
		_ = s.Close() // its database is dropped
	}
	k.idle = nil
}

// sessions is how many connections there are.
func (k *kept) sessions() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.idle) + k.lent
}

// eventually asks again for a while, because what a test has ended may take a moment to go.
func eventually(ctx context.Context, so func() error) error {
	for deadline := time.Now().Add(time.Second); ; {
		err := so()
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}
