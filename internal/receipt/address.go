package receipt

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/receipt/form"
	"readerfund/internal/text"
)

// Address is a reader's full name and postal address, as they want both on their receipts.
type Address struct {
	Name     string `db:"name"`
	Street   string `db:"street"`
	Extra    string `db:"extra"` // flat, floor, building; mostly empty
	Postcode string `db:"postcode"`
	Town     string `db:"town"`
	Country  string `db:"country"` // as the reader writes it
}

// Empty reports whether no part of it is set.
func (a Address) Empty() bool { return a == Address{} }

// The longest texts of an address, in characters. The name's is that of the donation form.
const (
	longestLine     = 120
	longestPostcode = 20
	longestCountry  = 80
)

// addressColumns are the columns of a receipt_address a, by the names that Address has for them; empty where there is
// no row.
const addressColumns = `
	coalesce(a.name, '') AS "address.name", coalesce(a.street, '') AS "address.street",
	coalesce(a.extra, '') AS "address.extra", coalesce(a.postcode, '') AS "address.postcode",
	coalesce(a.town, '') AS "address.town", coalesce(a.country, '') AS "address.country"`

// AddressUse is what the configured form needs a reader's address for. If it needs none, the pages do not ask for one.
func (s *Service) AddressUse() form.AddressUse { return s.issuer.Form.Address() }

// AddressOf returns the address that the reader of a mailbox saved; it is empty if they saved none. email is in the
// form in which it is stored: in lower case.
func (s *Service) AddressOf(ctx context.Context, email string) (Address, error) {
	var a Address
	err := s.db.GetContext(ctx, &a, `
		SELECT name, street, extra, postcode, town, country FROM receipt_address WHERE email = $1`, email)
	if db.IsNotFound(err) {
		return Address{}, nil
	}
	if err != nil {
		return Address{}, db.Translate(fmt.Errorf("read an address: %w", err))
	}
	return a, nil
}

// AddressFor returns what AddressOf finds for the recipient of a contribution's documents, on one line with the name.
func (s *Service) AddressFor(ctx context.Context, contribution uuid.UUID) (string, error) {
	var p person
	err := s.db.GetContext(ctx, &p, `SELECT `+personColumns+` FROM contribution c`+personTables+` WHERE c.id = $1`,
		contribution)
	if err != nil || p.Address.Empty() {
		return "", db.Translate(err)
	}
	return p.Address.Name + ", " + s.Printed(p.Address), nil
}

// SaveAddress saves an address for the receipts that are issued from now on and mailed to email. The caller has
// verified that email's reader wrote it. The error is fault.Invalid for values that cannot be printed on a receipt.
func (s *Service) SaveAddress(ctx context.Context, email string, a Address) error {
	a = a.clean()
	if err := a.check(); err != nil {
		return err
	}
	_, err := s.db.ExecContext(ctx, `
		INSERT INTO receipt_address (email, name, street, extra, postcode, town, country, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (email) DO UPDATE SET name = excluded.name, street = excluded.street, extra = excluded.extra,
		    postcode = excluded.postcode, town = excluded.town, country = excluded.country,
		    updated_at = excluded.updated_at`,
		email, a.Name, a.Street, a.Extra, a.Postcode, a.Town, a.Country, s.now().UTC())
	if err != nil {
		return db.Translate(fmt.Errorf("save an address: %w", err))
	}
	return nil
}

// RemoveAddress deletes what SaveAddress saved. Receipts that were issued with it keep it.
func (s *Service) RemoveAddress(ctx context.Context, email string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM receipt_address WHERE email = $1`, email); err != nil {
		return db.Translate(fmt.Errorf("remove an address: %w", err))
	}
	return nil
}

// clean removes invisible characters, and the spaces around.
func (a Address) clean() Address {
	for _, line := range []*string{&a.Name, &a.Street, &a.Extra, &a.Postcode, &a.Town, &a.Country} {
		*line = strings.TrimSpace(text.Visible(*line))
	}
	return a
}

// check rejects an address without a part that every address has, and any part that is longer than a line.
func (a Address) check() error {
	return errors.Join(
		checkLine("name", a.Name, longestLine, fault.Input("name", "receipt.name_missing")),
		checkLine("street", a.Street, longestLine, fault.Input("street", "receipt.street_missing")),
		checkLine("extra", a.Extra, longestLine, nil), checkLine("postcode", a.Postcode, longestPostcode, nil),
		checkLine("town", a.Town, longestLine, fault.Input("town", "receipt.town_missing")),
		checkLine("country", a.Country, longestCountry, nil))
}

// checkLine is field.Line, with missing as the error of an empty one.
func checkLine(name, value string, longest int, missing error) error {
	if value == "" {
		return missing
	}
	return field.Line(name, value, longest)
}

// Printed is the postal address on one line, as the configured form prints it.
func (s *Service) Printed(a Address) string { return a.line(s.issuer.Form) }

// line writes the address on one line, with its parts in the order of the form's country.
func (a Address) line(f form.Form) string {
	town := []string{a.Town, a.Postcode}
	if styleOf(f).postcodeFirst {
		town = []string{a.Postcode, a.Town}
	}
	parts := []string{a.Street, a.Extra, strings.TrimSpace(strings.Join(town, " ")), a.Country}
	var written []string
	for _, p := range parts {
		if p = text.Line(p); p != "" {
			written = append(written, p)
		}
	}
	return strings.Join(written, ", ")
}
