package gift

import (
	"net/url"
	"strings"
)

// ApprovalOrigins are the CSP sources of the pages where readers approve, for PayPal's API at apiBase. PayPal's own
// hosts send readers across subdomains; any other base (the sandbox of this repository) serves its approval page
// itself.
func ApprovalOrigins(apiBase string) []string {
	u, err := url.Parse(apiBase)
	if err != nil || u.Host == "" {
		return nil
	}
	if u.Scheme == "https" && (u.Host == "paypal.com" || strings.HasSuffix(u.Host, ".paypal.com")) {
		return []string{"https://*.paypal.com"}
	}
	return []string{u.Scheme + "://" + u.Host}
}

// Approvals are the sources that ApprovalOrigins returns.
type Approvals []string

// Allow reports whether an address is one of PayPal's approval pages. We redirect nowhere else, whatever an answer from
// the API contained.
func (a Approvals) Allow(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Host == "" {
		return false
	}
	for _, source := range a {
		scheme, host, _ := strings.Cut(source, "://")
		if u.Scheme != scheme {
			continue
		}
		if suffix, wild := strings.CutPrefix(host, "*"); u.Host == host || wild && strings.HasSuffix(u.Host, suffix) {
			return true
		}
	}
	return false
}
