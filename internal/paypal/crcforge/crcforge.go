// Package crcforge makes bodies that have a wanted CRC-32. PayPal signs no more of a webhook's body than that, so this
// is what somebody can do who saw one delivery; the tests do it, to show that nothing is booked by it. For tests only.
package crcforge

import (
	"bytes"
	"hash/crc32"
	"slices"
	"strings"
)

// Body writes 64 letters between head and tail so that the whole has the wanted CRC-32. A CRC is linear: each letter
// may be one of two that differ in one bit, each choice flips a fixed pattern of the sum, and 32 independent patterns
// make any sum (Gaussian elimination).
func Body(head, tail string, want uint32) []byte {
	const letters = 64
	body := []byte(head + strings.Repeat("a", letters) + tail)
	zero := crc32.ChecksumIEEE(body)
	type row struct {
		sum    uint32
		choice uint64
	}
	var basis []row
	reduce := func(r row) row {
		for _, b := range basis {
			if r.sum^b.sum < r.sum {
				r = row{r.sum ^ b.sum, r.choice ^ b.choice}
			}
		}
		return r
	}
	for i := range letters {
		flipped := bytes.Clone(body)
		flipped[len(head)+i] ^= 2 // a and c
		if r := reduce(row{crc32.ChecksumIEEE(flipped) ^ zero, 1 << i}); r.sum != 0 {
			basis = append(basis, r)
			slices.SortFunc(basis, func(a, b row) int { return int(b.sum>>1) - int(a.sum>>1) })
		}
	}
	choice := reduce(row{sum: want ^ zero}).choice
	for i := range letters {
		if choice>>i&1 == 1 {
			body[len(head)+i] ^= 2
		}
	}
	return body
}
