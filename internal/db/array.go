package db

import (
	"encoding/binary"

	"github.com/lib/pq"
)

// Array makes a slice usable as a query's array parameter (= ANY($1)), and a pointer to a slice scannable from one. It
// travels as text, so that its type is the query's: a [][]byte is a bytea[]. A nil slice is NULL; a nil []byte in one
// is empty.
func Array(slice any) any { return pq.Array(slice) }

// Texts and Blobs are a text[] and a bytea[] as a query's parameter, for statements that take many values or long ones.
// They travel in the binary format, from which the server takes a value as it is: out of an Array's text it would have
// to read each letter, and a bytea is twice as long there. A nil slice and a nil []byte are empty.
func Texts(values []string) []byte { return binaryArray(textOID, values) }

// Blobs is described at Texts.
func Blobs(values [][]byte) []byte { return binaryArray(byteaOID, values) }

// Column is one value of each row, as a statement over many rows takes it.
func Column[R, T any](rows []R, of func(R) T) []T {
	values := make([]T, len(rows))
	for n, r := range rows {
		values[n] = of(r)
	}
	return values
}

// The types' ids, which no PostgreSQL has others for (pg_type.dat).
const (
	byteaOID = 17
	textOID  = 25
)

// binaryArray writes an array as the server's array_recv reads one: the number of dimensions, whether there are NULLs,
// the elements' type; the dimension's length and its lower bound; and each element's length before it.
func binaryArray[T string | []byte](element uint32, values []T) []byte {
	const head, each = 5 * 4, 4
	size := head
	for _, v := range values {
		size += each + len(v)
	}
	b := make([]byte, 0, size)
	for _, n := range []uint32{1, 0, element, uint32(len(values)), 1} { //nolint:gosec // a statement has few
		b = binary.BigEndian.AppendUint32(b, n)
	}
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(len(v))) //nolint:gosec // the protocol ends at 1 GB
		b = append(b, v...)
	}
	return b
}
