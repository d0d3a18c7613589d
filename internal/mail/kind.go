package mail

import (
	"maps"
	"reflect"
	"slices"
)

// Kind is what a mail tells. Its templates are templates/mail/KIND.txt, which also has the subject, and KIND.html, with
// underscores as in the kind's name.
type Kind string

// The kinds.
const (
	ManageLink Kind = "manage_link" // the way to a reader's own page, which they asked for
)

// kind is what belongs to a Kind.
type kind struct {
	args   reflect.Type // what the templates are given as .Args
	secret bool         // args opens something, so they go as soon as the mail does
}

// kinds are every mail there is.
var kinds = map[Kind]kind{
	ManageLink: {args: reflect.TypeFor[ManageLinkArgs](), secret: true},
}

// Kinds lists every kind, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }

// ManageLinkArgs are for ManageLink. The link is a secret while it is good, and short-lived; so the mail's NotAfter is
// its end.
type ManageLinkArgs struct {
	URL     string `json:"url"`
	Minutes int    `json:"minutes"` // how long the link is good
}
