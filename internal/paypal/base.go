package paypal

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// world tells whose money it is: nobody's at PayPal's sandbox and at an emulator.
type world int

const (
	elsewhere world = iota // an emulator, or anything else that is not PayPal
	sandboxed
	live
)

// apiHosts are PayPal's API addresses. Any other host of paypal.com is a mistake in the settings.
var apiHosts = map[string]world{
	"api-m.paypal.com": live, "api.paypal.com": live,
	"api-m.sandbox.paypal.com": sandboxed, "api.sandbox.paypal.com": sandboxed,
}

// base is the origin we talk to.
type base struct {
	url   string // scheme://host[:port], no slash at the end
	world world
}

func parseBase(raw string) (base, error) {
	u, err := url.Parse(strings.TrimSuffix(raw, "/"))
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" ||
		u.Opaque != "":
		return base{}, errors.New("paypal: the base must be a plain origin like https://api-m.sandbox.paypal.com")
	case u.Scheme != "https" && u.Scheme != "http":
		return base{}, errors.New("paypal: the base must be http or https")
	}
	name := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if name != "paypal.com" && !strings.HasSuffix(name, ".paypal.com") {
		return base{url: u.Scheme + "://" + u.Host, world: elsewhere}, nil
	}
	w, known := apiHosts[u.Host]
	if !known || u.Scheme != "https" {
		return base{}, fmt.Errorf("paypal: %s is not one of PayPal's API addresses", u.Redacted())
	}
	return base{url: "https://" + u.Host, world: w}, nil
}

// payerLink reports whether a link from an answer is one to send a reader to: PayPal's own pages of the same world
// (live or sandbox), or the emulator's own origin. A link anywhere else would make us an open redirect.
func (b base) payerLink(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.User != nil || u.Opaque != "" || strings.ContainsAny(link, "\\ ") {
		return false
	}
	sandboxPage := strings.HasSuffix(u.Host, ".sandbox.paypal.com")
	switch b.world {
	case live:
		return u.Scheme == "https" && strings.HasSuffix(u.Host, ".paypal.com") && !sandboxPage
	case sandboxed:
		return u.Scheme == "https" && sandboxPage
	default:
		return u.Scheme+"://"+u.Host == b.url
	}
}
