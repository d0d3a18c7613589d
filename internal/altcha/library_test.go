package altcha

import (
	"encoding/json"
	"testing"
	"time"
)

// What ALTCHA's own library made (npm, altcha-lib 2.8.0, its version 1) of the key, the number 617, a salt and an
// expiry, and the solution as its widget sends it.
const (
	libraryKey       = "a key that both know"
	libraryChallenge = `{"algorithm":"SHA-256",` +
		`"challenge":"458fdf550febfedd52932baf0c5b970f92d7bafa360c1d990782245c390fbbe0","maxnumber":1000,` +
		`"salt":"8c1f5ea0b3d2947765e1a0c4?expires=1795338600&",` +
		`"signature":"a08c3bd6e42829e664cd8a78869a0b8b1d96070ad0fa912bfc1d3a8433dcc00f"}`
	librarySolution = "eyJhbGdvcml0aG0iOiJTSEEtMjU2IiwiY2hhbGxlbmdlIjoiNDU4ZmRmNTUwZmViZmVkZDUyOTMyYmFmMGM1Yjk3MGY5MmQ3YmFm" +
		"YTM2MGMxZDk5MDc4MjI0NWMzOTBmYmJlMCIsIm51bWJlciI6NjE3LCJzYWx0IjoiOGMxZjVlYTBiM2QyOTQ3NzY1ZTFhMGM0P2V4cGlyZXM9" +
		"MTc5NTMzODYwMCYiLCJzaWduYXR1cmUiOiJhMDhjM2JkNmU0MjgyOWU2NjRjZDhhNzg4NjlhMGI4YjFkOTYwNzBhZDBmYTkxMmJmYzFkM2E4" +
		"NDMzZGNjMDBmIiwidG9vayI6MTJ9"
)

func TestAltchasOwnLibraryUnderstandsTheSame(t *testing.T) {
	t.Parallel()
	m := Maker{keys: [][]byte{[]byte(libraryKey)}}
	expires := time.Unix(1795338600, 0)
	challenge, until, err := m.Check(librarySolution, expires.Add(-time.Second))
	if err != nil || !until.Equal(expires) {
		t.Errorf("its solution: until %v, %v", until, err)
	}
	if _, _, err := m.Check(librarySolution, expires); err == nil {
		t.Error("its solution is taken for ever")
	}
	var c Challenge
	if err := json.Unmarshal([]byte(libraryChallenge), &c); err != nil {
		t.Fatal(err)
	}
	if c.Challenge != challenge || sign(m.keys[0], c.Challenge) != c.Signature {
		t.Errorf("its challenge is signed otherwise: %+v", c)
	}
	if _, hashes, err := c.Solve(t.Context()); err != nil || hashes != 617+1 {
		t.Errorf("its challenge took %d hashes: %v", hashes, err)
	}
}
