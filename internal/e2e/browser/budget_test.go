package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// A phone of the cheap kind on a train: what the budgets of the readers' pages are measured on.
const (
	slowerCPU  = 4
	throughput = 1.6e6 / 8 // bytes a second
	latency    = 150       // milliseconds
)

// What readers' pages cost on a slow phone. That nothing moves under the finger, and how much is sent, is checked; how
// long it takes is written to artifacts/budgets.txt, because a busy machine proves nothing. `make budgets` measures
// more often, and in both widths.
func TestBudgets(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	times, sizes := 1, screens()[:1]
	if os.Getenv("READERFUND_BUDGETS") == "all" {
		times, sizes = 5, []screen{screens()[0], screens()[2]}
	}
	var body string
	news := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, body)
	}))
	defer news.Close()
	s := harness.New(t, "EMBED_ORIGINS", news.URL)
	s.Serve()
	script := func(format string) string {
		return fmt.Sprintf(`<script async src="%s/embed/cta.js" data-campaign="support" data-format="%s"></script>`,
			s.BaseURL, format)
	}
	var lines []string
	report := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }

	var page, alone, with []measured
	for range times { // in turn, because a machine is now slower and now faster
		page = append(page, browser.measure(t, screens()[0], s.BaseURL+"/support/support?article="+news.URL, ""))
		body = story("", "")
		alone = append(alone, browser.measure(t, screens()[0], news.URL+"/story", ""))
		body = story("", script("inline"))
		with = append(with, browser.measure(t, screens()[0], news.URL+"/story", appears))
	}
	donate := median(page)
	report("donation page           %s", donate)
	if donate.Requests > 5 || donate.Bytes > 30_000 || donate.Others > 0 {
		t.Errorf("the donation page takes %s; at most 5 requests, 30,000 bytes, and none to others", donate)
	}
	report("article alone           %s", median(alone))
	report("article with the appeal %s", median(with))
	for _, format := range []string{"inline", "banner", "button", "goal", "form"} {
		for _, size := range sizes {
			body = story(script(format), "")
			m := browser.measure(t, size, news.URL+"/story", appears)
			report("%-6s in it, %4d wide   %s", format, size.width, m)
			if m.Shift > 0 {
				t.Errorf("with %q, %d wide, the article moves by %.4f:%s", format, size.width, m.Shift, m.Moved)
			}
		}
	}
	text := strings.Join(lines, "\n") + "\n"
	if err := os.MkdirAll(testkit.Root(t, "artifacts"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(testkit.Root(t, "artifacts", "budgets.txt"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text)
}

// story is an article of several screens, with something in its middle and at its end.
func story(middle, end string) string {
	paragraph := "<p>" + strings.Repeat("Nobody was meant to read the forms together. ", 14) + "</p>"
	return `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>A story</title>
		<style>:root { color-scheme: light dark } main { max-width: 40rem; margin: 1rem auto; padding: 0 1rem; font: 1rem/1.5 serif }</style>
		<main><article><h1>A story</h1>` + strings.Repeat(paragraph, 2) + middle + strings.Repeat(paragraph, 8) + end + `</article></main>`
}

// appears reports whether the appeal is drawn.
const appears = `[...document.querySelectorAll("*")].some((e) => e.shadowRoot?.querySelector(".rf-cta, iframe"))`

// measured is what opening a page took. Times are milliseconds: the article can be read (Ready) before its asynchronous
// scripts are there (Load).
type measured struct {
	LCP, Ready, Load, Longest, Shift float64
	Requests, Bytes, Others          int
	Moved                            string // what did, from where, to where
}

func (m measured) String() string {
	return fmt.Sprintf("LCP %4.0f ms, ready %4.0f ms, load %4.0f ms, longest task %3.0f ms, shift %.4f, %d requests, %6d bytes",
		m.LCP, m.Ready, m.Load, m.Longest, m.Shift, m.Requests, m.Bytes)
}

// watch is in each page before anything else, and notes what the browser has to say about it.
const watch = `window.seen = { lcp: 0, shift: 0, moved: "", longest: 0 };
	new PerformanceObserver((l) => l.getEntries().forEach((e) => (seen.lcp = e.startTime)))
		.observe({ type: "largest-contentful-paint", buffered: true });
	new PerformanceObserver((l) => l.getEntries().forEach((e) => {
		seen.shift += e.value;
		for (const s of e.sources) {
			seen.moved += " " + (s.node?.outerHTML ?? s.node?.nodeName ?? "?").slice(0, 80) + ": " +
				JSON.stringify([s.previousRect, s.currentRect].map((r) => [r.x, r.y, r.width, r.height])) + ";";
		}
	}))
		.observe({ type: "layout-shift", buffered: true });
	new PerformanceObserver((l) => l.getEntries().forEach((e) => (seen.longest = Math.max(seen.longest, e.duration))))
		.observe({ type: "longtask", buffered: true });`

// median is the median of each time, and the worst of what must not grow.
func median(all []measured) measured {
	of := func(figure func(measured) float64) float64 {
		figures := make([]float64, len(all))
		for n, m := range all {
			figures[n] = figure(m)
		}
		slices.Sort(figures)
		return figures[len(figures)/2]
	}
	m := all[0]
	m.LCP = of(func(m measured) float64 { return m.LCP })
	m.Ready = of(func(m measured) float64 { return m.Ready })
	m.Load = of(func(m measured) float64 { return m.Load })
	m.Longest = of(func(m measured) float64 { return m.Longest })
	for _, other := range all {
		m.Shift, m.Bytes = max(m.Shift, other.Shift), max(m.Bytes, other.Bytes)
		m.Requests, m.Others = max(m.Requests, other.Requests), max(m.Others, other.Others)
	}
	return m
}

// measure opens a page on a slow phone that knows nothing of it yet, and waits until something is there.
func (w *browser) measure(t *testing.T, s screen, address, there string) measured {
	t.Helper()
	b := w.openTab(t, s)
	defer b.slowDown(1) // Chromium slows a page down by work of its own, which would slow down the next page, too
	b.slowDown(slowerCPU)
	b.setColours(&emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "no-preference"}) // as most readers have it
	b.do(cdp.Func(func(ctx context.Context, _ *cdp.Target) error {
		slow := &network.Conditions{Latency: latency, DownloadThroughput: throughput, UploadThroughput: throughput}
		if _, err := cdp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{slow},
		}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: watch,
		})
		return err
	}))
	b.open(address)
	if there != "" {
		testkit.Eventually(t, time.Minute, "it is there", func() (bool, string) { return eval[bool](b, there), b.describe() })
	}
	b.do(cdp.Evaluate[cdp.Void](`new Promise((done) => setTimeout(done, 500))`, cdp.EvalAwaitPromise)) // and settles
	seen := eval[struct {
		LCP, Shift, Longest, Ready, Load float64
		Moved                            string
	}](b, `(() => {
		const [page] = performance.getEntriesByType("navigation");
		return { ...seen, ready: page.domContentLoadedEventEnd, load: page.loadEventEnd };
	})()`)
	got := measured{LCP: seen.LCP, Shift: seen.Shift, Longest: seen.Longest, Ready: seen.Ready, Load: seen.Load, Moved: seen.Moved}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, asked := range b.requests {
		got.Requests++
		if !strings.HasPrefix(asked, u.Scheme+"://"+u.Host+"/") {
			got.Others++
		}
	}
	got.Bytes = int(b.received)
	return got
}

// slowDown gives the tab the processor's time one time in so many.
func (b *tab) slowDown(times float64) {
	b.t.Helper()
	b.do(cdp.Func(func(ctx context.Context, _ *cdp.Target) error {
		_, err := cdp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: times})
		return err
	}))
}
