package campaign

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/fault"
)

func TestRulesThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		rule       Rule
		field, key string
	}{
		"no kind":       {Rule{}, "kind", "choice.kind_unknown"},
		"invented kind": {Rule{Kind: "moon", Values: []string{"full"}}, "kind", "choice.kind_unknown"},
		"no section":    {Rule{Kind: RuleSection}, "values", "choice.values_missing"},
		"blank section": {Rule{Kind: RuleSection, Values: []string{"a", " "}}, "values", "choice.values_missing"},
		"too many tags": {Rule{Kind: RuleTag, Values: make([]string, 51)}, "values", "choice.values_many"},
		"long author": {Rule{Kind: RuleAuthor, Values: []string{strings.Repeat("é", 201)}}, "values",
			"choice.value_long"},
		"unknown device": {Rule{Kind: RuleDevice, Values: []string{"fridge"}}, "values", "choice.value_unknown"},
		"no language":    {Rule{Kind: RuleLanguage, Values: []string{"english!"}}, "values", "choice.language_unknown"},
		"script as address": {Rule{Kind: RuleAddress, Values: []string{"javascript:alert(1)"}}, "values",
			"choice.address_wrong"},
		"no numbers":          {Rule{Kind: RuleArticles}, "least", "choice.articles_missing"},
		"negative":            {Rule{Kind: RuleArticles, Least: -1}, "least", "choice.articles_bounds"},
		"too large":           {Rule{Kind: RuleArticles, Most: 1001}, "most", "choice.articles_bounds"},
		"numbers reversed":    {Rule{Kind: RuleArticles, Least: 5, Most: 4}, "most", "choice.articles_reversed"},
		"no dates":            {Rule{Kind: RuleDates}, "from", "choice.dates_missing"},
		"dates reversed":      {Rule{Kind: RuleDates, From: day, Until: day}, "until", "choice.dates_reversed"},
		"a section":           {rule: Rule{Kind: RuleSection, Values: []string{"politics"}}},
		"a path":              {rule: Rule{Kind: RuleAddress, Values: []string{"/politics/"}}},
		"a region's language": {rule: Rule{Kind: RuleLanguage, Values: []string{"pt-BR"}}},
		"from on":             {rule: Rule{Kind: RuleDates, From: day}},
		"up to three":         {rule: Rule{Kind: RuleArticles, Most: 3}},
		"may have given":      {rule: Rule{Kind: RuleGiven, Values: []string{"no", "unknown"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := CheckRule(c.rule)
			if c.key == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if all := fault.All(err); len(all) != 1 || all[0].Field != c.field || all[0].Message.Key != c.key {
				t.Errorf("%+v, want %s at %s", err, c.key, c.field)
			}
		})
	}
}
