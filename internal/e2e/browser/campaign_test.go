package browser

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// A member of staff makes a campaign with a goal, a portrait and two variants, previews what is not saved yet, plans
// it, sees it begin, changes it and ends it. Its bar moves when a webhook tells of a gift, and back with the refund.
func TestStaffRunACampaignInTheBrowser(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	script := axeScript(t)
	s, clock := harness.New(t), testkit.RunningClock()
	s.ServeWithin(clock.Now)
	m := monthly{s: s, auditor: &auditor{tab: browser.openTab(t, screens()[0]), script: script}}
	c := campaigner{monthly: m.signsInAsStaff(browser), clock: clock}
	c.writes()
	c.previews()
	c.plans()
	c.begins()
	id := c.isGivenTo()
	c.refunds(id)
	c.changes()
	c.ends()
	c.checkOrigins(s.BaseURL)
	s.Balanced(time.Minute)
}

// campaigner is a member of staff with a campaign.
type campaigner struct {
	*monthly
	clock *testkit.Clock
}

const winterAddress = "/staff/campaigns/winter-drive"

// set writes into a field, whatever stands in it.
func (c *campaigner) set(field, text string) {
	c.t.Helper()
	found := eval[bool](c.tab, fmt.Sprintf(`(() => {
		const field = document.getElementById(%q) ?? document.getElementsByName(%q)[0];
		if (!field) return false;
		for (let box = field.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
		field.value = %q;
		return true;
	})()`, field, field, text))
	if !found {
		c.t.Fatalf("there is no field %s\n%s", field, c.describe())
	}
}

// sets writes into fields: pairs of a name and a text.
func (c *campaigner) sets(pairs ...string) {
	c.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		c.set(pairs[i], pairs[i+1])
	}
}

// presses presses the button that does something in the form.
func (c *campaigner) presses(do string, status int) {
	c.t.Helper()
	button := `.campaign button[name=do][value="` + do + `"]:not(.sr)`
	c.do(cdp.Evaluate[cdp.Void](fmt.Sprintf(`(() => {
		const box = document.querySelector(%q).closest("details");
		if (box) box.open = true;
	})()`, button)))
	c.send(button, status)
}

// writes fills in the form, with a mistake first, and adds the parts that a simple campaign has not.
func (c *campaigner) writes() {
	c.t.Helper()
	c.open(c.s.BaseURL + "/staff/campaigns")
	c.look("1-list", "Campaigns", "New campaign")
	c.click(`a[href="/staff/campaigns/new"]`)
	c.sets("name", "Winter drive", "slug", "winter-drive",
		"texts.en.heading", "{supporters:One reader pays|# readers pay} for what everybody reads",
		"texts.en.why", "No owner tells us what to leave out. {raised} of {goal} have come together so far.",
		"texts.en.ask", "Whatever feels right is right.", "texts.en.signature", "Ines Alder, editor",
		"texts.en.portrait_alt", "Ines Alder at her desk", "texts.en.does.0.minor", "10",
		"texts.en.does.0.text", "pays for an hour at the records office", "goal.minor", "a hundred",
		"texts.en.thanks", "Thank you. You keep the river in sight.", "suggested.EUR", "5 10 25 50", "chosen.once.EUR", "10")
	c.do(cdp.Click(cdp.CSS(`[name="goal.kind"][value=amount]`)))
	c.do(cdp.SetUploadFiles(cdp.CSS(`#portrait`), []string{portraitFile(c.t)}))
	c.presses("save", 422)
	c.look("2-form-wrong", "Please check one thing", "Write the amount in digits")
	c.set("goal.minor", "100")
	c.presses("add-variant", 200)
	c.sets("variants.1.name", "shorter", "variants.1.texts.en.heading", "Paid for by its readers")
	c.presses("add-language", 200)
	c.expect("Arabic")
	c.presses("drop-language:ar", 200)
	c.presses("add-rule", 200)
	c.set("rules.0.values", "Politics, Local")
	c.look("3-form", "Name and dates", "the campaign as it stands", "Variant B", "Section")
	c.narrow()
	c.presses("drop-rule:0", 200)
}

// narrow looks whether the page fits the smallest screen, with all that is folded up open.
func (c *campaigner) narrow() {
	c.t.Helper()
	c.openDetails()
	c.setScreen(screen{320, 700, "light"})
	c.checkPage()
	c.setScreen(screens()[0])
}

// portraitFile is a picture of somebody, as simple as can be.
func portraitFile(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 240, 240))
	inside := func(x, y, cx, cy, r int) bool { return (x-cx)*(x-cx)+(y-cy)*(y-cy) < r*r }
	for x := range 240 {
		for y := range 240 {
			shade := color.RGBA{R: 0xe8, G: 0xe0, B: 0xd2, A: 0xff}
			switch {
			case inside(x, y, 120, 95, 48):
				shade = color.RGBA{R: 0xc9, G: 0x9a, B: 0x7a, A: 0xff}
			case inside(x, y, 120, 240, 88):
				shade = color.RGBA{R: 0x2f, G: 0x4a, B: 0x5c, A: 0xff}
			}
			m.SetRGBA(x, y, shade)
		}
	}
	file := filepath.Join(t.TempDir(), "ines.png")
	f, err := os.Create(file)
	if err == nil {
		err = png.Encode(f, m)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// framed reports whether the appeal in the preview holds a text.
func (c *campaigner) framed(text string) bool {
	c.t.Helper()
	return strings.Contains(eval[string](c.tab, `document.querySelector(".appeal-frame").srcdoc`), text)
}

// previews looks at what is typed, in both variants, and as a reader who gave; then goes back to the form, and saves.
func (c *campaigner) previews() {
	c.t.Helper()
	c.presses("preview", 200)
	c.awaitFrame()
	c.look("4-preview", "Preview of “Winter drive”", "This is not saved")
	if !c.framed("readers pay") && !c.framed("One reader pays") || c.framed("{raised}") || !c.framed("Ines Alder") {
		c.t.Error("the preview does not show the campaign with its figures")
	}
	c.narrow()
	choose := func(field, value string) {
		c.t.Helper()
		c.set(field, value)
		c.send(`.preview-choices button`, 200)
	}
	choose("preview_variant", "shorter")
	if !c.framed("Paid for by its readers") {
		c.t.Error("the preview does not show the variant")
	}
	choose("preview_format", "banner")
	c.awaitFrame()
	c.look("4-preview-banner", "Preview of")
	choose("preview_format", "goal")
	c.awaitFrame()
	c.look("4-preview-goal", "Preview of")
	choose("preview_format", "inline")
	choose("preview_reader", "gave")
	c.look("5-preview-gave", "This reader sees nothing here")
	c.send(`button[value=edit]`, 200)
	if eval[string](c.tab, `document.getElementById("variants.1.texts.en.heading").value`) != "Paid for by its readers" {
		c.t.Error("the way through the preview loses what was typed")
	}
	if c.s.Count("campaign") != 1 {
		c.t.Error("a preview saves")
	}
	c.presses("save", 200)
	c.look("6-draft", "Draft", "Readers do not see it", "€100")
}

// awaitFrame waits until the appeal in the frame has said how high it is.
func (c *campaigner) awaitFrame() {
	c.t.Helper()
	testkit.Eventually(c.t, time.Minute, "the appeal in the preview is drawn", func() (bool, string) {
		height := eval[string](c.tab, `document.querySelector(".appeal-frame").getAttribute("height") ?? ""`)
		return height != "", "its height is not known"
	})
}

// plans gives it a start in an hour, and publishes it.
func (c *campaigner) plans() {
	c.t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		c.t.Fatal(err)
	}
	c.open(c.s.BaseURL + winterAddress + "/edit")
	c.set("starts_at", c.clock.Now().Add(time.Hour).In(zone).Format("2006-01-02T15:04"))
	c.presses("save", 200)
	c.click(`a[href$="/publish"]`)
	c.awaitFrame()
	c.look("7-publish", "Publish “Winter drive”", "Readers see it from", "50 % see A", "What readers will see")
	c.click(".confirm .button")
	c.look("8-scheduled", "Scheduled", "Published")
	if got := c.appeal(""); got != "" {
		c.t.Errorf("shown before it begins: %.200s", got)
	}
}

// appeal is what an article gets; empty where nothing is shown.
func (c *campaigner) appeal(query string) string {
	c.t.Helper()
	got, err := c.s.Client().Send("GET", "/embed/winter-drive?"+query, "")
	if err != nil {
		c.t.Fatal(err)
	}
	if got.Status != 200 { // 404 until the catalog has read that it is no draft any more, 204 then
		return ""
	}
	return got.Body
}

// begins lets the hour pass.
func (c *campaigner) begins() {
	c.t.Helper()
	const hour = time.Hour + time.Minute
	c.s.PayPal.Must("POST", "/sandbox/clock", testkit.Fields{"advance": hour.String()}, nil)
	c.clock.Advance(hour)
	c.showsReaders("Whatever feels right", "")
	c.showsReaders("Paid for by its readers", "variant=shorter")
	c.showsReaders("€0", "format=goal")
	c.showsReaders("/media/", "")
}

// showsReaders waits until the appeal holds a text.
func (c *campaigner) showsReaders(text, query string) {
	c.t.Helper()
	testkit.Eventually(c.t, time.Minute, "the appeal says "+text, func() (bool, string) {
		got := c.appeal(query)
		return strings.Contains(got, text), got
	})
}

// isGivenTo has a reader give 25 euros and never come back, so that a webhook tells of it.
func (c *campaigner) isGivenTo() string {
	c.t.Helper()
	form := url.Values{"campaign": {"winter-drive"}, "amount": {"25"}, "currency": {"EUR"}, "frequency": {"once"},
		"article": {harness.Article}, "variant": {"shorter"}, "format": {"inline"}}
	reader := c.s.Client()
	got, err := reader.Send("POST", "/contributions", form.Encode(), "Content-Type", "application/x-www-form-urlencoded",
		"Accept", "application/json")
	if err != nil {
		c.t.Fatal(err)
	}
	u, err := url.Parse(got.URL)
	if err != nil || u.Query().Get("token") == "" {
		c.t.Fatalf("no way to PayPal: %d %s, %v", got.Status, got.URL, err)
	}
	c.s.PayPal.Must("POST", "/sandbox/orders/"+u.Query().Get("token")+"/approve",
		testkit.Fields{"outcome": "approve"}, nil)
	c.moves("23 % of €100", "€23") // 25 less PayPal's fee
	var id string
	if err := c.s.DB.GetContext(c.t.Context(), &id,
		`SELECT id FROM contribution WHERE campaign_id = (SELECT id FROM campaign WHERE slug = 'winter-drive')`); err != nil {
		c.t.Fatal(err)
	}
	return id
}

// moves waits until staff and readers see the bar at a place.
func (c *campaigner) moves(staff, readers string) {
	c.t.Helper()
	testkit.Eventually(c.t, time.Minute, "the campaign's page says "+staff, func() (bool, string) {
		c.open(c.s.BaseURL + winterAddress)
		return strings.Contains(c.text(), staff), c.text()
	})
	c.showsReaders(readers, "format=goal")
}

// refunds gives all of it back.
func (c *campaigner) refunds(id string) {
	c.t.Helper()
	c.look("9-live", "Live", "23 % of €100")
	c.open(c.s.BaseURL + "/staff/contributions/" + id + "/refund")
	c.do(cdp.Click(cdp.CSS(`[name=choice][value=all]`)))
	c.fill("#reason", "The reader asked for it by phone.")
	c.click(".act form .button")
	c.moves("0 % of €100", "€0")
	c.open(c.s.BaseURL + "/staff/campaigns")
	c.look("10-list", "Winter drive", "0 % of €100")
}

// changes writes another text, and brings the first one back.
func (c *campaigner) changes() {
	c.t.Helper()
	c.open(c.s.BaseURL + winterAddress + "/edit")
	c.set("texts.en.ask", "Come in, the kettle is on.")
	c.expect("What you save is what readers see")
	c.presses("save", 200)
	c.showsReaders("the kettle is on", "")
	c.open(c.s.BaseURL + winterAddress + "/history")
	c.look("11-history", "History", "What you ask", "Come in, the kettle is on.", "ines@alder-lantern.example")
	c.click(`.versions li:nth-child(2) button`)
	c.expect("Brought back")
	c.showsReaders("Whatever feels right", "")
}

// ends pauses it, goes on, and ends it for good.
func (c *campaigner) ends() {
	c.t.Helper()
	for _, act := range []struct{ name, status string }{{"pause", "Paused"}, {"resume", "Live"}, {"end", "Ended"}} {
		c.click(`.acts a[href$="/` + act.name + `"]`)
		c.look("12-"+act.name, "“Winter drive”")
		c.click(".confirm .button")
		c.expect(act.status)
	}
	testkit.Eventually(c.t, time.Minute, "the appeal is gone", func() (bool, string) {
		got := c.appeal("")
		return got == "", got
	})
	if got := c.s.Client().Get(c.t, "/support/winter-drive"); got.Status != 200 {
		c.t.Errorf("its donation page is gone: %d", got.Status)
	}
}
