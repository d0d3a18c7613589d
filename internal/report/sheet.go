package report

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"readerfund/internal/fault"
)

// sheet writes rows of cells in one format.
type sheet interface {
	row([]Cell) error
	end() error
}

func newSheet(w io.Writer, f Format, header []string) sheet {
	switch f {
	case CSV:
		return newCSVSheet(w, Plain, header)
	case JSON:
		return &jsonSheet{out: bufio.NewWriter(w), header: header}
	default:
		return newTableSheet(w, header)
	}
}

// Dialect is how a CSV file is written.
type Dialect struct {
	separator    rune
	decimalComma bool
	mark         bool // starts with a byte order mark, by which Excel recognizes UTF-8
}

// Plain is RFC 4180's dialect, for programs.
var Plain = Dialect{separator: ','}

// ParseDialect returns a dialect for spreadsheets by its separator: comma, or nothing; semicolon, with decimal commas,
// which is what Excel opens where people write 12,50; or tab. The error is a fault.Invalid on "separator".
func ParseDialect(separator string) (Dialect, error) {
	switch separator {
	case "", "comma":
		return Dialect{separator: ',', mark: true}, nil
	case "semicolon":
		return Dialect{separator: ';', decimalComma: true, mark: true}, nil
	case "tab":
		return Dialect{separator: '\t', mark: true}, nil
	default:
		return Dialect{}, fault.Input("separator", "report.separator_unknown", fault.Args{"separator": separator})
	}
}

type csvSheet struct {
	out     *csv.Writer
	dialect Dialect
}

func newCSVSheet(w io.Writer, d Dialect, header []string) *csvSheet {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180, section 2.1
	out.Comma = d.separator
	if d.mark {
		header = append([]string{"\ufeff" + header[0]}, header[1:]...)
	}
	_ = out.Write(header) // an error stays in out and comes back from the next row or from end
	return &csvSheet{out: out, dialect: d}
}

func (s *csvSheet) row(cells []Cell) error {
	record := make([]string, len(cells))
	for i, c := range cells {
		switch {
		case !c.number:
			record[i] = neutral(c.text)
		case s.dialect.decimalComma:
			record[i] = strings.Replace(c.text, ".", ",", 1)
		default:
			record[i] = c.text
		}
	}
	return s.out.Write(record)
}

func (s *csvSheet) end() error {
	s.out.Flush()
	return s.out.Error()
}

// neutral keeps a spreadsheet from running a text as a formula: an apostrophe in front makes it text. Source: OWASP,
// "CSV Injection"; some spreadsheets treat the fullwidth forms like the ASCII ones.
func neutral(text string) string {
	if first, size := utf8.DecodeRuneInString(text); size > 0 && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + text
	}
	return text
}

type jsonSheet struct {
	out    *bufio.Writer
	header []string
	rows   int
}

func (s *jsonSheet) row(cells []Cell) error {
	opening := ",\n  {"
	if s.rows == 0 {
		opening = "[\n  {"
	}
	s.rows++
	var b strings.Builder
	b.WriteString(opening)
	for i, c := range cells {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q: %s", s.header[i], c.json())
	}
	b.WriteByte('}')
	_, err := s.out.WriteString(b.String())
	return err
}

func (c Cell) json() string {
	switch {
	case c.absent:
		return "null"
	case c.bare:
		return c.text
	}
	quoted, _ := json.Marshal(c.text) // a text always can be; what is not UTF-8 is replaced
	return string(quoted)
}

func (s *jsonSheet) end() error {
	closing := "\n]\n"
	if s.rows == 0 {
		closing = "[]\n"
	}
	if _, err := s.out.WriteString(closing); err != nil {
		return err
	}
	return s.out.Flush()
}

// screenful is how many rows of a table are buffered to find the widths of its columns.
const screenful = 1000

// tableSheet aligns columns. Columns only grow: a later screenful is never narrower than the one above it.
type tableSheet struct {
	out    io.Writer
	widths []int
	lines  [][]Cell
}

func newTableSheet(w io.Writer, header []string) *tableSheet {
	s := &tableSheet{out: w, widths: make([]int, len(header))}
	head := make([]Cell, len(header))
	for i, name := range header {
		head[i] = Text(strings.ToUpper(name))
	}
	s.lines = [][]Cell{head}
	return s
}

func (s *tableSheet) row(cells []Cell) error {
	if len(s.lines) == 1 { // the header stands as its column does
		for i := range s.lines[0] {
			s.lines[0][i].number = cells[i].number
		}
	}
	s.lines = append(s.lines, cells)
	if len(s.lines) < screenful {
		return nil
	}
	return s.end()
}

func (s *tableSheet) end() error {
	for _, line := range s.lines {
		for i, c := range line {
			s.widths[i] = max(s.widths[i], utf8.RuneCountInString(c.text))
		}
	}
	out := bufio.NewWriter(s.out)
	for _, line := range s.lines {
		_, _ = out.WriteString(s.align(line) + "\n") // an error stays in out and comes back from Flush
	}
	s.lines = s.lines[:0]
	return out.Flush()
}

// align pads a line's cells, numbers to the right.
func (s *tableSheet) align(line []Cell) string {
	var b strings.Builder
	for i, c := range line {
		width := -s.widths[i]
		if c.number {
			width = s.widths[i]
		}
		fmt.Fprintf(&b, "%*s  ", width, printable(c.text))
	}
	return strings.TrimRight(b.String(), " ")
}

// printable keeps a text from controlling the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
