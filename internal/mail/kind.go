package mail

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"readerfund/internal/money"
)

// Kind is what a mail is about. Its templates are templates/mail/KIND.txt, which also has the subject, and KIND.html,
// with underscores as in the kind's name.
type Kind string

// The kinds.
const (
	ManageLink Kind = "manage_link" // the way to a reader's own page, which they asked for
	Receipt    Kind = "receipt"     // the number and the text of a receipt, or of a notice that changes one
	Statement  Kind = "statement"   // where the statement of a year is

	// A reader's monthly or yearly gift, and its changes.
	Welcome         Kind = "welcome"
	Changed         Kind = "changed"
	Paused          Kind = "paused"
	Resumed         Kind = "resumed"
	Stopped         Kind = "stopped"
	PaymentFailed   Kind = "payment_failed"
	ChargedAfterEnd Kind = "charged_after_end"
	YearlyNotice    Kind = "yearly_notice" // the year's charge is coming
)

// kind is the configuration of a Kind.
type kind struct {
	args   reflect.Type // what the templates are given as .Args
	secret bool         // args contains a secret link, so args is deleted as soon as the mail is sent
	prompt bool         // a person has just done something and waits for the mail: it goes before all others
}

// kinds are every mail there is.
var kinds = map[Kind]kind{
	ManageLink: {args: reflect.TypeFor[ManageLinkArgs](), secret: true, prompt: true},
	Receipt:    {args: reflect.TypeFor[ReceiptArgs]()},
	Statement:  {args: reflect.TypeFor[StatementArgs]()},

	Welcome:         {args: reflect.TypeFor[GiftArgs](), prompt: true},
	Changed:         {args: reflect.TypeFor[GiftArgs](), prompt: true},
	Paused:          {args: reflect.TypeFor[GiftArgs](), prompt: true},
	Resumed:         {args: reflect.TypeFor[GiftArgs](), prompt: true},
	Stopped:         {args: reflect.TypeFor[GiftArgs](), prompt: true},
	PaymentFailed:   {args: reflect.TypeFor[GiftArgs]()},
	ChargedAfterEnd: {args: reflect.TypeFor[GiftArgs]()},
	YearlyNotice:    {args: reflect.TypeFor[GiftArgs]()},
}

// Kinds lists every kind, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }

// promptKinds lists the prompt kinds for SQL, sorted, as the index mail_prompt has them.
func promptKinds() string {
	var all []string
	for _, k := range Kinds() {
		if kinds[k].prompt {
			all = append(all, "'"+string(k)+"'")
		}
	}
	return strings.Join(all, ", ")
}

// ManageLinkArgs are for ManageLink. The link is a secret for as long as it is valid, which is short; so the mail's
// NotAfter is when the link expires.
type ManageLinkArgs struct {
	URL     string `json:"url"`
	Minutes int    `json:"minutes"` // how long the link is valid
}

// ReceiptArgs are for Receipt: the document in words, as its own page has them.
type ReceiptArgs struct {
	Kind       string       `json:"kind"` // receipt, correction or cancellation
	Serial     string       `json:"serial"`
	Amount     money.Amount `json:"amount"`    // of a notice: what went back
	Frequency  string       `json:"frequency"` // once, month or year
	Lang       string       `json:"lang"`      // of what follows: the form's, not the reader's; empty is English
	Title      string       `json:"title"`
	Facts      []Fact       `json:"facts"`
	Paragraphs [][]string   `json:"paragraphs"` // of lines
	URL        string       `json:"url"`        // where the document is, to print and as PDF
	Manage     string       `json:"manage"`     // where the gift can be stopped; empty for a one-time gift
}

// Fact is a line of what a document states.
type Fact struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// StatementArgs are for Statement.
type StatementArgs struct {
	Year int    `json:"year"`
	URL  string `json:"url"` // opens the statement, and nothing else
}

// GiftArgs are for the mails about a monthly or yearly gift. Times that do not apply are zero.
type GiftArgs struct {
	Reference string       `json:"reference"` // the gift's number, to quote
	Amount    money.Amount `json:"amount"`    // of each charge; of ChargedAfterEnd, of that one
	Frequency string       `json:"frequency"` // month or year
	First     time.Time    `json:"first"`     // the first charge, while it is still to come; of Stopped: never made
	Next      time.Time    `json:"next"`      // PayPal's next charge
	Manage    string       `json:"manage"`    // the page of this one gift, on which it is stopped
	Scheduled bool         `json:"scheduled"` // nothing was charged yet; until then, that page offers only to stop it

	Before          money.Amount `json:"before"` // of Changed: the terms until now
	FrequencyBefore string       `json:"frequency_before"`
	MissesNext      bool         `json:"misses_next"` // of Changed: PayPal may still take the old amount at Next
	Until           time.Time    `json:"until"`       // of Paused: when it resumes by itself
	Disputed        bool         `json:"disputed"`    // of Paused: while a dispute about a payment is open
	By              string       `json:"by"`          // of Stopped: reader, staff, system or paypal; or empty
	Retry           time.Time    `json:"retry"`       // of PaymentFailed: when PayPal tries again
	Suspended       bool         `json:"suspended"`   // of PaymentFailed: PayPal will not try again
	At              time.Time    `json:"at"`          // of ChargedAfterEnd: when the money was taken,
	Ended           time.Time    `json:"ended"`       // and when the subscription had ended
}
