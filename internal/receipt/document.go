package receipt

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"text/template"

	"golang.org/x/text/language"

	"readerfund/internal/money"
	"readerfund/internal/receipt/form"
)

// Document is the text of a receipt, a notice or a statement, ready to be shown: as a page, as a PDF, in a mail.
type Document struct {
	Lang       language.Tag
	Name       string // of a file
	Serial     string // empty for a statement
	Title      string
	Facts      []Fact
	Paragraphs []string // with line breaks in them
	Table      Table    // of a statement; without rows otherwise
	Mark       Mark     // shown above it; empty on an original
	Void       string   // says that it was replaced, and by which document; mostly empty
}

// Mark says what kind of copy a document is, whatever the document's language.
type Mark string

// The marks. A copy for the file makes no statement about the original, which may not have been issued to the reader
// yet.
const (
	Duplicate   Mark = "DUPLICATE"         // the original was handed out before
	CopyForFile Mark = "COPY FOR THE FILE" // staff opened it
)

// Fact is one line of what a document states.
type Fact struct {
	Label, Value string
}

// Table is the list in a statement.
type Table struct {
	Title string
	Apart bool // on paper it starts a page of its own: it is the annex of a letter
	Head  []string
	Rows  [][]string
	Sums  [][2]string // the totals of the last column, by currency, each with its label
}

// texts are the forms' templates. One template covers all kinds of documents of a form, by its .Kind.
type texts struct {
	of map[form.Form]*template.Template
}

// statement is the .Kind of a statement, besides the kinds that have numbers.
const statement Kind = "statement"

// words is the data of the texts. Amounts and days are formatted as the form writes them.
type words struct {
	Kind                         Kind
	Form                         form.Form
	Serial, Of, OfDate           string
	Reference, Payment           string
	Amount, Left, Frequency      string
	Date, Issued                 string
	Name, Address                string
	Replacement, ReplacementDate string // the document that replaced this one; empty if none did
	Small                        bool   // in EUR and no more than what the simplified proof allows
	Issuer                       string
	Company                      string // the issuer with its address, on one line
	TaxID                        string
	Purpose, Place, Signer       string
	Exemption                    form.Exemption
	Year                         int
	Sums                         []sum
}

// sum is the total of a year in one currency.
type sum struct{ Currency, Amount, Spelled string }

// parseTexts reads every form's text, so that a broken one fails the start.
func parseTexts(from fs.FS) (*texts, error) {
	t := &texts{of: map[form.Form]*template.Template{}}
	for _, f := range form.Forms() {
		files := []string{"receipt/" + string(f) + ".txt"}
		if common := styles[f].common; common != "" {
			files = append([]string{"receipt/" + common}, files...)
		}
		parsed, err := template.New(string(f)).Option("missingkey=error").ParseFS(from, files...)
		if err != nil {
			return nil, fmt.Errorf("parse the text %q of receipts: %w", f, err)
		}
		t.of[f] = parsed
	}
	return t, nil
}

// document renders words in a form.
func (t *texts) document(f form.Form, w words) (Document, error) {
	w.Form = f
	text, err := t.say(f, string(f)+".txt", w)
	if err != nil {
		return Document{}, err
	}
	blocks := strings.Split(strings.TrimSpace(text), "\n\n")
	d := Document{Lang: styleOf(f).tag, Serial: w.Serial, Title: strings.TrimSpace(blocks[0])}
	for _, block := range blocks[1:] {
		block = strings.TrimSpace(block)
		switch {
		case block == "":
		case d.Facts == nil:
			d.Facts = facts(block)
		default:
			d.Paragraphs = append(d.Paragraphs, block)
		}
	}
	return d, nil
}

func facts(block string) []Fact {
	var all []Fact
	for line := range strings.SplitSeq(block, "\n") {
		if label, value, ok := strings.Cut(line, ": "); ok {
			all = append(all, Fact{label, value})
		}
	}
	return all
}

// say executes one template of a form. An unknown form, from a row that a later version wrote, uses the plain text.
func (t *texts) say(f form.Form, name string, data any) (string, error) {
	parsed, known := t.of[f]
	if !known {
		parsed, name = t.of[form.Plain], string(form.Plain)+".txt"
	}
	var b bytes.Buffer
	if err := parsed.ExecuteTemplate(&b, name, data); err != nil {
		return "", fmt.Errorf("say receipt as %q: %w", f, err)
	}
	return b.String(), nil
}

// smallGift is the amount up to which, in Germany, a slip from the recipient together with the payer's bank statement
// is proof enough (§ 50 Abs. 4 Satz 1 Nr. 2 EStDV), in cents.
const smallGift = 300_00

// Document renders the text of a receipt or notice.
func (s *Service) Document(r Receipt) (Document, error) {
	style := styleOf(r.Form)
	w := s.issuerWords()
	w.Kind, w.Serial, w.Of, w.Reference, w.Payment = r.Kind, r.Serial, r.Of, r.Reference, r.Payment
	w.Amount, w.Left = money.Format(r.Amount, style.tag), money.Format(r.Left, style.tag)
	w.Frequency, w.Name, w.Address = r.Frequency, r.Name, r.Address
	w.Date, w.Issued = r.PaidAt.In(s.zone).Format(style.date), r.IssuedAt.In(s.zone).Format(style.date)
	w.Small = r.Amount.Currency == "EUR" && r.Amount.Minor <= smallGift
	if !r.OfAt.IsZero() {
		w.OfDate = r.OfAt.In(s.zone).Format(style.date)
	}
	d, err := s.texts.document(r.Form, w)
	d.Name = r.Serial
	if err != nil || r.ReplacedBy == "" {
		return d, err
	}
	w.Replacement, w.ReplacementDate = r.ReplacedBy, r.ReplacedAt.In(s.zone).Format(style.date)
	d.Void, err = s.texts.say(r.Form, "replaced", w)
	return d, err
}

// issuerWords returns the words about the issuer.
func (s *Service) issuerWords() words {
	i := s.issuer
	w := words{
		TaxID: i.TaxID, Purpose: i.Purpose, Place: i.Place, Signer: i.Signer,
		Company: strings.Join(i.Lines, ", "),
	}
	w.Exemption, _ = i.Exemption()
	if i.Form.German() { // the model's sentences already contain that word
		w.Purpose = strings.TrimPrefix(w.Purpose, "Förderung ")
	}
	if len(i.Lines) > 0 {
		w.Issuer = i.Lines[0]
	}
	return w
}
