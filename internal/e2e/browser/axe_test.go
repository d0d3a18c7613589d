package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/testkit"
)

// Axe-core looks at every reader's and staff page, and at the sandbox's: on a small screen in light colours, and on a
// large one in dark ones. A colour's contrast does not change with the width, nor the layout with the colours. A page
// that shows the same elements on both is audited by all rules on the first only. In CI all of that is done; else some
// pages are drawn, some of those are audited, each on one screen.

// findsWhatIsWrong shows that axe finds what is wrong with a page.
func findsWhatIsWrong(t *testing.T, a auditor) {
	a.open(`data:text/html,<html><body style="background: white"><img src="data:,"><p style="color: %23ddd">pale`)
	found := fmt.Sprint(a.violations(a.script))
	for _, rule := range []string{"image-alt", "html-has-lang", "color-contrast", "pale"} {
		if !strings.Contains(found, rule) {
			t.Errorf("axe does not report %s:\n%s", rule, found)
		}
	}
}

// installing keeps tests that run at once from taking away each other's axe-core.
var installing sync.Mutex

// axeScript gets axe-core from npm, in the version that package-lock.json names.
func axeScript(t *testing.T) string {
	t.Helper()
	installing.Lock()
	defer installing.Unlock()
	file := filepath.Join("node_modules", "axe-core", "axe.min.js")
	if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), axeVersion(t)) {
		return string(text)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		skipWithoutBrowser(t, "there is no npm to get axe-core with")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	if out, err := install.CombinedOutput(); err != nil {
		skipWithoutBrowser(t, "npm gives no axe-core: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// axeVersion is the one that package.json asks for.
func axeVersion(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var wants struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(text, &wants); err != nil || wants.DevDependencies["axe-core"] == "" {
		t.Fatalf("package.json names no axe-core: %v", err)
	}
	return wants.DevDependencies["axe-core"]
}

// auditor is a tab that has each of its pages checked.
type auditor struct {
	*tab
	script string

	pages   int // how many were audited
	shorter int // and how many of them, on the second screen, by what colour and width change
}

// violation is what axe found against a rule.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML           string `json:"html"`
		Target         []any  `json:"target"`
		FailureSummary string `json:"failureSummary"`
	} `json:"nodes"`
}

// String is for messages.
func (v violation) String() string {
	text := v.ID + ": " + v.Help
	for _, n := range v.Nodes {
		text += fmt.Sprintf("\n  %v %s\n  %s", n.Target, n.HTML, n.FailureSummary)
	}
	return text
}

// violations runs axe on what the tab shows, by all of its rules or by some.
func (b *tab) violations(script string, some ...string) []violation {
	b.t.Helper()
	if !eval[bool](b, `"axe" in window`) {
		b.do(cdp.Evaluate[cdp.Void](script + "; undefined"))
	}
	options := map[string]any{"resultTypes": []string{"violations"}, "iframes": false} // a frame is a page of its own
	if len(some) > 0 {
		options["runOnly"] = some
	}
	text, err := json.Marshal(options)
	if err != nil {
		b.t.Fatal(err)
	}
	return eval[[]violation](b, `axe.run(document, `+string(text)+`).then((r) => r.violations)`)
}

// ofColourAndWidth are the rules that say something new of a page on another screen that shows the same elements. The
// others ask what the elements are, and which of them are there.
func ofColourAndWidth() []string {
	return []string{"color-contrast", "link-in-text-block", "scrollable-region-focusable"}
}

// showsTheSame tells whether the page shows the elements that it showed when this was asked before, and no other.
const showsTheSame = `(() => {
	const shown = [...document.querySelectorAll("*")].filter((e) => e.checkVisibility({visibilityProperty: true}));
	const before = window.shownBefore ?? [];
	window.shownBefore = shown;
	return shown.length === before.length && shown.every((e, i) => e === before[i]);
})()`

// auditScreens are the screens of the audit: every width and every scheme.
func auditScreens() []screen { return []screen{screens()[0], screens()[3]} }

// check audits the page that the tab shows, which must hold the text, so that it is the page that is meant.
func (a *auditor) check(text string) {
	a.t.Helper()
	a.expect(text)
	if !testkit.Full() && rand.IntN(8) > 0 { // axe takes a second for each
		a.checkPage()
		return
	}
	a.pages++
	for n, s := range testkit.Some(a.t, 1, auditScreens()) {
		a.setScreen(s)
		var rules []string
		if same := eval[bool](a.tab, showsTheSame); n > 0 && same {
			rules = ofColourAndWidth()
			a.shorter++
		}
		for _, v := range a.violations(a.script, rules...) {
			a.t.Errorf("%s, %q on %s: %v", eval[string](a.tab, `location.pathname`), text, s, v)
		}
		a.checkPage()
	}
}

// at opens an address of the newsroom and audits it.
func (a *auditor) at(address string, status int, text string) {
	a.t.Helper()
	if got := a.navigate(cdp.Navigate(address)); got != status {
		a.t.Fatalf("%s: %d, not %d", address, got, status)
	}
	a.ignoreStatus(status)
	a.check(text)
}

// aPage is an address of the newsroom, the status that it answers with, and a text that stands there.
type aPage struct {
	address string
	status  int
	text    string
}

// each audits pages that need nothing done before: in CI all, else some that are drawn.
func (a *auditor) each(some int, pages ...aPage) {
	a.t.Helper()
	for _, p := range testkit.Some(a.t, some, pages) {
		a.at(p.address, p.status, p.text)
	}
}

// send presses a button that is answered with this status.
func (a *auditor) send(button string, status int) {
	a.t.Helper()
	if got := a.navigate(cdp.Click(cdp.CSS(button))); got != status {
		a.t.Fatalf("%s: %d, not %d\n%s", button, got, status, a.describe())
	}
	a.ignoreStatus(status)
}
