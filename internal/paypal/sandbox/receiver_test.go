package sandbox

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// receiver is a seller's webhook address.
type receiver struct {
	url string

	mu     sync.Mutex
	status []int // what to answer to the first ones; 200 afterwards
	got    []received
}

type received struct {
	header http.Header
	body   string
}

func newReceiver(t *testing.T, status ...int) *receiver {
	t.Helper()
	r := &receiver{status: status}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, received{req.Header, string(body)})
		if n := len(r.got); n <= len(r.status) {
			if r.status[n-1] == http.StatusFound {
				w.Header().Set("Location", "/elsewhere")
			}
			w.WriteHeader(r.status[n-1])
		}
	}))
	t.Cleanup(web.Close)
	r.url = web.URL + "/hook"
	return r
}

// all are the deliveries so far.
func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

// types are their event types, in the order of arrival.
func (r *receiver) types() []string {
	var kinds []string
	for _, d := range r.all() {
		_, rest, _ := strings.Cut(d.body, `"event_type":"`)
		kind, _, _ := strings.Cut(rest, `"`)
		kinds = append(kinds, kind)
	}
	return kinds
}

// waiting is how many deliveries are queued.
func (b *bench) waiting() int {
	b.server.post.mu.Lock()
	defer b.server.post.mu.Unlock()
	return len(b.server.post.queue)
}

// subscribe registers the receiver and gives the webhook's id.
func (b *bench) subscribe(r *receiver, types ...string) string {
	b.t.Helper()
	list := `{"name":"` + strings.Join(types, `"},{"name":"`) + `"}`
	got := b.api("POST", "/v1/notifications/webhooks", `{"url":"`+r.url+`","event_types":[`+list+`]}`)
	if got.status != http.StatusCreated {
		b.t.Fatal(got.status, got.text)
	}
	return got.get("id")
}
