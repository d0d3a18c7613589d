package browser

import (
	"testing"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/e2e/harness"
)

// A reader follows a shared link to an article and gives there, by the script's form, by its link, and in its frame.
// The gift knows the article and what led to it.
func TestTheScriptKeepsWhatLedToTheGift(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	story, blog := "", ""
	news, other := otherSite(t, &story), otherSite(t, &blog)
	s := harness.New(t, "EMBED_ORIGINS", news.URL)
	s.Serve()
	blog = `<a href="` + news.URL + `/flood?id=7&utm_source=mastodon&shared=1">Read this</a>`
	const asked = `data-campaign="support" data-id="post-17" data-section="Städte &amp; Land" data-author="Zoë Moreau"`
	b := browser.openTab(t, screens()[2])
	for _, way := range []struct {
		format string
		gives  func()
	}{
		{"inline", func() { b.navigate(cdp.Click(cdp.JSPath(appealRoot + `.querySelector(".rf-button")`))) }},
		{"button", func() {
			b.navigate(cdp.Click(cdp.JSPath(appealRoot + `.querySelector("a[href*='/support/']")`)))
			b.click("#give button.button")
		}},
	} {
		story = `<article><h1>A story</h1></article><script async src="` + s.BaseURL + `/embed/cta.js" ` + asked +
			` data-format="` + way.format + `"></script>`
		b.open(other.URL)
		b.click("a")
		b.awaitBox(way.format)
		way.gives()
		b.expect("Approve")
		n := s.Count(`contribution WHERE article = $1 AND format = $2 AND article_ref = 'post-17' AND section = 'Städte & Land'
			AND author = 'Zoë Moreau' AND referrer = 'other' AND shared AND utm_source = 'mastodon'`,
			news.URL+"/flood?id=7", way.format)
		if n != 1 {
			var row string
			err := s.DB.GetContext(t.Context(), &row, `
				SELECT to_jsonb(c)::text FROM contribution c ORDER BY created_at DESC LIMIT 1`)
			t.Errorf("%s: the gift does not know what led to it: %s %v", way.format, row, err)
		}
	}
	b.checkPage()
}
