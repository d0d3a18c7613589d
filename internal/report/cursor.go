package report

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/listing"
)

// cursor is the place after which a page of contributions begins. Its text is meant for addresses, not for people.
type cursor struct {
	At time.Time // to the microsecond, as the database keeps it
	ID uuid.UUID
}

// String writes the cursor in letters, digits, - and _.
func (c cursor) String() string { return encodeCursor(c.At, c.ID[:]) }

// parseCursor reads what String wrote. The error is a fault.Invalid on "after".
func parseCursor(text string) (cursor, error) {
	at, id, err := decodeCursor(text, len(uuid.UUID{}))
	if err != nil {
		return cursor{}, err
	}
	return cursor{At: at, ID: uuid.UUID(id)}, nil
}

// encodeCursor writes a place in a list that is sorted by a time, to the microsecond, and then by an id.
func encodeCursor(at time.Time, id []byte) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, id...))
}

// decodeCursor reads what encodeCursor wrote. The error is a fault.Invalid on "after".
func decodeCursor(text string, idBytes int) (time.Time, []byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 8+idBytes {
		return time.Time{}, nil, listing.ErrCursor()
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC() //nolint:gosec // its bits
	if y := at.Year(); y < firstYear || y > lastYear {            // PostgreSQL cannot hold every moment that fits
		return time.Time{}, nil, listing.ErrCursor()
	}
	return at, b[8:], nil
}
