package listing

import (
	"encoding/base64"
	"encoding/binary"
	"time"
)

// The years that a cursor's time lies in: PostgreSQL cannot hold every moment that fits into one.
const (
	firstYear = 2000
	lastYear  = 2199
)

// EncodeCursor writes a place in a list that is sorted by a time, to the microsecond, and then by an id, in letters,
// digits, - and _. It is meant for addresses, not for people.
func EncodeCursor(at time.Time, id []byte) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, id...))
}

// DecodeCursor reads what EncodeCursor wrote. The error is a fault.Invalid on "after".
func DecodeCursor(text string, idBytes int) (time.Time, []byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 8+idBytes {
		return time.Time{}, nil, ErrCursor()
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC() //nolint:gosec // its bits
	if y := at.Year(); y < firstYear || y > lastYear {
		return time.Time{}, nil, ErrCursor()
	}
	return at, b[8:], nil
}
