package text

import "strings"

// Spellings are the ways in which what was typed may be kept: as it is, in capitals, and as a receipt number with its
// dash, where O, I and L stand for the digits they look like (its alphabet, Crockford's base 32, has no such letters).
func Spellings(typed string) []string {
	capitals := strings.ToUpper(typed)
	all := []string{typed, capitals}
	letters := strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(capitals)
	if len(letters) == 8 {
		all = append(all, letters[:4]+"-"+letters[4:])
	}
	return all
}
