package reconcile

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/settle"
)

// Kind is how PayPal's record and ours differ.
type Kind string

// The kinds.
const (
	MissingHere  Kind = "missing_here"  // PayPal has it, and we lack it
	MissingThere Kind = "missing_there" // we have it, and PayPal does not know it
	WrongAmount  Kind = "amount"
	WrongFee     Kind = "fee"
	WrongStatus  Kind = "status"
	WrongMoney   Kind = "currency"
	UnknownPayer Kind = "unknown_payer" // money that came without us
)

// Kinds lists the kinds in the order in which they are reported.
func Kinds() []Kind {
	return []Kind{MissingHere, MissingThere, WrongAmount, WrongFee, WrongStatus, WrongMoney, UnknownPayer}
}

// Difference is one thing in which PayPal's record and ours differ. Ours and Theirs are texts for people, empty if
// that side has nothing.
type Difference struct {
	ID           int64 // 0 in a dry run, which keeps none
	Kind         Kind
	Ref          string    // PayPal's id of it
	Code         string    // PayPal's event code
	Contribution uuid.UUID // uuid.Nil when it belongs to none
	Receipt      string    // that contribution's
	Parent       string    // the payment that a refund or a hold belongs to
	Ours, Theirs string
	At           time.Time // UTC; when the money moved
	Advice       string    // what a person can do
	Note         string    // why it could not be fixed
	Mendable     bool      // of a dry run: a run would fix it

	detail *detail
	state  string // open, or set_aside if its payment was
}

// pair is one movement at PayPal with our record of it, as the comparison's SQL returns it. The fields of a missing
// side are nil.
type pair struct {
	Ref        string    `db:"ref"`
	Code       string    `db:"code"`
	At         time.Time `db:"at"`
	Status     string    `db:"status"`
	Currency   string    `db:"currency"`
	Amount     int64     `db:"amount_minor"`
	Fee        int64     `db:"fee_minor"`
	Unreadable string    `db:"unreadable"`
	Reference  string    `db:"reference_id"`
	RefType    string    `db:"reference_type"`
	Detail     []byte    `db:"detail"`

	OurStatus   *string       `db:"our_status"`
	OurAmount   *int64        `db:"our_amount"` // of the payment or refund, positive
	OurCurrency *string       `db:"our_currency"`
	Booked      *int64        `db:"booked"` // in the ledger, with PayPal's sign
	BookedFee   *int64        `db:"booked_fee"`
	Owner       uuid.NullUUID `db:"owner"` // the contribution it belongs to, by anything in PayPal's row
	Receipt     *string       `db:"receipt"`
	Direct      bool          `db:"direct"`       // its payment was adopted
	ParentState *string       `db:"parent_state"` // of the difference about its payment
	MarkID      *string       `db:"mark_id"`      // our contribution's id as its payment carries it
	MarkReceipt *string       `db:"mark_receipt"` // and the receipt number
}

// subscriptionReference is the type of a reference to a subscription (Transaction Search v1,
// paypal_reference_id_type).
const subscriptionReference = "SUB"

// base is a difference without its kind.
func (p pair) base() Difference {
	d := Difference{
		Ref: p.Ref, Code: p.Code, Contribution: p.Owner.UUID, Receipt: deref(p.Receipt), At: p.At.UTC(), Ours: p.ours(),
		Theirs: p.theirs(), state: "open",
	}
	if classOf(p.Code) == back {
		d.Parent = p.Reference
	}
	return d
}

// differences lists the differences between the two sides.
func (p pair) differences() []Difference {
	base := p.base()
	switch {
	case p.Owner.Valid || p.OurStatus != nil, p.ofUnknownSubscription():
	case !p.lost():
		return p.fromElsewhere(base)
	default:
		base.Receipt = deref(p.MarkReceipt)
	}
	if p.OurStatus == nil {
		if !p.moved() && p.Status != "P" {
			return nil // it was refused, so it is not missing here
		}
		base.Kind = MissingHere
		return []Difference{base}
	}
	return p.both(base)
}

// lost reports whether a payment carries our marks although we do not have it: the database was restored from an
// older backup.
func (p pair) lost() bool {
	_, err := settle.Mark(deref(p.MarkID), deref(p.MarkReceipt))
	return err == nil && !p.Owner.Valid
}

// ofUnknownSubscription reports whether it is a charge of a subscription that we do not have. Only PayPal's API shows
// whether that is ours all the same: asksPayment.
func (p pair) ofUnknownSubscription() bool {
	return p.RefType == subscriptionReference && p.Reference != "" && p.OurStatus == nil && !p.Owner.Valid &&
		classOf(p.Code) == gift
}

// fromElsewhere reports money that belongs to no contribution; nothing if it did not move.
func (p pair) fromElsewhere(base Difference) []Difference {
	if !p.moved() {
		return nil
	}
	base.Kind, base.Contribution = UnknownPayer, uuid.Nil
	base.detail = readDetail(p.Detail)
	if deref(p.ParentState) == "set_aside" {
		base.state = "set_aside"
	}
	return []Difference{base}
}

// both compares a movement that both sides have.
func (p pair) both(base Difference) []Difference {
	var all []Difference
	add := func(k Kind) {
		d := base
		d.Kind = k
		all = append(all, d)
	}
	switch {
	case p.Unreadable != "":
		add(WrongAmount)
		return all
	case *p.OurStatus != p.wanted() && (p.wanted() != "" || *p.OurStatus == "completed" || *p.OurStatus == "pending"):
		add(WrongStatus)
		return all
	case deref(p.OurCurrency) != p.Currency:
		add(WrongMoney)
		return all
	case deref(p.OurAmount) != abs(p.Amount):
		add(WrongAmount)
	}
	if !p.moved() {
		return all
	}
	switch {
	case p.Booked == nil:
		add(MissingHere)
		return all
	case *p.Booked != p.Amount && len(all) == 0:
		add(WrongAmount)
	}
	if deref(p.BookedFee) != p.Fee {
		add(WrongFee)
	}
	return all
}

// moved reports whether the money came in or went back. Source: Transaction Search v1, transaction_status: S is done,
// V was taken back in full, for which there are rows of their own; a refund with V never happened.
func (p pair) moved() bool {
	return p.Status == "S" || p.Status == "V" && classOf(p.Code) == gift
}

// wanted is the status that our record should have; empty for none.
func (p pair) wanted() string {
	switch {
	case p.moved():
		return "completed"
	case p.Status == "P":
		return "pending"
	default:
		return ""
	}
}

func (p pair) theirs() string {
	if p.Unreadable != "" {
		return "unreadable: " + p.Unreadable
	}
	words := []string{money.New(p.Amount, money.Currency(p.Currency)).String()}
	if p.Fee != 0 {
		words = append(words, "fee "+money.New(p.Fee, money.Currency(p.Currency)).String())
	}
	return strings.Join(append(words, statusWord(p.Status)), ", ")
}

func (p pair) ours() string {
	if p.OurStatus == nil {
		return ""
	}
	currency := money.Currency(deref(p.OurCurrency))
	minor := deref(p.OurAmount)
	if p.Amount < 0 {
		minor = -minor
	}
	words := []string{money.New(minor, currency).String()}
	if p.Booked != nil && *p.Booked != minor {
		words = append(words, "booked "+money.New(*p.Booked, currency).String())
	}
	if fee := deref(p.BookedFee); fee != 0 {
		words = append(words, "fee "+money.New(fee, currency).String())
	}
	words = append(words, *p.OurStatus)
	if p.Booked == nil && *p.OurStatus == "completed" {
		words = append(words, "not booked")
	}
	return strings.Join(words, ", ")
}

// statusWord translates PayPal's letter into our words.
func statusWord(letter string) string {
	switch letter {
	case "S":
		return "completed"
	case "P":
		return "pending"
	case "D":
		return "denied"
	case "V":
		return "reversed in full"
	default:
		return "status " + letter
	}
}

// advise returns what a person can do about a remaining difference.
func (d Difference) advise() i18n.Message {
	switch d.Kind {
	case MissingHere:
		if d.Contribution == uuid.Nil {
			return i18n.New("reconcile.advice_lost_here")
		}
		return i18n.New("reconcile.advice_missing_here")
	case MissingThere:
		return i18n.New("reconcile.advice_missing_there", i18n.Args{"ref": d.Ref})
	case WrongAmount:
		return i18n.New("reconcile.advice_amount")
	case WrongFee:
		return i18n.New("reconcile.advice_fee")
	case WrongStatus:
		return i18n.New("reconcile.advice_status")
	case WrongMoney:
		return i18n.New("reconcile.advice_currency")
	case UnknownPayer:
		if d.Parent != "" {
			return i18n.New("reconcile.advice_part_of", i18n.Args{"payment": d.Parent})
		}
		return i18n.New("reconcile.advice_made_in_paypal")
	default:
		return i18n.Message{}
	}
}

func classOf(code string) class { return codes[strings.ToUpper(code)] }

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// String is for logs and tests.
func (d Difference) String() string {
	return fmt.Sprintf("%s %s %s: ours %q, theirs %q", d.Kind, d.Ref, d.Code, d.Ours, d.Theirs)
}
