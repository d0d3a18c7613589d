package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"readerfund/internal/account"
)

// ownTemplates is a folder with an operator's own files.
func ownTemplates(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// What docs/appearance.md promises to those who write templates of their own.
func TestAnOperatorsOwnPagesUseWhatTheyAreGiven(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	editor := h.signedIn(account.Editor)
	if got := editor.upload("/staff/appearance", map[string]string{"version": "0", "accent": "#005689"},
		map[string][]byte{"logo_file": smallPNG(t, 300)}); got.status != 303 {
		t.Fatal(got.status)
	}
	h.alter(func(d *Deps) {
		d.TemplatesDir = ownTemplates(t, map[string]string{
			"partials/logo.html": `{{define "logo"}}<b id="ours">{{.Publication}}{{with .Look.Logo}} {{.Width}}{{end}}</b>{{end}}`,
			"partials/footer.html": `{{define "footer"}}<footer>{{say "thanks.now_title"}}<script nonce="{{.Nonce}}">count()</script>` +
				`<style nonce="{{.Nonce}}">footer { color: red }</style></footer>{{end}}` + restOf(t,
				"partials/footer.html", "footer"),
			"public/thanks.html": `{{define "main"}}{{with .Data}}<h1>{{.Headline}} {{.Receipt}} {{money $.Tag .Amount}}</h1>` +
				`{{.Texts.Thanks}} {{with .Step}}{{.Kind}}{{end}} {{with .Share}}{{.Address}}{{end}} {{.Back}} {{$.To "/manage"}}{{end}}{{end}}`,
			"static/house.css": "h1 { color: green }",
		})
	})
	r := h.newReader()
	donate := r.get("/")
	nonce := regexp.MustCompile(`<script nonce="([A-Z2-7]{26})">count\(\)</script><style nonce="([A-Z2-7]{26})">`).FindStringSubmatch(donate.body)
	policy := donate.header.Get("Content-Security-Policy")
	if nonce == nil || nonce[1] != nonce[2] || !strings.Contains(policy, "script-src 'self' 'nonce-"+nonce[1]+"';") ||
		!strings.Contains(policy, "style-src 'self' 'nonce-"+nonce[1]+"';") || strings.Contains(policy, "unsafe") {
		t.Errorf("nonce %v, policy %s", nonce, policy)
	}
	if again := r.get("/"); nonce != nil && strings.Contains(again.body, nonce[1]) {
		t.Error("the nonce is the same for two pages")
	}
	r.hasAll(t, "donation page", donate, `<b id="ours">The Test Post 300</b>`, "What happens now", `href="/appearance/`)
	_, thanks := r.given("article", h.base+"/article")
	r.hasAll(t, "thanks", thanks, "<h1>Thank you ", "€25.00", "monthly",
		h.base+"/article#readerfund-given=support", "/manage")
}

func TestOurOwnPagesNeedNoNonce(t *testing.T) {
	t.Parallel()
	got := openHouse(t, nil).newReader().get("/")
	if policy := got.header.Get("Content-Security-Policy"); strings.Contains(policy, "nonce") || strings.Contains(got.body, "nonce") {
		t.Errorf("%s", policy)
	}
}

// restOf is a file of ours without one of its templates, for a folder that replaces just that one.
func restOf(t *testing.T, name, without string) string {
	t.Helper()
	text, err := os.ReadFile("../../templates/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?s)\{\{define "`+without+`"\}\}.*?</footer>\{\{end\}\}`).ReplaceAllString(string(text), "")
}
