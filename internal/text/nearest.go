package text

import (
	"cmp"
	"slices"
	"strings"
)

// mostCompared bounds the work: how a text goes on after so many characters is not looked at.
const mostCompared = 200

// Nearest lists names for a message about one that there is not: those spelled most like it, the nearest first, at most
// so many.
func Nearest(word string, names []string, most int) string {
	type candidate struct {
		name  string
		edits int
	}
	all := make([]candidate, len(names))
	for i, name := range names {
		all[i] = candidate{name, edits(strings.ToLower(word), strings.ToLower(name))}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.edits, b.edits), cmp.Compare(a.name, b.name))
	})
	var listed []string
	for _, c := range all[:min(most, len(all))] {
		listed = append(listed, c.name)
	}
	return strings.Join(listed, ", ")
}

// edits is the Levenshtein distance: how many characters to add, take out or replace make one text of the other.
func edits(a, b string) int {
	from, to := []rune(a), []rune(b)
	from, to = from[:min(len(from), mostCompared)], to[:min(len(to), mostCompared)]
	row := make([]int, len(to)+1) // from nothing to each beginning of b
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			replaced := diagonal
			if r != s {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
