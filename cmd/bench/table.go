package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// row is one comparison. Ours and the reference's are medians; the ratio is the median of the rounds' ratios, the
// spread their least and greatest.
type row struct {
	what, unit, against string
	ours, theirs        float64
	ratios              []float64
	aim                 aim
}

// aim is what the ratio, or our own figure, should be at least or at most. The zero aim is none.
type aim struct {
	least, most float64
	ofFigure    bool
}

// compare makes a row whose ratio should be at least so much; 0 is no aim.
func compare(what, unit, against string, ours, theirs []float64, least float64) row {
	return row{
		what: what, unit: unit, against: against, ours: median(ours), theirs: median(theirs), ratios: ratios(ours, theirs),
		aim: aim{least: least},
	}
}

// atMost has the ratio be at most so much.
func (r row) atMost(most float64) row {
	r.aim = aim{most: most}
	return r
}

// figureAtLeast and figureAtMost are about our figure, whatever the reference's is; 0 is no aim.
func (r row) figureAtLeast(least float64) row {
	r.aim = aim{least: least, ofFigure: least > 0}
	return r
}

func (r row) figureAtMost(most float64) row {
	r.aim = aim{most: most, ofFigure: most > 0}
	return r
}

func (b *bench) add(r row) {
	b.rows = append(b.rows, r)
	b.say("  %s", strings.Join(r.cells(), "  "))
}

func titles() []string {
	return []string{"measured", "ours", "reference", "against", "ratio", "spread", "aim", ""}
}

func (r row) cells() []string {
	figure := func(v float64) string { return grouped(v) + " " + r.unit }
	cells := []string{r.what, figure(r.ours), "-", r.against, "-", "-", "-", ""}
	alone := math.IsNaN(r.theirs) // the reference could not be had; against says why
	if !alone {
		cells[2], cells[4] = figure(r.theirs), fmt.Sprintf("%.2f", median(r.ratios))
		if len(r.ratios) > 1 {
			cells[5] = fmt.Sprintf("%.2f to %.2f", slices.Min(r.ratios), slices.Max(r.ratios))
		}
	}
	if r.aim != (aim{}) && (r.aim.ofFigure || !alone) {
		cells[6], cells[7] = r.goal(), "met"
		if !r.met() {
			cells[7] = "missed"
		}
	}
	return cells
}

// goal is the aim in words.
func (r row) goal() string {
	sign, limit := "≥", r.aim.least
	if r.aim.most > 0 {
		sign, limit = "≤", r.aim.most
	}
	text := strconv.FormatFloat(limit, 'f', -1, 64)
	if !strings.Contains(text, ".") && !r.aim.ofFigure {
		text += ".0"
	}
	if r.aim.ofFigure {
		text += " " + r.unit
	}
	return sign + " " + text
}

// met reports whether the aim is reached, to the two decimals that the table writes: 0.996 is 1.00.
func (r row) met() bool {
	value := median(r.ratios)
	if r.aim.ofFigure {
		value = r.ours
	}
	value = math.Round(value*100) / 100
	return value >= r.aim.least && (r.aim.most == 0 || value <= r.aim.most)
}

// grouped writes a figure with three digits or so, and commas in the thousands.
func grouped(v float64) string {
	if math.Abs(v) < 100 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

func writeText(w io.Writer, facts []string, rows []row) error {
	lines := [][]string{titles()}
	for _, r := range rows {
		lines = append(lines, r.cells())
	}
	widths := make([]int, len(titles()))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	for _, fact := range facts {
		text.WriteString(fact + "\n")
	}
	text.WriteString("\n")
	for n, line := range lines {
		text.WriteString(strings.TrimRight(pad(line, widths), " ") + "\n")
		if n == 0 {
			text.WriteString(strings.Repeat("-", sum(widths)+2*(len(widths)-1)) + "\n")
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// pad sets figures to the right and words to the left.
func pad(line []string, widths []int) string {
	cells := make([]string, len(line))
	for i, cell := range line {
		blank := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i == 1 || i == 2 || i == 4 || i == 6 {
			cells[i] = blank + cell
		} else {
			cells[i] = cell + blank
		}
	}
	return strings.Join(cells, "  ")
}

func sum(numbers []int) int {
	total := 0
	for _, n := range numbers {
		total += n
	}
	return total
}

func writeMarkdown(w io.Writer, facts []string, rows []row) error {
	var text strings.Builder
	for _, fact := range facts {
		text.WriteString("- " + fact + "\n")
	}
	text.WriteString("\n| " + strings.Join(titles(), " | ") + "|\n|---|--:|--:|---|--:|---|--:|---|\n")
	for _, r := range rows {
		text.WriteString("| " + strings.Join(r.cells(), " | ") + " |\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}
