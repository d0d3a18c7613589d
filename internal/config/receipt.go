package config

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"readerfund/internal/receipt/form"
	"readerfund/internal/text"
)

// Receipts are what the readers' receipts say.
type Receipts struct {
	ReceiptText      string `env:"RECEIPT_TEXT" group:"Receipts" default:"none" placeholder:"none|us|de|de-collective|uk|fr|ca" help:"Whose law the text of receipts follows (${default}: it says nothing about taxes)."`
	ReceiptSeries    string `env:"RECEIPT_SERIES" group:"Receipts" default:"R" placeholder:"LETTERS" help:"What the numbers of receipts begin with, as in R-2026-000123 (${default})."`
	ReceiptIssuer    string `env:"RECEIPT_ISSUER" group:"Receipts" placeholder:"NAME|STREET|TOWN" help:"Who issues receipts: name and address, lines parted by |."`
	ReceiptTaxID     string `env:"RECEIPT_TAX_ID" group:"Receipts" placeholder:"NUMBER" help:"EIN (us), Steuernummer (de), charity number (uk), SIREN or RNA (fr), registration number (ca)."`
	ReceiptTaxOffice string `env:"RECEIPT_TAX_OFFICE" group:"Receipts" placeholder:"TEXT" help:"de: like Finanzamt Berlin I, Freistellungsbescheid vom 03.02.2026 für 2024."`
	ReceiptPurpose   string `env:"RECEIPT_PURPOSE" group:"Receipts" placeholder:"TEXT" help:"de, fr: what gifts are for, as the tax office's notice or the statutes have it; de: like Förderung der Volksbildung."`
	ReceiptPlace     string `env:"RECEIPT_PLACE" group:"Receipts" placeholder:"TOWN" help:"ca: where receipts are issued."`
	ReceiptSigner    string `env:"RECEIPT_SIGNER" group:"Receipts" placeholder:"NAME, OFFICE" help:"fr, ca: who answers for receipts."`
}

// receiptIssuer checks who issues receipts: that the text is one there is, and has all that its law wants in it.
func (p *parser) receiptIssuer(s Receipts) form.Issuer {
	i := form.Issuer{
		Form: form.Form(s.ReceiptText), Series: s.ReceiptSeries, TaxID: p.receiptLine("RECEIPT_TAX_ID", s.ReceiptTaxID),
		Office:  p.receiptLine("RECEIPT_TAX_OFFICE", s.ReceiptTaxOffice),
		Purpose: p.receiptLine("RECEIPT_PURPOSE", s.ReceiptPurpose),
		Place:   p.receiptLine("RECEIPT_PLACE", s.ReceiptPlace), Signer: p.receiptLine("RECEIPT_SIGNER", s.ReceiptSigner),
	}
	issuer := strings.ReplaceAll(s.ReceiptIssuer, "\n", "|")
	for line := range strings.SplitSeq(p.receiptLine("RECEIPT_ISSUER", issuer), "|") {
		if line = strings.TrimSpace(line); line != "" {
			i.Lines = append(i.Lines, line)
		}
	}
	if forms := form.Forms(); !slices.Contains(forms, i.Form) {
		p.problem("RECEIPT_TEXT", "There is no text %q: write one of %s.", s.ReceiptText, receiptForms(forms))
	}
	if i.Series == "" || len(i.Series) > 12 || strings.Trim(i.Series, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		p.problem("RECEIPT_SERIES", "%q cannot begin a number: write up to 12 capital letters and digits, like R.",
			s.ReceiptSeries)
	}
	for _, f := range i.Missing() {
		p.problem(string(f), "It is not set, and RECEIPT_TEXT=%s cannot do without it: write %s.", i.Form, receiptField[f])
	}
	if _, reads := i.Exemption(); i.Form.German() && i.Office != "" && !reads {
		p.problem("RECEIPT_TAX_OFFICE", "Write the tax office with the kind, the day and the year of its notice, like "+
			"“Finanzamt Berlin I, Freistellungsbescheid vom 03.02.2026 für 2024”. Instead of Freistellungsbescheid it may be "+
			"“Anlage zum Körperschaftsteuerbescheid”, or without a year “Bescheid nach § 60a AO vom 03.02.2026”.")
	}
	return i
}

// receiptLine checks a text that receipts show as it is.
func (p *parser) receiptLine(setting, value string) string {
	if strings.ContainsFunc(value, unicode.IsControl) {
		p.problem(setting, "Write it without control characters.")
	}
	return text.Line(value)
}

func receiptForms(all []form.Form) string {
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

// receiptField says what to write.
var receiptField = map[form.Field]string{
	form.Name:    "name and address of who receives the gifts, like The Daily e.V.|Hauptstr. 1|10115 Berlin",
	form.TaxID:   "the number that the tax office or the register knows you by",
	form.Office:  "like Finanzamt Berlin I, Freistellungsbescheid vom 03.02.2026 für 2024",
	form.Purpose: "what the gifts are for, as in your tax office's notice or your statutes",
	form.Place:   "the town where receipts are issued",
	form.Signer:  "name and office of who answers for receipts",
}

// yearlyNotice reads on which days before a yearly charge it is told, the least first.
func (p *parser) yearlyNotice(value string) []int {
	const most = 90
	var all []int
	if strings.TrimSpace(value) == "none" {
		return nil
	}
	for _, text := range list(value) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > most || slices.Contains(all, n) {
			p.problem("YEARLY_NOTICE_DAYS", "%q is no other number from 1 to %d: write it like 30,7, or none.", text, most)
			continue
		}
		all = append(all, n)
	}
	slices.Sort(all)
	return all
}
