package contribution

import (
	"net/url"
	"slices"
	"strings"
)

// Referrer is the kind of page that led a reader to the one with the appeal. What else its address says is not kept.
type Referrer string

// The kinds.
const (
	FromSearch     Referrer = "search"
	FromSocial     Referrer = "social"
	FromNewsletter Referrer = "newsletter"
	FromInternal   Referrer = "internal" // another page of the publication
	FromNowhere    Referrer = "direct"   // typed, a bookmark, an app, or a page that does not say
	FromOther      Referrer = "other"
)

// class is the kind itself, or that of the address or host that stands in its place; empty where it is neither.
func (r Referrer) class() Referrer {
	switch r {
	case "", FromSearch, FromSocial, FromNewsletter, FromInternal, FromNowhere, FromOther:
		return r
	}
	return ReferrerOf(string(r))
}

// ReferrerOf is the kind of a page by its address or host, as a browser's Referer has it. It is FromOther for hosts
// that are not known, and empty for what is no address. Only the publication can tell its own pages.
func ReferrerOf(address string) Referrer {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || !strings.Contains(u.Hostname(), ".") || len(address) > longestArticle {
		return ""
	}
	labels := strings.Split(strings.ToLower(u.Hostname()), ".")
	for _, known := range referrers {
		if known.isOf(labels) {
			return known.kind
		}
	}
	return FromOther
}

// knownHost is a host that sends readers. Where it ends in a dot, any country's ending may follow: "google." is also
// google.de and google.co.uk.
type knownHost struct {
	host string
	kind Referrer
}

// referrers are the hosts that send most readers to news sites. More special hosts come first.
var referrers = []knownHost{
	{"mail.google.com", FromNewsletter}, {"mail.yahoo.com", FromNewsletter}, {"outlook.live.com", FromNewsletter},
	{"outlook.office.com", FromNewsletter}, {"mail.proton.me", FromNewsletter}, {"mail.yandex.", FromNewsletter},
	{"substack.com", FromNewsletter}, {"mailchi.mp", FromNewsletter}, {"list-manage.com", FromNewsletter},
	{"google.", FromSearch}, {"bing.com", FromSearch}, {"duckduckgo.com", FromSearch}, {"ecosia.org", FromSearch},
	{"qwant.com", FromSearch}, {"startpage.com", FromSearch}, {"search.yahoo.com", FromSearch},
	{"search.brave.com", FromSearch}, {"yandex.", FromSearch}, {"baidu.com", FromSearch}, {"kagi.com", FromSearch},
	{"facebook.com", FromSocial}, {"instagram.com", FromSocial}, {"threads.net", FromSocial}, {"threads.com", FromSocial},
	{"t.co", FromSocial}, {"twitter.com", FromSocial}, {"x.com", FromSocial}, {"bsky.app", FromSocial},
	{"mastodon.social", FromSocial}, {"mstdn.social", FromSocial}, {"reddit.com", FromSocial},
	{"linkedin.com", FromSocial},
	{"lnkd.in", FromSocial}, {"youtube.com", FromSocial}, {"tiktok.com", FromSocial}, {"pinterest.", FromSocial},
	{"t.me", FromSocial}, {"web.telegram.org", FromSocial}, {"whatsapp.com", FromSocial}, {"vk.com", FromSocial},
	{"news.ycombinator.com", FromSocial},
}

// isOf reports whether a host, given as its labels, is this one or a part of it.
func (k knownHost) isOf(labels []string) bool {
	name, anyCountry := strings.CutSuffix(k.host, ".")
	own := strings.Split(name, ".")
	if !anyCountry {
		return len(labels) >= len(own) && slices.Equal(labels[len(labels)-len(own):], own)
	}
	for _, ending := range []int{1, 2} { // "de", "co.uk"
		at := len(labels) - ending - len(own)
		if at >= 0 && slices.Equal(labels[at:at+len(own)], own) {
			return ending == 1 || len(labels[len(labels)-2]) <= 3 // as in co.uk and com.br
		}
	}
	return false
}
