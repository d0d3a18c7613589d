package sandbox_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// documents are PayPal's OpenAPI documents, and the lists of issue codes that were drawn from them.
type documents struct {
	dir     string
	names   []string
	byName  map[string]*openapi3.T
	routers []routers.Router
	// operation, status, issue code: description; nil where PayPal gives none
	issues map[string]map[string]map[string]*string
}

// The documents with operations that the emulator has. The others are loaded too, to see that they can be.
const (
	ordersDocument   = "checkout_orders_v2"
	paymentsDocument = "payments_payment_v2"
	salesDocument    = "payments_payment_v1"
	billingDocument  = "billing_subscriptions_v1"
	webhooksDocument = "notifications_webhooks_v1"
	disputesDocument = "customer_disputes_v1"
	searchDocument   = "reporting_transactions_v1"
	productsDocument = "catalogs_products_v1"
)

// emulated are those documents.
var emulated = []string{
	ordersDocument, paymentsDocument, salesDocument, productsDocument, billingDocument, webhooksDocument, disputesDocument,
	searchDocument,
}

// factsDir is the folder with what is known of PayPal's wire. It is no part of the repository.
func factsDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PAYPAL_FACTS_DIR")
	if dir == "" {
		dir = filepath.Join(repository(t), "..", "shared", "paypal")
	}
	if _, err := os.Stat(filepath.Join(dir, "specs")); err != nil {
		t.Skip("left out: the emulator's conformance to PayPal's OpenAPI documents and recorded answers, and with it the check of " +
			"docs/sandbox-conformance.md. PayPal's documents are not beside the repository; set PAYPAL_FACTS_DIR to where they are.")
	}
	return dir
}

// repository is the folder with go.mod.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the tests: ", err)
	return ""
}

func loadDocuments(t *testing.T) *documents {
	t.Helper()
	d := &documents{dir: factsDir(t), byName: map[string]*openapi3.T{}}
	d.names = []string{ // other documents may lie beside these: the emulator has nothing of theirs
		productsDocument, billingDocument, ordersDocument, disputesDocument, webhooksDocument, paymentsDocument,
		salesDocument, searchDocument,
	}
	for _, name := range d.names {
		doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(d.dir, "specs", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		d.byName[name] = doc
	}
	slices.Sort(d.names)
	d.route(t)
	d.readIssues(t)
	return d
}

// route makes the operations findable by method and path, whatever the host.
func (d *documents) route(t *testing.T) {
	t.Helper()
	for _, name := range emulated {
		doc := d.byName[name]
		doc.Servers = nil
		router, err := gorillamux.NewRouter(doc)
		if err != nil {
			t.Fatal(name, err)
		}
		d.routers = append(d.routers, router)
	}
}

// find gives the operation of a request; nil for one that is in no document.
func (d *documents) find(req *http.Request) (*routers.Route, map[string]string) {
	for _, router := range d.routers {
		if route, params, err := router.FindRoute(req); err == nil {
			return route, params
		}
	}
	return nil, nil
}

func (d *documents) readIssues(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, "specs", "issues-by-operation.json"))
	if err != nil {
		t.Fatal(err)
	}
	var lists map[string]map[string]map[string]map[string]*string
	if err := json.Unmarshal(text, &lists); err != nil {
		t.Fatal(err)
	}
	d.issues = map[string]map[string]map[string]*string{}
	for _, name := range []string{ordersDocument, paymentsDocument, billingDocument, productsDocument} {
		for operation, byStatus := range lists[name] {
			d.issues[operation] = byStatus
		}
	}
}

// schema is a named schema of a document.
func (d *documents) schema(t *testing.T, document, name string) *openapi3.Schema {
	t.Helper()
	ref := d.byName[document].Components.Schemas[name]
	if ref == nil {
		t.Fatalf("%s has no schema %s", document, name)
	}
	return ref.Value
}

// strictly are the checks that kin-openapi makes only when it is asked.
func strictly() []openapi3.SchemaValidationOption {
	return []openapi3.SchemaValidationOption{
		openapi3.MultiErrors(),
		openapi3.SetSchemaRegexCompiler(compile),
		openapi3.WithStringFormatValidator("uri", openapi3.NewCallbackValidator(isAddress)),
	}
}

// isAddress wants what RFC 3986 calls a URI: with a scheme.
func isAddress(text string) error {
	u, err := url.Parse(text)
	if err == nil && u.Scheme == "" {
		err = errors.New("no scheme")
	}
	return err
}

// compile reads PayPal's patterns, two of which begin with a negative look-ahead that Go's regexp does not have.
func compile(expr string) (openapi3.RegexMatcher, error) {
	expr = regexp.MustCompile(`\\u([0-9A-F]{4})`).ReplaceAllString(expr, `\x{$1}`)
	rest, looksAhead := strings.CutPrefix(expr, "^(?!")
	if !looksAhead {
		return regexp.Compile(expr)
	}
	not, is, _ := strings.Cut(rest, ")")
	var p lookAhead
	var err error
	if p.not, err = regexp.Compile("^(?:" + not + ")"); err != nil {
		return nil, err
	}
	p.is, err = regexp.Compile("^" + is)
	return p, err
}

type lookAhead struct{ not, is *regexp.Regexp }

func (p lookAhead) MatchString(text string) bool {
	return !p.not.MatchString(text) && p.is.MatchString(text)
}
