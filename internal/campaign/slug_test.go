package campaign_test

import (
	"strings"
	"testing"

	"readerfund/internal/campaign"
)

func TestASlugIsMadeOfTheName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Winter drive":                 "winter-drive",
		"  Für den Winter (2026!) ":    "fur-den-winter-2026",
		"The reader’s court fund":      "the-readers-court-fund",
		"Élan – été":                   "elan-ete",
		"Зима 2026":                    "2026",
		"Зима":                         "",
		"":                             "",
		strings.Repeat("long ", 20):    "long-long-long-long-long-long-long-long-long-long-long-long-lon",
		strings.Repeat("a", 62) + "-b": strings.Repeat("a", 62),
	} {
		if got := campaign.SlugOf(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
