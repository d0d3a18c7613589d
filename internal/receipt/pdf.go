package receipt

import (
	"bytes"
	_ "embed" // the fonts
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// The fonts have Latin, Greek and Cyrillic, so that names are printed as they are written: the fonts built into every
// PDF reader only cover Western Europe. font/OFL.txt is their licence. A missing letter is shown as a box: fpdf shapes
// no Arabic or Indic script, so fonts with more letters would not help.
var (
	//go:embed font/NotoSans-Regular.ttf
	regular []byte
	//go:embed font/NotoSans-Bold.ttf
	bold []byte
)

// The page, in millimetres: A4, which printers in America shrink to Letter.
const (
	family     = "noto"
	margin     = 22.0
	lineHeight = 5.4
	labelWidth = 52.0
	textWidth  = 210 - 2*margin
)

// PDF writes the document as a file. The same document gives the same bytes: nothing in it depends on the clock.
func (d Document) PDF() ([]byte, error) {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCatalogSort(true)
	f.SetCreationDate(time.Unix(0, 0).UTC())
	f.SetModificationDate(time.Unix(0, 0).UTC())
	f.SetProducer("Readerfund", true)
	f.SetTitle(d.Title, true)
	f.SetSubject(d.Name, true)
	f.SetLang(d.Lang.String())
	f.SetMargins(margin, margin, margin)
	f.SetAutoPageBreak(true, margin)
	f.AddUTF8FontFromBytes(family, "", regular)
	f.AddUTF8FontFromBytes(family, "B", bold)
	f.AddPage()
	d.draw(f)
	var b bytes.Buffer
	if err := f.Output(&b); err != nil {
		return nil, fmt.Errorf("write %s as PDF: %w", d.Name, err)
	}
	return b.Bytes(), nil
}

func (d Document) draw(f *fpdf.Fpdf) {
	if d.Mark != "" {
		f.SetFont(family, "B", 14)
		f.SetTextColor(170, 30, 30)
		f.CellFormat(textWidth, 8, string(d.Mark), "1", 1, "C", false, 0, "")
		f.SetTextColor(0, 0, 0)
		f.Ln(5)
	}
	if d.Void != "" {
		f.SetFont(family, "B", 10)
		f.SetTextColor(170, 30, 30)
		f.MultiCell(textWidth, 7, d.Void, "1", "C", false)
		f.SetTextColor(0, 0, 0)
		f.Ln(5)
	}
	f.SetFont(family, "B", 15)
	f.MultiCell(textWidth, 7.5, together(d.Title), "", "L", false)
	f.Ln(4)
	for _, fact := range d.Facts {
		drawFact(f, fact)
	}
	f.Ln(4)
	f.SetFont(family, "", 10)
	for _, p := range d.Paragraphs {
		f.MultiCell(textWidth, lineHeight, together(p), "", "L", false)
		f.Ln(2.6)
	}
	if len(d.Table.Rows) > 0 {
		d.Table.draw(f)
	}
}

// drawFact writes a label and its value beside it, which may take several lines.
func drawFact(f *fpdf.Fpdf, fact Fact) {
	f.SetFont(family, "B", 9)
	lines := max(len(f.SplitText(fact.Label, labelWidth-2)), 1)
	f.SetFont(family, "", 10)
	lines = max(lines, len(f.SplitText(fact.Value, textWidth-labelWidth-2)))
	if f.GetY()+float64(lines)*lineHeight > 297-margin {
		f.AddPage()
	}
	top := f.GetY()
	f.SetFont(family, "B", 9)
	f.MultiCell(labelWidth, lineHeight, fact.Label, "", "L", false)
	bottom := f.GetY()
	f.SetXY(margin+labelWidth, top)
	f.SetFont(family, "", 10)
	f.MultiCell(textWidth-labelWidth, lineHeight, fact.Value, "", "L", false)
	f.SetXY(margin, max(bottom, f.GetY())+0.6)
}

// draw writes the table, with its head again on each page.
func (t Table) draw(f *fpdf.Fpdf) {
	widths := []float64{22, 47, 26, 22, 27, 22}
	align := []string{"L", "L", "L", "R", "R", "R"}
	row := func(cells []string, weight string) {
		f.SetFont(family, weight, 8)
		lines := 1
		for i, c := range cells {
			lines = max(lines, len(f.SplitText(c, widths[i]-2)))
		}
		height := float64(lines) * 4.4
		if f.GetY()+height > 297-margin {
			f.AddPage()
		}
		x, top := margin, f.GetY()
		for i, c := range cells {
			f.SetXY(x, top)
			f.MultiCell(widths[i], 4.4, c, "", align[i], false)
			x += widths[i]
		}
		f.Line(margin, top+height+0.4, margin+textWidth, top+height+0.4)
		f.SetXY(margin, top+height+0.8)
	}
	if t.Apart {
		f.AddPage()
	}
	f.Ln(2)
	f.SetFont(family, "B", 11)
	f.MultiCell(textWidth, 6, t.Title, "", "L", false)
	f.Ln(1)
	f.SetDrawColor(190, 190, 190)
	row(t.Head, "B")
	for _, r := range t.Rows {
		row(r, "")
	}
	for _, s := range t.Sums {
		row([]string{"", "", "", "", s[0], s[1]}, "B")
	}
}

// together keeps a section sign on the same line as its number.
func together(text string) string { return strings.ReplaceAll(text, "§ ", "§\u00a0") }
