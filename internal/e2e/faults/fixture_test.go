package faults

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
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/inbox"
	"readerfund/internal/paypal/sandbox"
	"readerfund/internal/testkit"
)

// fixture is a scene in which everything can go wrong: the service's processes reach the database and PayPal through
// proxies, and PayPal reaches them through another one and a balancer that goes from process to process.
type fixture struct {
	*harness.Fixture

	round     round
	draw      *rand.Rand
	cluster   *cluster
	database  string
	processes []*harness.Process
	addresses atomic.Pointer[[]string] // where those listen
	load      *harness.Load

	toDatabase, toPayPal, toService *proxy

	struck     int           // how often the trouble befell something
	givenUp    bool          // PayPal gave up deliveries, so that not each of them ends with a 2xx
	hopeless   bool          // some events can never be applied
	reconcile  bool          // the reconciler has to mend what is left
	behind     time.Duration // how far PayPal's clock is behind ours
	empty      bool          // the database has no tables yet
	tablespace string        // the tablespace of the database; empty: the usual one
	disk       string        // where that lies
}

// open makes all of it but the processes.
func (h *fixture) open(t *testing.T) {
	t.Helper()
	h.Fixture = &harness.Fixture{T: t}
	h.PayPal = testkit.NewPayPal(t, testkit.PayPalOptions{
		Options: sandbox.Options{Now: func() time.Time { return time.Now().Add(-h.behind) }},
		Behind: func(address string) string {
			h.toPayPal = openProxy(t, "paypal", address)
			return h.toPayPal.address
		},
	})
	h.database = h.cluster.database(t, h.empty, h.tablespace)
	direct, err := url.Parse(h.cluster.urlFor(serviceRole, h.database))
	if err != nil {
		t.Fatal(err)
	}
	h.toDatabase = openProxy(t, "database", direct.Host)
	direct.Host = h.toDatabase.address
	h.toService = openProxy(t, "webhooks", h.balancer())
	h.BaseURL = "http://" + h.toService.address
	h.Settings = harness.DefaultSettings(direct.String(), h.PayPal)
	h.CatchMail()
	for name, value := range map[string]string{"BASE_URL": h.BaseURL, "LISTEN_ADDR": "127.0.0.1:0", "SWEEP_INTERVAL": "300ms", "LOG_LEVEL": "warn"} {
		h.Settings[name] = value
	}
	h.DB = testkit.OpenDatabase(t, h.cluster.server.URL(h.database))
	hook, err := h.PayPal.Client().CreateWebhook(t.Context(), h.BaseURL+"/webhooks/paypal", inbox.EventTypes())
	if err != nil {
		t.Fatal(err)
	}
	h.Settings["PAYPAL_WEBHOOK_ID"] = hook.ID
}

// startProcesses starts the processes.
func (h *fixture) startProcesses() {
	h.T.Helper()
	for range h.round.processes {
		h.addProcess(h.Serve())
	}
}

// addProcess sends readers and webhooks to one more process, too.
func (h *fixture) addProcess(v *harness.Process) {
	h.setProcesses(append(slices.Clone(h.processes), v))
}

// removeProcess sends no more readers and webhooks to a process.
func (h *fixture) removeProcess(v *harness.Process) {
	h.setProcesses(slices.DeleteFunc(slices.Clone(h.processes), func(other *harness.Process) bool { return other == v }))
}

func (h *fixture) setProcesses(services []*harness.Process) {
	h.processes = services
	var doors []string
	for _, v := range services {
		doors = append(doors, v.BaseURL)
	}
	h.addresses.Store(&doors)
}

// balancer takes requests for the whole service and hands them to one process after the other, whether it lives or not.
func (h *fixture) balancer() string {
	h.T.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.T.Fatal(err)
	}
	var turn atomic.Int64
	way := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.Host = "http", ""
			doors := h.baseURLs()
			r.Out.URL.Host = strings.TrimPrefix(doors[int(turn.Add(1))%len(doors)], "http://")
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	window := &http.Server{Handler: way, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = window.Serve(l) }() // until it is closed
	h.T.Cleanup(func() {
		if err := window.Close(); err != nil {
			h.T.Error(err)
		}
	})
	return l.Addr().String()
}

// baseURLs are where readers reach the processes.
func (h *fixture) baseURLs() []string { return *h.addresses.Load() }

// anyProcess is one of the processes, drawn.
func (h *fixture) anyProcess() *harness.Process { return h.processes[h.draw.IntN(len(h.processes))] }

// oneOf draws one of several.
func oneOf[T any](h *fixture, these ...T) T { return these[h.draw.IntN(len(these))] }

// faultFor has trouble for a while, and on a slow machine until it struck something.
func (h *fixture) faultFor(span time.Duration, f testkit.Fields) {
	h.T.Helper()
	h.PayPal.Fault(f)
	h.awaitHit(span)
}

// awaitHit leaves the faults in place for a while, and longer where they have struck nothing yet; then it ends them. A
// fault that strikes nothing in a minute proves nothing.
func (h *fixture) awaitHit(span time.Duration) {
	h.T.Helper()
	time.Sleep(span)
	for end := time.Now().Add(time.Minute); h.hits() == 0 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	if h.hits() == 0 {
		h.T.Error("the faults struck nothing in a minute")
	}
	h.clearFaults()
}

// hits is how often the sandbox's faults struck so far.
func (h *fixture) hits() (n int) {
	h.T.Helper()
	var all []struct{ Hits int }
	h.PayPal.Must("GET", "/sandbox/faults", nil, &all)
	for _, f := range all {
		n += f.Hits
	}
	return n
}

// clearFaults ends the sandbox's faults, and counts how often they struck.
func (h *fixture) clearFaults() {
	h.T.Helper()
	h.struck += h.hits()
	h.PayPal.Must("DELETE", "/sandbox/faults", nil, nil)
}

// restartAll kills and starts every process.
func (h *fixture) restartAll() {
	h.T.Helper()
	for _, v := range h.processes {
		v.Kill()
		v.Restart()
	}
}

// deliver posts a delivery to one process after the other, and gives what it was answered.
func (h *fixture) deliver(d testkit.Delivery) (harness.Response, error) {
	return h.Client().Deliver(d, d.Body)
}

// sign is a delivery of any body at all with PayPal's own signature, under a transmission id of its own: as if PayPal,
// or somebody who holds its key, had sent it.
func (h *fixture) sign(body string) testkit.Delivery {
	h.T.Helper()
	like := h.Delivered("CHECKOUT.ORDER.APPROVED")
	id, at := uuid.NewString(), time.Now().UTC().Format("2006-01-02T15:04:05Z")
	digest := sha256.Sum256(
		fmt.Appendf(nil, "%s|%s|%s|%d", id, at, h.Settings["PAYPAL_WEBHOOK_ID"], crc32.ChecksumIEEE([]byte(body))),
	)
	key, err := signingKey()
	if err != nil {
		h.T.Fatal(err)
	}
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		h.T.Fatal(err)
	}
	return testkit.Delivery{Body: body, Headers: map[string]string{
		"PAYPAL-TRANSMISSION-ID":   id,
		"PAYPAL-TRANSMISSION-TIME": at,
		"PAYPAL-TRANSMISSION-SIG":  base64.StdEncoding.EncodeToString(signature),
		"PAYPAL-CERT-URL":          like.Headers["PAYPAL-CERT-URL"],
		"PAYPAL-AUTH-ALGO":         "SHA256withRSA",
		"Content-Type":             "application/json",
	}}
}

func signingKey() (*rsa.PrivateKey, error) {
	text, err := testkit.Authority()
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
