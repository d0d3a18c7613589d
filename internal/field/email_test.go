package field_test

import (
	"strings"
	"testing"

	"readerfund/internal/fault"
	"readerfund/internal/field"
)

func TestEmail(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"ada@example.org":                         "ada@example.org",
		" Ada@Example.ORG\r\n":                    "ada@example.org",
		"żółw@exämple.org":                        "żółw@exämple.org",
		"Ada <ada@example.org>":                   "",
		"<ada@example.org>":                       "",
		"ada@example.org, eve@example.org":        "",
		"ada@example.org\r\nBcc: eve@example.org": "",
		"ada": "", "": "",
		strings.Repeat("a", 243) + "@example.org": "",
	} {
		got, err := field.Email("email", written)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", written, got, err, want)
		}
		if err != nil && (!fault.Is(err, fault.Invalid) || fault.All(err)[0].Field != "email") {
			t.Errorf("%q: %v", written, err)
		}
	}
}
