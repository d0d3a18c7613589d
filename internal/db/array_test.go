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
func TestArrays(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	texts := []string{"", "a", `{"b",NULL,\}`, "NULL", "zwölf ☂", strings.Repeat("x", 70_000)}
	blobs := [][]byte{{}, {0, 1, 0xff}, []byte("a"), []byte(`\x00`), nil, bytes.Repeat([]byte{0}, 70_000)}
	for name, pair := range map[string][2]any{
		"as text": {db.Array(texts), db.Array(blobs)}, "in binary": {db.Texts(texts), db.Blobs(blobs)},
	} {
		var got []struct {
			Text string `db:"one"`
			Blob []byte `db:"two"`
		}
		err := d.SelectContext(t.Context(), &got,
			`SELECT one, two FROM unnest($1::text[], $2::bytea[]) AS pair (one, two)`, pair[0], pair[1])
		if err != nil || len(got) != len(texts) {
			t.Fatalf("%s: got %d rows, %v", name, len(got), err)
		}
		for i, row := range got {
			if row.Text != texts[i] || !bytes.Equal(row.Blob, blobs[i]) {
				t.Errorf("%s: %d: %.40q and %.40q came back as %.40q and %.40q", name, i, texts[i], blobs[i], row.Text, row.Blob)
			}
		}
	}
	for _, c := range []struct {
		array any
		null  bool
	}{
		{db.Array([]string{}), false}, {db.Array([]string(nil)), true}, {db.Texts([]string{}), false}, {db.Texts(nil), false},
	} {
		var null bool
		var n int
		err := d.QueryRowContext(t.Context(),
			`SELECT $1::text[] IS NULL, count(*) FROM unnest($1::text[])`, c.array).Scan(&null, &n)
		if err != nil || null != c.null || n != 0 {
			t.Errorf("an array of nothing has %d elements, null: %v, %v", n, null, err)
		}
	}
	for _, bad := range []string{"a\x00b", "\xff"} {
		for _, array := range []any{db.Array([]string{"good", bad}), db.Texts([]string{"good", bad})} {
			_, err := d.ExecContext(t.Context(), `SELECT unnest($1::text[])`, array)
			if !slices.Contains([]string{"22021", "22P05"}, db.SQLState(err)) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
}
