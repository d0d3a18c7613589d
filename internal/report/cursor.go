package report

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/fault"
)

// cursor is the place after which a page of contributions begins. Its text is meant for addresses, not for people.
type cursor struct {
	At time.Time // to the microsecond, as the database keeps it
	ID uuid.UUID
}

const cursorBytes = 8 + len(uuid.UUID{})

// String writes the cursor in letters, digits, - and _.
func (c cursor) String() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(c.At.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, c.ID[:]...))
}

// parseCursor reads what String wrote. The error is a fault.Invalid on "after".
func parseCursor(text string) (cursor, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != cursorBytes {
		return cursor{}, errCursor()
	}
	c := cursor{At: time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()}
	copy(c.ID[:], b[8:])
	if y := c.At.Year(); y < firstYear || y > lastYear { // PostgreSQL cannot hold every moment that fits
		return cursor{}, errCursor()
	}
	return c, nil
}

func errCursor() error {
	return fault.Invalidf("after", "That is not the address of a page of this list. Start again from the first page.")
}
