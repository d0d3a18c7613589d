package gift

import (
	"testing"
)

func TestOnlyPayPalsAddressesAreRedirectedTo(t *testing.T) {
	t.Parallel()
	atPayPal := Approvals(ApprovalOrigins("https://api-m.sandbox.paypal.com"))
	emulated := Approvals(ApprovalOrigins("http://127.0.0.1:8081"))
	for address, want := range map[string][2]bool{
		"https://www.sandbox.paypal.com/checkoutnow?token=1": {true, false}, "https://www.paypal.com/x": {true, false},
		"http://www.paypal.com/x": {}, "https://paypal.com.evil.example/": {}, "https://evilpaypal.com/": {},
		"https://www.paypal.com@evil.example/": {},
		"https://user@www.paypal.com/":         {}, "//www.paypal.com/x": {}, `https:\\www.paypal.com`: {},
		"javascript:alert(1)": {}, "": {},
		"http://127.0.0.1:8081/checkoutnow?token=1": {false, true}, "http://127.0.0.1:8082/": {},
		"https://127.0.0.1:8081/": {},
	} {
		if got := [2]bool{atPayPal.Allow(address), emulated.Allow(address)}; got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}
