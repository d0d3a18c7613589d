package campaign

import "slices"

// The formats an appeal is shown in.
const (
	FormatInline = "inline" // at the end of an article: words, amounts and a button
	FormatBanner = "banner" // the same, over the page, with a way to close it
	FormatButton = "button"
	FormatGoal   = "goal" // the goal's bar
	FormatForm   = "form" // the whole donation form, in a frame
)

// Formats lists the formats.
func Formats() []string {
	return []string{FormatInline, FormatBanner, FormatButton, FormatGoal, FormatForm}
}

// IsFormat reports whether there is a format of that name.
func IsFormat(name string) bool { return slices.Contains(Formats(), name) }

// longestVariantName is the longest name of a variant, in characters.
const longestVariantName = 32

// IsVariantName reports whether a variant can have that name: 1 to 32 of a to z, 0 to 9 and the hyphen.
func IsVariantName(name string) bool {
	if name == "" || len(name) > longestVariantName {
		return false
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}
