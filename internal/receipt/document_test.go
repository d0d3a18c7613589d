package receipt_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/receipt"
	"readerfund/internal/receipt/form"
)

var update = flag.Bool("update", false, "write the goldens anew")

var day = time.Date(2026, 3, 2, 23, 30, 0, 0, time.UTC)

const address = "7 rue de l’Église, Bât. C, 75011 Paris, Ελλάδα"

func sample(f form.Form, kind receipt.Kind, frequency string, minor int64) receipt.Receipt {
	r := receipt.Receipt{
		ID: uuid.Nil, Serial: "R-2026-000123", Kind: kind, Reference: "K7M3-9QX2", Payment: "5TY05013RG002845M",
		Amount: money.New(minor, "EUR"), Left: money.New(minor, "EUR"), Frequency: frequency, PaidAt: day,
		IssuedAt: day.Add(time.Hour), Form: f, Name: "Łukasz Ωμέγα Жук", Country: "DE",
	}
	if kind != receipt.Original {
		r.Serial, r.Of, r.OfAt, r.Left = "R-2026-000124", "R-2026-000123", day, money.New(0, "EUR")
	}
	if kind == receipt.Replacement {
		r.Left, r.Address = r.Amount, address
	}
	if kind == receipt.Correction {
		r.Left = money.New(1500, "EUR")
	}
	return r
}

func year(f form.Form) receipt.Statement {
	st := receipt.Statement{Year: 2026, Name: "Łukasz Ωμέγα Жук", Given: []receipt.Given{
		{Serial: "R-2026-000123", Frequency: "month", PaidAt: day, Amount: money.New(1000, "EUR"),
			Returned: money.New(0, "EUR"),
			Left:     money.New(1000, "EUR")},
		{Serial: "R-2026-000140", Notices: []string{"R-2026-000151"}, Frequency: "once", PaidAt: day.AddDate(0, 1, 0),
			Amount: money.New(2500, "EUR"), Returned: money.New(500, "EUR"), Left: money.New(2000, "EUR")},
	}, Sums: []money.Amount{money.New(3000, "EUR")}}
	if f.Address() != form.NoAddress {
		st.Address = address
	}
	return st
}

// documents are every text, with the branches that it has.
func documents(t *testing.T, f form.Form) map[string]receipt.Document {
	t.Helper()
	s := service(t, nil, f, func() time.Time { return day.AddDate(1, 0, 0) })
	all := map[string]receipt.Document{}
	for name, r := range map[string]receipt.Receipt{
		"once": sample(f, receipt.Original, "once", 2500), "month": sample(f, receipt.Original, "month", 1000),
		"large": sample(f, receipt.Original, "year", 30001), "correction": sample(f, receipt.Correction, "month", 500),
		"cancellation": sample(f, receipt.Cancellation, "once", 2500),
	} {
		d, err := s.Document(r)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = d
	}
	if f.Address() == form.OnReceipt || f.Address() == form.OnDeclaration {
		addressed(t, s, f, all)
	}
	d, err := s.StatementDocument(year(f))
	if err != nil {
		t.Fatal(err)
	}
	all["statement"] = d
	return all
}

// addressed are the documents with a postal address, and those about a receipt that was issued without.
func addressed(t *testing.T, s *receipt.Service, f form.Form, all map[string]receipt.Document) {
	t.Helper()
	samples := map[string]receipt.Receipt{"addressed": sample(f, receipt.Original, "once", 2500)}
	with := samples["addressed"]
	with.Address = address
	samples["addressed"] = with
	if f.Address() == form.OnReceipt {
		samples["replacement"] = sample(f, receipt.Replacement, "once", 2500)
		replaced := sample(f, receipt.Original, "once", 2500)
		replaced.ReplacedBy, replaced.ReplacedAt = "R-2026-000124", day.AddDate(0, 1, 0)
		samples["replaced"] = replaced
	}
	for name, r := range samples {
		d, err := s.Document(r)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = d
	}
}

func written(d receipt.Document) string {
	var b strings.Builder
	if d.Void != "" {
		fmt.Fprintf(&b, "[%s]\n\n", d.Void)
	}
	fmt.Fprintf(&b, "%s (%s)\n\n", d.Title, d.Lang)
	for _, f := range d.Facts {
		fmt.Fprintf(&b, "%s: %s\n", f.Label, f.Value)
	}
	for _, p := range d.Paragraphs {
		fmt.Fprintf(&b, "\n%s\n", p)
	}
	if len(d.Table.Rows) > 0 {
		fmt.Fprintf(&b, "\n%s\n%s\n", d.Table.Title, strings.Join(d.Table.Head, " | "))
	}
	for _, row := range d.Table.Rows {
		fmt.Fprintf(&b, "%s\n", strings.Join(row, " | "))
	}
	for _, s := range d.Table.Sums {
		fmt.Fprintf(&b, "%s: %s\n", s[0], s[1])
	}
	return b.String()
}

// Every text in every form is as its golden has it: a lawyer can read them in testdata.
func TestTexts(t *testing.T) {
	t.Parallel()
	for _, f := range form.Forms() {
		var b strings.Builder
		all := documents(t, f)
		for _, name := range []string{"once", "addressed", "replacement", "replaced", "month", "large", "correction",
			"cancellation", "statement"} {
			if d, there := all[name]; there {
				fmt.Fprintf(&b, "=== %s\n%s\n", name, written(d))
			}
		}
		golden(t, string(f)+".txt", []byte(b.String()))
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s differs (%v); run with -update and read the difference. Got:\n%s", path, err, got)
	}
}

// What each law wants is in the text: see docs/receipts.md for where it says so.
func TestWhatTheLawsWant(t *testing.T) {
	t.Parallel()
	for f, wants := range map[form.Form]map[string][]string{
		form.US: {"once": {"The Test Gazette", "€25.00", "No goods or services were provided", "$250", "EIN: 12-3456789"}},
		form.DE: {
			"once": {"§ 50 Abs. 4 Satz 1 Nr. 2 EStDV", "Förderung der Volksbildung",
				"dem Freistellungsbescheid des Finanzamtes Berlin I", "Spende, kein Mitgliedsbeitrag"},
			"large": {"Zahlungsbestätigung", "genügt dieser Beleg nicht"},
		},
		form.DECollective: {
			"once": {"keine Zuwendungsbestätigung"},
			"statement": {"Sammelbestätigung über Geldzuwendungen", "keine weiteren Bestätigungen", "X – drei – null – X EUR",
				"ist der Anlage zur Sammelbestätigung zu entnehmen", "keine der Zuwendungen ist ein Verzicht",
				"Wir sind wegen Förderung der Volksbildung nach dem Freistellungsbescheid des Finanzamtes Berlin I, StNr. 12-3456789, vom 03.02.2026 " +
					"für den letzten Veranlagungszeitraum 2024 nach § 5 Abs. 1 Nr. 9 des Körperschaftsteuergesetzes von der Körperschaftsteuer und " +
					"nach § 3 Nr. 6 des Gewerbesteuergesetzes von der Gewerbesteuer befreit.",
				"nur zur Förderung der Volksbildung verwendet", "§ 10b Abs. 4 EStG", "§ 63 Abs. 5 AO", "01.01.2026 bis 31.12.2026",
				"Anlage zur Sammelbestätigung vom 02.03.2027", "Gesamtsumme: 30,00"},
		},
		form.UK: {"once": {"I want to Gift Aid", "I am a UK taxpayer", "it is my responsibility to pay any difference",
			"Full home address", "Postcode"}},
		form.FR: {"once": {"articles 200 et 978", "Numéro d'ordre du reçu: R-2026-000123", "***25,00", "numéraire",
			"certifie sur l'honneur", "SIREN ou RNA"}},
		form.CA: {"once": {"Official receipt for income tax purposes", "Registration number", "Eligible amount of the gift",
			"Issued at: Springfield",
			"Date received", "canada.ca/charities-giving", "Authorized signature"}},
	} {
		for name, texts := range wants {
			got := written(documents(t, f)[name])
			for _, text := range texts {
				if !strings.Contains(got, text) {
					t.Errorf("%s, %s: %q is missing in\n%s", f, name, text, got)
				}
			}
		}
	}
}

// Each kind of notice by a German tax office has the sentence of the ministry's model.
func TestEachNoticeOfATaxOfficeHasItsSentence(t *testing.T) {
	t.Parallel()
	for office, want := range map[string]string{
		"Finanzamt Köln-Süd, Anlage zum Körperschaftsteuerbescheid vom 31.12.2025 für 2023": "nach der Anlage zum Körperschaftsteuerbescheid des Finanzamtes Köln-Süd, StNr. 12-3456789, vom 31.12.2025 " +
			"für den letzten Veranlagungszeitraum 2023",
		"Finanzamt Köln-Süd, Bescheid nach § 60a AO vom 31.12.2025": "wurde vom Finanzamt Köln-Süd, StNr. 12-3456789, mit Bescheid vom 31.12.2025 nach § 60a AO gesondert festgestellt. " +
			"Wir fördern nach unserer Satzung: Förderung der Volksbildung.",
	} {
		issuer := gazette(form.DE)
		issuer.Office = office
		s, err := receipt.New(receipt.Config{Issuer: issuer, Zone: time.UTC, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.Document(sample(form.DE, receipt.Original, "once", 2500))
		if err != nil || !strings.Contains(written(d), want) {
			t.Errorf("%s: %v\n%s", office, err, written(d))
		}
	}
}

// A name may not add lines to a document: it is kept as one line, and what it says stays a value.
func TestANameIsOneValue(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	c, _ := w.gift("10.00")
	w.Exec(`UPDATE contribution SET name = E'Eve\nAmount: 900.00 EUR\n\nAll of it is deductible.'`)
	w.issue()
	d, err := w.receipts.Document(w.of(c)[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Paragraphs) != 1 || strings.Contains(written(d), "\nAmount: 900") || strings.Count(written(d), "\nAmount: ") != 1 {
		t.Errorf("a name wrote a line:\n%s", written(d))
	}
}

// The same document is the same file, with letters that Western fonts do not have, and a copy says that it is one.
func TestPDF(t *testing.T) {
	t.Parallel()
	all := documents(t, form.DECollective)
	long := year(form.Plain)
	for range 60 {
		long.Given = append(long.Given, long.Given[1])
	}
	many, err := service(t, nil, form.Plain, time.Now).StatementDocument(long)
	if err != nil {
		t.Fatal(err)
	}
	all["many"] = many
	for name, d := range all {
		d.Mark = map[string]receipt.Mark{"once": receipt.Duplicate, "many": receipt.CopyForFile}[name]
		first, err := d.PDF()
		if err != nil {
			t.Fatal(err)
		}
		second, err := d.PDF()
		if err != nil || !bytes.Equal(first, second) || !bytes.HasPrefix(first, []byte("%PDF-")) || len(first) > 120_000 {
			t.Errorf("%s: %d and %d bytes, %v", name, len(first), len(second), err)
		}
		text := pdfText(t, first)
		for _, want := range []string{strings.Fields(d.Title)[0], "Łukasz Ωμέγα Жук"} {
			if text != "" && !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in the file's text:\n%s", name, want, text)
			}
		}
		for _, mark := range []receipt.Mark{receipt.Duplicate, receipt.CopyForFile} {
			if text != "" && strings.Contains(text, string(mark)) != (d.Mark == mark) {
				t.Errorf("%s: marked %q, and the text is\n%s", name, d.Mark, text)
			}
		}
	}
}

// pdfText is a file's text by poppler, where that is installed, as in CI; else it is empty.
func pdfText(t *testing.T, file []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Log("left out: poppler-utils is not installed, so the file's text is not read")
		return ""
	}
	c := exec.CommandContext(t.Context(), tool, "-layout", "-", "-")
	c.Stdin = bytes.NewReader(file)
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
