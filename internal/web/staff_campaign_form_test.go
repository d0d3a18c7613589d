package web

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"readerfund/internal/account"
)

// winter is a campaign's form as a person fills it in.
func winter(change ...string) url.Values {
	v := url.Values{
		"do": {"save"}, "name": {"Winter drive"}, "slug": {"winter"}, "lang": {"en"}, "language": {"en"}, "offered": {"EUR"},
		"currency": {"EUR"}, "suggested.EUR": {"5 10 25 50"}, "frequency": {"once"}, "goal.kind": {""}, "format": {"inline"},
		"texts.en.heading": {"Paid for by its readers"}, "texts.en.why": {"Nobody owns us."},
		"texts.en.ask":    {"Please give."},
		"texts.en.button": {"Support us via PayPal"}, "texts.en.reassurance": {"One time only."},
	}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

// campaignForm is the form of a campaign as a browser would send it, without what adds to it.
func campaignForm(t *testing.T, page string) url.Values {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	v := url.Values{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch name := attributes(n)["name"]; {
		case name == "viewport" || name == "robots" || name == "color-scheme" || strings.HasPrefix(name, "new_"):
		case n.Data == "select":
			for option := range n.Descendants() {
				attr := attributes(option)
				value, named := attr["value"]
				if !named && option.FirstChild != nil {
					value = option.FirstChild.Data
				}
				if _, chosen := attr["selected"]; option.Data == "option" && (chosen || !v.Has(name)) {
					v.Set(name, value)
				}
			}
		default:
			one := url.Values{}
			collect(one, n)
			for name, values := range one {
				v[name] = append(v[name], values...)
			}
		}
	}
	return v
}

// made is winter, saved as a draft.
func (r reader) made(change ...string) {
	r.t.Helper()
	if got := r.form("/staff/campaigns/new", winter(change...)); got.status != 303 {
		r.t.Fatalf("%d\n%s", got.status, words(r.t, got.body))
	}
}

// content is what is stored of a campaign at a path of its document.
func (h house) content(slug, path string) (text string) {
	h.t.Helper()
	if err := h.db.GetContext(h.t.Context(), &text, `SELECT coalesce(content #>> string_to_array($2, '.'), '')
		FROM campaign WHERE slug = $1`, slug, path); err != nil {
		h.t.Fatal(err)
	}
	return text
}

// A campaign is made, changed, published, paused, resumed and ended; each page says what readers see then.
func TestStaffRunACampaign(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	fresh := campaignForm(t, r.get("/staff/campaigns/new").body)
	if fresh.Get("texts.en.button") != "Support us via PayPal" || fresh.Get("suggested.EUR") != "5 10 25 50" {
		t.Errorf("a new campaign begins with %v", fresh)
	}
	made := r.lands(r.form("/staff/campaigns/new", winter("starts_at", "2026-12-01T09:00", "ends_at", "2027-01-01T00:00")))
	says(t, made, "Winter drive Draft", "Saved", "Readers do not see it: it has not been published.", "1 Dec 2026, 09:00")

	edit := campaignForm(t, r.get("/staff/campaigns/winter/edit").body)
	edit.Set("texts.en.heading", "It stays open")
	edit.Set("do", "save")
	says(t, r.lands(r.form("/staff/campaigns/winter/edit", edit)), "Saved", "It stays open")

	says(t, r.get("/staff/campaigns/winter/publish").body, "Publish “Winter drive”",
		"Readers see it from 1 Dec 2026, 09:00 until 1 Jan 2027, 00:00.", "In English", "What readers will see")
	act := func(name string) string {
		t.Helper()
		form := inputs(t, r.get("/staff/campaigns/winter/"+name).body)
		return r.lands(r.form("/staff/campaigns/winter/"+name, form))
	}
	says(t, act("publish"), "Published", "Winter drive Scheduled", "readers will see it from its start")
	says(t, act("default"), "Put on the home page", "It is the one on the home page.")
	if h.number(`SELECT count(*) FROM campaign WHERE is_default AND slug = 'winter'`) != 1 {
		t.Error("it is not on the home page")
	}
	saysNot(t, r.get("/staff/campaigns/winter").body, "Put on the home page")
	says(t, act("pause"), "Paused", "until somebody resumes it")
	says(t, act("resume"), "Resumed", "Scheduled")
	says(t, act("end"), "Ended", "Its donation page still takes gifts")
	says(t, r.get("/staff/campaigns/winter/history").body, "6 · Ended", "2 · Changed editor@example.org", "1 · Made",
		"English: Heading before: Paid for by its readers → now: It stays open")
	log := h.signedIn(account.Admin).get("/staff/audit").body
	if !strings.Contains(log, `href="/staff/campaigns/winter"`) {
		t.Error("the audit log does not lead to the campaign")
	}
}

// An earlier version comes back as a new one; one that nobody saw any more is not written over.
func TestAnEarlierVersionComesBack(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	r.made()
	r.lands(r.form("/staff/campaigns/winter/edit", winter("version", "1", "texts.en.heading", "Worse",
		"suggested.EUR", "1 2")))
	back := url.Values{"version": {"2"}, "to": {"1"}}
	says(t, r.lands(r.form("/staff/campaigns/winter/history", back)), "Brought back", "Paid for by its readers")
	if got := h.content("winter", "suggested.EUR"); got != "[500, 1000, 2500, 5000]" {
		t.Errorf("amounts: %s", got)
	}
	late := r.form("/staff/campaigns/winter/history", back)
	if late.status != 409 {
		t.Errorf("by somebody who had not seen version 3: %d", late.status)
	}
	says(t, late.body, "Please check one thing.", "saved this campaign after you opened it", "3 · Brought back")
	if got := r.form("/staff/campaigns/winter/history", url.Values{"version": {"3"}, "to": {"77"}}); got.status != 404 {
		t.Errorf("a version that never was: %d", got.status)
	}
}

// What is wrong is said beside its field, all at once; what was typed stays, and nothing is saved.
func TestCampaignsThatCannotBe(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	long := strings.Repeat("x", 10_000)
	for name, c := range map[string]struct {
		change []string
		field  string
	}{
		"dates reversed": {[]string{"starts_at", "2026-12-31T09:00", "ends_at",
			"2026-12-01T09:00"}, "ends_at"},
		"no date":               {[]string{"starts_at", "soon"}, "starts_at"},
		"an endless fund drive": {[]string{"fund_drive", "yes"}, "ends_at"},
		"a weight of zero": {[]string{"variants.0.name", "a", "variants.0.weight", "1", "variants.1.name",
			"b", "variants.1.weight", "0"}, "variants.1.weight"},
		"a weight of letters": {[]string{"variants.0.name", "a", "variants.0.weight", "half"},
			"variants.0.weight"},
		"a goal in a currency not taken": {[]string{"goal.kind", "amount", "goal.currency", "USD", "goal.minor", "1000"},
			"goal.currency"},
		"no goal's amount":                {[]string{"goal.kind", "amount", "goal.currency", "EUR"}, "goal.minor"},
		"HTML in the heading":             {[]string{"texts.en.heading", "<b>Give</b>"}, "texts.en.heading"},
		"HTML in the thanks":              {[]string{"texts.en.thanks", "<script>alert(1)</script>"}, "texts.en.thanks"},
		"a heading of 10,000 characters":  {[]string{"texts.en.heading", long}, "texts.en.heading"},
		"a placeholder that there is not": {[]string{"texts.en.why", "We have {millions}."}, "texts.en.why"},
		"a countdown that is typed": {[]string{"ends_at", "2026-12-20T00:00", "texts.en.ask", "Only 3 days left!"},
			"texts.en.ask"},
		"a sum that is typed": {[]string{"goal.kind", "amount", "goal.currency", "EUR", "goal.minor", "1000",
			"texts.en.why", "Readers have given €640 so far."}, "texts.en.why"},
		"a date that is not the end": {[]string{"ends_at", "2026-12-31T00:00", "texts.en.ask",
			"This drive ends on 24 December."}, "texts.en.ask"},
		"an amount of letters":            {[]string{"suggested.EUR", "five 10"}, "suggested.EUR"},
		"amounts in the wrong order":      {[]string{"suggested.EUR", "10 5"}, "suggested.EUR"},
		"a chosen amount not offered":     {[]string{"chosen.once.EUR", "7"}, "chosen.once.EUR"},
		"a slug that is a word of ours":   {[]string{"slug", "new"}, "slug"},
		"a slug that is taken":            {[]string{"slug", "support"}, "slug"},
		"a next step without its address": {[]string{"next.kind", "newsletter"}, "next.address"},
		"a holdout of everybody":          {[]string{"holdout", "100"}, "holdout"},
		"a rule that holds nowhere":       {[]string{"rules.0.kind", "section", "rules.0.values", ""}, "rules.0.values"},
		"a picture that is none of ours":  {[]string{"portrait", strings.Repeat("0", 64)}, "portrait"},
		"an amount without what it does": {[]string{"texts.en.does.0.minor", "10", "texts.en.does.0.text", ""},
			"texts.en.does.0.text"},
		"an empty line before a wrong one": {[]string{"texts.en.does.0.text", "", "texts.en.does.1.minor", "x",
			"texts.en.does.1.text", "an hour"}, "texts.en.does.0.minor"},
	} {
		got := r.form("/staff/campaigns/new", winter(c.change...))
		if got.status != 422 {
			t.Errorf("%s: %d\n%s", name, got.status, words(t, got.body))
			continue
		}
		if !strings.Contains(got.body, `href="#`+c.field+`"`) || !strings.Contains(got.body, `id="`+c.field+`"`) ||
			!strings.Contains(got.body, `id="`+c.field+`-error"`) {
			t.Errorf("%s: not said beside %s\n%s", name, c.field, words(t, got.body))
		}
		back := campaignForm(t, got.body)
		for i := 0; i+1 < len(c.change); i += 2 {
			if typed := c.change[i+1]; back.Get(c.change[i]) != typed && c.change[i] != "portrait" &&
				!strings.Contains(c.change[i], "does") {
				t.Errorf("%s: %s came back as %.60q", name, c.change[i], back.Get(c.change[i]))
			}
		}
	}
	if n := h.number(`SELECT count(*) FROM campaign`); n != 1 {
		t.Errorf("%d campaigns", n)
	}
	both := r.form("/staff/campaigns/new", winter("suggested.EUR", "x", "texts.en.heading", "<i>x", "slug", "A B"))
	says(t, both.body, "Please check 3 things.")
}

// A draft may be unfinished; it is published when nothing is missing, in every language that it has.
func TestADraftIsPublishedWhenItIsWhole(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	v := winter("texts.en.heading", "", "texts.de.heading", "Von allen bezahlt")
	v.Add("lang", "de")
	r.lands(r.form("/staff/campaigns/new", v))
	page := r.get("/staff/campaigns/winter/publish").body
	says(t, page, "This is missing", "English: Heading : ", "German: Why you need readers : ")
	if strings.Contains(page, `<form class="confirm`) || !strings.Contains(page, `href="/staff/campaigns/winter/edit#texts.en.heading"`) {
		t.Error("it can be published, or the page does not lead to what is missing")
	}
	got := r.form("/staff/campaigns/winter/publish", url.Values{"version": {"1"}})
	if got.status != 422 {
		t.Errorf("published all the same: %d", got.status)
	}
	says(t, got.body, "This is missing")
}

// Two fund drives cannot run at once: which other one does is said when the second is published, and beside the field
// when a published one is made a fund drive.
func TestFundDrivesDoNotOverlap(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	drive := []string{"fund_drive", "yes", "starts_at", "2026-12-01T09:00", "ends_at", "2027-01-01T00:00"}
	publish := func(slug string) reply {
		t.Helper()
		return r.form("/staff/campaigns/"+slug+"/publish", url.Values{"version": {"1"}})
	}
	r.made(drive...)
	r.lands(publish("winter"))
	r.made(append(drive, "slug", "other", "starts_at", "2026-12-20T09:00")...)
	got := publish("other")
	if got.status != 422 {
		t.Errorf("a second fund drive: %d", got.status)
	}
	says(t, got.body, "This is missing Fund drive : Another fund drive runs at that time: Winter drive.")
	r.made("slug", "third", "starts_at", "2026-12-20T09:00", "ends_at", "2027-01-01T00:00")
	r.lands(publish("third"))
	form := campaignForm(t, r.get("/staff/campaigns/third/edit").body)
	form.Set("fund_drive", "yes")
	form.Set("do", "save")
	got = r.form("/staff/campaigns/third/edit", form)
	if got.status != 422 || !strings.Contains(got.body, `id="fund_drive-error"`) {
		t.Errorf("a published campaign as a second fund drive: %d", got.status)
	}
}

// Of two who edit at once, the second gets the first's changes put in, reads what both changed, and saves nothing over
// the first without having seen it.
func TestTwoEditACampaignAtOnce(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	first, second := h.signedIn(account.Editor), h.signedIn(account.Admin)
	first.made()
	seen := campaignForm(t, second.get("/staff/campaigns/winter/edit").body)
	first.lands(first.form("/staff/campaigns/winter/edit",
		winter("version", "1", "texts.en.heading", "From the first", "suggested.EUR", "5 10", "texts.en.thanks",
			"Thank you.")))
	seen.Set("texts.en.heading", "From the second")
	seen.Set("texts.en.ask", "Do give.")
	seen.Set("do", "save")
	got := second.form("/staff/campaigns/winter/edit", seen)
	if got.status != 409 {
		t.Fatalf("the second: %d", got.status)
	}
	says(t, got.body, "What editor@example.org saved", "You both changed this.",
		"English: Heading before: Paid for by its readers → now: From the first",
		"Only they changed this.", "English: Thank you nothing → now: Thank you.")
	form := campaignForm(t, got.body)
	for name, want := range map[string]string{
		"texts.en.heading": "From the second", "texts.en.ask": "Do give.", "suggested.EUR": "5 10",
		"texts.en.thanks": "Thank you.", "version": "2",
	} {
		if form.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, form.Get(name), want)
		}
	}
	if h.content("winter", "texts.en.heading") != "From the first" {
		t.Error("the second wrote over the first")
	}
	form.Set("do", "save")
	second.lands(second.form("/staff/campaigns/winter/edit", form))
	if h.content("winter", "texts.en.heading") != "From the second" || h.content("winter", "texts.en.thanks") != "Thank you." {
		t.Error("what both wrote is not kept")
	}
}

// The parts of the form come and go without JavaScript, and nothing that was typed is lost.
func TestPartsOfTheCampaignsFormComeAndGo(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	form := winter("texts.en.why", "half a sent")
	press := func(do string, fields ...string) string {
		t.Helper()
		form.Set("do", do)
		for i := 0; i+1 < len(fields); i += 2 {
			form.Set(fields[i], fields[i+1])
		}
		got := r.form("/staff/campaigns/new", form)
		if got.status != 200 {
			t.Fatalf("%s: %d", do, got.status)
		}
		form = campaignForm(t, got.body)
		if form.Get("texts.en.why") != "half a sent" {
			t.Fatalf("%s: what was typed is lost", do)
		}
		return got.body
	}
	says(t, press("add-language", "new_language", "ar"), "Arabic", "العربية")
	says(t, press("add-currency", "new_currency", "USD", "suggested.USD", "5"), "Remove USD")
	press("add-rule", "new_rule", "section")
	says(t, press("add-rule", "new_rule", "given"), "Has given", "Not known")
	says(t, press("add-variant"), "Variant A: the campaign as it stands", "Variant B")
	press("add-variant", "variants.1.weight", "3", "variants.1.texts.en.heading", "Another heading")
	for name, want := range map[string]string{
		"variants.1.weight": "3", "variants.2.weight": "1", "variants.1.texts.en.heading": "Another heading",
		"rules.0.kind": "section", "rules.1.kind": "given",
	} {
		if form.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, form.Get(name), want)
		}
	}
	press("drop-variant:1")
	press("drop-rule:0")
	press("drop-language:ar")
	press("drop-currency:USD")
	if form.Get("variants.1.name") != "c" || form.Has("variants.2.name") || form.Get("rules.0.kind") != "given" ||
		fmt.Sprint(form["lang"], form["offered"]) != "[en] [EUR]" {
		t.Errorf("after taking out: %v", form)
	}
}

// multipartForm is a form with one file.
func multipartForm(t *testing.T, v url.Values, field string, file []byte) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, values := range v {
		for _, value := range values {
			if err := m.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	part, err := m.CreateFormFile(field, "photo.jpg")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = m.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), m.FormDataContentType()
}

// A portrait is kept with the first form that brings it, whatever else is wrong. What is no picture, or too much of
// one, is refused beside the field.
func TestACampaignsPictures(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	var face bytes.Buffer
	if err := png.Encode(&face, image.NewRGBA(image.Rect(0, 0, 60, 80))); err != nil {
		t.Fatal(err)
	}
	send := func(v url.Values, file []byte) reply {
		t.Helper()
		body, kind := multipartForm(t, v, "portrait_file", file)
		return r.do("POST", "/staff/campaigns/new", body, "Content-Type", kind)
	}
	wrong := send(winter("suggested.EUR", "x"), face.Bytes())
	form := campaignForm(t, wrong.body)
	if wrong.status != 422 || len(form.Get("portrait")) != 64 || !strings.Contains(wrong.body, `src="/media/`) {
		t.Fatalf("%d: the portrait is %q", wrong.status, form.Get("portrait"))
	}
	form.Set("suggested.EUR", "5 10")
	form.Set("do", "save")
	r.lands(r.form("/staff/campaigns/new", form))
	if h.content("winter", "portrait.width") != "60" || h.content("winter", "portrait.height") != "80" {
		t.Error("the portrait is not saved with its size")
	}
	for name, file := range map[string][]byte{
		"a program": []byte("MZ\x90\x00 not a picture at all"), "50 MB": make([]byte, 50<<20),
		"an SVG with script": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
	} {
		got := send(winter("slug", "other", "texts.en.why", "kept"), file)
		if got.status != 422 || !strings.Contains(got.body, `id="portrait-error"`) ||
			campaignForm(t, got.body).Get("texts.en.why") != "kept" {
			t.Errorf("%s: %d\n%s", name, got.status, words(t, got.body))
		}
	}
}

// A form that lay open for so long that its picture was deleted says so, whatever is pressed, and goes on without it.
func TestAPictureThatIsNotKeptAnyMoreLeavesTheForm(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	for _, act := range []string{"save", "preview", "add-variant"} {
		got := r.form("/staff/campaigns/new", winter("portrait", strings.Repeat("a", 64), "do", act))
		if got.status != 422 || !strings.Contains(got.body, `href="#portrait">Portrait: This picture was not saved within 30 days`) ||
			!strings.Contains(got.body, `id="portrait-error"`) {
			t.Fatalf("%s: %d\n%s", act, got.status, words(t, got.body))
		}
		form := campaignForm(t, got.body)
		if form.Get("portrait") != "" || form.Get("texts.en.why") != winter().Get("texts.en.why") {
			t.Errorf("%s: the form has the portrait %q, and the text %q", act, form.Get("portrait"), form.Get("texts.en.why"))
		}
		if act == "save" {
			form.Set("do", "save")
			r.lands(r.form("/staff/campaigns/new", form))
		}
	}
}

// Viewers see campaigns and change nothing.
func TestViewersChangeNoCampaign(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.signedIn(account.Editor).made()
	r := h.signedIn(account.Viewer)
	for _, address := range []string{"", "/preview", "/history"} {
		got := r.get("/staff/campaigns/winter" + address)
		if got.status != 200 || strings.Contains(got.body, "/publish") || strings.Contains(got.body, "Bring back") {
			t.Errorf("%s: %d, or it offers what a viewer may not do", address, got.status)
		}
	}
	for _, address := range []string{"new", "winter/edit", "winter/publish", "winter/end", "winter/duplicate", "winter/history"} {
		if got := r.form("/staff/campaigns/"+address, winter()); got.status != 403 {
			t.Errorf("POST %s: %d", address, got.status)
		}
	}
	if got := r.get("/staff/campaigns/winter/edit"); got.status != 403 {
		t.Errorf("the form: %d", got.status)
	}
	if got := h.signedIn(account.Editor).get("/staff/campaigns/nosuch/edit"); got.status != 404 {
		t.Errorf("a campaign that is not there: %d", got.status)
	}
}

// Another one like it is a draft with the same words.
func TestACampaignIsDuplicated(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	r.made("starts_at", "2026-12-01T09:00")
	wrong := r.form("/staff/campaigns/winter/duplicate", url.Values{"name": {"Spring"}, "slug": {"winter"}})
	if wrong.status != 422 || campaignForm(t, wrong.body).Get("name") != "Spring" {
		t.Errorf("a slug that is taken: %d", wrong.status)
	}
	r.lands(r.form("/staff/campaigns/winter/duplicate", url.Values{"name": {"Spring"}, "slug": {"spring"}}))
	says(t, r.get("/staff/campaigns/spring").body, "Spring Draft", "Paid for by its readers", "when it is published")
}
