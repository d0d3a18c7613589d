package browser

import (
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/campaign"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/media"
	"readerfund/internal/testkit"
)

// Staff give the pages their publication's face; a reader gives, is thanked by it, shares the story and leaves a
// message, in English and in Arabic; staff read the message.
func TestAPublicationsOwnFace(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	s, clock := harness.New(t), testkit.RunningClock()
	s.ServeWithin(clock.Now)
	m := &monthly{s: s, auditor: &auditor{tab: browser.openTab(t, screens()[0]), script: axeScript(t)}}
	staff := m.signsInAsStaff(browser)
	staff.choosesALook()
	thanksInPerson(t, s)

	m.open(s.BaseURL + "/")
	m.look("face-donate", "with PayPal")
	m.hasColour("#give button.button", "rgb(0, 86, 137)")
	m.givesOnce()
	m.await("three weeks of court files")
	m.look("face-thanks", "Thank you.", "Ada Moreau", "Share the story", "A word to the newsroom?")
	m.copies()
	m.writesToTheNewsroom()
	m.do(cdp.Click(cdp.CSS(".share summary")))
	m.click(".share-mastodon button")
	m.look("face-mastodon", "Share on Mastodon", "Go on to mastodon.social")
	m.checkOrigins(s.BaseURL, s.PayPal.PublicURL)

	m.open(s.BaseURL + "/support/support?lang=ar")
	m.click("#give button.button")
	m.click("button[value=approve]")
	m.await("رقم الإيصال")
	m.look("face-thanks-ar", "رقم الإيصال", "كلمة إلى غرفة الأخبار؟")
	if dir := eval[string](m.tab, `document.documentElement.dir`); dir != "rtl" {
		t.Errorf("the Arabic page runs %s", dir)
	}

	staff.open(s.BaseURL + "/staff/messages")
	staff.look("face-messages", "Look into the harbour.")
}

// choosesALook fills in the page about the appearance: first with a colour that cannot be read, then with one that can.
func (m *monthly) choosesALook() {
	m.t.Helper()
	logo := logoFile(m.t)
	m.open(m.s.BaseURL + "/staff/appearance")
	m.look("look-empty", "Nothing is chosen yet", "What is checked")
	m.fill("#accent", "#ffcc00")
	m.do(cdp.SetUploadFiles(cdp.CSS("#logo"), []string{logo}))
	m.send(".go .button", 422)
	m.look("look-wrong", "The nearest that can be read is #966500.", "Remove it")
	m.do(cdp.SetValue(cdp.CSS("#accent"), "#005689"))
	m.click(".go .button")
	m.look("look-saved", "The appearance is saved", "In the dark")
}

// logoFile is a picture of letters, transparent around them.
func logoFile(t *testing.T) string {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 420, 80))
	for n := range 7 {
		for x := n*60 + 6; x < n*60+48; x++ {
			for y := 10; y < 70; y++ {
				if x < n*60+18 || y < 22 || (n%2 == 0 && y > 58) {
					m.SetNRGBA(x, y, color.NRGBA{R: 0, G: 110, B: 175, A: 255})
				}
			}
		}
	}
	name := filepath.Join(t.TempDir(), "logo.png")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// thanksInPerson gives the campaign a thank-you of its own, who says it, and sharing as the next step.
func thanksInPerson(t *testing.T, s *harness.Fixture) {
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
	c.Portrait, c.Next = &portrait, campaign.Next{Kind: campaign.NextShare}
	en := c.Texts["en"]
	en.Thanks = "It goes into the harbour story: three weeks of court files, and a photographer for the night shift."
	en.Signature, en.PortraitAlt = "Ada Moreau, who edits the investigations", "Ada Moreau"
	c.Texts["en"] = en
	if raw, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	testkit.Exec(t, s.DB, `UPDATE campaign SET content = $1, version = version + 1, updated_at = now() WHERE slug = 'support'`,
		string(raw))
	testkit.Eventually(t, time.Minute, "the donation page shows who asks", func() (bool, string) {
		text := body(t, s.BaseURL+"/support/support")
		return strings.Contains(text, "Ada Moreau"), text
	})
}

// hasColour checks the colour of a button, in light colours.
func (m *monthly) hasColour(css, want string) {
	m.t.Helper()
	if got := eval[string](m.tab, `getComputedStyle(document.querySelector("`+css+`")).backgroundColor`); got != want {
		m.t.Errorf("%s is %s, not %s", css, got, want)
	}
}

// copies checks that the link to share is there to be copied by hand and by the button, and marked as shared.
func (m *monthly) copies() {
	m.t.Helper()
	link := eval[string](m.tab, `document.getElementById("share-link").value`)
	if !strings.HasSuffix(link, "/article?shared=1") {
		m.t.Errorf("the link is %s", link)
	}
	if eval[bool](m.tab, `document.querySelector("[data-copy]").hidden`) || eval[bool](m.tab, `document.querySelector("[data-print]").hidden`) {
		m.t.Error("a script shows no button to copy, or to print")
	}
}

func (m *monthly) writesToTheNewsroom() {
	m.t.Helper()
	m.do(cdp.Click(cdp.CSS(".say summary")))
	m.fill("#later_message", "Look into the harbour.")
	m.click(".say .button")
	m.look("face-said", "Your message has arrived", "Look into the harbour.")
}
