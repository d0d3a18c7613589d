// Package locales carries every sentence that people read: a folder for each language, in it a file for each subject.
// A file named money.toml holds the sentences whose keys begin with "money.", in the message format of go-i18n.
// internal/i18n says them. Nothing but English is there yet: a language more is a folder more.
package locales

import "embed"

// Files is the whole tree.
//
//go:embed */*.toml
var Files embed.FS
