package db

import "encoding/binary"

// What PostgreSQL calls the types of an array's elements (pg_type.dat): these numbers are the same in every database.
const (
	oidBytea = 17
	oidText  = 25
)

// Texts is a text[] of n elements, as a parameter in PostgreSQL's binary format. The driver sends it as it is and the
// server takes it as it is, where Array quotes each element and has it read again. Cast the parameter: $1::text[].
func Texts(n int, at func(int) string) []byte { return array(oidText, n, at) }

// Blobs is a bytea[], as Texts is a text[].
func Blobs(n int, at func(int) []byte) []byte { return array(oidBytea, n, at) }

// array writes what array_recv reads (PostgreSQL, src/backend/utils/adt/arrayfuncs.c): how many dimensions, whether there
// are nulls, the elements' type, the one dimension's length and first index, and each element behind its length.
func array[T string | []byte](element uint32, n int, at func(int) T) []byte {
	size := 5 * 4
	for i := range n {
		size += 4 + len(at(i))
	}
	b := make([]byte, 0, size)
	for _, word := range []uint32{1, 0, element, uint32(n), 1} { //nolint:gosec // no slice of ours is that long
		b = binary.BigEndian.AppendUint32(b, word)
	}
	for i := range n {
		value := at(i)
		b = binary.BigEndian.AppendUint32(b, uint32(len(value))) //nolint:gosec // PostgreSQL takes 1 GB
		b = append(b, value...)
	}
	return b
}
