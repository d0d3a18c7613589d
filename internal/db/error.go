package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"

	"readerfund/internal/fault"
)

// SQLState is the five-character code of PostgreSQL's own error in err's chain, or "".
func SQLState(err error) string {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return e.SQLState()
	}
	return ""
}

// hasState reports whether err carries a SQLSTATE that begins so: a class (two characters) or one state (five).
func hasState(err error, prefix string) bool {
	return strings.HasPrefix(SQLState(err), prefix)
}

// IsUnique reports whether a row was refused because one with the same key is there. Which key it was is not told,
// because an engine that shards renames constraints: use ON CONFLICT where it matters.
func IsUnique(err error) bool { return hasState(err, "23505") }

// IsExclusion reports whether a row was refused by an EXCLUDE constraint.
func IsExclusion(err error) bool { return hasState(err, "23P01") }

// IsCheck reports whether a row was refused by a CHECK constraint.
func IsCheck(err error) bool { return hasState(err, "23514") }

// IsNotFound reports whether a query for one row found none.
func IsNotFound(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// IsContended reports whether a transaction lost against another one, or waited for one as long as it may.
func IsContended(err error) bool { return lost(err) || hasState(err, "55P03") }

// away are the SQLSTATE classes and states in which the database cannot serve us now, through no fault of the
// statement. Source: PostgreSQL, "PostgreSQL Error Codes" (postgresql.org/docs/current/errcodes-appendix.html).
var away = []string{
	"08",    // connection exceptions
	"53",    // out of connections, disk or memory
	"57P",   // shutting down, starting up, crashed, idle session closed
	"58030", // input/output error
	"25006", // read-only: a standby, or the primary was demoted
	"28",    // refused at sign-in
	"3D000", // no such database
	"57014", // cancelled by a time limit
	"55P03", // a lock was not to be had in time
	"40001", // lost against other transactions, again and again
	"40P01", // deadlocked, again and again
}

// Translate turns the database's absence into a fault.Unavailable that keeps err as its cause. Faults, cancellations by
// the caller and all other errors come back unchanged.
func Translate(err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	if isAway(err) {
		return unavailable(err)
	}
	return err
}

func unavailable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "outage.database")
}

func isAway(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if errors.Is(err, context.Canceled) { // whoever asked has gone; what the server said to that does not matter
		return false
	}
	if state := SQLState(err); state != "" {
		for _, prefix := range away {
			if strings.HasPrefix(state, prefix) {
				return true
			}
		}
		return false
	}
	for _, gone := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, gone) {
			return true
		}
	}
	_, network := errors.AsType[net.Error](err)
	return network
}

// IsCancelled reports whether a statement ended because its caller asked for that.
func IsCancelled(err error) bool { return hasState(err, "57014") }
