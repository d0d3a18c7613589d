package appearance

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/media"
)

// MaxFont is the largest typeface that is taken, in bytes: what a reader on a slow line can wait for.
const MaxFont = 200 << 10

// Font is a typeface of ours, by its digest.
type Font struct {
	Digest   string `json:"digest"`             // hex SHA-256
	Variable bool   `json:"variable,omitempty"` // it has every weight
}

// Path is where a typeface is served, below the service's own address.
func (f *Font) Path() string { return "/appearance/" + f.Digest + ".woff2" }

// AddFont keeps a typeface in the format WOFF2. One that is not is a fault.Invalid in the field. Browsers check what is
// in it before they use it; it is served as a typeface and nothing else.
func (s *Store) AddFont(ctx context.Context, field string, r io.Reader) (Font, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxFont+1))
	if err != nil {
		return Font{}, fmt.Errorf("read a typeface: %w", err)
	}
	if len(body) > MaxFont {
		return Font{}, fault.Input(field, "appearance.font_too_large", fault.Args{"max": MaxFont >> 10})
	}
	variable, ok := readWOFF2(body)
	if !ok {
		return Font{}, fault.Input(field, "appearance.not_a_font")
	}
	sum := sha256.Sum256(body)
	f := Font{Digest: hex.EncodeToString(sum[:]), Variable: variable}
	_, err = s.db.ExecContext(ctx, `
		INSERT INTO font (digest, bytes, added_at) VALUES ($1, $2, $3)
		ON CONFLICT (digest) DO UPDATE SET named_at = excluded.added_at`,
		f.Digest, body, s.now().UTC())
	if err != nil {
		return Font{}, db.Translate(fmt.Errorf("keep font %s: %w", f.Digest, err))
	}
	return f, nil
}

// FindFont is a typeface that was added before, for a form that names it by its digest: Tidy leaves it alone for
// another month. One that is not kept is a fault.Invalid in the field.
func (s *Store) FindFont(ctx context.Context, field, digest string) (Font, error) {
	var body []byte
	// Tidy, if it is about to delete the typeface, either waits for this and leaves it, or has deleted it already.
	err := s.db.GetContext(ctx, &body, `UPDATE font SET named_at = $2 WHERE digest = $1 RETURNING bytes`,
		digest, s.now().UTC())
	if errors.Is(err, sql.ErrNoRows) {
		return Font{}, fault.Input(field, "appearance.font_gone", fault.Args{"days": media.UnusedDays})
	}
	if err != nil {
		return Font{}, db.Translate(fmt.Errorf("find font %s: %w", digest, err))
	}
	variable, _ := readWOFF2(body) // it was one when it was added
	return Font{Digest: digest, Variable: variable}, nil
}

// FontFile is the file of a typeface. One that is not kept is a fault.NotFound.
func (s *Store) FontFile(ctx context.Context, digest string) ([]byte, error) {
	var body []byte
	err := s.db.GetContext(ctx, &body, `SELECT bytes FROM font WHERE digest = $1`, digest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "web.no_page")
	}
	if err != nil {
		return nil, db.Translate(fmt.Errorf("read font %s: %w", digest, err))
	}
	return body, nil
}

const (
	woff2Header = 48
	fvar        = 47 // the known table that only variable fonts have
	glyf, loca  = 10, 11
)

// readWOFF2 reports whether a file is one typeface in the format WOFF2, by its header and directory, and whether it is
// variable (W3C, WOFF File Format 2.0, sections 4.1 and 4.2).
func readWOFF2(body []byte) (variable, ok bool) {
	if len(body) < woff2Header || string(body[:4]) != "wOF2" || string(body[4:8]) == "ttcf" ||
		int(binary.BigEndian.Uint32(body[8:])) != len(body) {
		return false, false
	}
	tables, rest := binary.BigEndian.Uint16(body[12:]), body[woff2Header:]
	for range tables {
		if len(rest) < 1 {
			return false, false
		}
		flags := rest[0]
		known, transform := flags&0x3f, flags>>6
		rest = rest[1:]
		if known == 0x3f { // an arbitrary tag follows
			if len(rest) < 4 {
				return false, false
			}
			rest = rest[4:]
		}
		variable = variable || known == fvar
		lengths := 1
		if glyphs := known == glyf || known == loca; glyphs && transform != 3 || !glyphs && transform != 0 {
			lengths = 2 // the length before the transformation, and after
		}
		for range lengths {
			if rest, ok = skipBase128(rest); !ok {
				return false, false
			}
		}
	}
	return variable, tables > 0
}

// skipBase128 skips a number of one to five bytes, the last of which has no highest bit (section 3.2).
func skipBase128(b []byte) ([]byte, bool) {
	for n := range min(5, len(b)) {
		if b[n]&0x80 == 0 {
			return b[n+1:], true
		}
	}
	return nil, false
}
