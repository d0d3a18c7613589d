package contribution

import (
	"fmt"
	"strings"
	"testing"
)

func TestReceiptNumbersCanBeReadOut(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		r := NewReceipt()
		if len(r) != 9 || r[4] != '-' || strings.ContainsAny(r, "ILOU") || seen[r] {
			t.Fatal(r)
		}
		seen[r] = true
	}
	if n := fmt.Sprint(len(receiptLetters)); n != "32" {
		t.Fatalf("%s letters: a byte modulo that is not even", n)
	}
}
