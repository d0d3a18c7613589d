package i18n_test

import (
	"fmt"
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
)

// use is a place that says a key. A family says all keys that begin as its key does; which, only a run knows.
type use struct {
	at     string // file:line
	key    string
	family bool
	args   []string // sorted; nil when the call does not spell them out
}

// spoken is a string in the code that reads as if people should read it.
type spoken struct{ at, room, text string }

type found struct {
	uses      []use
	sentences []spoken
}

// keyAt is where the calls that take a key have it.
var keyAt = map[string]int{"fault.New": 1, "fault.Input": 1, "fault.Wrap": 2, "i18n.New": 0, "i18n.Has": 0}

// source reads the programs' code, without its tests.
func source(t *testing.T) (all found) {
	t.Helper()
	root := filepath.Join("..", "..")
	for _, top := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			r := reading{files: files, name: filepath.ToSlash(name)}
			ast.Inspect(file, r.node)
			all.uses = append(all.uses, r.uses...)
			all.sentences = append(all.sentences, r.sentences...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// reading is one file while it is read.
type reading struct {
	files *token.FileSet
	name  string
	found
}

func (r *reading) node(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportSpec, *ast.StructType: // a struct's tags hold the help of commands
		return false
	case *ast.CallExpr:
		r.call(n)
	case ast.Expr:
		if text, ok := folded(n); ok {
			if looksSpoken(text) {
				r.sentences = append(r.sentences, spoken{r.at(n), filepath.ToSlash(filepath.Dir(r.name)), text})
			}
			return false
		}
	}
	return true
}

func (r *reading) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", r.name, r.files.Position(n.Pos()).Line)
}

func (r *reading) call(c *ast.CallExpr) {
	name, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	room, ok := name.X.(*ast.Ident)
	if !ok {
		return
	}
	i, ok := keyAt[room.Name+"."+name.Sel.Name]
	if !ok || len(c.Args) <= i {
		return
	}
	u := use{at: r.at(c)}
	switch key := c.Args[i].(type) {
	case *ast.BasicLit:
		u.key, _ = folded(key)
		u.args = []string{}
		if len(c.Args) > i+1 {
			u.args = argsGiven(c.Args[i+1])
		}
	case *ast.BinaryExpr: // "reconcile.state." + state
		u.key, ok = folded(key.X)
		u.family = true
	default:
		ok = false
	}
	if ok {
		r.uses = append(r.uses, u)
	}
}

// argsGiven is the names in an Args literal, or nil for an Args made elsewhere.
func argsGiven(e ast.Expr) []string {
	given, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	names := []string{}
	for _, element := range given.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			name, _ := folded(pair.Key)
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// folded is the text of a string literal, or of several added up; what is not a literal among them is left out.
func folded(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, isText := folded(e.X)
		right, isTextToo := folded(e.Y)
		return left + right, e.Op == token.ADD && (isText || isTextToo)
	default:
		return "", false
	}
}

var (
	wholeSentence = regexp.MustCompile(`(?s)^["“(]?[A-Z].* .*[.!?…]["”)]?$`)
	label         = regexp.MustCompile(`^[A-Z][a-z']+( [a-zA-Z][a-z']*)+$`)
)

// looksSpoken reports whether a string reads as if it were for people: a sentence with its stop, or words of which the
// first has a capital. Errors and log lines begin small, and headers and SQL have no such shape.
func looksSpoken(text string) bool { return wholeSentence.MatchString(text) || label.MatchString(text) }
