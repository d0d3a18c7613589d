// Package media keeps the pictures that staff upload. It makes every picture anew from its pixels, so that what is
// served was written here: no script, no place where a photograph was taken, no file that is something else. It does
// not know what a picture is for.
package media

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// MaxBytes is the largest file that is read, in bytes.
const MaxBytes = 10 << 20

// kept is how many files are served from memory. Most have a few kilobytes; the largest has about half a megabyte.
const kept = 64

// Store keeps pictures in the database, and those asked for lately in memory. It is safe for concurrent use.
type Store struct {
	db   *db.DB
	now  func() time.Time
	turn chan struct{} // one picture is decoded at a time: it takes up to 400 MB of memory
	hot  *lru.Cache[key, File]
}

type key struct {
	digest string
	width  int // 0: the largest
}

// File is a picture in one width.
type File struct {
	Type  string `db:"type"` // image/jpeg or image/png
	Bytes []byte `db:"bytes"`
}

// New makes a store.
func New(d *db.DB, now func() time.Time) *Store {
	hot, err := lru.New[key, File](kept)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &Store{db: d, now: now, turn: make(chan struct{}, 1), hot: hot}
}

// Add keeps a picture: JPEG, PNG or WebP. A wrong one is a fault.Invalid in the field. The same picture twice is kept
// once.
func (s *Store) Add(ctx context.Context, field string, r io.Reader) (campaign.Picture, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return campaign.Picture{}, fmt.Errorf("read a picture: %w", err)
	}
	if len(body) > MaxBytes {
		return campaign.Picture{}, fault.Input(field, "media.too_large", fault.Args{"max": MaxBytes >> 20})
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return campaign.Picture{}, db.Translate(context.Cause(ctx))
	}
	files, err := render(field, body)
	if err != nil {
		return campaign.Picture{}, err
	}
	largest := files[len(files)-1]
	sum := sha256.Sum256(largest.Bytes)
	p := campaign.Picture{Digest: hex.EncodeToString(sum[:]), Width: largest.width, Height: largest.height}
	return p, s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return s.save(ctx, tx, p, files) })
}

func (s *Store) save(ctx context.Context, tx *sqlx.Tx, p campaign.Picture, files []rendition) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO image (digest, width, height, added_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (digest) DO UPDATE SET named_at = excluded.added_at`,
		p.Digest, p.Width, p.Height, s.now().UTC())
	if err != nil {
		return fmt.Errorf("keep image %s: %w", p.Digest, err)
	}
	for _, f := range files {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO image_file (digest, width, type, bytes) VALUES ($1, $2, $3, $4)
			ON CONFLICT (digest, width) DO NOTHING`, p.Digest, f.width, f.Type, f.Bytes)
		if err != nil {
			return fmt.Errorf("keep image %s in width %d: %w", p.Digest, f.width, err)
		}
	}
	return nil
}

// File is a picture in one of campaign.Widths, or in its own where width is 0. One that is not kept is a
// fault.NotFound.
func (s *Store) File(ctx context.Context, digest string, width int) (File, error) {
	k := key{digest, width}
	if f, ok := s.hot.Get(k); ok {
		return f, nil
	}
	var f File
	// The largest is the one in the image's own width.
	err := s.db.GetContext(ctx, &f, `
		SELECT f.type, f.bytes FROM image_file f JOIN image i USING (digest)
		WHERE f.digest = $1 AND f.width = CASE WHEN $2::int = 0 THEN i.width ELSE $2::int END`, digest, width)
	if errors.Is(err, sql.ErrNoRows) {
		return File{}, fault.New(fault.NotFound, "web.no_page")
	}
	if err != nil {
		return File{}, db.Translate(fmt.Errorf("read image %s: %w", digest, err))
	}
	s.hot.Add(k, f)
	return f, nil
}

// Find is a picture that was added before, for a form that names it by its digest: Tidy leaves it alone for another
// month. One that is not kept is a fault.Invalid in the field.
func (s *Store) Find(ctx context.Context, field, digest string) (campaign.Picture, error) {
	p := campaign.Picture{Digest: digest}
	// Tidy, if it is about to delete the picture, either waits for this and leaves it, or has deleted it already.
	err := s.db.QueryRowContext(ctx, `UPDATE image SET named_at = $2 WHERE digest = $1 RETURNING width, height`,
		digest, s.now().UTC()).Scan(&p.Width, &p.Height)
	if errors.Is(err, sql.ErrNoRows) {
		return campaign.Picture{}, fault.Input(field, "media.gone", fault.Args{"days": UnusedDays})
	}
	if err != nil {
		return campaign.Picture{}, db.Translate(fmt.Errorf("find image %s: %w", digest, err))
	}
	return p, nil
}
