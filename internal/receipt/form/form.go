// Package form defines which texts receipts can have, and what each needs to know about the issuer. The settings are
// checked against it, and receipts are written by it; it writes nothing itself.
package form

import (
	"maps"
	"slices"
)

// Form is which text a receipt has: that of a country, or a plain one. The setting is RECEIPT_TEXT.
type Form string

// The forms. docs/receipts.md lists what each country's law requires in them, with the sources.
const (
	Plain        Form = "none"          // says what was paid, and nothing about taxes
	US           Form = "us"            // a written acknowledgment by IRS Publication 1771
	DE           Form = "de"            // the recipient's slip for the simplified proof up to 300 EUR
	DECollective Form = "de-collective" // a plain one for each gift, and the year's collective confirmation
	UK           Form = "uk"            // with a Gift Aid declaration to fill in
	FR           Form = "fr"            // what the Cerfa 11580 says
	CA           Form = "ca"            // an official donation receipt by section 3501 of the Regulations
)

// Field is one thing that a text may need to know about the issuer, named like its setting.
type Field string

// The fields of an issuer.
const (
	Name    Field = "RECEIPT_ISSUER"
	TaxID   Field = "RECEIPT_TAX_ID"
	Office  Field = "RECEIPT_TAX_OFFICE"
	Purpose Field = "RECEIPT_PURPOSE"
	Place   Field = "RECEIPT_PLACE"
	Signer  Field = "RECEIPT_SIGNER"
)

// needs lists the fields that each form requires.
var needs = map[Form][]Field{
	Plain:        nil,
	US:           {Name, TaxID},
	DE:           {Name, TaxID, Office, Purpose},
	DECollective: {Name, TaxID, Office, Purpose},
	UK:           {Name, TaxID},
	FR:           {Name, TaxID, Purpose, Signer},
	CA:           {Name, TaxID, Place, Signer},
}

// AddressUse is what a form needs the donor's postal address for.
type AddressUse int

// The uses.
const (
	NoAddress     AddressUse = iota
	OnReceipt                // the law requires it on each receipt: one without it is not complete
	OnDeclaration            // a declaration on the receipt requires it, and the donor may fill it in by hand
	OnStatement              // the law requires it on the year's statement
)

// addresses are the uses that forms have for an address. Sources: docs/receipts.md.
var addresses = map[Form]AddressUse{FR: OnReceipt, CA: OnReceipt, UK: OnDeclaration, DECollective: OnStatement}

// Address is what the form needs the donor's postal address for.
func (f Form) Address() AddressUse { return addresses[f] }

// Forms lists all forms in alphabetical order.
func Forms() []Form { return slices.Sorted(maps.Keys(needs)) }

// Issuer is the organization that issues receipts, as their texts name it.
type Issuer struct {
	Form    Form
	Series  string   // what the numbers begin with
	Lines   []string // name and address
	TaxID   string   // EIN, Steuernummer, charity number, SIREN or RNA, CRA registration number
	Office  string   // the tax office, and the kind and day of its notice
	Purpose string   // what the gifts are for, as that notice words it
	Place   string   // where receipts are issued
	Signer  string   // the person who signs: name and office
}

// Missing returns the fields that the issuer's form needs and the issuer lacks.
func (i Issuer) Missing() []Field {
	has := map[Field]bool{
		Name: len(i.Lines) > 0, TaxID: i.TaxID != "", Office: i.Office != "", Purpose: i.Purpose != "",
		Place: i.Place != "", Signer: i.Signer != "",
	}
	return slices.DeleteFunc(slices.Clone(needs[i.Form]), func(f Field) bool { return has[f] })
}
