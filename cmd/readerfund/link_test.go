package main

import (
	"os/exec"
	"strings"
	"testing"
)

// What tests, the demo and developers use never links into the program that takes money.
func TestProductionLinksNothingOfTests(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range strings.FieldsSeq(string(out)) {
		for _, room := range []string{"testkit", "e2e", "db/dbtest", "db/localpg", "paypal/sandbox", "paypal/crcforge",
			"mail/catcher"} {
			if strings.HasPrefix(pkg+"/", "readerfund/internal/"+room+"/") {
				t.Errorf("readerfund links %s", pkg)
			}
		}
		if pkg == "testing" {
			t.Error("readerfund links testing")
		}
	}
}
