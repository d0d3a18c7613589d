package engine

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"readerfund/internal/testkit"
)

// elementKey names an element in WebDriver's JSON (section 12 of the standard).
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

// tab is one browser's only tab.
type tab struct {
	t    *testing.T
	wire wire
	dir  string // where its screenshots go
}

// newTab is the tab of a browser; its screenshots are kept in artifacts/engines/{dir}.
func newTab(t *testing.T, w wire, dir string) *tab {
	t.Helper()
	return &tab{t: t, wire: w, dir: testkit.Root(t, "artifacts", "engines", dir)}
}

func (b *tab) call(c command, params map[string]any) json.RawMessage {
	b.t.Helper()
	answer, err := b.try(c, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer
}

func (b *tab) try(c command, params map[string]any) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	return b.wire.call(ctx, c, params)
}

func (b *tab) open(address string) {
	b.t.Helper()
	b.call(navigate, map[string]any{"url": address})
}

// eval runs a function's body in the page, and reads what it returns.
func (b *tab) eval(into any, body string, args ...any) {
	b.t.Helper()
	if args == nil {
		args = []any{}
	}
	answer := b.call(script, map[string]any{"script": body, "args": args})
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer, into); err != nil {
		b.t.Fatalf("%s: %v", answer, err)
	}
}

// expect waits until the page shows all of these texts.
func (b *tab) expect(texts ...string) {
	b.t.Helper()
	b.until(strings.Join(texts, "; "), `return document.readyState === "complete" &&
		[...arguments].every((text) => document.body.innerText.replace(/\s+/g, " ").includes(text))`, texts)
}

// await waits until the page has an element.
func (b *tab) await(selector string) {
	b.t.Helper()
	b.until(selector, `return document.readyState === "complete" && document.querySelector(arguments[0]) !== null`,
		[]string{selector})
}

// until waits until a function's body returns true.
func (b *tab) until(what, body string, args []string) {
	b.t.Helper()
	all := make([]any, len(args))
	for n, a := range args {
		all[n] = a
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		answer, err := b.try(script, map[string]any{"script": body, "args": all}) // fails while a page goes
		if err == nil && string(answer) == "true" {
			return
		}
		if time.Now().After(deadline) {
			shown, _ := b.try(script, map[string]any{
				"script": "return location.href + '\\n' + document.body.innerText", "args": []any{},
			})
			b.t.Fatalf("%s: not shown, but\n%s\n%v", what, shown, err)
		}
	}
}

// back goes back, to a page that shows some text. What WebKit shows is in the picture alone: its driver answers no more
// once Back has led to another process, and its screenshot was what hung first.
func (b *tab) back(text string) {
	b.t.Helper()
	b.eval(nil, `setTimeout(() => history.back())`)
	if w, is := b.wire.(*onDisplay); is {
		w.silent = true
		time.Sleep(2 * time.Second) // for the page to go
		return
	}
	b.expect(text)
}

func (b *tab) element(selector string) string {
	b.t.Helper()
	var found map[string]string
	answer := b.call(find, map[string]any{"using": "css selector", "value": selector})
	if err := json.Unmarshal(answer, &found); err != nil {
		b.t.Fatalf("%s: %v", answer, err)
	}
	return found[elementKey]
}

// click clicks where a person would: the driver refuses what is covered or not in sight.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.handle(selector, click, nil)
}

func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.handle(selector, empty, nil)
	b.handle(selector, keys, map[string]any{"text": text, "value": strings.Split(text, "")})
}

// handle does something with an element as soon as the driver lets it: the page may still be scrolling.
func (b *tab) handle(selector string, c command, params map[string]any) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		b.eval(nil, `document.querySelector(arguments[0])?.scrollIntoView({block: "center", behavior: "instant"})`, selector)
		all := map[string]any{"id": b.element(selector)}
		maps.Copy(all, params)
		_, err := b.try(c, all)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s: %v", selector, err)
		}
	}
}

// within does something in a frame, which a function's body returns.
func (b *tab) within(body string, do func()) {
	b.t.Helper()
	var found map[string]string
	b.eval(&found, body)
	b.call(frame, map[string]any{"id": found})
	do()
	b.call(frame, map[string]any{"id": nil})
}

// keep keeps a picture of what is in sight.
func (b *tab) keep(name string) {
	b.t.Helper()
	var text string
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		answer, err := b.try(screenshot, nil) // none is taken while a page goes from one process to another
		if err == nil {
			err = json.Unmarshal(answer, &text)
		}
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			b.t.Fatal(err)
		}
	}
	picture, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
