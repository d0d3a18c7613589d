package paypal

import "strings"

// source is a place certificates come from, and the name they must bear.
type source struct {
	origin string // https://api.paypal.com
	name   string // messageverificationcerts.paypal.com
}

// The names of PayPal's leaf certificates, live and at the sandbox.
const (
	liveLeaf    = "messageverificationcerts.paypal.com"
	sandboxLeaf = "messageverificationcerts.sandbox.paypal.com"
)

// sources are PayPal's addresses for the world of the base, as seen in every sample: api, not api-m. A sandbox account
// never takes a live certificate, nor the other way round, except for the simulator, which signs with the live one from
// the sandbox's dashboard too. For an emulator it is the emulator alone.
func sources(b base, simulator bool) []source {
	var (
		ofLive    = source{origin: "https://api.paypal.com", name: liveLeaf}
		ofSandbox = source{origin: "https://api.sandbox.paypal.com", name: sandboxLeaf}
	)
	switch {
	case b.world == elsewhere:
		return []source{{origin: b.url, name: sandboxLeaf}}
	case b.world == live:
		return []source{ofLive}
	case simulator:
		return []source{ofSandbox, ofLive}
	default:
		return []source{ofSandbox}
	}
}

// certPath and a certName are the whole path of a certificate's address:
// "/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb".
const certPath = "/v1/notifications/certs/CERT-"

var certName = shape{signs: "-", longest: 100}

// sourceOf finds the source of a certificate's address by comparing letters, not by parsing: two readers of one URL can
// disagree about its host, two readers of a prefix cannot. So there is no room for another scheme or port, for user
// info, a query, a fragment, an escape or a different case.
func (v *Verifier) sourceOf(address string) (source, error) {
	for _, s := range v.sources {
		path, ours := strings.CutPrefix(address, s.origin)
		if name, ok := strings.CutPrefix(path, certPath); ours && ok && certName.MatchString(name) {
			return s, nil
		}
	}
	return source{}, refuse("the certificate's address is not PayPal's")
}
