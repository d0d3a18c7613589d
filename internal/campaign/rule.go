package campaign

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"readerfund/internal/fault"
	"readerfund/internal/text"
)

// The kinds of rules. Those about the article are decided by the service; those about the reader are decided in the
// reader's browser, where what is known about the reader stays.
const (
	RuleDates    = "dates"    // from From until Until; either may be missing
	RuleLanguage = "language" // the page's language is one of Values; "pt" covers "pt-BR"
	RuleSection  = "section"  // the article's section is one of Values
	RuleTag      = "tag"      // the article has one of Values as a tag
	RuleAuthor   = "author"   // one of the article's authors is one of Values
	RuleAddress  = "address"  // the article's address begins with one of Values

	RuleArticles = "articles" // articles read in 30 days, this one included: Least to Most; 0 is no bound
	RuleDevice   = "device"   // by the width of the window
	RuleReader   = "reader"   // "new" on the first day that the browser is known, "returning" from the next
	RuleGiven    = "given"    // whether the reader has given: "yes", "no" or "unknown"
)

// RuleKind says which fields of a Rule count for a kind.
type RuleKind struct {
	Kind    string
	Values  bool     // Values counts
	Allowed []string // what Values may hold; nil is any text
	Numbers bool     // Least and Most count
	Dates   bool     // From and Until count
	Reader  bool     // it is about the reader
}

// ruleKinds is in the order in which the form offers them.
var ruleKinds = []RuleKind{
	{Kind: RuleSection, Values: true},
	{Kind: RuleTag, Values: true},
	{Kind: RuleAuthor, Values: true},
	{Kind: RuleAddress, Values: true},
	{Kind: RuleLanguage, Values: true},
	{Kind: RuleDates, Dates: true},
	{Kind: RuleArticles, Numbers: true, Reader: true},
	{Kind: RuleDevice, Values: true, Allowed: []string{"phone", "tablet", "computer"}, Reader: true},
	{Kind: RuleReader, Values: true, Allowed: []string{"new", "returning"}, Reader: true},
	{Kind: RuleGiven, Values: true, Allowed: []string{"yes", "no", "unknown"}, Reader: true},
}

// RuleKinds lists the kinds of rules in the order in which the form offers them.
func RuleKinds() []RuleKind { return slices.Clone(ruleKinds) }

// FindRuleKind is the kind of that name, and whether there is one.
func FindRuleKind(name string) (RuleKind, bool) {
	if i := slices.IndexFunc(ruleKinds, func(k RuleKind) bool { return k.Kind == name }); i >= 0 {
		return ruleKinds[i], true
	}
	return RuleKind{}, false
}

// The bounds of one rule.
const (
	mostRuleValues   = 50
	longestRuleValue = 200 // characters
	mostArticles     = 1000
)

// CheckRule checks one rule as staff wrote it. Each fault names the field that is wrong: "kind", "values", "least",
// "most", "from" or "until".
func CheckRule(r Rule) error {
	kind, there := FindRuleKind(r.Kind)
	if !there {
		return fault.Input("kind", "choice.kind_unknown")
	}
	switch {
	case kind.Values:
		return checkRuleValues(kind, r.Values)
	case kind.Numbers:
		return checkRuleNumbers(r.Least, r.Most)
	default:
		return checkRuleDates(r)
	}
}

func checkRuleValues(kind RuleKind, values []string) error {
	if len(values) == 0 {
		return fault.Input("values", "choice.values_missing")
	}
	if len(values) > mostRuleValues {
		return fault.Input("values", "choice.values_many", fault.Args{"most": mostRuleValues})
	}
	for _, value := range values {
		args := fault.Args{"value": text.Line(value)}
		_, notLanguage := language.Parse(value)
		switch {
		case strings.TrimSpace(value) == "":
			return fault.Input("values", "choice.values_missing")
		case utf8.RuneCountInString(value) > longestRuleValue:
			return fault.Input("values", "choice.value_long", fault.Args{"most": longestRuleValue})
		case kind.Allowed != nil && !slices.Contains(kind.Allowed, value):
			args["allowed"] = strings.Join(kind.Allowed, ", ")
			return fault.Input("values", "choice.value_unknown", args)
		case kind.Kind == RuleLanguage && notLanguage != nil:
			return fault.Input("values", "choice.language_unknown", args)
		case kind.Kind == RuleAddress && !isAddressBeginning(value):
			return fault.Input("values", "choice.address_wrong", args)
		}
	}
	return nil
}

// isAddressBeginning reports whether addresses or paths can begin with it.
func isAddressBeginning(value string) bool {
	lower := strings.ToLower(strings.TrimSpace(value))
	return strings.HasPrefix(lower, "/") || strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "http://")
}

func checkRuleNumbers(least, most int) error {
	switch {
	case least < 0 || least > mostArticles:
		return fault.Input("least", "choice.articles_bounds", fault.Args{"most": mostArticles})
	case most < 0 || most > mostArticles:
		return fault.Input("most", "choice.articles_bounds", fault.Args{"most": mostArticles})
	case least == 0 && most == 0:
		return fault.Input("least", "choice.articles_missing")
	case most != 0 && most < least:
		return fault.Input("most", "choice.articles_reversed")
	}
	return nil
}

func checkRuleDates(r Rule) error {
	switch {
	case r.From.IsZero() && r.Until.IsZero():
		return fault.Input("from", "choice.dates_missing")
	case !r.Until.IsZero() && !r.Until.After(r.From):
		return fault.Input("until", "choice.dates_reversed")
	}
	return nil
}
