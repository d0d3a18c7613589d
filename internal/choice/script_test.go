package choice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"readerfund/internal/testkit"
)

// inJavaScript calls functions of choose.js in Node, each as [name, arguments …], and reads what they give into got.
func inJavaScript(t *testing.T, calls [][]any, got any) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if testkit.Full() {
			t.Fatal("there is no Node to run choose.js")
		}
		t.Skip("left out: there is no Node to run choose.js")
	}
	script, err := os.ReadFile(testkit.Root(t, "templates", "static", "choose.js"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "choose.mjs") // as .js, Node would not take it for a module
	if err := os.WriteFile(file, script, 0o600); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(map[string]any{"file": file, "calls": calls})
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), node, "testdata/run.mjs")
	run.Stdin = bytes.NewReader(input)
	run.Stderr = t.Output()
	out, err := run.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestTheBrowserAssignsTheSame(t *testing.T) {
	t.Parallel()
	var calls [][]any
	var want, got []string
	for n := range 2000 {
		reader, slug := fmt.Sprintf("%032x", n*7919), []string{"spring", "support", "a-b-c"}[n%3]
		split := variants([]int{n % 7, 3, n % 11, 1000, 1}[:n%6]...)
		want = append(want, Assign(reader, slug, split, n%40))
		calls = append(calls, []any{"assign", reader, slug, split, n % 40})
	}
	inJavaScript(t, calls, &got)
	for n := range want {
		if got[n] != want[n] {
			t.Fatalf("%v: %q in the browser, %q here", calls[n], got[n], want[n])
		}
	}
}
