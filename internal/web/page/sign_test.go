package page

import (
	"strings"
	"testing"
)

func TestSignaturesOutliveOneChangeOfKey(t *testing.T) {
	t.Parallel()
	before, after := strings.Repeat("a", 32), strings.Repeat("b", 32)
	signature := NewSigner(before, "").Sign("a purpose", "x")
	if !NewSigner(after, before).Verify("a purpose", "x", signature) {
		t.Error("the old key is refused")
	}
	if NewSigner(after, "").Verify("a purpose", "x", signature) {
		t.Error("a key that was given up is taken")
	}
	if NewSigner(after, "").Verify("a purpose", "x", NewSigner("", "").Sign("a purpose", "x")) {
		t.Error("an empty key is taken")
	}
}
