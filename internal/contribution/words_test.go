package contribution

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"readerfund/internal/checkout"
	"readerfund/internal/ledger"
)

// A statement asks for a state by its constant or by a rule, so that a new state, or another rule, is written in one
// place. Words that a history's facts, payments, refunds and requests have too are left out.
func TestNoStatementSpellsAStateOfItsOwn(t *testing.T) {
	t.Parallel()
	shared := []State{Started, Failed, Declined, Pending, Completed}
	var words []string
	for _, s := range States() {
		if !slices.Contains(shared, s) {
			words = append(words, string(s))
		}
	}
	quoted := regexp.MustCompile(`'(` + strings.Join(words, "|") + `)'`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.Contains(path, "/testkit/") || strings.Contains(path, "/e2e/") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err == nil && quoted.MatchString(text) {
				t.Errorf("%s has %s", files.Position(literal.Pos()), quoted.FindString(text))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The words of checkout and ledger are a contribution's, and a contribution has no others.
func TestStatesAreTheCheckoutsAndTheLedgers(t *testing.T) {
	t.Parallel()
	known := map[State]bool{}
	for _, s := range checkout.States() {
		known[State(s)] = true
	}
	for _, s := range ledger.States()[1:] { // the first is that there is no payment
		known[State(s)] = true
	}
	for _, s := range States() {
		if !known[s] {
			t.Errorf("%s is neither a checkout's nor the ledger's", s)
		}
		delete(known, s)
	}
	for s := range known {
		t.Errorf("%s is not among a contribution's", s)
	}
}
