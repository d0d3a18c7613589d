package db_test

import (
	"testing"

	"readerfund/internal/db/dbtest"
)

// PostgreSQL reads what it knows of an index's expression only where the index has all rows. For one that has some and
// begins with an expression, the table needs statistics of the expression: otherwise each look along the index is
// planned as if it found a two-hundredth of the table.
func TestExpressionsOfPartialIndexesHaveStatistics(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	var indexed, guessed []string
	const expressions = `
		SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
		WHERE c.relnamespace = 'public'::regnamespace AND i.indkey[0] = 0 AND i.indpred IS NOT NULL`
	if err := d.Select(&indexed, expressions); err != nil || len(indexed) == 0 {
		t.Fatalf("no such indexes: %v", err)
	}
	if err := d.Select(&guessed, expressions+`
		AND NOT EXISTS (SELECT 1 FROM pg_statistic_ext s
			WHERE s.stxrelid = i.indrelid
			  AND pg_get_expr(s.stxexprs, s.stxrelid) = pg_get_expr(i.indexprs, i.indrelid))`); err != nil {
		t.Fatal(err)
	}
	if len(guessed) > 0 {
		t.Errorf("of these indexes' expressions PostgreSQL guesses how many rows they pick: %v", guessed)
	}
}
