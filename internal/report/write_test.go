package report_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// sample are the reports of a ledger with something of everything.
func sample(t *testing.T) *report.Reports {
	t.Helper()
	return report.New(reporttest.Sample(t).DB, zone(t, "Europe/Berlin"), "EUR")
}

func TestWriteTotals(t *testing.T) {
	t.Parallel()
	r := sample(t)
	by := []report.Key{report.ByDay, report.ByArticle}
	rows, err := r.Totals(t.Context(), report.TotalsQuery{By: by})
	if err != nil {
		t.Fatal(err)
	}
	for name, format := range map[string]report.Format{
		"totals.csv": report.CSV, "totals.json": report.JSON, "totals.txt": report.Table,
	} {
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
		{"https://example.org/ü", "https://example.org/ü"}, {"", ""}, {"-5", "'-5"}, {"=1+1", "'=1+1"}, {"+1", "'+1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", "'\t=1"}, {"\r=1", "'=1"}, {"＝1", "'＝1"}, {"a=1", "a=1"}, {"x,\"y\"\nz", "x,\"y\"\nz"}, {" =1", " =1"},
	} {
		var out bytes.Buffer
		rows := []report.TotalsRow{{Currency: "EUR", Article: c.article,
			Sums: report.Sums{Refunded: 1250, Held: 300, Net: -1550}}}
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

func TestNoTotalsAreAnEmptyArray(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
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
}
