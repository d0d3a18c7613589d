// Package receipt gives each payment its receipt: a number from a series without gaps, the text that a country's law
// requires, a page to print and a PDF; and each refund of such a payment the notice that corrects or cancels the
// receipt.
//
// Numbers are assigned after the money is booked, by a job of the queue, so that no gift waits for the one row that all
// of them would have to lock. The package books nothing, decides nothing about money, and asks PayPal nothing. It knows
// no HTTP: internal/web shows its documents.
package receipt

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/receipt/form"
	"readerfund/templates"
)

// Kind is what a document states about a payment.
type Kind string

// The kinds. A document that reduces a receipt has a number of its own, in the same series.
const (
	Original     Kind = "receipt"      // the money arrived
	Replacement  Kind = "replacement"  // it cancels a receipt and takes its place
	Correction   Kind = "correction"   // a part of it went back
	Cancellation Kind = "cancellation" // all of it, or all that was left, went back
)

// Receipt is a document that has a number. It never changes, except that name and address are emptied when the person
// is erased. Times are UTC.
type Receipt struct {
	ID           uuid.UUID
	Serial       string // "R-2026-000123"
	Kind         Kind
	Contribution uuid.UUID
	Reference    string // the payment's own number, by which people know the gift: "K7M3-9QX2"
	Payment      string // PayPal's id
	Of           string // the serial of the receipt that a notice is about, or that this one replaces; else empty
	OfAt         time.Time
	ReplacedBy   string // the serial of the receipt that took this one's place; mostly empty
	ReplacedAt   time.Time
	Amount       money.Amount // of a notice: the money that went back
	Left         money.Amount // what the receipt is still worth after it
	Frequency    string       // once, month or year
	PaidAt       time.Time    // of a notice: when the money went back
	IssuedAt     time.Time
	Form         form.Form
	Name         string // the person's, when it was issued; empty if unknown or erased
	Address      string // postal, on one line, where the form prints one, likewise
	Country      string // ISO 3166-1, likewise
}

// Config is what a Service needs.
type Config struct {
	DB           *db.DB
	Issuer       form.Issuer
	Zone         *time.Location                      // whose days and years count
	Links        Links                               // put into mails
	Manage       func(contribution uuid.UUID) string // the page where a recurring gift can be stopped, for its mails
	TemplatesDir string                              // an operator's own copy of templates/, read at the start; may be empty
	Now          func() time.Time
	Log          *slog.Logger
}

// Service is safe for concurrent use, also by several processes on one database.
type Service struct {
	db     *db.DB
	issuer form.Issuer
	texts  *texts
	zone   *time.Location
	links  Links
	manage func(uuid.UUID) string
	now    func() time.Time
	log    *slog.Logger
}

// New makes a Service. It fails if a text cannot be parsed, or if the issuer lacks a field that its form needs.
func New(cfg Config) (*Service, error) {
	t, err := parseTexts(templates.Under(cfg.TemplatesDir))
	if err != nil {
		return nil, err
	}
	return &Service{
		db: cfg.DB, issuer: cfg.Issuer, texts: t, zone: cfg.Zone, links: cfg.Links, manage: cfg.Manage, now: cfg.Now,
		log: cfg.Log,
	}, nil
}
