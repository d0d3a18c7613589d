package sandbox

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"
)

// tokenLife is how long an access token is good for; PayPal's recorded answers of 2023 say 32400 seconds.
const tokenLife = 32400 * time.Second

// tokenScope is what the token of an app with every feature of the emulator may do.
const tokenScope = "https://uri.paypal.com/services/checkout/one-click-with-merchant-issued-token " +
	"https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/payments/refund " +
	"https://uri.paypal.com/services/applications/webhooks https://uri.paypal.com/services/disputes/read-seller " +
	"https://uri.paypal.com/services/disputes/update-seller https://uri.paypal.com/services/reporting/search/read openid"

// billingScope is what the Subscriptions feature adds.
const billingScope = "https://uri.paypal.com/services/subscriptions"

// tokenBook knows the access tokens that are good, and until when.
type tokenBook struct {
	mu     sync.RWMutex
	expiry map[string]time.Time
}

// tokenRecord is a token as the journal keeps it.
type tokenRecord struct {
	Token   string
	Expires time.Time
}

func newTokenBook() *tokenBook { return &tokenBook{expiry: map[string]time.Time{}} }

func (b *tokenBook) add(token string, expires time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expiry[token] = expires
}

// end makes one token invalid.
func (b *tokenBook) end(token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.expiry, token)
}

func (b *tokenBook) good(token string, now time.Time) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	expires, known := b.expiry[token]
	return known && now.Before(expires)
}

func (b *tokenBook) forget(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for token, expires := range b.expiry {
		if !now.Before(expires) {
			delete(b.expiry, token)
		}
	}
}

// revokeAll ends every token and names them.
func (b *tokenBook) revokeAll() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ended []string
	for token := range b.expiry {
		ended = append(ended, token)
	}
	clear(b.expiry)
	return ended
}

// oauthError is an error of the token endpoint, and of a bearer token that is no good.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// issueToken is POST /v1/oauth2/token.
func (s *Server) issueToken(w http.ResponseWriter, r *http.Request) {
	id, secret, given := r.BasicAuth()
	if !given || !same(id, s.opts.ClientID) || !same(secret, s.opts.ClientSecret) {
		writeJSON(w, http.StatusUnauthorized, oauthError{"invalid_client", "Client Authentication failed"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if r.FormValue("grant_type") != "client_credentials" {
		writeJSON(w, http.StatusBadRequest, oauthError{"unsupported_grant_type", "Grant Type is NULL"})
		return
	}
	scope := tokenScope + " " + billingScope
	if s.faults.take(r.Method, r.URL.Path, kindNoSubscriptions) != nil {
		scope = tokenScope
	}
	token, now := "A21AA"+randomText(66), s.now()
	s.tokens.add(token, now.Add(tokenLife))
	s.journal.put("token", token, tokenRecord{token, now.Add(tokenLife)})
	writeJSON(w, http.StatusOK, struct {
		Scope       string `json:"scope"`
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		AppID       string `json:"app_id"`
		ExpiresIn   int    `json:"expires_in"`
		Nonce       string `json:"nonce"`
	}{scope, token, "Bearer", "APP-80W284485P519543T", int(tokenLife / time.Second),
		now.Format("2006-01-02T15:04:05Z") + randomText(33)})
}

// authenticate checks the bearer token; if it is no good the answer is written.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request) bool {
	header := r.Header.Get("Authorization")
	if header == "" {
		s.writeProblem(w, statusProblem(http.StatusUnauthorized))
		return false
	}
	token, isBearer := strings.CutPrefix(header, "Bearer ")
	if !isBearer || !s.tokens.good(token, s.now()) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		writeJSON(w, http.StatusUnauthorized, oauthError{"invalid_token", "Token signature verification failed"})
		return false
	}
	return true
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// randomText is n random bytes in the alphabet of URLs.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
