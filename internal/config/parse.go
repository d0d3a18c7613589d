package config

import (
	"crypto/x509"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
)

func (p *parser) databaseURL(value Secret, need Need) Secret {
	const example = "postgres://user:password@host:5432/name" //nolint:gosec // an example
	text := p.required("DATABASE_URL", string(value), need&NeedDatabase != 0, "the database's address, like "+example)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		p.problem("DATABASE_URL", "It is not a database's address: write it like %s, special characters in the password as %%XX.", example)
	}
	return Secret(text)
}

// databasePlace is a database's address without user, password and parameters.
func databasePlace(address Secret) string {
	u, err := url.Parse(string(address))
	if err != nil || address == "" {
		return address.String()
	}
	return u.Host + u.Path
}

func (p *parser) baseURL(value string, need Need) string {
	if p.required("BASE_URL", value, need&NeedBaseURL != 0,
		"the address readers reach the service at, like https://give.example.org") == "" {
		return ""
	}
	return p.origin("BASE_URL", value, "https://give.example.org")
}

// webAddress checks the address of a whole site: scheme and host, nothing after them. Only a private host may do
// without TLS. It comes back without a slash at the end.
func (p *parser) webAddress(setting, value, example string) string {
	value = strings.TrimSuffix(strings.TrimSpace(value), "/")
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		p.problem(setting, "It is not a web address: write it like %s.", example)
	case u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(value, "#"):
		p.problem(setting, "Write scheme and host only, like %s: no user, path or parameters.", example)
	case u.Scheme == "http" && !privateHost(u.Hostname()):
		p.problem(setting, "It must begin with https://, because %s is not a private host.", u.Hostname())
	}
	return value
}

// privateHost reports whether a host is this machine or a network of one's own, where TLS may be somebody else's duty:
// private addresses, names without a dot (containers), and the names set aside for such use (RFC 6761, 6762, 8375).
func privateHost(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(host, ".") {
		return true
	}
	return slices.ContainsFunc([]string{
		".localhost", ".local", ".test", ".internal", ".home.arpa",
	}, func(suffix string) bool {
		return strings.HasSuffix(host, suffix)
	})
}

func (p *parser) webhookID(value string, need Need) string {
	value = p.required("PAYPAL_WEBHOOK_ID", value, need&needServing != 0,
		"the ID that `readerfund webhook register` prints")
	// PayPal signs the simulator's deliveries for this very word, for everybody.
	if value == "WEBHOOK_ID" {
		p.problem("PAYPAL_WEBHOOK_ID", "That is the simulator's placeholder: write the ID that `readerfund webhook register` prints.")
	}
	return value
}

// productShape is what PayPal takes as a product's id, as far as we let it into addresses and logs.
var productShape = regexp.MustCompile(`^[A-Za-z0-9-]{6,50}$`)

func (p *parser) productID(value string) string {
	if value != "" && !productShape.MatchString(value) {
		p.problem("PAYPAL_PRODUCT_ID", "%q is no product ID: write 6 to 50 letters, digits or hyphens, or leave it out.",
			value)
	}
	return value
}

func (p *parser) yesOrNo(name, value string) bool {
	if value != "true" && value != "false" {
		p.problem(name, "%q is neither true nor false.", value)
	}
	return value == "true"
}

func (p *parser) caFile(path, apiBase string) string {
	if path == "" {
		return ""
	}
	if u, err := url.Parse(apiBase); err == nil && isPayPal(u.Hostname()) {
		p.problem("PAYPAL_WEBHOOK_CA_FILE", "With PayPal itself it would let others than PayPal sign: take it away, or set PAYPAL_API_BASE to an emulator.")
	}
	pem, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		p.problem("PAYPAL_WEBHOOK_CA_FILE", "It cannot be read: %v.", err)
	} else if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		p.problem("PAYPAL_WEBHOOK_CA_FILE", "There is no certificate in %s: write a file with one in PEM.", path)
	}
	return path
}

func isPayPal(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "paypal.com" || strings.HasSuffix(host, ".paypal.com")
}

// maxPublicationName is what PayPal takes as a brand name (Orders v2, brand_name).
const maxPublicationName = 127

func (p *parser) publicationName(value string, need Need) string {
	value = p.required("PUBLICATION_NAME", value, need&needServing != 0, "the name readers know you by")
	if utf8.RuneCountInString(value) > maxPublicationName ||
		strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }) {
		p.problem("PUBLICATION_NAME", "Write one line of at most %d characters.", maxPublicationName)
	}
	return value
}

func (p *parser) mailAddress(setting, value string) string {
	value = strings.TrimSpace(value)
	if value == "" {
		return ""
	}
	if address, err := mail.ParseAddress(value); err != nil || address.Address != value {
		p.problem(setting, "It is not an email address: write it like desk@example.org, without a name.")
	}
	return value
}

// pageAddress checks the address of one page, which others serve.
func (p *parser) pageAddress(setting, value, example string) string {
	value = strings.TrimSpace(value)
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https":
		p.problem(setting, "It is not a page's address: write it like %s.", example)
	case u.Scheme == "http" && !privateHost(u.Hostname()):
		p.problem(setting, "It must begin with https://, because %s is not a private host.", u.Hostname())
	}
	return value
}

// languages are some of the catalogue's, or all of them where none is set.
func (p *parser) languages(value string) []language.Tag {
	there := i18n.Default().Languages()
	if value == "" {
		return there
	}
	var all []language.Tag
	for code := range strings.SplitSeq(value, ",") {
		tag, err := language.Parse(strings.TrimSpace(code))
		if err != nil || !slices.Contains(there, tag) || slices.Contains(all, tag) {
			p.problem("PUBLICATION_LANGUAGES",
				"%q is not one more language that Readerfund speaks: write some of %s, your own first.",
				strings.TrimSpace(code), codes(there))
			return there
		}
		all = append(all, tag)
	}
	return all
}

func codes(tags []language.Tag) string {
	all := make([]string, len(tags))
	for i, tag := range tags {
		all[i] = tag.String()
	}
	return strings.Join(all, ",")
}

func (p *parser) timezone(value string) *time.Location {
	zone, err := time.LoadLocation(value)
	if err != nil || value == "Local" { // "Local" would make the reports depend on the machine
		p.problem("PUBLICATION_TIMEZONE", "%q is no time zone: write one of the IANA list, like Europe/Berlin.", value)
		return time.UTC
	}
	return zone
}

func (p *parser) listenAddr(setting, value string) string {
	_, port, err := net.SplitHostPort(value)
	if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 {
		p.problem(setting, "%q is no address to listen on: write host and port, like 127.0.0.1:8080.", value)
	}
	return value
}

// minSecret is 256 bits, were each byte random: as much as the HMAC-SHA-256 it keys can use.
const minSecret = 32

// fewestLetters is how many different characters a key must have: 32 random hexadecimal digits have 14 as a rule, and
// fewer than 8 never.
const fewestLetters = 8

// sampleKey is how the key of docker-compose.yml begins, which everybody can read.
const sampleKey = "for the demo only"

// guessable reports whether a key is one that nobody drew at random.
func guessable(key string) bool {
	letters := map[rune]bool{}
	for _, r := range key {
		letters[r] = true
	}
	return len(letters) < fewestLetters || strings.HasPrefix(key, sampleKey)
}

func (p *parser) secretKey(value Secret, baseURL string, need Need) Secret {
	text := p.required("SECRET_KEY", string(value), need&needServing != 0,
		"at least 32 random characters, as `openssl rand -hex 32` gives")
	if text != "" && len(text) < minSecret {
		p.problem("SECRET_KEY", "It has %d characters: write at least %d random ones, as `openssl rand -hex 32` gives.",
			len(text), minSecret)
	} else if text != "" && guessable(text) && strings.HasPrefix(strings.ToLower(strings.TrimSpace(baseURL)), "https:") {
		p.problem("SECRET_KEY",
			"It can be guessed, and who guesses it can sign in your name: write what `openssl rand -hex 32` gives.")
	}
	return Secret(text)
}

func (p *parser) oldSecretKey(value, current Secret) Secret {
	text := strings.TrimSpace(string(value))
	switch {
	case text == "":
	case len(text) < minSecret:
		p.problem("SECRET_KEY_OLD", "It has %d characters, so it cannot have been a SECRET_KEY: write the key before, or take it away.", len(text))
	case text == strings.TrimSpace(string(current)):
		p.problem("SECRET_KEY_OLD", "It is the same as SECRET_KEY: write the key before, or take it away.")
	}
	return Secret(text)
}

// list splits at commas and spaces.
func list(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
}

// hostNames reads names of hosts, without what stands around them in an address.
func (p *parser) hostNames(setting, value string) []string {
	all := list(strings.ToLower(value))
	for _, name := range all {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			p.problem(setting, "%q is no host's name: write it like metrics.example.org, without scheme and port.", name)
		}
	}
	return all
}

func (p *parser) proxies(value string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range list(value) {
		prefix, err := netip.ParsePrefix(text)
		if address, addressErr := netip.ParseAddr(text); addressErr == nil {
			prefix, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			p.problem("TRUSTED_PROXIES", "%q is no network: write CIDRs, like 10.0.0.0/8.", text)
			continue
		}
		if prefix.Bits() == 0 {
			p.problem("TRUSTED_PROXIES", "%s would believe everybody: write your proxies' own networks.", text)
		}
		if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96) // clients are compared as IPv4
		}
		all = append(all, prefix.Masked())
	}
	return all
}

func (p *parser) origins(value string) []string {
	var all []string
	for _, text := range list(value) {
		before := len(p.problems)
		origin := p.origin("EMBED_ORIGINS", text, "https://news.example.org")
		if len(p.problems) > before {
			continue
		}
		all = append(all, origin)
	}
	return all
}

// origin is webAddress in the one spelling that browsers send, so that it can be compared with an Origin header.
func (p *parser) origin(setting, value, example string) string {
	return withoutDefaultPort(strings.ToLower(p.webAddress(setting, value, example)))
}

// withoutDefaultPort writes an origin as browsers do (RFC 6454, section 6.2).
func withoutDefaultPort(origin string) string {
	if rest, ok := strings.CutSuffix(origin, ":443"); ok && strings.HasPrefix(origin, "https:") {
		return rest
	}
	if rest, ok := strings.CutSuffix(origin, ":80"); ok && strings.HasPrefix(origin, "http:") {
		return rest
	}
	return origin
}

func (p *parser) folder(setting, path string) string {
	if path == "" {
		return ""
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		p.problem(setting, "There is no folder %s.", path)
	}
	return path
}

func (p *parser) duration(setting, value string, least, most time.Duration) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil || d < least || d > most {
		p.problem(setting, "%q is no time between %v and %v: write it like 30s or 5m.", value, least, most)
	}
	return d
}

func (p *parser) number(setting, value string, least, most int) int {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		p.problem(setting, "%q is no number from %d to %d.", value, least, most)
	}
	return n
}

// days reads a number of whole days.
func (p *parser) days(setting, value string) time.Duration {
	return time.Duration(p.number(setting, value, 1, 3650)) * 24 * time.Hour
}

func (p *parser) logFormat(value string) string {
	if value != "text" && value != "json" {
		p.problem("LOG_FORMAT", "%q is no format: write text or json.", value)
	}
	return value
}

func (p *parser) logLevel(value string) slog.Level {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	level, ok := levels[strings.ToLower(value)]
	if !ok {
		p.problem("LOG_LEVEL", "%q is no level: write debug, info, warn or error.", value)
	}
	return level
}
