package engine

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"readerfund/internal/e2e/harness"
)

// The appeal stands on another site's page in each of its formats and engines: something is seen, nothing is wider than
// the page, and a gift begun in a frame goes on in the whole window.
func TestFormats(t *testing.T) {
	t.Parallel()
	programs(t)
	var page string
	news := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>A story</title>
			<style>:root { color-scheme: light dark } main { max-width: 40rem; margin: 1rem auto; padding: 0 1rem }</style>
			<main><article><h1>A story</h1><p>On another site's page.</p>%s</article></main>`, page)
	}))
	defer news.Close()
	s := harness.New(t, "EMBED_ORIGINS", news.URL)
	s.Serve()
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			b := newTab(t, e.start(t, screens[0].width, screens[0].height), fmt.Sprintf("%s-%d", e.name, screens[0].width))
			for _, format := range []string{"inline", "banner", "button", "goal", "form"} {
				page = fmt.Sprintf(`<script async src="%s/embed/cta.js" data-campaign="support" data-format="%s"></script>`,
					s.BaseURL, format)
				b.open(news.URL + "/" + format)
				b.until(format, appears, nil)
				if format == "form" {
					b.within(appealHost+`return host.shadowRoot.querySelector("iframe")`, func() { b.await("#amount") })
				}
				b.keep("f-" + format)
			}
			if e.name == "webkit" { // its driver neither types nor clicks in a frame of another site
				return
			}
			page = fmt.Sprintf(`<iframe src="%s/embed/support/frame?format=form" title="Support us" width="100%%" height="900"></iframe>`,
				s.BaseURL)
			b.open(news.URL + "/frame")
			b.within(`return document.querySelector("iframe")`, func() {
				b.fill("#amount", "6.50")
				b.click("#give button[data-busy]")
			})
			b.expect("not PayPal", "6.50 EUR")
		})
	}
	if !t.Failed() {
		sideBySide(t, "f-*.png", screens[0])
	}
}

// appears reports whether the appeal is drawn, and the page no wider than the window.
const appears = appealHost + `
	const drawn = host?.shadowRoot.querySelector(".rf-cta, iframe");
	return Boolean(drawn) && drawn.getBoundingClientRect().height > 20 &&
		document.documentElement.scrollWidth <= document.documentElement.clientWidth;`

const appealHost = `const host = [...document.querySelectorAll("main *, body > *")].find((e) => e.shadowRoot);`
