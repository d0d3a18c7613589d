package dashboard_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"readerfund/internal/dashboard"
	"readerfund/internal/report"
	"readerfund/internal/report/reporttest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with testdata/name, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}

// sample are the views of a ledger with something of everything.
func sample(t *testing.T) *dashboard.Views {
	t.Helper()
	return dashboard.New(reporttest.Sample(t).DB, zone(t, "Europe/Berlin"))
}

func TestWriteContributions(t *testing.T) {
	t.Parallel()
	r := sample(t)
	for name, format := range map[string]report.Format{
		"contributions.csv": report.CSV, "contributions.json": report.JSON, "contributions.txt": report.Table,
	} {
		var out bytes.Buffer
		if err := r.WriteContributions(t.Context(), &out, format, dashboard.ContributionsQuery{}); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.Bytes())
	}
}

func TestJSONIsAnArrayOfTheInterfacesFields(t *testing.T) {
	t.Parallel()
	r := sample(t)
	var out bytes.Buffer
	if err := r.WriteContributions(t.Context(), &out, report.JSON, dashboard.ContributionsQuery{}); err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, field := range []string{
		"id", "receipt", "status", "currency", "gross", "fee", "refunded", "held", "net", "campaign", "article",
		"paypal_order_id",
		"paypal_capture_id", "created_at", "completed_at", "utm_source", "utm_medium", "utm_campaign", "utm_term",
		"utm_content",
	} {
		if _, ok := rows[0][field]; !ok {
			t.Errorf("no field %q", field)
		}
	}
	if rows[0]["completed_at"] != nil || rows[1]["gross"] != "3000" || rows[1]["currency"] != "JPY" {
		t.Errorf("got %v", rows)
	}
}

// An export starts to arrive before the last row is read.
func TestExportStreams(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.Exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state, created_at, updated_at)
		SELECT gen_random_uuid(), 'R' || i, ''::bytea,
			(SELECT id FROM campaign WHERE slug = 'autumn'), 'once', 100, 'EUR', 'created', now(), now()
		FROM generate_series(1, 3000) i`)
	r := dashboard.New(b.DB, time.UTC)
	for _, format := range []report.Format{report.CSV, report.JSON, report.Table} {
		w := &counting{}
		if err := r.WriteContributions(t.Context(), w, format, dashboard.ContributionsQuery{}); err != nil {
			t.Fatal(err)
		}
		if w.writes < 3 || bytes.Count(w.Bytes(), []byte("\n")) < 3000 {
			t.Errorf("%s: %d writes, %d lines", format, w.writes, bytes.Count(w.Bytes(), []byte("\n")))
		}
	}
}

type counting struct {
	bytes.Buffer
	writes int
}

func (c *counting) Write(b []byte) (int, error) {
	c.writes++
	return c.Buffer.Write(b)
}

var errFull = errors.New("no space left on device")

// full is a disk with no space left.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriterTellsWhenNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	r := sample(t)
	if err := r.WriteContributions(
		t.Context(), full{}, report.CSV, dashboard.ContributionsQuery{},
	); !errors.Is(err, errFull) {
		t.Errorf("contributions: %v", err)
	}
}
