// Package locales carries every sentence that people read. A folder for each language holds what readers see, a file
// for each subject: money.toml has the sentences whose keys begin with "money.", in the message format of go-i18n. The
// folder staff holds what only staff and operators see, in English. internal/i18n says them.
//
// A further language is a further folder: docs/translating.md.
package locales

import "embed"

// Files is the whole tree.
//
//go:embed */*.toml
var Files embed.FS

// Staff is the folder of the sentences that are in English for everybody, and no part of a translation.
const Staff = "staff"
