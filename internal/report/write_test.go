package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/report"
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

// sample is a ledger with something of everything, in an order that is the same each time.
func sample(t *testing.T) *report.Reports {
	t.Helper()
	b := newBook(t)
	id := func(n byte) uuid.UUID { return uuid.UUID{15: n} }
	g := b.paid(gift{ID: id(1), Receipt: "K7M3-9QX2", Amount: 250000, At: at("2026-11-21T23:30:00Z"), Article: "https://example.org/a?b=1,2", State: "refunded"}, 8785)
	b.enter(g, "refund", -250000, at("2026-11-24T08:00:00Z"))
	b.paid(gift{ID: id(2), Receipt: "00A1-B2C3", Amount: 3000, Currency: "JPY", At: at("2026-11-22T10:00:00Z"), Campaign: "winter"}, 148)
	b.give(gift{ID: id(3), Receipt: "ZZZZ-0000", At: at("2026-11-22T11:00:00Z"), State: "declined", Article: "=HYPERLINK(\"http://evil\")", Attention: "Two \"captures\",\nboth declined"})
	b.exec(`UPDATE contribution SET utm_source = 'letter', utm_medium = 'mail', utm_campaign = 'autumn', utm_term = 'river',
		utm_content = '=top' WHERE id = $1`, id(2))
	d := b.paid(gift{ID: id(4), Receipt: "4444-4444", Amount: 500, At: at("2026-03-29T00:59:59.5Z"), State: "disputed"}, 49)
	b.enter(d, "dispute_hold", -500, at("2026-03-30T08:00:00Z"))
	b.enter(d, "chargeback_fee", -2000, at("2026-03-30T08:00:00Z"))
	return report.New(b.d, zone(t, "Europe/Berlin"), "EUR")
}

func TestWriteContributions(t *testing.T) {
	t.Parallel()
	r := sample(t)
	for name, format := range map[string]report.Format{"contributions.csv": report.CSV, "contributions.json": report.JSON, "contributions.txt": report.Table} {
		var out bytes.Buffer
		if err := r.WriteContributions(t.Context(), &out, format, report.ContributionsQuery{}); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.Bytes())
	}
}

func TestWriteTotals(t *testing.T) {
	t.Parallel()
	r := sample(t)
	by := []report.Key{report.ByDay, report.ByArticle}
	rows, err := r.Totals(t.Context(), report.TotalsQuery{By: by})
	if err != nil {
		t.Fatal(err)
	}
	for name, format := range map[string]report.Format{"totals.csv": report.CSV, "totals.json": report.JSON, "totals.txt": report.Table} {
		var out bytes.Buffer
		if err := report.WriteTotals(&out, format, by, rows); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.Bytes())
	}
}

func TestCSVIsReadBackAndHarmless(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ article, want string }{
		{"https://example.org/ü", "https://example.org/ü"}, {"", ""}, {"-5", "'-5"}, {"=1+1", "'=1+1"}, {"+1", "'+1"}, {"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", "'\t=1"}, {"\r=1", "'=1"}, {"＝1", "'＝1"}, {"a=1", "a=1"}, {"x,\"y\"\nz", "x,\"y\"\nz"}, {" =1", " =1"},
	} {
		var out bytes.Buffer
		rows := []report.TotalsRow{{Currency: "EUR", Article: c.article, Sums: report.Sums{Refunded: 1250, Held: 300, Net: -1550}}}
		if err := report.WriteTotals(&out, report.CSV, []report.Key{report.ByArticle}, rows); err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatalf("%q: %v", c.article, err)
		}
		if records[1][0] != c.want || records[1][5] != "12.50" || records[1][6] != "3.00" || records[1][7] != "-15.50" {
			t.Errorf("%q: got %q", c.article, records[1])
		}
	}
}

func TestJSONIsAnArrayOfTheInterfacesFields(t *testing.T) {
	t.Parallel()
	r := sample(t)
	var out bytes.Buffer
	if err := r.WriteContributions(t.Context(), &out, report.JSON, report.ContributionsQuery{}); err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, field := range []string{
		"id", "receipt", "status", "currency", "gross", "fee", "refunded", "held", "net", "campaign", "article", "paypal_order_id",
		"paypal_capture_id", "created_at", "completed_at", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
	} {
		if _, ok := rows[0][field]; !ok {
			t.Errorf("no field %q", field)
		}
	}
	if rows[0]["completed_at"] != nil || rows[1]["gross"] != "3000" || rows[1]["currency"] != "JPY" {
		t.Errorf("got %v", rows)
	}
	out.Reset()
	if err := report.WriteTotals(&out, report.JSON, nil, nil); err != nil || out.String() != "[]\n" {
		t.Errorf("nothing is %q, %v", out.String(), err)
	}
}

func TestTableKeepsTheTerminalStill(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	rows := []report.TotalsRow{{Currency: "EUR", Article: "a\x1b[2Jb\nc"}}
	if err := report.WriteTotals(&out, report.Table, []report.Key{report.ByArticle}, rows); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsRune(out.String(), 0x1b) || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("got %q", out.String())
	}
}

// full is a disk that is.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWritersTellWhenNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	rows := make([]report.TotalsRow, 20000)
	for i := range rows {
		rows[i].Currency = "EUR"
	}
	for _, format := range []report.Format{report.CSV, report.JSON, report.Table} {
		for _, n := range []int{0, 1, len(rows)} {
			if err := report.WriteTotals(full{}, format, nil, rows[:n]); !errors.Is(err, errFull) {
				t.Errorf("%s, %d rows: %v", format, n, err)
			}
		}
	}
	r := sample(t)
	if err := r.WriteContributions(t.Context(), full{}, report.CSV, report.ContributionsQuery{}); !errors.Is(err, errFull) {
		t.Errorf("contributions: %v", err)
	}
}

// An export starts to arrive before the last row is read.
func TestExportStreams(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state, created_at, updated_at)
		SELECT gen_random_uuid(), 'R' || i, ''::bytea, (SELECT id FROM campaign WHERE slug = 'autumn'), 'once', 100, 'EUR', 'created', now(), now()
		FROM generate_series(1, 3000) i`)
	r := report.New(b.d, time.UTC, "EUR")
	for _, format := range []report.Format{report.CSV, report.JSON, report.Table} {
		w := &counting{}
		if err := r.WriteContributions(t.Context(), w, format, report.ContributionsQuery{}); err != nil {
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
