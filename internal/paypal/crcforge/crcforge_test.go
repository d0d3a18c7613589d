package crcforge_test

import (
	"bytes"
	"hash/crc32"
	"testing"

	"pgregory.net/rapid"

	"readerfund/internal/paypal/crcforge"
)

func TestAnySumCanBeHad(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		head, tail := rapid.String().Draw(t, "head"), rapid.String().Draw(t, "tail")
		want := rapid.Uint32().Draw(t, "want")
		body := crcforge.Body(head, tail, want)
		if crc32.ChecksumIEEE(body) != want || !bytes.HasPrefix(body, []byte(head)) || !bytes.HasSuffix(body, []byte(tail)) {
			t.Fatalf("%q has the sum %d, not %d", body, crc32.ChecksumIEEE(body), want)
		}
	})
}
