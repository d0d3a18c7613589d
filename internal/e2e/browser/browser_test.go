package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/testkit"
)

// skipWithoutBrowser skips a test for want of something, or fails it where READERFUND_BROWSER says that nothing may be
// wanting.
func skipWithoutBrowser(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("READERFUND_BROWSER") == "required" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format+" (`make test-browser` gets it where it can)", args...)
}

// browser is a running Chromium.
type browser struct {
	ctx   context.Context
	leave func()
}

// chromium is shared by all tests: starting one takes longer than most of them.
var chromium struct {
	once sync.Once
	*browser
	err error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if chromium.browser != nil {
		chromium.leave()
	}
	os.Exit(status)
}

// openBrowser gives the Chromium, which the first test starts. Every tab has cookies of its own.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	found, err := exec.Command(testkit.Root(t, "scripts", "setup-chromium.sh")).Output()
	if err != nil {
		skipWithoutBrowser(t, "there is no Chromium")
	}
	chromium.once.Do(func() { chromium.browser, chromium.err = startBrowser(strings.TrimSpace(string(found))) })
	if chromium.err != nil {
		t.Fatalf("start Chromium: %v", chromium.err)
	}
	return chromium.browser
}

// startBrowser starts with Chromium's own sandbox where it is to be had: not for root, and not where the system grants
// no user namespaces. What is shown here is our own.
func startBrowser(path string) (*browser, error) {
	options := append(
		cdp.DefaultExecAllocatorOptions[:], cdp.ExecPath(path), cdp.DisableGPU,
		cdp.Flag("disable-dev-shm-usage", true), cdp.WSURLReadTimeout(time.Minute),
		cdp.Flag("accept-lang", "en-IE,en"), // a reader who pays in euros
	)
	if os.Geteuid() != 0 {
		if b, err := launch(options); err == nil {
			return b, nil
		}
	}
	return launch(append(options, cdp.NoSandbox))
}

func launch(options []cdp.ExecAllocatorOption) (*browser, error) {
	allocator, stop := cdp.NewExecAllocator(context.Background(), options...)
	ctx, leave := cdp.NewContext(allocator)
	b := &browser{ctx, func() { leave(); stop() }}
	if err := cdp.Do(ctx); err != nil {
		b.leave()
		return nil, err
	}
	return b, nil
}

// screen is what a reader holds in their hands.
type screen struct {
	width, height int64
	scheme        string // light or dark
}

func (s screen) String() string { return fmt.Sprintf("%d-%s", s.width, s.scheme) }

// screens are the sizes and schemes the pages are made for.
func screens() []screen {
	return []screen{{390, 844, "light"}, {390, 844, "dark"}, {1280, 800, "light"}, {1280, 800, "dark"}}
}

// widths are the two sizes, to begin with in light colours; in CI both, and else the one that is drawn.
func widths(t *testing.T) []screen {
	t.Helper()
	return testkit.Some(t, 1, []screen{screens()[0], screens()[2]})
}

// tab is one tab of one person's browser. It notes every request and every complaint of the browser.
type tab struct {
	t      *testing.T
	ctx    context.Context
	screen screen

	mu       sync.Mutex
	requests []string
	received float64 // bytes on the wire, headers and all
	errors   []string
}

func (w *browser) openTab(t *testing.T, s screen) *tab {
	t.Helper()
	b := &tab{t: t, screen: s}
	var leave context.CancelFunc
	b.ctx, leave = cdp.NewContext(w.ctx, cdp.WithNewBrowserContext(), cdp.WithListener(b.listen))
	t.Cleanup(leave)
	if err := cdp.Do(b.ctx); err != nil { // the tab lives as long as this first context
		t.Fatalf("open a tab: %v", err)
	}
	b.setScreen(s)
	return b
}

// setScreen turns the tab into another screen.
func (b *tab) setScreen(s screen) {
	b.t.Helper()
	b.screen = s
	b.do(cdp.EmulateViewport(s.width, s.height))
	b.setColours()
}

// setColours gives the page the colours of the screen, and no motion. Further features of the reader's system may come
// with them, or in place of them.
func (b *tab) setColours(features ...*emulation.MediaFeature) {
	b.t.Helper()
	features = append([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: b.screen.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}, features...)
	b.do(cdp.Func(func(ctx context.Context, _ *cdp.Target) error {
		_, err := cdp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	}))
}

// listen listens to the browser. Chromium reports what a Content-Security-Policy held back as an error of its log.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *network.EventLoadingFinished:
		b.received += e.EncodedDataLength
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.errors = append(b.errors, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			text, _ := json.Marshal(e.Args) // for a message only
			b.errors = append(b.errors, "console: "+string(text))
		}
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, "exception: "+e.ExceptionDetails.Text)
	}
}

// stepTime bounds one step, on a machine with much else to do.
const stepTime = time.Minute

func (b *tab) do(steps ...cdp.Action[cdp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	if err := cdp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.describe())
	}
}

// eval evaluates JavaScript.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	got, err := cdp.Run(ctx, cdp.Evaluate[T](script, cdp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v\n%s", script[:min(len(script), 120)], err, b.describe())
	}
	return got
}

// navigate does something that leads to another page, waits for it and gives its status.
func (b *tab) navigate(steps ...cdp.Action[cdp.Void]) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	response, err := cdp.RunResponse(ctx, steps...)
	if err != nil || response == nil {
		b.t.Fatalf("no page came: %v\n%s", err, b.describe())
	}
	return int(response.Status)
}

// open goes to an address, which must be there.
func (b *tab) open(address string) {
	b.t.Helper()
	if status := b.navigate(cdp.Navigate(address)); status != 200 {
		b.t.Fatalf("%s: %d", address, status)
	}
}

// click clicks and waits for the next page.
func (b *tab) click(css string) {
	b.t.Helper()
	if status := b.navigate(cdp.Click(cdp.CSS(css), cdp.NodeVisible)); status >= 400 {
		b.t.Fatalf("%s leads to %d\n%s", css, status, b.describe())
	}
}

func (b *tab) fill(css, text string) {
	b.t.Helper()
	b.do(cdp.SendKeys(cdp.CSS(css), text, cdp.NodeVisible))
}

func (b *tab) text() string { b.t.Helper(); return eval[string](b, `(document.body?.innerText ?? "")`) }

// expect checks that a text stands on the page, for eyes.
func (b *tab) expect(texts ...string) {
	b.t.Helper()
	shown := strings.ReplaceAll(b.text(), "\u00a0", " ")
	for _, text := range texts {
		if !strings.Contains(strings.ToLower(shown), strings.ToLower(text)) { // what CSS writes in capitals is the same text
			b.t.Errorf("the page does not show %q\n%s", text, b.describe())
		}
	}
}

// describe says what the tab shows, for messages.
func (b *tab) describe() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	shown, err := cdp.Run(ctx, cdp.Evaluate[string](`location.href + "\n" + (document.body?.innerText ?? "")`))
	return fmt.Sprintf("the tab shows (%v) %.1500s", err, shown)
}

// checkPage checks what holds for every page: nothing beside the screen, and no complaint from the browser.
func (b *tab) checkPage() {
	b.t.Helper()
	if wide := eval[[]string](b, overflow); len(wide) > 0 {
		at := eval[string](b, `location.href`)
		b.t.Errorf("%s: wider than the screen of %s: %s", at, b.screen, strings.Join(wide, ", "))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, trouble := range b.errors {
		b.t.Errorf("the browser complains: %s", trouble)
	}
	b.errors = nil
}

// ignoreStatus drops the complaints that a page with this status brings by itself.
func (b *tab) ignoreStatus(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errors = slices.DeleteFunc(b.errors, func(text string) bool {
		return strings.Contains(text, fmt.Sprintf("responded with a status of %d", status))
	})
}

// overflow names what makes a page scroll sideways, and tables that reach into the margin beside the page.
const overflow = `(() => {
	const name = (e) => e.tagName + "." + e.className + " to " + Math.round(e.getBoundingClientRect().right);
	const beyond = (css, edge) => [...document.querySelectorAll(css)]
		.filter((e) => e.getBoundingClientRect().right > edge + 0.5);
	const main = document.querySelector("main"), width = document.documentElement.clientWidth;
	const edge = main ? main.getBoundingClientRect().right - parseFloat(getComputedStyle(main).paddingRight) : width;
	const tables = beyond("main table", edge).filter((e) => !e.closest(".scroll"));
	const sideways = document.documentElement.scrollWidth > width || document.body.scrollWidth > width;
	const before = [...document.querySelectorAll("body *:not(.skip)")].filter((e) => e.getBoundingClientRect().left < -0.5);
	const texts = [...document.querySelectorAll("body *:not(.sr)")].filter((e) => e.clientWidth && e.scrollWidth > e.clientWidth);
	const beside = sideways ? [...beyond("body *", width), ...before, ...texts, document.body] : [];
	return [...tables, ...beside].map(name).slice(0, 10);
})()`

// checkOrigins checks that the tab has spoken to these origins and no other, and forgets what it heard.
func (b *tab) checkOrigins(origins ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.requests {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "data" && !slices.Contains(origins, u.Scheme+"://"+u.Host) {
			b.t.Errorf("a request to a third party: %s (%v)", address, err)
		}
	}
	if len(b.requests) == 0 {
		b.t.Error("no request was seen at all: nothing is listening")
	}
	b.requests = nil
}

// screenshotBoth keeps a picture in light and one in dark colours, and leaves the tab in those it had.
func (b *tab) screenshotBoth(name string) {
	b.t.Helper()
	b.inFull(func() {
		had := b.screen
		for _, scheme := range []string{"light", "dark"} {
			b.screen.scheme = scheme
			b.setColours()
			b.capture(name)
		}
		b.screen = had
		b.setColours()
	})
}

// screenshot keeps a picture of the whole page.
func (b *tab) screenshot(name string) {
	b.t.Helper()
	b.inFull(func() { b.capture(name) })
}

// inFull makes the view as high as the page while pictures are taken of it: in CI always, and else of a few that are
// drawn. Chromium can look beyond its view by itself, but then lays the page out twice for each picture.
func (b *tab) inFull(pictures func()) {
	b.t.Helper()
	if !testkit.Full() && rand.IntN(8) > 0 {
		return
	}
	height := eval[int64](b, `document.documentElement.scrollHeight`)
	b.do(cdp.EmulateViewport(b.screen.width, max(height, b.screen.height)))
	pictures()
	b.do(cdp.EmulateViewport(b.screen.width, b.screen.height))
}

// capture keeps a picture of what the view shows.
func (b *tab) capture(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	fast := true // larger files, made in less time
	picture, err := cdp.Run(ctx, func(ctx context.Context, _ *cdp.Target) ([]byte, error) {
		made, err := cdp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{OptimizeForSpeed: &fast})
		if err != nil {
			return nil, err
		}
		return made.Data, nil
	})
	if err != nil {
		b.t.Fatalf("screenshot %s: %v", name, err)
	}
	file := testkit.Artifact(b.t, "screenshots", b.screen.String(), name+".png")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
