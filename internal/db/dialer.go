package db

import (
	"context"
	"net"
	"time"
)

// dialer opens connections that do not wait for ever.
//
// lib/pq's reads have no deadline: when a server vanishes without a word (a machine lost in a failover, a firewall that
// drops packets), a statement would hang until TCP gives up, a quarter of an hour later, and no context could free it.
type dialer struct {
	net           net.Dialer
	answerTimeout time.Duration
}

func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := d.net.DialContext(ctx, network, address)
	if err != nil || d.answerTimeout < 0 {
		return c, err
	}
	return &watchedConn{Conn: c, limit: d.answerTimeout}, nil
}

// watchedConn gives each read and write its own deadline. The driver reads only while it waits for an answer, so a
// connection that is idle in the pool is not affected.
type watchedConn struct {
	net.Conn
	limit  time.Duration
	pinned bool // the driver has set a deadline of its own, as it does while signing in
}

func (c *watchedConn) SetDeadline(t time.Time) error {
	c.pinned = !t.IsZero()
	return c.Conn.SetDeadline(t)
}

func (c *watchedConn) Read(b []byte) (int, error) {
	if !c.pinned {
		if err := c.SetReadDeadline(time.Now().Add(c.limit)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(b)
}

func (c *watchedConn) Write(b []byte) (int, error) {
	if !c.pinned {
		if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(b)
}
