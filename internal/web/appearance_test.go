package web

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"os"
	"regexp"
	"strings"
	"testing"

	"readerfund/internal/account"
	"readerfund/internal/appearance"
	"readerfund/templates"
)

// uploadForm is a form with files, as a browser sends it.
func uploadForm(t *testing.T, fields map[string]string, files map[string][]byte) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		part, err := form.CreateFormFile(name, "chosen.jpg")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(content)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), form.FormDataContentType()
}

func (r reader) upload(address string, fields map[string]string, files map[string][]byte) reply {
	r.t.Helper()
	body, contentType := uploadForm(r.t, fields, files)
	return r.do("POST", address, body, "Content-Type", contentType)
}

// smallPNG is a logo of that width.
func smallPNG(t *testing.T, width int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, width, 40))
	for x := range width {
		m.SetNRGBA(x, x%40, color.NRGBA{0, 86, 137, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestStaffChooseHowThePublicationLooks(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	editor, reader := h.signedIn(account.Editor), h.newReader()
	if got := h.signedIn(account.Viewer).get("/staff/appearance"); got.status != 403 {
		t.Errorf("a viewer: %d", got.status)
	}
	before := reader.get("/")
	if strings.Contains(before.body, "/appearance/") || strings.Contains(before.body, "<img class=\"logo\"") {
		t.Error("a house without an appearance has one")
	}
	font, err := os.ReadFile("../appearance/testdata/plain.woff2")
	if err != nil {
		t.Fatal(err)
	}
	got := editor.upload("/staff/appearance", map[string]string{"version": "0", "accent": "#005689"}, map[string][]byte{
		"logo_file": smallPNG(t, 300), "logo_dark_file": smallPNG(t, 310), "headings_file": font,
		"portrait_file": smallPNG(t, 200),
	})
	if got.status != 303 || got.header.Get("Location") != "/staff/appearance?saved=1" {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	if got := editor.get("/staff/appearance?saved=1"); !strings.Contains(got.body, "The appearance is saved") ||
		strings.Count(got.body, "/media/") != 3 || !strings.Contains(got.body, `value="#005689"`) {
		t.Errorf("after saving:\n%s", got.body)
	}

	page := reader.get("/").body
	sheet := regexp.MustCompile(`<link rel="stylesheet" href="(/appearance/[0-9a-f]{10}\.css)">`).FindStringSubmatch(page)
	logo := regexp.MustCompile(`<img class="logo" src="(/media/[0-9a-f]{64})" [^>]*width="300" height="40" alt="The Test Post">`).
		FindStringSubmatch(page)
	if sheet == nil || logo == nil || strings.Index(page, "site.") > strings.Index(page, sheet[1]) {
		t.Fatalf("the donation page has neither or in the wrong order:\n%s", page)
	}
	css := reader.get(sheet[1])
	if css.status != 200 || !strings.Contains(css.body, "--fill:#005689;") || css.header.Get("Content-Type") != "text/css; charset=utf-8" ||
		css.header.Get("Cache-Control") != "public, max-age=31536000, immutable" ||
		css.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the stylesheet: %d %v\n%s", css.status, css.header, css.body)
	}
	face := regexp.MustCompile(`url\("(/appearance/[0-9a-f]{64}\.woff2)"\)`).FindStringSubmatch(css.body)
	if face == nil {
		t.Fatalf("no typeface in\n%s", css.body)
	}
	if got := reader.get(face[1]); got.status != 200 || got.header.Get("Content-Type") != "font/woff2" || got.body != string(font) {
		t.Errorf("the typeface: %d %v", got.status, got.header)
	}
	if got := reader.get(logo[1]); got.status != 200 || got.header.Get("Content-Type") != "image/png" {
		t.Errorf("the logo: %d %v", got.status, got.header)
	}

	appeal := reader.get(h.Appearance.Current().AppealStylesheet().Path)
	if appeal.status != 200 || !strings.Contains(appeal.body, ".rf-cta{--rf-accent:#005689;") {
		t.Errorf("the appeal's stylesheet: %d\n%s", appeal.status, appeal.body)
	}
	if fragment := reader.get("/embed/support"); !strings.Contains(fragment.body, h.base+h.Appearance.Current().AppealStylesheet().Path) {
		t.Errorf("the appeal does not link its stylesheet:\n%s", fragment.body)
	}

	// A page that a cache kept names a stylesheet of before: it has our own colours for a while.
	old := reader.get("/appearance/0123456789.css")
	if old.status != 200 || old.body != "" || old.header.Get("Cache-Control") != "public, max-age=60" {
		t.Errorf("an old stylesheet: %d %s", old.status, old.header.Get("Cache-Control"))
	}
	for _, address := range []string{"/appearance/x", "/appearance/" + strings.Repeat("0", 64) + ".woff2"} {
		if got := reader.get(address); got.status != 404 {
			t.Errorf("%s: %d", address, got.status)
		}
	}

	// Sent again as it is, the form keeps what is there; ticked, it is taken away.
	again := map[string]string{"version": "1", "accent": "", "logo_dark_remove": "1"}
	for _, name := range []string{"logo", "logo_dark", "portrait", "headings"} {
		again[name] = inputs(t, editor.get("/staff/appearance").body).Get(name)
	}
	if got := editor.upload("/staff/appearance", again, nil); got.status != 303 {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	if now := h.Appearance.Current(); now.Accent != "" || now.Logo == nil || now.LogoDark != nil || now.Portrait == nil ||
		now.Headings == nil || now.Version != 2 {
		t.Errorf("%+v", now)
	}
}

func TestWhatIsWrongWithAnAppearanceStandsBesideTheField(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	editor := h.signedIn(account.Editor)
	for name, c := range map[string]struct {
		fields map[string]string
		files  map[string][]byte
		field  string
		want   string
	}{
		"a colour that cannot be read": {map[string]string{"accent": "#ffcc00"}, nil, "accent",
			"The nearest that can be read is #966500."},
		"no colour": {map[string]string{"accent": "<b>red</b>"}, nil, "accent",
			"Write a colour like #8a1c2b"},
		"in the dark": {map[string]string{"accent": "#003366", "accent_dark": "#003366"}, nil, "accent_dark",
			"4.5 to 1 is needed"},
		"50 MB": {nil, map[string][]byte{"logo_file": bytes.Repeat([]byte("x"), 50<<20)}, "logo",
			"more than 10 MB"},
		"SVG": {nil, map[string][]byte{"portrait_file": []byte("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")},
			"portrait", "JPEG, PNG or WebP"},
		"a program": {nil, map[string][]byte{"logo_dark_file": []byte("MZ\x90\x00")}, "logo_dark",
			"JPEG, PNG or WebP"},
		"a picture as a font": {nil, map[string][]byte{"text_file": smallPNG(t, 50)}, "text", "WOFF2"},
		"an invented picture": {map[string]string{"logo": strings.Repeat("0", 64)}, nil, "logo",
			"was not saved within 30 days"},
		"an invented font": {map[string]string{"bold": strings.Repeat("0", 64)}, nil, "bold",
			"was not saved within 30 days"},
	} {
		fields := map[string]string{"version": "0", "accent": "#005689"}
		for field, value := range c.fields {
			fields[field] = value
		}
		files := map[string][]byte{"headings_file": nil}
		delete(files, "headings_file")
		for field, content := range c.files {
			files[field] = content
		}
		if c.field != "logo" {
			files["logo_file"] = smallPNG(t, 300)
		}
		got := editor.upload("/staff/appearance", fields, files)
		beside := regexp.MustCompile(`id="` + c.field + `-wrong"><span class="sr">Error: </span>([^<]*)`).FindStringSubmatch(got.body)
		if got.status != 422 || beside == nil || !strings.Contains(beside[1], c.want) {
			t.Errorf("%s: %d, beside the field: %v", name, got.status, beside)
			continue
		}
		form := inputs(t, got.body)
		if form.Get("accent") != fields["accent"] || c.field != "logo" && form.Get("logo") == "" {
			t.Errorf("%s: what was typed or uploaded is lost: %v", name, form)
		}
	}
	if h.Appearance.Current().Version != 0 {
		t.Error("something was saved")
	}
	if got := editor.upload("/staff/appearance", map[string]string{"version": "x"}, nil); got.status != 400 {
		t.Errorf("a garbled version: %d", got.status)
	}
}

func TestTwoWhoChooseAtOnce(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	one, other := h.signedIn(account.Editor), h.signedIn(account.Admin)
	if got := one.upload("/staff/appearance", map[string]string{"version": "0", "accent": "#005689"}, nil); got.status != 303 {
		t.Fatal(got.status)
	}
	got := other.upload("/staff/appearance", map[string]string{"version": "0", "accent": "#c70000"}, nil)
	form := inputs(t, got.body)
	if got.status != 409 || !strings.Contains(got.body, "Another person has changed the appearance") || form.Get("accent") != "#c70000" {
		t.Fatalf("%d, %v", got.status, form)
	}
	if h.Appearance.Current().Accent != "#005689" {
		t.Error("the first one's colour is gone")
	}
	if got := other.upload("/staff/appearance", map[string]string{"version": form.Get("version"), "accent": "#c70000"}, nil); got.status != 303 {
		t.Errorf("sent again: %d", got.status)
	}
}

// The stylesheets say themselves what holds where the newsroom chose nothing. It has to be the same colours.
func TestTheStylesheetsBeginWithThePaletteOfTheHouse(t *testing.T) {
	t.Parallel()
	light, dark, err := appearance.Content{}.Palettes()
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		body, err := templates.Files.ReadFile("static/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	day, night, _ := strings.Cut(read("site.css"), "prefers-color-scheme: dark")
	cta := read("cta.css")
	for name, c := range map[string][2]string{
		"accent": {light.Accent, dark.Accent}, "accent-deep": {light.AccentDeep, dark.AccentDeep},
		"tint": {light.Tint, dark.Tint},
		"fill": {light.Fill, dark.Fill}, "fill-deep": {light.FillDeep, dark.FillDeep}, "on-fill": {light.OnFill, dark.OnFill},
	} {
		both := "--rf-" + name + ": light-dark(" + c[0] + ", " + c[1] + ");"
		if c[0] == c[1] {
			both = "" // said once
		}
		if !strings.Contains(day, "--"+name+": "+c[0]+";") || !strings.Contains(night, "--"+name+": "+c[1]+";") {
			t.Errorf("site.css: --%s is neither %s nor, in the dark, %s", name, c[0], c[1])
		}
		if !strings.Contains(cta, "--rf-"+name+": "+c[0]+";") || !strings.Contains(cta, both) {
			t.Errorf("cta.css: --rf-%s is neither %s nor %s", name, c[0], both)
		}
	}
}
