package mail

import (
	"maps"
	"reflect"
	"slices"

	"readerfund/internal/money"
)

// Kind is what a mail tells. Its templates are templates/mail/KIND.txt, which also has the subject, and KIND.html, with
// underscores as in the kind's name.
type Kind string

// The kinds.
const (
	ManageLink Kind = "manage_link" // the way to a reader's own page, which they asked for
	Receipt    Kind = "receipt"     // the number and the text of a receipt, or of a notice that changes one
)

// kind is what belongs to a Kind.
type kind struct {
	args   reflect.Type // what the templates are given as .Args
	secret bool         // args opens something, so they go as soon as the mail does
}

// kinds are every mail there is.
var kinds = map[Kind]kind{
	ManageLink: {args: reflect.TypeFor[ManageLinkArgs](), secret: true},
	Receipt:    {args: reflect.TypeFor[ReceiptArgs]()},
}

// Kinds lists every kind, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }

// ManageLinkArgs are for ManageLink. The link is a secret while it is good, and short-lived; so the mail's NotAfter is
// its end.
type ManageLinkArgs struct {
	URL     string `json:"url"`
	Minutes int    `json:"minutes"` // how long the link is good
}

// ReceiptArgs are for Receipt: the document in words, as its own page has them.
type ReceiptArgs struct {
	Kind       string       `json:"kind"` // receipt, correction or cancellation
	Serial     string       `json:"serial"`
	Amount     money.Amount `json:"amount"`    // of a notice: what went back
	Frequency  string       `json:"frequency"` // once, month or year
	Title      string       `json:"title"`
	Facts      []Fact       `json:"facts"`
	Paragraphs [][]string   `json:"paragraphs"` // of lines
	URL        string       `json:"url"`        // where the document is, to print and as PDF
}

// Fact is a line of what a document states.
type Fact struct {
	Label string `json:"label"`
	Value string `json:"value"`
}
