package db_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
)

// What goes in comes out, in its order, whatever is in it; and what no text can hold is refused and not stored.
func TestArraysInBinary(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	texts := []string{"", "a", `{"b",NULL,\}`, "zwölf ☂", strings.Repeat("x", 70_000)}
	blobs := [][]byte{{}, {0, 1, 0xff}, []byte("a"), []byte(`\x00`), bytes.Repeat([]byte{0}, 70_000)}
	var got []struct {
		Text string `db:"one"`
		Blob []byte `db:"two"`
	}
	err := d.SelectContext(t.Context(), &got, `SELECT one, two FROM unnest($1::text[], $2::bytea[]) AS pair (one, two)`,
		db.Texts(len(texts), func(i int) string { return texts[i] }), db.Blobs(len(blobs), func(i int) []byte { return blobs[i] }))
	if err != nil || len(got) != len(texts) {
		t.Fatalf("got %d rows, %v", len(got), err)
	}
	for i, row := range got {
		if row.Text != texts[i] || !bytes.Equal(row.Blob, blobs[i]) {
			t.Errorf("%d: %.40q and %.40q came back as %.40q and %.40q", i, texts[i], blobs[i], row.Text, row.Blob)
		}
	}
	var none []string
	if err := d.SelectContext(t.Context(), &none, `SELECT unnest($1::text[])`, db.Texts(0, nil)); err != nil || len(none) != 0 {
		t.Errorf("an array of nothing gives %q, %v", none, err)
	}
	for _, bad := range []string{"a\x00b", "\xff"} {
		_, err := d.ExecContext(t.Context(), `SELECT unnest($1::text[])`, db.Texts(2, func(i int) string { return []string{"good", bad}[i] }))
		if !slices.Contains([]string{"22021", "22P05"}, db.SQLState(err)) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
