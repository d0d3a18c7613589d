package dbtest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"readerfund/internal/db"
)

// TestProcessesMakeTheTemplateAtOnce lets many at it together, as the first packages of a `go test ./...` do.
func TestProcessesMakeTheTemplateAtOnce(t *testing.T) {
	t.Parallel()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	own := &server{admin: s.admin, template: testPrefix + "template_race"}
	t.Cleanup(func() {
		if _, err := s.admin.ExecContext(context.Background(), `DROP DATABASE `+own.template+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	var all sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		all.Go(func() { errs[i] = own.ensureTemplate(t.Context()) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	var drafts int
	err = s.admin.GetContext(t.Context(), &drafts, `SELECT count(*) FROM pg_database WHERE datname = $1`, own.template)
	if err != nil || drafts != 1 {
		t.Fatalf("%d templates, %v", drafts, err)
	}
	d, err := db.Open(t.Context(), own.address(own.template), db.Options{MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	var tables int
	if err := d.GetContext(t.Context(), &tables, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); err != nil || tables < 5 {
		t.Fatalf("%d tables, %v", tables, err)
	}
}
