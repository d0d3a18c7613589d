package staff

import (
	"testing"
)

func TestStaffAddress(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/staff": "/staff", "/staff/reports?from=2026-11-01&by=day": "/staff/reports?from=2026-11-01&by=day",
		"/staff/contributions":    "/staff/contributions",
		"/staff?x=//evil.example": "/staff?x=//evil.example",
		"":                        "/staff", "/": "/staff", "//evil.example": "/staff", "//evil.example/staff": "/staff",
		`/\evil.example`: "/staff", `\\evil.example`: "/staff",
		"https://evil.example/staff": "/staff", "http:/staff": "/staff", "javascript:alert(1)": "/staff",
		"/staffroom": "/staff", "staff": "/staff",
		`/staff/\evil`: "/staff", "/staff/../../evil": "/staff", "/staff/%2e%2e/x": "/staff",
		"/staff/x\r\nSet-Cookie: a=b": "/staff", "/\tstaff": "/staff",
		"/staff/sign-in": "/staff", "/staff/sign-out": "/staff", "/staff/sign-in?next=/staff/sign-in": "/staff",
		"/staff/%zz": "/staff", "/contributions": "/staff",
	} {
		if got := staffAddress(next); got != want {
			t.Errorf("staffAddress(%q) = %q, want %q", next, got, want)
		}
	}
}
