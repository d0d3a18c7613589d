package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"readerfund/internal/count"
)

// browser is a User-Agent of a reader.
const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

// writeCounts has the service count, until the function it returns is called; that stops it, which writes what is left.
func writeCounts(t *testing.T, c *count.Counter) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { c.Run(ctx); close(ended) }()
	return func() { cancel(); <-ended }
}

// What a beacon brings is counted where a browser sent it of a page that is seen, and only then.
func TestBeaconsAreCounted(t *testing.T) {
	t.Parallel()
	var counter *count.Counter
	h := openHouse(t, func(d *Deps) {
		d.EmbedOrigins = []string{"https://news.example.org"}
		counter = d.Counter
	})
	stop := writeCounts(t, counter)
	const view = `{"k":"view","c":"support","v":"","f":"inline","a":"https://news.example.org/1"}`
	many := "[" + strings.Repeat(view+",", 15) + view
	for _, c := range []struct {
		name, body string
		header     []string
		status     int
	}{
		{"of a reader", "[" + view + `,{"k":"click","c":"support","f":"inline","a":"https://news.example.org/1"}]`, nil, 204},
		{"as JSON", "[" + view + "]", []string{"Content-Type", "application/json"}, 204},
		{"of an invented article", `[{"k":"view","c":"support","f":"inline","a":"https://elsewhere.example/1"}]`, nil, 204},
		{"of garbled articles", `[{"k":"view","c":"support","f":"inline","a":"https://news.example.org/\u0000"},
			{"k":"view","c":"support","f":"inline","a":"\ud800"},{"k":"view","c":"support","f":"inline","a":"javascript:1"}]`, nil, 204},
		{"of an invented campaign", strings.ReplaceAll("["+view+"]", "support", "x"), nil, 204},
		{"of nothing", "[]", nil, 204},
		{"of a robot", "[" + view + "]", []string{"User-Agent",
			"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, 204},
		{"fetched ahead", "[" + view + "]", []string{"Sec-Purpose", "prefetch;prerender"}, 204},
		{"as many as fit", many + "]", nil, 204},
		{"one too many", many + "," + view + "]", nil, 400},
		{"no list", view, nil, 400},
		{"another type", `[{"k":1}]`, nil, 400},
		{"empty", "", nil, 400},
		{"cut off", "[" + view, nil, 400},
		{"deep", strings.Repeat("[", 4000), nil, 400},
		{"too long", "[" + strings.Repeat(" ", 4<<10) + "]", nil, 413},
		{"packed", "[" + view + "]", []string{"Content-Encoding", "gzip"}, 400},
	} {
		header := append([]string{"Content-Type", "text/plain;charset=UTF-8", "User-Agent", browser}, c.header...)
		got := h.newReader().do(http.MethodPost, h.base+"/embed/counts", c.body, header...)
		if got.status != c.status || got.body != "" {
			t.Errorf("%s: %d %q, want %d", c.name, got.status, got.body, c.status)
		}
	}
	stop()
	var rows []string
	if err := h.db.SelectContext(t.Context(), &rows, `
		SELECT concat_ws(' ', format, article, readers, views, clicks) FROM appeal_count ORDER BY article`); err != nil {
		t.Fatal(err)
	}
	want := "inline  0 4 0\ninline https://news.example.org/1 0 18 1"
	if got := strings.Join(rows, "\n"); got != want {
		t.Errorf("counted:\n%s\nwant:\n%s", got, want)
	}
}
