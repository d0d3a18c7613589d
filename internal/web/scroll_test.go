package web

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"readerfund/templates"
)

var (
	wideTable = regexp.MustCompile(`(?s)(<div [^>]*>)?<table[^>]*>`)
	byHeading = regexp.MustCompile(`aria-labelledby="([^"]+)"`)
)

// Each table of a page scrolls by itself where it is wider than the screen: by keyboard, too, under the name of its
// heading. Those that become cards on a small screen, and the overview's short sums, are never wider.
func TestTablesScrollByKeyboard(t *testing.T) {
	t.Parallel()
	found := 0
	err := fs.WalkDir(templates.Files, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".html") || strings.HasPrefix(name, "mail/") {
			return err
		}
		page, err := fs.ReadFile(templates.Files, name)
		if err != nil {
			return err
		}
		for _, m := range wideTable.FindAllStringSubmatch(string(page), -1) {
			table, box := m[0][len(m[1]):], m[1]
			if strings.Contains(table, "cards") || strings.Contains(table, `"sums"`) {
				continue
			}
			found++
			label := byHeading.FindStringSubmatch(box)
			switch {
			case !strings.Contains(box, `class="scroll"`) || !strings.Contains(box, `role="region"`) ||
				!strings.Contains(box, `tabindex="0"`) || label == nil:
				t.Errorf("%s: a table that the keyboard does not reach: %s%s", name, box, table)
			case !strings.Contains(label[1], "{{") && !strings.Contains(string(page), `id="`+label[1]+`"`):
				t.Errorf("%s: no heading %s", name, label[1])
			}
		}
		return nil
	})
	if err != nil || found < 8 {
		t.Errorf("%d tables, %v", found, err)
	}
}
