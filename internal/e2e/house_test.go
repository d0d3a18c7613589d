package e2e

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/inbox"
	"readerfund/internal/paypal/sandbox"
)

// house is a scene in which everything can go wrong: the service's processes reach the database and PayPal through
// proxies, and PayPal reaches them through another one and a balancer that goes from process to process.
type house struct {
	*scene

	round    round
	draw     *rand.Rand
	ground   *ground
	database string
	services []*service
	doors    atomic.Pointer[[]string] // where those listen
	crowd    *crowd

	toDatabase, toPayPal, toUs *proxy

	struck    int           // how often the trouble befell something
	givenUp   bool          // PayPal gave up deliveries, so that not each of them ends with a 2xx
	hopeless  bool          // some events can never be applied
	reconcile bool          // the reconciler has to mend what is left
	behind    time.Duration // how far PayPal's clock is behind ours
	empty     bool          // the database has no tables yet
	space     string        // the tablespace of the database; empty: the usual one
	disk      string        // where that lies
}

// open makes all of it but the processes.
func (h *house) open(t *testing.T) {
	t.Helper()
	h.scene = &scene{t: t}
	h.bank = openBankBehind(t, func(address string) string {
		h.toPayPal = openProxy(t, "paypal", address)
		return h.toPayPal.address
	}, sandbox.Options{DataDir: authorityFolder(t), Now: func() time.Time { return time.Now().Add(-h.behind) }})
	h.database = h.ground.database(t, h.empty, h.space)
	direct, err := url.Parse(h.ground.as(serviceAccount, h.database))
	if err != nil {
		t.Fatal(err)
	}
	h.toDatabase = openProxy(t, "database", direct.Host)
	direct.Host = h.toDatabase.address
	h.toUs = openProxy(t, "webhooks", h.balancer())
	h.base = "http://" + h.toUs.address
	h.settings = usualSettings(direct.String(), h.bank)
	for name, value := range map[string]string{"BASE_URL": h.base, "LISTEN_ADDR": "127.0.0.1:0", "SWEEP_INTERVAL": "300ms", "LOG_LEVEL": "warn"} {
		h.settings[name] = value
	}
	h.db = openDatabase(t, h.ground.server.URL(h.database))
	hook, err := h.bank.client().CreateWebhook(t.Context(), h.base+"/webhooks/paypal", inbox.EventTypes())
	if err != nil {
		t.Fatal(err)
	}
	h.settings["PAYPAL_WEBHOOK_ID"] = hook.ID
}

// fill starts the processes.
func (h *house) fill() {
	h.t.Helper()
	for range h.round.processes {
		h.enlist(h.serve())
	}
}

// enlist has readers and PayPal reach one more process.
func (h *house) enlist(v *service) { h.replace(append(slices.Clone(h.services), v)) }

// delist has nobody go to a process any more.
func (h *house) delist(v *service) {
	h.replace(slices.DeleteFunc(slices.Clone(h.services), func(other *service) bool { return other == v }))
}

func (h *house) replace(services []*service) {
	h.services = services
	var doors []string
	for _, v := range services {
		doors = append(doors, v.base)
	}
	h.doors.Store(&doors)
}

// balancer takes requests for the whole service and hands them to one process after the other, whether it lives or not.
func (h *house) balancer() string {
	h.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	var turn atomic.Int64
	way := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.Host = "http", ""
			doors := h.bases()
			r.Out.URL.Host = strings.TrimPrefix(doors[int(turn.Add(1))%len(doors)], "http://")
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	window := &http.Server{Handler: way, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = window.Serve(l) }() // until it is closed
	h.t.Cleanup(func() {
		if err := window.Close(); err != nil {
			h.t.Error(err)
		}
	})
	return l.Addr().String()
}

// bases are where readers reach the processes.
func (h *house) bases() []string { return *h.doors.Load() }

// any is one of the processes, drawn.
func (h *house) any() *service { return h.services[h.draw.IntN(len(h.services))] }

// either draws one of several.
func either[T any](h *house, these ...T) T { return these[h.draw.IntN(len(these))] }

// during has trouble for a while, and on a slow machine until it struck something.
func (h *house) during(span time.Duration, f fields) {
	h.t.Helper()
	h.bank.fault(f)
	time.Sleep(span)
	for end := time.Now().Add(15 * time.Second); h.hits() == 0 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	h.calm()
}

// hits is how often the sandbox's faults struck so far.
func (h *house) hits() (n int) {
	h.t.Helper()
	var all []struct{ Hits int }
	h.bank.must("GET", "/sandbox/faults", nil, &all)
	for _, f := range all {
		n += f.Hits
	}
	return n
}

// calm ends the sandbox's faults, and counts how often they struck.
func (h *house) calm() {
	h.t.Helper()
	h.struck += h.hits()
	h.bank.must("DELETE", "/sandbox/faults", nil, nil)
}

// reviveAll kills and starts every process.
func (h *house) reviveAll() {
	h.t.Helper()
	for _, v := range h.services {
		v.kill()
		v.restart()
	}
}

// deliver posts a delivery to one process after the other, and gives what it was answered.
func (h *house) deliver(d delivery) (answer, error) { return h.visitor().deliver(d, d.Body) }

// signed is a delivery of any body at all with PayPal's own signature, under a transmission id of its own: as if PayPal,
// or somebody who holds its key, had sent it.
func (h *house) signed(body string) delivery {
	h.t.Helper()
	like := h.delivered("CHECKOUT.ORDER.APPROVED")
	id, at := uuid.NewString(), time.Now().UTC().Format("2006-01-02T15:04:05Z")
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, at, h.settings["PAYPAL_WEBHOOK_ID"], crc32.ChecksumIEEE([]byte(body))))
	key, err := signingKey()
	if err != nil {
		h.t.Fatal(err)
	}
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		h.t.Fatal(err)
	}
	return delivery{Body: body, Headers: map[string]string{
		"PAYPAL-TRANSMISSION-ID": id, "PAYPAL-TRANSMISSION-TIME": at, "PAYPAL-TRANSMISSION-SIG": base64.StdEncoding.EncodeToString(signature),
		"PAYPAL-CERT-URL": like.Headers["PAYPAL-CERT-URL"], "PAYPAL-AUTH-ALGO": "SHA256withRSA", "Content-Type": "application/json",
	}}
}

// authority is the text of the sandbox's own file with its signing key and certificates, made once: it takes a while,
// and the harness signs with the same key.
var authority = sync.OnceValues(func() (text []byte, err error) {
	folder, err := os.MkdirTemp("", "readerfund-authority-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	s, err := sandbox.New(sandbox.Options{DataDir: folder})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(folder, "authority.json"))
})

// authorityFolder is a sandbox's DataDir with nothing in it but the authority.
func authorityFolder(t *testing.T) string {
	t.Helper()
	text, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "authority.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func signingKey() (*rsa.PrivateKey, error) {
	text, err := authority()
	if err != nil {
		return nil, err
	}
	var file struct{ LeafKey string }
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(file.LeafKey))
	if block == nil {
		return nil, errors.New("the authority's file holds no key")
	}
	return x509.ParsePKCS1PrivateKey(block.Bytes)
}
