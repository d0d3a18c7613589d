package browser

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/campaign"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/media"
	"readerfund/internal/testkit"
)

// newspaper is another site with one story, on whose page a test puts the appeal.
type newspaper struct {
	*httptest.Server

	mu   sync.Mutex
	page hostPage
}

// hostPage is the story's page.
type hostPage struct {
	lang, dir  string
	head, body string // before, and after the text
	policy     string // Content-Security-Policy
}

func newNewspaper(t *testing.T) *newspaper {
	t.Helper()
	n := &newspaper{}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		p := n.page
		n.mu.Unlock()
		if p.policy != "" {
			w.Header().Set("Content-Security-Policy", p.policy)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/story.css" {
			w.Header().Set("Content-Type", "text/css")
			_, _ = io.WriteString(w, storyStyle)
			return
		}
		paragraphs := strings.Repeat("<p>"+cmp.Or(words[p.lang], words["en"])+"</p>\n", 9)
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="%s" dir="%s"><head><meta charset="utf-8"><title>A story</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="/story.css"><link rel="stylesheet" href="/story.css">%s</head>
<body><main><article><h1>A story of another paper</h1>
%s%s
<p>The end of the page, after the appeal.</p></article></main></body></html>`, p.lang, p.dir, p.head, paragraphs, p.body)
	}))
	t.Cleanup(n.Close)
	return n
}

const storyStyle = `:root { color-scheme: light dark; font: 1.1rem/1.6 serif }
body { margin: 0 } main { display: block; max-width: 40rem; margin: 0 auto; padding: 1rem } h1 { line-height: 1.2 }
.room { min-height: 1400px }`

// words are a paragraph of the story.
var words = map[string]string{
	"en": "The gauge stood in the river for six years and measured nothing. Nobody had asked it to, and nobody read what it said. " +
		"When we asked for the readings, the office sent us a box of forms, each of them signed, dated and empty.",
	"ar": "ظل المقياس في النهر ست سنوات ولم يقس شيئًا. لم يطلب منه أحد ذلك، ولم يقرأ أحد ما كتبه. وعندما طلبنا القراءات " +
		"أرسل إلينا المكتب صندوقًا من الاستمارات، كل واحدة منها موقعة ومؤرخة وفارغة.",
}

func (n *newspaper) prints(p hostPage) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p.lang == "" {
		p.lang, p.dir = "en", "ltr"
	}
	n.page = p
}

// face is a portrait: somebody in front of a wall.
func face(t *testing.T) io.Reader {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 240, 240))
	for x := range 240 {
		for y := range 240 {
			c := color.RGBA{R: 205, G: 190, B: uint8(150 + y/4), A: 255}
			if math.Hypot(float64(x-120), float64(y-250)/1.1) < 95 {
				c = color.RGBA{R: 60, G: 70, B: 95, A: 255}
			}
			if math.Hypot(float64(x-120), float64(y-100)*.85) < 48 {
				c = color.RGBA{R: 190, G: 140, B: 110, A: 255}
			}
			picture.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return &b
}

// fundedAppeal gives the service's campaign a goal, a portrait, what amounts do, and words in Arabic.
func fundedAppeal(t *testing.T, s *harness.Fixture) {
	t.Helper()
	portrait, err := media.New(s.DB, time.Now).Add(t.Context(), "portrait", face(t))
	if err != nil {
		t.Fatal(err)
	}
	var raw []byte
	if err := s.DB.GetContext(t.Context(), &raw, `SELECT content FROM campaign WHERE slug = 'support'`); err != nil {
		t.Fatal(err)
	}
	var c campaign.Content
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	c.Portrait, c.Goal = &portrait, &campaign.Goal{Kind: campaign.GoalAmount, Minor: 20000, Currency: c.Currency}
	en := c.Texts["en"]
	en.Signature, en.PortraitAlt = "Ada Moreau, editor", "Ada Moreau"
	en.Does = []campaign.Does{{Minor: 1000, Text: "pays for an hour in the archive"},
		{Minor: 2500, Text: "pays for a records request"}}
	c.Texts["en"] = en
	c.Texts["ar"] = campaign.Texts{
		Heading: "قراءة هذه القصة مجانية، لكن إعدادها لم يكن مجانيًا.",
		Why:     "لا مالك لصحيفتنا نرضيه ولا جدار دفع نختبئ خلفه.",
		Ask:     "إذا كان عملنا ذا قيمة لديكم، فساهموا بما ترونه مناسبًا.", Button: "ادعمونا عبر PayPal",
		Does: []campaign.Does{
			{Minor: 1000, Text: "تكفي لساعة من العمل في الأرشيف"}, {Minor: 2500, Text: "تكفي لطلب سجلات واحد"},
		},
		Reassurance: "مرة واحدة فقط، دون تسجيل لدينا.", Signature: "آدا مورو، رئيسة التحرير", PortraitAlt: "آدا مورو",
	}
	if raw, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.ExecContext(t.Context(), `
		UPDATE campaign SET content = $1, version = version + 1, updated_at = now(), ends_at = now() + interval '12 days'
		WHERE slug = 'support'`, string(raw)); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, time.Minute, "the appeal shows the goal", func() (bool, string) {
		text := body(t, s.BaseURL+"/embed/support")
		return strings.Contains(text, "<progress") && strings.Contains(text, "rf-portrait"), text
	})
}

func body(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// box is the appeal's element, wherever it is.
const box = `(` + appealRoot + ` ?? document).querySelector("[data-rf-shown]")`

// awaitBox waits until the appeal is there, and can be seen.
func (b *tab) awaitBox(format string) {
	b.t.Helper()
	testkit.Eventually(b.t, time.Minute, "the appeal is there", func() (bool, string) {
		return eval[string](b, `(() => { const e = `+box+`; 
			return e?.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().height > 20 ? e.dataset.rfShown : ""; })()`) ==
			format, b.describe()
	})
}

// shifted says by how much the page's layout shifted so far, and what of it; it is empty where nothing moved.
const shifted = `new Promise((done) => {
	const moved = [];
	new PerformanceObserver((list) => list.getEntries().filter((e) => !e.hadRecentInput).forEach((e) => moved.push(e.value.toFixed(4) +
		" at " + Math.round(e.startTime) + " ms: " + e.sources.map((s) => (s.node?.localName ?? s.node?.nodeName) + " from " +
		JSON.stringify(s.previousRect) + " to " + JSON.stringify(s.currentRect)).join())))
		.observe({ type: "layout-shift", buffered: true });
	setTimeout(() => done(moved.join("\n")), 300);
})`

// lookAt checks the appeal on the newspaper's page as a reader meets it: they scroll down to it, nothing moves, nothing
// is too wide, the browser has nothing to complain of, and axe neither.
func (b *tab) lookAt(axe, format, name string) {
	b.t.Helper()
	b.awaitBox(format)
	eval[bool](b, `new Promise((done) => setTimeout(done, 200, true))`) // a frame that scrolls and grows counts as moving
	eval[string](b, `(document.querySelector("[data-rf-shown]") ?? `+box+`.getRootNode().host).scrollIntoView({ block: "end" }), ""`)
	if moved := eval[string](b, shifted); moved != "" {
		b.t.Errorf("%s, %s: the page's layout shifts by %s", name, b.screen, moved)
	}
	if dir := eval[string](b, `getComputedStyle(`+box+`).direction`); dir != eval[string](b, `document.documentElement.dir`) {
		b.t.Errorf("%s: the appeal is written %s", name, dir)
	}
	for _, v := range b.violations(axe) {
		b.t.Errorf("%s, %s: %s", name, b.screen, v)
	}
	b.checkPage()
	b.screenshot(name)
}

// narrow and the others are what the appeal is made for.
func hostScreens() []screen {
	var all []screen
	for _, width := range []int64{320, 390, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			all = append(all, screen{width, 800, scheme})
		}
	}
	return all
}

// TestTheAppealOnAnotherSite is every format, in every way that a page can have it, at every width, light and dark,
// left to right and right to left.
func TestTheAppealOnAnotherSite(t *testing.T) {
	t.Parallel()
	browser, axe := openBrowser(t), axeScript(t)
	news := newNewspaper(t)
	s := harness.New(t, "EMBED_ORIGINS", news.URL)
	served := s.Serve()
	fundedAppeal(t, s)

	type view struct {
		format, lang string
		screen       screen
	}
	var views []view
	for _, format := range campaign.Formats() {
		for _, at := range hostScreens() {
			views = append(views, view{format, "en", at}, view{format, "ar", at})
		}
	}
	page := func(lang string) hostPage {
		return hostPage{lang: lang, dir: map[string]string{"en": "ltr", "ar": "rtl"}[lang]}
	}
	b := browser.openTab(t, hostScreens()[0])
	for _, v := range testkit.Some(t, 4, views) {
		p := page(v.lang)
		p.body = `<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="support" data-format="` + v.format + `"></script>`
		news.prints(p)
		b.setScreen(v.screen)
		b.open(news.URL)
		b.lookAt(axe, v.format, "appeal-"+v.format+"-"+v.lang)
	}
	b.checkOrigins(news.URL, s.BaseURL)

	// Without JavaScript: the newspaper's server puts the fragment into the page.
	b.do(javaScript(false))
	for n, v := range testkit.Some(t, 2, slices.DeleteFunc(views, func(v view) bool { return v.screen.width == 390 || v.screen.scheme == "dark" })) {
		p := page(v.lang)
		p.body = body(t, s.BaseURL+"/embed/support?format="+v.format+"&lang="+v.lang+"&article="+news.URL)
		if strings.Contains(p.body, "<script>") || strings.Contains(p.body, "style=") {
			t.Errorf("the fragment has inline script or style:\n%s", p.body)
		}
		news.prints(p)
		b.setScreen(v.screen)
		b.open(news.URL)
		b.do(javaScript(true)) // for axe; the page's own script has had its time
		b.lookAt(axe, v.format, fmt.Sprintf("fragment-%s-%s", v.format, v.lang))
		if n%2 == 0 && v.format == campaign.FormatBanner {
			b.do(cdp.Click(cdp.CSS(`[data-rf="close"]`)))
			if eval[bool](b, box+`.getClientRects().length > 0`) {
				t.Error("the banner does not close without JavaScript")
			}
		}
		b.do(javaScript(false))
	}
	b.do(javaScript(true))

	t.Run("ways", func(t *testing.T) { waysToEmbed(t, s, news, browser.openTab(t, hostScreens()[2]), axe) })
	t.Run("nothing moves", func(t *testing.T) { nothingMoves(t, s, news, browser.openTab(t, hostScreens()[2])) })
	t.Run("several", func(t *testing.T) { several(t, s, news, browser.openTab(t, hostScreens()[2])) })
	t.Run("the page's own links", func(t *testing.T) { ownLinks(t, s, news, browser.openTab(t, hostScreens()[2])) })
	t.Run("frames", func(t *testing.T) { framed(t, s, news, browser.openTab(t, hostScreens()[2]), axe) })
	t.Run("our service is down", func(t *testing.T) {
		withoutUs(t, s, news, browser.openTab(t, hostScreens()[2]), served)
	})
}

// waysToEmbed puts the script into the page wherever it may stand.
func waysToEmbed(t *testing.T, s *harness.Fixture, news *newspaper, b *tab, axe string) {
	b.t = t
	src := `src="` + s.BaseURL + `/embed/cta.js" data-campaign="support"`
	strict := fmt.Sprintf("default-src 'none'; script-src %[1]s; style-src 'self' %[1]s; img-src 'self' %[1]s; connect-src %[1]s; "+
		"frame-src %[1]s; form-action %[1]s %[2]s; base-uri 'none'; require-trusted-types-for 'script'; trusted-types readerfund",
		s.BaseURL, s.PayPal.PublicURL)
	for name, p := range map[string]hostPage{
		"in-head":       {head: `<script async ` + src + `></script>`},
		"in-head-early": {head: `<script ` + src + `></script>`},
		"as-module":     {head: `<script type="module" ` + src + `></script>`},
		"module-below":  {body: `<script type="module" ` + src + `></script>`},
		"placeholder": {
			body: `<div data-readerfund><a href="` + s.BaseURL + `/support/support">Support us</a></div><script async ` + src + `></script>`,
		},
		"strict-policy":   {body: `<script async ` + src + `></script>`, policy: strict},
		"strict-as-frame": {body: `<script async ` + src + ` data-format="form"></script>`, policy: strict},
		"rubbish": {body: `<script async ` + src + ` data-format="popup" data-lang="klingon&quot;>" data-currency="beads" ` +
			`data-article="::::" data-tags=",,," data-consent="maybe" data-section="&lt;b&gt;"></script>`},
	} {
		news.prints(p)
		b.open(news.URL + "/?" + name)
		format := campaign.FormatInline
		if name == "strict-as-frame" {
			format = campaign.FormatForm
		}
		b.lookAt(axe, format, name)
		if n := eval[int](b, `[...document.querySelectorAll("div")].filter((d) => d.shadowRoot).length`); n != 1 {
			t.Errorf("%s: %d appeals", name, n)
		}
		if eval[bool](b, `!!document.querySelector("[data-readerfund] > a")`) {
			t.Errorf("%s: what stood in for the appeal is still there", name)
		}
	}

	// What happens is told to the page, once each; the answers are there, and are kept.
	news.prints(hostPage{
		head: `<script>window.told = [];
			for (const what of ["shown", "clicked", "given"]) {
				document.addEventListener("readerfund:" + what, (e) => told.push(what + " " + JSON.stringify(e.detail)));
			}</script>`,
		body: `<script async ` + src + ` data-format="banner"></script>`,
	})
	b.open(news.URL + "/#readerfund-given=support")
	const told = `window.told.join("\n")`
	testkit.Eventually(t, time.Minute, "the page hears that the reader gave", func() (bool, string) {
		got := eval[string](b, told)
		return got == `given {"campaign":"support"}`, got
	})
	if at := eval[string](b, `location.href`); at != news.URL+"/" {
		t.Errorf("the address is %s", at)
	}
	if eval[bool](b, `!!`+appealRoot) {
		testkit.Eventually(t, time.Minute, "a reader who gave is not asked", func() (bool, string) {
			return !eval[bool](b, `!!`+appealRoot), b.describe()
		})
	}
	eval[string](b, `localStorage.clear(), ""`)
	b.open(news.URL)
	b.awaitBox(campaign.FormatBanner)
	testkit.Eventually(t, time.Minute, "the page hears that the appeal was seen", func() (bool, string) {
		got := eval[string](b, told)
		return got == `shown {"campaign":"support","variant":"","format":"banner"}`, got
	})
	b.screenshot("banner-with-answers")
	b.do(cdp.Click(cdp.JSPath(box + `.querySelector("[data-rf=close]")`)))
	if eval[bool](b, `!!`+appealRoot) {
		t.Error("the banner does not close")
	}
	b.open(news.URL)
	time.Sleep(time.Second)
	if eval[bool](b, `!!`+appealRoot) {
		t.Error("the banner comes back on the next page")
	}
	b.checkPage()
}

// framed shows what stands in a frame, and who may have it there.
func framed(t *testing.T, s *harness.Fixture, news *newspaper, b *tab, axe string) {
	b.t = t
	for _, format := range campaign.Formats() {
		address := s.BaseURL + "/embed/support/frame?format=" + format + "&lang=ar&article=" + news.URL
		b.open(address)
		b.ignoreStatus(404) // a frame's document has no icon
		for _, v := range b.violations(axe) {
			if v.ID != "page-has-heading-one" { // asked of a window's own document only
				t.Errorf("%s: %s", format, v)
			}
		}
		var said struct{ Height float64 }
		pasted := url.QueryEscape(s.BaseURL + "/support/support?lang=ar&format=" + format)
		if err := json.Unmarshal([]byte(body(t, s.BaseURL+"/oembed?url="+pasted)), &said); err != nil {
			t.Fatal(err)
		}
		high := eval[float64](b, `document.documentElement.getBoundingClientRect().height`)
		if high > said.Height || high < said.Height*0.6 {
			t.Errorf("%s: a frame is %v high, and what is in it %v", format, said.Height, high)
		}
		b.checkPage()
		b.screenshot("frame-" + format)
	}

	// The form in a frame takes the whole window to PayPal, and the gift knows the article.
	news.prints(hostPage{body: `<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="support" data-format="form"></script>`})
	b.open(news.URL + "/?story=7")
	b.awaitBox(campaign.FormatForm)
	const at = `(() => {
		const r = %s.getBoundingClientRect();
		return [r.left, r.top, r.width, r.height];
	})()`
	frame := eval[[]float64](b, fmt.Sprintf(at, box+`.querySelector("iframe")`))
	b.do(cdp.EmulateViewport(int64(frame[2]), 3000)) // the same document by itself, for its measures
	b.open(s.BaseURL + "/embed/support/frame?format=form&lang=en")
	button := eval[[]float64](b, fmt.Sprintf(at, `document.querySelector("button[data-busy]")`))
	b.ignoreStatus(404)
	b.setScreen(b.screen)
	b.open(news.URL + "/?story=7")
	b.awaitBox(campaign.FormatForm)
	b.do(cdp.EmulateViewport(b.screen.width, 4000))
	testkit.Eventually(t, time.Minute, "the frame is as high as its document", func() (bool, string) {
		frame = eval[[]float64](b, fmt.Sprintf(at, box+`.querySelector("iframe")`))
		return frame[3] != 980, fmt.Sprint(frame)
	})
	b.screenshot("form-in-frame")
	b.do(cdp.EmulateViewport(b.screen.width, 4000))
	b.navigate(cdp.MouseClickXY(frame[0]+button[0]+button[2]/2, frame[1]+button[1]+button[3]/2))
	b.expect("Approve")
	if n := s.Count("contribution WHERE article = $1 AND format = 'form'", news.URL+"/?story=7"); n != 1 {
		var row string
		err := s.DB.GetContext(t.Context(), &row, `
			SELECT to_jsonb(c)::text FROM contribution c ORDER BY created_at DESC LIMIT 1`)
		t.Errorf("%d gifts came by the frame; the last is %s %v", n, row, err)
	}

	// Another site cannot have it.
	other := newNewspaper(t)
	other.prints(hostPage{body: `<iframe src="` + s.BaseURL + `/embed/support/frame?format=form" title="x" width="300" height="400"></iframe>`})
	b.setScreen(hostScreens()[2])
	b.open(other.URL)
	testkit.Eventually(t, time.Minute, "the browser refuses the frame", func() (bool, string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		said := strings.Join(b.errors, "\n")
		return strings.Contains(said, "frame-ancestors"), said
	})
}

// withoutUs shows the page of somebody whose readers we leave alone: the story is there, no error is thrown, and a link
// stands in where it can.
func withoutUs(t *testing.T, s *harness.Fixture, news *newspaper, b *tab, served *harness.Process) {
	b.t = t
	script := `<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="support"></script>`
	withLink := hostPage{body: `<div data-readerfund><a href="` + s.BaseURL + `/support/support">Help us</a></div>` + script}
	news.prints(withLink)
	b.open(news.URL) // the browser now has the script
	b.awaitBox(campaign.FormatInline)
	b.checkPage()
	served.Kill()
	for n, c := range []struct {
		page  hostPage
		shows string
	}{
		{withLink, "Help us"}, {hostPage{body: script}, "Support our journalism"},
		{hostPage{body: script, lang: "ar", dir: "rtl"}, "ادعموا صحافتنا"},
		{hostPage{body: script, lang: "de-AT", dir: "ltr"}, "Unterstützen Sie unseren Journalismus"},
		{hostPage{body: script, lang: "ja", dir: "ltr"}, "Support our journalism"},
	} {
		news.prints(c.page)
		b.open(fmt.Sprintf("%s/?without-us=%d", news.URL, n))
		b.expect("The end of the page")
		const all = `document.body.innerText + (` + appealRoot + `?.textContent ?? "")`
		testkit.Eventually(t, time.Minute, "a link stands in", func() (bool, string) {
			text := eval[string](b, all)
			return strings.Contains(text, c.shows), text
		})
		eval[string](b, `scrollTo(0, document.documentElement.scrollHeight), ""`)
		if moved := eval[string](b, shifted); moved != "" {
			t.Errorf("%+v: the page's layout shifts by %s", c.page, moved)
		}
		b.mu.Lock()
		for _, trouble := range b.errors {
			if !strings.HasPrefix(trouble, "network: ") { // the browser itself says what it could not load
				t.Errorf("%+v: %s", c.page, trouble)
			}
		}
		b.errors = nil
		b.mu.Unlock()
		if c.page.dir == "rtl" {
			b.screenshot("service-down")
		}
	}
}

// Staff copy lines from their page, and what they paste is the appeal.
func TestWhatStaffPasteIsTheAppeal(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	news := newNewspaper(t)
	s := harness.New(t, "EMBED_ORIGINS", news.URL)
	s.Serve()
	m := &monthly{s: s, auditor: &auditor{tab: browser.openTab(t, screens()[0]), script: axeScript(t)}}
	staff := m.signsInAsStaff(browser)
	staff.open(s.BaseURL + "/staff/embedding?campaign=support&format=banner&lang=en")
	staff.look("embedding", "Any page: a script", news.URL)
	line := func(section string) string {
		t.Helper()
		return eval[string](staff.tab, `document.querySelector("#`+section+` ~ pre code").innerText`)
	}
	script, header, frame, include := line("script"), line("ghost"), line("frame"), line("include")
	b := browser.openTab(t, screens()[0])
	for name, p := range map[string]hostPage{"script": {body: script}, "header": {head: header}} {
		news.prints(p)
		b.open(news.URL)
		b.awaitBox(campaign.FormatBanner)
		b.checkPage()
		b.screenshot("pasted-" + name)
	}
	news.prints(hostPage{body: frame})
	b.open(news.URL)
	testkit.Eventually(t, time.Minute, "the frame shows the appeal", func() (bool, string) {
		return eval[bool](b, `(() => {
			const r = document.querySelector("iframe").getBoundingClientRect();
			scrollTo(0, r.top);
			return r.width > 300;
		})()`), b.describe()
	})
	b.checkPage()
	virtual := regexp.MustCompile(`virtual="/readerfund(.*?)\?article=https://\$host\$request_uri(.*?)"`).FindStringSubmatch(include)
	if virtual == nil {
		t.Fatal(include)
	}
	if text := body(t, s.BaseURL+"/embed"+virtual[1]+"?article=https://news.example/story"+virtual[2]); !strings.Contains(text, "rf-banner") {
		t.Errorf("the include gets\n%s", text)
	}
}
