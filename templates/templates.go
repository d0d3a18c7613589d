// Package templates carries every view of the program: the layout, its partials, one file for each page, the call to
// action, and the static files. It knows nothing of what is shown; internal/web and internal/mail parse and
// render them.
package templates

import "embed"

// Files is the whole tree. An operator's own copy (TEMPLATES_DIR) lies over it, file by file.
//
//go:embed *
var Files embed.FS
