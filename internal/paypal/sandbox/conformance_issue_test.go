package sandbox_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"readerfund/internal/paypal/sandbox"
)

// driveMocks asks each operation for each issue of its list that the emulator knows, by PayPal-Mock-Response.
func driveMocks(t *testing.T, s *stage) {
	order, capture := s.paid("")
	refund := refundsPath + "/" + s.ok(201, "POST", capture+"/refund", `{"amount":`+eur("1.00")+`}`).get("id")
	calls := map[string][3]string{
		"POST /v2/checkout/orders":                       {"POST", ordersPath, unit(`"custom_id":"x"`)},
		"GET /v2/checkout/orders/{id}":                   {"GET", order},
		"PATCH /v2/checkout/orders/{id}":                 {"PATCH", order, "[" + step("replace", "custom_id", `"x"`) + "]"},
		"POST /v2/checkout/orders/{id}/capture":          {"POST", order + "/capture", "{}"},
		"GET /v2/payments/captures/{capture_id}":         {"GET", capture},
		"POST /v2/payments/captures/{capture_id}/refund": {"POST", capture + "/refund", "{}"},
		"GET /v2/payments/refunds/{refund_id}":           {"GET", refund},
	}
	known := sandbox.IssueCodes()
	for operation, call := range calls {
		for status, issues := range s.in.docs.issues[operation] {
			for issue := range issues {
				if !slices.Contains(known, issue) {
					continue
				}
				code, err := strconv.Atoi(status)
				if err != nil {
					t.Fatal(err)
				}
				s.refused(code, issue, call[0], call[1], call[2], "PayPal-Mock-Response", `{"mock_application_codes":"`+issue+`"}`)
			}
		}
	}
	s.refused(500, "INTERNAL_SERVER_ERROR", "POST", ordersPath, unit(`"custom_id":"x"`), "PayPal-Mock-Response",
		`{"mock_application_codes":"INTERNAL_SERVER_ERROR"}`)
	s.ok(200, "GET", order, "", "PayPal-Mock-Response", `{"mock_application_codes":"NO_SUCH_CODE"}`)
	s.ok(200, "GET", order, "", "PayPal-Mock-Response", `not JSON`)
}

// checkIssueCoverage wants every code that the emulator's source raises to have been raised by these tests, and every
// code that it knows to be in some list of PayPal's.
func (in *inspector) checkIssueCoverage(t *testing.T) {
	t.Helper()
	byItself, listed := map[string]bool{}, map[string]bool{}
	for operation, codes := range in.raised {
		for code, spontaneous := range codes {
			byItself[code] = byItself[code] || spontaneous
		}
		for _, issues := range in.docs.issues[operation] {
			for code := range issues {
				listed[code] = true
			}
		}
	}
	for _, code := range codesInSource(t) {
		if !byItself[code] && !in.names[code] {
			t.Errorf("the emulator's source raises %s, but no test here brought it about", code)
		}
	}
	for _, code := range sandbox.IssueCodes() {
		if !listed[code] && !byItself[code] && !in.names[code] {
			in.complain("every operation", "answer", "the emulator knows the issue "+code+", which is in no operation's list")
		}
	}
}

// codesInSource are the issue codes that the emulator's code names outside the tables that describe them.
func codesInSource(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	known := sandbox.IssueCodes()
	var found []string
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "issue") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if literal, isLiteral := n.(*ast.BasicLit); isLiteral && literal.Kind == token.STRING {
				if code, err := strconv.Unquote(literal.Value); err == nil && slices.Contains(known, code) {
					found = append(found, code)
				}
			}
			return true
		})
	}
	slices.Sort(found)
	return slices.Compact(found)
}
