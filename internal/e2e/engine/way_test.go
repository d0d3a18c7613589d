package engine

import (
	"fmt"
	"testing"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/e2e/harness"
)

// screen is the size of a window, in CSS pixels.
type screen struct{ width, height int }

// screens are a phone's size and a desk's.
var screens = []screen{{390, 844}, {1280, 800}}

// A reader goes from the article to the donation page, to PayPal and to the thanks, and Back after it, in each engine.
// Nobody pays twice.
func TestTheMainWay(t *testing.T) {
	t.Parallel()
	programs(t)
	n := harness.StartDemo(t, t.TempDir(), 3, "DATABASE_URL", dbtest.NewEmptyURL(t))
	t.Run("engines", func(t *testing.T) {
		for _, e := range engines() {
			for _, s := range screens {
				t.Run(fmt.Sprintf("%s, %d wide", e.name, s.width), func(t *testing.T) {
					b := newTab(t, e.start(t, s.width, s.height), fmt.Sprintf("%s-%d", e.name, s.width))
					way(b, n)
				})
			}
		}
	})
	if !t.Failed() {
		sideBySide(t, "[0-9]-*.png", screens...)
	}
}

func way(b *tab, n *harness.Demo) {
	b.t.Helper()
	before := captures(b.t, n)
	b.open(n.BaseURL + "/article")
	b.await("form[data-give] .rf-button")
	b.keep("1-article")
	b.eval(nil, `document.querySelector("form[data-give]").scrollIntoView()`)
	b.keep("2-appeal")
	b.click(`a[href*="/support/"]`)
	b.await("#amount")
	b.keep("3-donate")
	b.fill("#amount", "7.50")
	b.click("#give button[data-busy]")
	b.expect("not PayPal", "7.50")
	b.keep("4-paypal")
	b.click("button[value=approve]")
	b.await("#outcome[data-outcome=received]")
	b.expect("7.50")
	b.keep("5-thanks")
	b.back("7.50")
	b.keep("6-back")
	if now := captures(b.t, n); now != before+1 {
		b.t.Errorf("%d payments, want one", now-before)
	}
}

// captures is how many payments PayPal took.
func captures(t *testing.T, n *harness.Demo) (count int) {
	t.Helper()
	all, err := n.PayPal.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Kind == "capture" {
			count++
		}
	}
	return count
}
