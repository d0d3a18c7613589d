package form

import (
	"net/url"
	"slices"
	"testing"
)

// Of what two people changed, each in their own field, both stay; in the same field or list, mine stays and is named.
func TestWhatTwoPeopleWroteIsMerged(t *testing.T) {
	t.Parallel()
	base := url.Values{"name": {"a"}, "slug": {"s"}, "lang": {"en"}, "texts.en.why": {"one\ntwo"},
		"rules.0.kind":   {"section"},
		"rules.0.values": {"x"}, "goal.kind": {"amount"}, "goal.minor": {"5"}, "fund_drive": {"yes"}, "holdout": {"5"}}
	other := url.Values{"name": {"theirs"}, "slug": {"s"}, "lang": {"en", "de"}, "texts.de.heading": {"H"},
		"texts.en.why": {"one\ntwo"}, "rules.0.kind": {"section"}, "rules.0.values": {"y"}, "goal.kind": {"amount"},
		"goal.minor": {"7"}, "holdout": {"9"}}
	mine := url.Values{"name": {"mine"}, "slug": {"s"}, "lang": {"en"}, "texts.en.why": {"one\r\ntwo "},
		"texts.en.ask": {"new"},
		"rules.0.kind": {"section"}, "rules.0.values": {"x"}, "rules.1.kind": {"tag"}, "goal.kind": {"amount"},
		"goal.minor": {"5"}, "fund_drive": {"yes"}, "holdout": {"9"}, "version": {"1"}, "do": {"save"}, "preview_lang": {"en"}}
	merged, both := Merge(base, other, mine)
	if !slices.Equal(both, []string{"name", "rules"}) {
		t.Errorf("both changed %v", both)
	}
	for name, want := range map[string][]string{
		"name": {"mine"}, "lang": {"en", "de"}, "texts.de.heading": {"H"}, "texts.en.ask": {"new"}, "rules.0.values": {"x"},
		"rules.1.kind": {"tag"}, "goal.minor": {"7"}, "fund_drive": nil, "holdout": {"9"}, "version": {"1"},
	} {
		if !slices.Equal(merged[name], want) {
			t.Errorf("%s is %q, want %q", name, merged[name], want)
		}
	}
}
