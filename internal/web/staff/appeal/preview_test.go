package appeal

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/web/staff/screen"
)

// What keeps a described reader from seeing a campaign is said; rules about what only the article knows are left aside.
func TestThePreviewKnowsItsReader(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := &Preview{Layout: screen.Layout{Zone: time.UTC, Now: func() time.Time { return now }}}
	k := campaign.Campaign{Slug: "winter", State: campaign.Draft, StartsAt: now.AddDate(0, 1, 0),
		Content: campaign.Content{
			Language: "en", Texts: map[string]campaign.Texts{"en": {}}, Rules: []campaign.Rule{
				{Kind: campaign.RuleSection, Values: []string{"politics"}}, {Kind: campaign.RuleArticles, Least: 3},
			},
		}}
	for reader, says := range map[string]string{
		"": "", "returning": "", "new": "After 3 articles or more in 30 days", "gave": "1 day ago", "said": "1 day ago",
		"closed": "1 day ago", "later": "1 day ago", "optout": "The reader has said so",
	} {
		got := s.why(i18n.Localizer{}, k, wanted{Reader: reader, Lang: "en", Format: "inline", Width: "390"})
		if says == "" && got != "" || !strings.Contains(got, says) {
			t.Errorf("%q: %q", reader, got)
		}
	}
}
