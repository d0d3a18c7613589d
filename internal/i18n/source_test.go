package i18n_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
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
	pair   bool     // key.title and key.text are said
	args   []string // sorted; nil when the call does not spell them out
}

// spoken is a string in the code that reads as if people should read it.
type spoken struct {
	at, file, text string
	phrase         bool // words without a capital: as an error, a key of a row or a name may have
}

type found struct {
	uses      []use
	sentences []spoken
}

// keyAt is where the calls that take a key have it. A method of a Localizer is found by its name alone.
var keyAt = map[string]int{
	"fault.New": 1, "fault.Input": 1, "fault.Wrap": 2, "i18n.New": 0, "i18n.Has": 0, ".Say": 0, ".Lookup": 0,
	"page.NewError": 1, "page.Good": 1, "page.Pending": 1, "page.Bad": 1, "words.StatusIn": 1, "words.Of": 1,
	"form.OptionsIn": 1,
}

// The calls of keyAt that say a pair, and those whose key is a family's beginning.
var (
	saysPair   = []string{"page.Good", "page.Pending", "page.Bad"}
	saysFamily = []string{"words.StatusIn", "words.Of", "form.OptionsIn"}
)

// notForPeople are the calls whose texts are for programmers and operators, or for another program.
var notForPeople = regexp.MustCompile(`^(errors\.New|flag\.Lookup|fmt\.Errorf|panic|(regexp|strings)\.\w+|` +
	`.*\.(Debug|Info|Warn)(Context)?|(\w*[lL]og)?\.Error(Context)?|.*\.(Get|Set|SetGenHeader|Add|Del|Values)|.*\.\w+Context|` +
	`.*\.(Parse|Format))$`)

// source reads the programs' code, without its tests, and the templates.
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
			r := reading{files: files, name: filepath.ToSlash(name), room: file.Name.Name, passed: map[ast.Node]bool{}}
			ast.Inspect(file, r.node)
			all.uses = append(all.uses, r.uses...)
			all.sentences = append(all.sentences, r.sentences...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all.uses = append(all.uses, saidByTemplates(t)...)
	return all
}

var (
	sayAction = regexp.MustCompile(`say "([^"]+)"((?: "\w+" (?:\([^)]*\)|\S+?))*)(?:}}|\))`)
	sayName   = regexp.MustCompile(`"(\w+)"`)
)

// saidByTemplates are the keys that templates say, and scripts.
func saidByTemplates(t *testing.T) (all []use) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", "templates", "*", "*.html"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d templates, %v", len(names), err)
	}
	texts, err := filepath.Glob(filepath.Join("..", "..", "templates", "mail", "*.txt"))
	if err != nil || len(texts) == 0 {
		t.Fatalf("%d texts of mails, %v", len(texts), err)
	}
	scripts, err := filepath.Glob(filepath.Join("..", "..", "templates", "static", "*.js"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	names = append(names, filepath.Join("..", "..", "templates", "layout.html"))
	for _, name := range slices.Concat(names, texts, scripts) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range sayAction.FindAllSubmatch(text, -1) {
			u := use{at: name, key: string(m[1]), args: []string{}}
			for _, arg := range sayName.FindAllSubmatch(m[2], -1) {
				u.args = append(u.args, string(arg[1]))
			}
			slices.Sort(u.args)
			all = append(all, u)
		}
	}
	return all
}

// reading is one file while it is read.
type reading struct {
	files  *token.FileSet
	name   string
	room   string            // the package's name
	passed map[ast.Node]bool // strings that are not for people
	found

	inConst bool // within the declaration of a constant, which has a name because it is no text
}

func (r *reading) node(n ast.Node) bool {
	if r.passed[n] {
		return false
	}
	switch n := n.(type) {
	case *ast.ImportSpec, *ast.StructType: // a struct's tags hold the help of commands
		return false
	case *ast.IndexExpr: // header["Vary"]
		r.passed[n.Index] = true
	case *ast.GenDecl:
		r.inConst = n.Tok == token.CONST
	case *ast.FuncDecl:
		r.inConst = false
	case *ast.CallExpr:
		r.call(n)
	case ast.Expr:
		if text, ok := folded(n); ok {
			if isSentence.MatchString(text) || isLabel.MatchString(text) && text != "Readerfund" {
				r.sentences = append(r.sentences, spoken{r.at(n), r.name, text, false})
			} else if isPhrase.MatchString(text) && !r.inConst {
				r.sentences = append(r.sentences, spoken{r.at(n), r.name, text, true})
			}
			return false
		}
	}
	return true
}

func (r *reading) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", r.name, r.files.Position(n.Pos()).Line)
}

// called is the name of what is called, as keyAt has it: with its package, or with a dot before a method.
func (r *reading) called(c *ast.CallExpr) string {
	switch fun := c.Fun.(type) {
	case *ast.Ident:
		if fun.Name == "panic" {
			return fun.Name
		}
		return r.room + "." + fun.Name
	case *ast.SelectorExpr:
		if on, ok := fun.X.(*ast.Ident); ok {
			if name := on.Name + "." + fun.Sel.Name; hasKey(name) || notForPeople.MatchString(name) {
				return name
			}
		}
		return "." + fun.Sel.Name
	default:
		return ""
	}
}

func hasKey(name string) bool {
	_, has := keyAt[name]
	return has
}

func (r *reading) call(c *ast.CallExpr) {
	name := r.called(c)
	if notForPeople.MatchString(name) {
		for _, arg := range c.Args {
			if _, ok := folded(arg); ok {
				r.passed[arg] = true
			}
		}
	}
	i, ok := keyAt[name]
	if !ok || len(c.Args) <= i {
		return
	}
	key, whole := beginning(c.Args[i])
	if !strings.Contains(key, ".") {
		return
	}
	u := use{
		at: r.at(c), key: key, family: !whole || slices.Contains(saysFamily, name), pair: slices.Contains(saysPair, name),
	}
	if !u.family {
		u.args = []string{}
		if len(c.Args) > i+1 {
			u.args = argsGiven(c.Args[i+1])
		}
	}
	r.uses = append(r.uses, u)
}

// beginning is a string literal, or the one that an addition begins with: "reconcile.state." + state.
func beginning(e ast.Expr) (text string, whole bool) {
	if sum, ok := e.(*ast.BinaryExpr); ok {
		text, _ = beginning(sum.X)
		return text, false
	}
	text, _ = folded(e)
	return text, true
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

// What reads as if it were for people: a sentence with its stop; a label, which is one word or several of which the
// first has a capital; a phrase, which is several words of any kind, or one with the space that joins it to others.
var (
	isSentence = regexp.MustCompile(`(?s)^["“(]?[A-Z].* .*[.!?…]["”)]?$`)
	isLabel    = regexp.MustCompile(`^[A-Z][a-z']+( [a-zA-Z][a-z']*)*$`)
	isPhrase   = regexp.MustCompile(`^ ?[a-z']+( [a-zA-Z'][a-z']*)+[ .:;,(]*$|^[a-z']+ $|^ [a-z']+[ .:;,(]*$`)
)
