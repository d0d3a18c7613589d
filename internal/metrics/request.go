package metrics

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requests are the requests answered. The histogram of a route and status is kept at hand, because finding it by its
// labels takes longer than counting: every article's page asks for an appeal.
type requests struct {
	all *prometheus.HistogramVec

	mu    *sync.RWMutex
	known map[answer]prometheus.Observer
}

// answer is what is told apart; there are as many as routes in the table and statuses of each.
type answer struct {
	route  string
	status int
}

func newRequests() requests {
	return requests{
		all: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "readerfund_http_request_seconds", Help: "Requests answered, by route and status.",
			Buckets: prometheus.ExponentialBuckets(0.001, 3, 9),
		}, []string{"route", "status"}),
		mu: new(sync.RWMutex), known: map[answer]prometheus.Observer{},
	}
}

func (r requests) of(a answer) prometheus.Observer {
	r.mu.RLock()
	o, known := r.known[a]
	r.mu.RUnlock()
	if known {
		return o
	}
	o = r.all.WithLabelValues(a.route, strconv.Itoa(a.status))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[a] = o
	return o
}

// Request times one request answered.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	if m != nil {
		m.requests.of(answer{route, status}).Observe(took.Seconds())
	}
}
