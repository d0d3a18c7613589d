package campaign

import "slices"

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

// RuleKinds lists the kinds of rules in the order in which the form offers them.
func RuleKinds() []RuleKind {
	return []RuleKind{
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
}

// FindRuleKind is the kind of that name, and whether there is one.
func FindRuleKind(name string) (RuleKind, bool) {
	all := RuleKinds()
	if i := slices.IndexFunc(all, func(k RuleKind) bool { return k.Kind == name }); i >= 0 {
		return all[i], true
	}
	return RuleKind{}, false
}
