package web

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/campaign"
	"readerfund/internal/testkit"
	"readerfund/internal/web/page"
)

// writeCampaign changes the default campaign's document, as if staff had saved it.
func (h house) writeCampaign(change func(*campaign.Content)) {
	h.t.Helper()
	k, err := h.Campaigns.Default(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	content := k.Content
	change(&content)
	document, err := json.Marshal(content)
	if err != nil {
		h.t.Fatal(err)
	}
	testkit.Exec(h.t, h.db, `UPDATE campaign SET content = $1, version = version + 1 WHERE id = $2`,
		string(document), k.ID)
	h.alter(func(d *Deps) { d.Campaigns = campaign.NewCatalog(h.db, time.Now) })
}

// given is a gift that has arrived: its id, and its thanks page in the browser that made it.
func (r reader) given(change ...string) (id string, thanks reply) {
	r.t.Helper()
	id, _ = r.begin(giftForm(change...))
	r.approve(id)
	return id, r.get(r.get("/contributions/" + id + "/return").header.Get("Location"))
}

func (r reader) hasAll(t *testing.T, what string, got reply, all ...string) {
	t.Helper()
	for _, want := range all {
		if got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d, without %q in\n%s", what, got.status, want, got.body)
		}
	}
}

func TestTheThanksPageOffersTheOneStepThatStaffChose(t *testing.T) {
	t.Parallel()
	marks := map[string]string{
		"read":       `<a class="button" href="https://example.org/best">`,
		"newsletter": `<a class="button" href="https://example.org/letters">`,
		"share":      `class="share"`, "monthly": `class="ask-monthly"`,
	}
	for kind, c := range map[string]struct {
		next campaign.Next
		want string
	}{
		"nothing":      {campaign.Next{}, "monthly"},
		"monthly":      {campaign.Next{Kind: campaign.NextMonthly}, "monthly"},
		"read":         {campaign.Next{Kind: campaign.NextRead, Address: "https://example.org/best"}, "read"},
		"newsletter":   {campaign.Next{Kind: campaign.NextNewsletter, Address: "https://example.org/letters"}, "newsletter"},
		"share":        {campaign.Next{Kind: campaign.NextShare}, "share"},
		"no address":   {campaign.Next{Kind: campaign.NextRead}, "share"},
		"unknown kind": {campaign.Next{Kind: "podcast"}, "share"},
	} {
		h := openHouse(t, nil)
		h.writeCampaign(func(k *campaign.Content) { k.Next = c.next })
		_, thanks := h.newReader().given()
		for step, mark := range marks {
			if there := strings.Contains(thanks.body, mark); there != (step == c.want) {
				t.Errorf("%s: %s is there: %v", kind, step, there)
			}
		}
	}
}

func TestTheThanksPageSpeaksTheCampaignsWords(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	portrait := campaign.Picture{Digest: strings.Repeat("a", 64), Width: 400, Height: 400}
	h.writeCampaign(func(k *campaign.Content) {
		english, arabic := k.Texts["en"], k.Texts["ar"]
		english.Thanks, english.Signature, english.PortraitAlt = "<b>Three</b> reporters thank you.", "Ada Moreau, editor", "Ada at her desk"
		english.NextLabel = "Read “The river”"
		arabic.Thanks = "شكرًا من ثلاثة صحفيين."
		k.Texts = map[string]campaign.Texts{"en": english, "ar": arabic}
		k.Portrait, k.Next = &portrait, campaign.Next{Kind: campaign.NextRead, Address: "https://example.org/river"}
		k.Variants = []campaign.Variant{{Name: "a", Weight: 1}, {
			Name: "warm", Weight: 1, Texts: map[string]campaign.Texts{"en": {Thanks: "You are the reason."}},
		}}
	})
	r := h.newReader()
	_, thanks := r.given()
	r.hasAll(t, "English", thanks, "&lt;b&gt;Three&lt;/b&gt; reporters thank you.", "Ada Moreau, editor",
		`alt="Ada at her desk"`,
		`src="`+portrait.Path(192)+`"`, "Read “The river”")
	if strings.Contains(thanks.body, "It pays for the calls") {
		t.Error("our own words stand beside the campaign's")
	}
	_, thanks = r.given("variant", "warm")
	r.hasAll(t, "a variant", thanks, "You are the reason.", "Ada Moreau, editor")

	// The language that the gift was made in stays, whatever the browser says on the way back.
	v := giftForm()
	v.Set("lang", "ar")
	got := r.do("POST", "/contributions?lang=ar", v.Encode(), "Content-Type", page.FormType)
	var id string
	if err := h.db.GetContext(t.Context(), &id, `SELECT id FROM contribution WHERE approve_url = $1`, got.header.Get("Location")); err != nil {
		t.Fatal(err)
	}
	h.approve(id)
	thanks = r.get(r.get("/contributions/" + id + "/return").header.Get("Location"))
	if strings.Contains(thanks.body, "Read “The river”") {
		t.Error("an Arabic page has a link in English, although ours is there in Arabic")
	}
	r.hasAll(t, "Arabic", thanks, "اقرؤوا ما تتيحه مساهمتكم", `dir="rtl"`, "شكرًا من ثلاثة صحفيين.", "رقم الإيصال",
		"كلمة إلى غرفة الأخبار؟")
}

// The way back to the article tells the appeal there whether anything was given. What is not decided is not told.
func TestTheWayBackTellsWhatBecameOfTheGift(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.EmbedOrigins = []string{"https://news.example.org"} })
	r := h.newReader()
	v := giftForm()
	v.Set("article", "https://news.example.org/river")
	id, _ := r.begin(v)
	way := regexp.MustCompile(`href="https://news\.example\.org/river([^"]*)"`)
	told := func(address string) string {
		t.Helper()
		got := r.get("/contributions/" + id + address)
		found := way.FindStringSubmatch(got.body)
		if found == nil {
			t.Fatalf("%s: no way back: %d\n%s", address, got.status, got.body)
		}
		return found[1]
	}
	if got := told("/cancel?token=" + h.orderOf(id)); got != "#readerfund-not-given=support" {
		t.Errorf("cancelled: %q", got)
	}
	for state, want := range map[string]string{
		"declined": "#readerfund-not-given=support", "expired": "#readerfund-not-given=support",
		"failed": "#readerfund-not-given=support", "approved": "", "completed": "#readerfund-given=support",
	} {
		h.exec(`UPDATE contribution SET state = $1`, state)
		if got := told("/thanks"); got != want {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
}

func TestAStoryIsSharedByPlainLinks(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.EmbedOrigins = []string{"https://news.example.org"} })
	h.writeCampaign(func(k *campaign.Content) { k.Next.Kind = campaign.NextShare })
	r := h.newReader()
	story := "https://news.example.org/river?page=2&q=a%20b"
	id, thanks := r.given("article", story)
	shared := "https://news.example.org/river?page=2&amp;q=a&#43;b&amp;shared=1"
	encoded := url.QueryEscape("https://news.example.org/river?page=2&q=a+b&shared=1")
	r.hasAll(t, "a story", thanks, `id="share-link" value="`+shared+`"`, "Share the story",
		"mailto:?subject=From%20The%20Test%20Post&amp;body=",
		`https://bsky.app/intent/compose?text=Worth%20reading%2C%20in%20The%20Test%20Post%3A%20`+encoded,
		`https://wa.me/?text=`, `https://t.me/share/url?url=`+encoded, `https://www.facebook.com/sharer/sharer.php?u=`+encoded,
		`rel="noopener noreferrer"`, story[:30], "#readerfund-given=support")

	share := "/contributions/" + id + "/share"
	for typed, server := range map[string]string{
		"mastodon.social": "mastodon.social", "https://Newsie.Social/@ada": "newsie.social",
		"@ada@social.example.co.uk": "social.example.co.uk",
	} {
		got := r.get(share + "?server=" + url.QueryEscape(typed))
		r.hasAll(t, typed, got, `href="https://`+server+`/share?text=Worth%20reading`, "Go on to "+server)
	}
	for _, typed := range []string{
		"", "localhost", "127.0.0.1", "a.b:8080", "mastodon.social?x", "javascript:alert(1)", "a..b", "-a.example",
		"<b>.example",
		strings.Repeat("a.", 130) + "example", "[::1]", "mastodon.social#",
	} {
		got := r.get(share + "?server=" + url.QueryEscape(typed))
		if got.status != 422 || strings.Contains(got.body, "/share?text=") || !strings.Contains(got.body, "Write the name of your server") {
			t.Errorf("%q: %d\n%s", typed, got.status, got.body)
		}
	}
	if got := h.newReader().get(share + "?server=mastodon.social"); got.status != 404 {
		t.Errorf("another browser: %d", got.status)
	}
	key := h.signer().Sign(thanksPurpose, id)
	got := h.newReader().get(h.thanksAddress(id))
	r.hasAll(t, "with the key", got, `name="key" value="`+key+`"`)
	r.hasAll(t, "with the key, further", h.newReader().get(share+"?server=mastodon.social&key="+url.QueryEscape(key)),
		"Go on to mastodon.social")

	// A page that is not ours to link is not shared either: a gift's article can be forged.
	_, thanks = r.given("article", "https://elsewhere.example/trap")
	r.hasAll(t, "no story", thanks, `value="`+h.base+`/support/support?shared=1"`, "Tell others about us")
	if strings.Contains(thanks.body, "elsewhere.example") {
		t.Error("a foreign page is linked")
	}
}

func TestAReaderWritesToTheNewsroomAfterTheGift(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	id, thanks := r.given("email", "ada@example.org", "name", "Ada", "message", "With the gift", "named", "yes")
	act := "/contributions/" + id + "/message"
	r.hasAll(t, "thanks", thanks, `action="`+act+`"`)
	write := func(who reader, text string) reply {
		return who.do("POST", act, url.Values{"later_message": {text}}.Encode(), "Content-Type", page.FormType)
	}
	if got := write(h.newReader(), "Not mine"); got.status != 404 {
		t.Errorf("another browser: %d", got.status)
	}
	for text, want := range map[string]string{
		"\n": "Please write a few words first.", strings.Repeat("ж", 1001): "Please shorten this to 1000 characters",
	} {
		got := write(r, text)
		if got.status != 422 || !strings.Contains(got.body, `id="later_message-error" role="alert">`+want) ||
			inputs(t, got.body).Get("later_message") != strings.TrimSpace(text) {
			t.Errorf("%.10q: %d, %.20q in the form\n%s", text, got.status, inputs(t, got.body).Get("later_message"), got.body)
		}
	}
	const text = "Look into the <mayor>.\nPlease."
	for range 2 { // pressed twice
		if got := write(r, text); got.status != 303 || !strings.HasSuffix(got.header.Get("Location"), "#say") {
			t.Fatalf("%d\n%s", got.status, got.body)
		}
	}
	if got := write(r, "And another thing"); got.status != 409 {
		t.Errorf("a second one: %d", got.status)
	}
	again := r.get("/contributions/" + id + "/thanks")
	r.hasAll(t, "afterwards", again, "Your message has arrived", "Look into the &lt;mayor&gt;.")
	if strings.Contains(again.body, act) {
		t.Error("the form is still there")
	}
	if got := h.newReader().get(h.thanksAddress(id)); strings.Contains(got.body, "mayor") || strings.Contains(got.body, act) {
		t.Error("who has only the link reads the message, or may write one")
	}

	waiting, _ := r.begin(giftForm("message", "Not paid"))
	if got := r.do("POST", "/contributions/"+waiting+"/message", "later_message=x", "Content-Type", page.FormType); got.status != 409 {
		t.Errorf("before the gift is complete: %d", got.status)
	}

	list := h.signedIn(account.Editor).get("/staff/messages")
	r.hasAll(t, "the list", list, "Ada", "mailto:ada@example.org", "may be thanked by name", "With the gift",
		"Look into the &lt;mayor&gt;.")
	if strings.Contains(list.body, "Not paid") {
		t.Error("a message is listed of a gift that did not arrive")
	}
	about := "/staff/contributions/" + id
	r.hasAll(t, "the contribution", h.signedIn(account.Editor).get(about), "After the gift",
		"Look into the &lt;mayor&gt;.")
	viewer := h.signedIn(account.Viewer)
	if got := viewer.get("/staff/messages"); got.status != 403 {
		t.Errorf("a viewer: %d", got.status)
	}
	if got := viewer.get(about); got.status != 200 || strings.Contains(got.body, "mayor") {
		t.Errorf("a viewer reads the message: %d", got.status)
	}
	if got := h.signedIn(account.Editor).get("/staff/messages?after=x"); got.status != 422 {
		t.Errorf("a wrong cursor: %d", got.status)
	}
}
