package paypal_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/paypal"
)

func TestTokenIsAskedForAsPayPalWantsIt(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(200, orderJSON))).giving(func(w http.ResponseWriter, r *http.Request, n int) {
		body, _ := io.ReadAll(r.Body)
		id, pass, ok := r.BasicAuth()
		if !ok || id != "suite-client" || pass != secret || string(body) != "grant_type=client_credentials" ||
			r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Method != http.MethodPost {
			t.Errorf("asked with %s %q as %q", r.Method, body, id)
		}
		giveToken(w, n)
	})
	c := p.client(t)
	for range 3 {
		if err := errors.Join(c.Ping(t.Context()), get(t.Context(), c)); err != nil {
			t.Fatal(tell(err))
		}
	}
	if tokens, _ := p.seen(); tokens != 1 {
		t.Errorf("%d tokens", tokens)
	}
}

func TestTokenAnswersThatAreNoToken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		asked  int // how often a GET asks for it
		is     string
	}{
		"empty":           {200, `{"access_token":"","expires_in":32400}`, 3, ""},
		"missing":         {200, `{"scope":"x"}`, 3, ""},
		"not JSON":        {200, `<html>`, 3, ""},
		"with a line end": {200, `{"access_token":"` + tokenStart + `\r\nX: y"}`, 3, ""},
		"huge":            {200, `{"access_token":"` + tokenStart + strings.Repeat("x", 9000) + `"}`, 3, ""},
		"wrong secret": {401, `{"error":"invalid_client","error_description":"Client Authentication failed"}`, 1,
			"invalid_client"},
		"PayPal is busy":   {503, `<html>`, 3, ""},
		"not there at all": {404, `{"name":"RESOURCE_NOT_FOUND"}`, 1, "RESOURCE_NOT_FOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var broken atomic.Bool
			broken.Store(true)
			p := newPeer(t, answers(answer(200, orderJSON))).giving(func(w http.ResponseWriter, _ *http.Request, n int) {
				if broken.Load() {
					answer(c.status, c.body)(w)
					return
				}
				giveToken(w, n)
			})
			client := p.client(t)
			err := tell(get(t.Context(), client))
			if err == nil || paypal.OutcomeUnknown(err) || paypal.NotFound(err) ||
				!strings.Contains(err.Error(), "get order: ") || !strings.Contains(err.Error(), c.is) {
				t.Errorf("got %v", err)
			}
			if tokens, calls := p.seen(); tokens != c.asked || calls != 0 {
				t.Errorf("%d tokens asked for, %d calls", tokens, calls)
			}
			if client.Ping(t.Context()) == nil {
				t.Error("a ping without a token")
			}
			// plutov's own client would hang here for good after an empty token.
			broken.Store(false)
			if err := get(t.Context(), client); err != nil {
				t.Errorf("afterwards: %v", tell(err))
			}
		})
	}
}

func TestRevokedTokenIsReplacedOnceForABurst(t *testing.T) {
	t.Parallel()
	var valid atomic.Int32
	valid.Store(1)
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != fmt.Sprintf("Bearer %s%d", tokenStart, valid.Load()) {
			answer(401, `{"error":"invalid_token","error_description":"Token signature verification failed"}`)(w)
			return
		}
		answer(200, orderJSON)(w)
	}).giving(func(w http.ResponseWriter, _ *http.Request, n int) { giveToken(w, n) })
	c := p.client(t)
	if err := get(t.Context(), c); err != nil {
		t.Fatal(tell(err))
	}
	valid.Store(2)
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if err := errors.Join(get(t.Context(), c), capture(t.Context(), c), hook(t.Context(), c)); err != nil {
				t.Error(tell(err))
			}
		})
	}
	all.Wait()
	if tokens, _ := p.seen(); tokens != 2 {
		t.Errorf("%d tokens for one revocation", tokens)
	}
}

func TestTokenIsRenewedByTheClock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		life   time.Duration // what it should count as
	}{
		"as told":   {`{"access_token":"` + tokenStart + `%d","expires_in":32400}`, 9 * time.Hour},
		"as text":   {`{"access_token":"` + tokenStart + `%d","expires_in":"32400"}`, 9 * time.Hour},
		"untold":    {`{"access_token":"` + tokenStart + `%d"}`, time.Minute},
		"negative":  {`{"access_token":"` + tokenStart + `%d","expires_in":-5}`, time.Minute},
		"a century": {`{"access_token":"` + tokenStart + `%d","expires_in":3153600000}`, 12 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var clock clock
			p := newPeer(t, answers(answer(200, orderJSON))).giving(func(w http.ResponseWriter, _ *http.Request, n int) {
				_, _ = fmt.Fprintf(w, c.answer, n)
			})
			client := p.client(t, func(cfg *paypal.Config) { cfg.Now = clock.now })
			at := func(part float64, want int) {
				t.Helper()
				clock.at.Store(int64(float64(c.life) * part))
				if err := get(t.Context(), client); err != nil {
					t.Fatal(tell(err))
				}
				if tokens, _ := p.seen(); tokens != want {
					t.Errorf("at %.2f of its life: %d tokens, want %d", part, tokens, want)
				}
			}
			at(0, 1)
			at(0.89, 1)
			at(0.96, 2)
		})
	}
}

func TestTokenIsRenewedAheadWithoutWaiting(t *testing.T) {
	t.Parallel()
	var clock clock
	started, release := make(chan struct{}), make(chan struct{})
	p := newPeer(t, answers(answer(200, orderJSON))).giving(func(w http.ResponseWriter, _ *http.Request, n int) {
		if n == 2 {
			close(started)
			<-release
		}
		giveToken(w, n)
	})
	c := p.client(t, func(cfg *paypal.Config) { cfg.Now = clock.now })
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(tell(err))
	}
	clock.advance(9 * time.Hour * 92 / 100)
	for range 5 {
		if err := get(t.Context(), c); err != nil {
			t.Error(tell(err))
		}
	}
	<-started
	close(release)
	for { // until the renewal has landed
		if err := get(t.Context(), c); err != nil {
			t.Fatal(tell(err))
		}
		p.mu.Lock()
		last := p.calls[len(p.calls)-1].Header.Get("Authorization")
		p.mu.Unlock()
		if last == "Bearer "+tokenStart+"2" {
			break
		}
	}
	if tokens, _ := p.seen(); tokens != 2 {
		t.Errorf("%d tokens", tokens)
	}
}

func TestWaitingForATokenRespectsEachCaller(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	p := newPeer(t, answers(answer(200, orderJSON))).giving(func(w http.ResponseWriter, _ *http.Request, n int) {
		close(asked)
		<-release
		giveToken(w, n)
	})
	c := p.client(t)
	first, cancel := context.WithCancel(t.Context())
	gone, stays := make(chan error, 1), make(chan error, 1)
	go func() { gone <- get(first, c) }()
	<-asked
	go func() { stays <- get(t.Context(), c) }()
	short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if err := get(short, c); !errors.Is(tell(err), context.DeadlineExceeded) || paypal.OutcomeUnknown(err) {
		t.Errorf("a short caller: %v", err)
	}
	cancel()
	if err := <-gone; !errors.Is(tell(err), context.Canceled) || paypal.OutcomeUnknown(err) {
		t.Errorf("the caller that asked and left: %v", err)
	}
	close(release)
	if err := <-stays; err != nil {
		t.Errorf("the caller that stayed: %v", tell(err))
	}
	if tokens, _ := p.seen(); tokens != 1 {
		t.Errorf("%d tokens", tokens)
	}
}
