package metrics

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requests are the requests answered. The histogram of a route and status is kept at hand and found without a lock,
// because finding it by its labels takes longer than counting: every article's page asks for an appeal.
type requests struct {
	all *prometheus.HistogramVec

	mu    sync.Mutex                                     // of those who add to known
	known atomic.Pointer[map[answer]prometheus.Observer] // never changed: a new one takes its place
}

// answer is what is told apart; there are as many as routes in the table and statuses of each.
type answer struct {
	route  string
	status int
}

func newRequests() *requests {
	r := &requests{
		all: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "readerfund_http_request_seconds", Help: "Requests answered, by route and status.",
			Buckets: prometheus.ExponentialBuckets(0.001, 3, 9),
		}, []string{"route", "status"}),
	}
	r.known.Store(&map[answer]prometheus.Observer{})
	return r
}

func (r *requests) of(a answer) prometheus.Observer {
	if o, known := (*r.known.Load())[a]; known {
		return o
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := maps.Clone(*r.known.Load())
	known[a] = r.all.WithLabelValues(a.route, strconv.Itoa(a.status))
	r.known.Store(&known)
	return known[a]
}

// Request times one request answered.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	if m != nil {
		m.requests.of(answer{route, status}).Observe(took.Seconds())
	}
}
