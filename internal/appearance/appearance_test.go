package appearance_test

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/appearance"
	"readerfund/internal/campaign"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/testkit"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func newStore(t *testing.T) *appearance.Store {
	t.Helper()
	return appearance.New(dbtest.New(t), func() time.Time { return noon }, slog.New(slog.NewTextHandler(t.Output(), nil)))
}

var editor = appearance.Actor{Name: "editor@example.org"}

func TestAColourThatCannotBeReadIsRefusedAndTheNearestNamed(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for name, c := range map[string]struct {
		accent, dark string
		field, key   string
		nearest      string // where it is named
	}{
		"yellow on white":       {"#ffcc00", "", "accent", "appearance.not_legible", "#966500"},
		"grey on white":         {"#8a8a8a", "", "accent", "appearance.not_legible", "#6e6e6e"},
		"navy in the dark":      {"#003366", "#003366", "accent_dark", "appearance.not_legible", "#5b8bc5"},
		"no colour":             {"red; } body { display: none", "", "accent", "appearance.not_a_colour", ""},
		"no colour either":      {"url(//elsewhere.example)", "", "accent", "appearance.not_a_colour", ""},
		"no colour in the dark": {"#003366", "#12", "accent_dark", "appearance.not_a_colour", ""},
	} {
		err := s.Save(t.Context(), editor, 0, appearance.Content{Accent: c.accent, AccentDark: c.dark})
		all := fault.All(err)
		if len(all) != 1 || all[0].Field != c.field || all[0].Message.Key != c.key {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.nearest == "" {
			continue
		}
		nearest, _ := all[0].Message.Args["nearest"].(string)
		if nearest != c.nearest {
			t.Errorf("%s: the nearest is %s", name, nearest)
		}
		next := appearance.Content{Accent: nearest}
		if c.dark != "" {
			next = appearance.Content{Accent: c.accent, AccentDark: nearest}
		}
		if _, _, err := next.Palettes(); err != nil {
			t.Errorf("%s: the nearest is refused, too: %v", name, err)
		}
	}
}

func TestWhatIsSavedIsInTheStylesheetOfEveryProcess(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	now := func() time.Time { return noon }
	s, other := appearance.New(d, now, log), appearance.New(d, now, log)
	if s.Current().Stylesheet().Path != "" {
		t.Error("there is a stylesheet before anything was chosen")
	}
	logo := &campaign.Picture{Digest: strings.Repeat("a", 64), Width: 300, Height: 80}
	if err := s.Save(t.Context(), editor, 0, appearance.Content{Accent: "#005689", Logo: logo}); err != nil {
		t.Fatal(err)
	}
	if err := other.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n, store := range []*appearance.Store{s, other} {
		a := store.Current()
		css := string(a.Stylesheet().CSS) + string(a.AppealStylesheet().CSS)
		for _, want := range []string{
			":root{--accent:#005689;", "--fill:#005689;", "prefers-color-scheme:dark){:root{--accent:#",
			".rf-cta{--rf-accent:#005689;",
			"--rf-fill:light-dark(#005689,#256da2);",
		} {
			if !strings.Contains(css, want) {
				t.Errorf("process %d: no %s in\n%s", n, want, css)
			}
		}
		// Other sites' pages load it: their own --accent is theirs.
		if appeal := string(a.AppealStylesheet().CSS); strings.Contains(appeal, ":root") || strings.Contains(appeal, "{--accent") {
			t.Errorf("process %d: the appeal's stylesheet is about the page around it:\n%s", n, appeal)
		}
		if a.Version != 1 || a.ChangedBy != editor.Name || !a.ChangedAt.Equal(noon) || *a.Logo != *logo {
			t.Errorf("process %d: %+v", n, a)
		}
	}
	if s.Current().Stylesheet().Path != other.Current().Stylesheet().Path {
		t.Error("two processes name different addresses")
	}
}

func TestOfTwoWhoSaveAtOnceTheSecondIsTold(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	s := appearance.New(d, func() time.Time { return noon }, slog.New(slog.NewTextHandler(t.Output(), nil)))
	by := appearance.Actor{ID: uuid.Nil, Name: "a@example.org"}
	for version, accent := range []string{"#005689", "#c70000"} {
		if err := s.Save(t.Context(), by, int64(version), appearance.Content{Accent: accent}); err != nil {
			t.Fatal(err)
		}
		err := s.Save(t.Context(), by, int64(version), appearance.Content{Accent: "#111111"})
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("after version %d: %v", version, err)
		}
		if got := s.Current().Accent; got != accent {
			t.Errorf("after version %d: %s", version, got)
		}
	}
	if log := testkit.AuditLog(t, d); len(log) != 2 || !strings.HasPrefix(log[0], "a@example.org appearance.change 1 ") {
		t.Errorf("the audit log has %v", log)
	}
}

func TestTypefaces(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	fonts := map[string]appearance.Font{}
	for _, name := range []string{"plain", "variable"} {
		body := file(t, name)
		f, err := s.AddFont(t.Context(), "headings", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if f.Variable != (name == "variable") {
			t.Errorf("%s is variable: %v", name, f.Variable)
		}
		if kept, err := s.FontFile(t.Context(), f.Digest); err != nil || !bytes.Equal(kept, body) {
			t.Errorf("%s is not kept: %v", name, err)
		}
		fonts[name] = f
	}
	variable, plain := fonts["variable"], fonts["plain"]
	err := s.Save(t.Context(), editor, 0, appearance.Content{Headings: &variable, Text: &plain, Bold: &plain})
	if err != nil {
		t.Fatal(err)
	}
	css := string(s.Current().Stylesheet().CSS) + string(s.Current().AppealStylesheet().CSS)
	for _, want := range []string{
		`font-family:"readerfund-headings";src:url("` + variable.Path() + `") format("woff2");font-weight:100 900`,
		`font-weight:400`, `font-weight:700`, `--serif:"readerfund-headings",serif;`,
		`--rf-sans:"readerfund-text",system-ui,sans-serif;`,
	} {
		if !strings.Contains(css, want) {
			t.Errorf("no %s in\n%s", want, css)
		}
	}
	if strings.Contains(css, "--accent") {
		t.Errorf("colours that nobody chose are in\n%s", css)
	}
}

func TestWhatIsNoTypefaceIsRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	plain := file(t, "plain")
	longer := append(bytes.Clone(plain), "<script>alert(1)</script>"...)
	collection := bytes.Clone(plain)
	copy(collection[4:], "ttcf")
	for name, c := range map[string]struct {
		body []byte
		key  string
	}{
		"nothing":             {nil, "appearance.not_a_font"},
		"a program":           {[]byte("MZ\x90\x00"), "appearance.not_a_font"},
		"TrueType":            {append([]byte{0, 1, 0, 0}, make([]byte, 100)...), "appearance.not_a_font"},
		"only a beginning":    {plain[:60], "appearance.not_a_font"},
		"something behind it": {longer, "appearance.not_a_font"},
		"a collection":        {collection, "appearance.not_a_font"},
		"large":               {append(plain, make([]byte, appearance.MaxFont)...), "appearance.font_too_large"},
	} {
		_, err := s.AddFont(t.Context(), "text", bytes.NewReader(c.body))
		if all := fault.All(err); len(all) != 1 || all[0].Field != "text" || all[0].Message.Key != c.key {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.FontFile(t.Context(), strings.Repeat("0", 64)); !fault.Is(err, fault.NotFound) {
		t.Errorf("another typeface: %v", err)
	}
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/" + name + ".woff2")
	if err != nil {
		t.Fatal(err)
	}
	return body
}
