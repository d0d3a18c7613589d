package supporter_test

import (
	"strings"
	"testing"
)

// keepAddress keeps a postal address for receipts, and prints it on one of a gift.
func (f *fixture) keepAddress(email, street string) {
	f.T.Helper()
	f.Exec(`INSERT INTO receipt_address (email, name, street, extra, postcode, town, country, updated_at)
		VALUES ($1, 'Augusta Quillfeather', $2, '', '75011', 'Paris', '', $3)`, email, street, f.Clock.Now())
	f.Exec(`INSERT INTO receipt (id, series, year, number, serial, kind, contribution_id, payment_id, amount_minor,
			left_minor, currency, frequency, paid_at, issued_at, form, name, address)
		SELECT gen_random_uuid(), 'R', 2026, p.id, 'R-' || p.id, 'receipt', c.id, p.id, 500, 500, 'EUR', 'once', now(), now(),
		       'fr', 'Augusta Quillfeather', $2
		FROM contribution c JOIN payment p ON p.contribution_id = c.id WHERE lower(c.email) = $1`, email, street)
}

func TestPostalAddressesAreHandedOutAndErased(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.pay("Ada", "ada@example.org")
	f.pay("Bob", "bob@example.org")
	f.keepAddress("ada@example.org", "7 Quill Street")
	f.keepAddress("bob@example.org", "8 Bob Road")
	given, err := f.Export(t.Context(), "ada@example.org")
	if text := string(given); err != nil || strings.Count(text, "7 Quill Street") != 2 ||
		strings.Contains(text, "Bob Road") {
		t.Errorf("%v: %s", err, text)
	}
	var payer string // of both gifts, who typed other addresses
	if err := f.DB.Get(&payer, `SELECT email FROM supporter`); err != nil {
		t.Fatal(err)
	}
	given, err = f.Export(t.Context(), payer)
	if text := string(given); err != nil || strings.Contains(text, "Quill") || strings.Contains(text, "Bob Road") {
		t.Errorf("the payer is told others' addresses, %v: %s", err, text)
	}
	e, err := f.Erase(t.Context(), "ada@example.org", false)
	if err != nil || e.Addresses != 1 {
		t.Errorf("erased %+v, %v", e, err)
	}
	if left := f.names("Quill Street"); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	n := f.Count("receipt_address WHERE street = '8 Bob Road'") + f.Count("receipt WHERE address = '8 Bob Road'")
	if n != 2 {
		t.Error("another's address is gone")
	}
}

// An address whose reader nobody knows any more is forgotten: a version that did not know of it may have erased them.
func TestAddressesWithoutAGiftAreForgotten(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.pay("Ada", "Ada@example.org")
	f.keepAddress("ada@example.org", "7 Quill Street")
	f.keepAddress("gone@example.org", "9 Gone Lane")
	if err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f.Count("receipt_address WHERE street = '7 Quill Street'") != 1 || f.Count("receipt_address") != 1 {
		t.Error("the wrong address was forgotten")
	}
}

// A version that knew of no postal addresses erased a reader while this one was being rolled out.
func TestAddressesOnReceiptsOfErasedGiftsAreForgotten(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.pay("Ada", "ada@example.org")
	f.pay("Bob", "bob@example.org")
	f.keepAddress("ada@example.org", "7 Quill Street")
	f.keepAddress("bob@example.org", "8 Bob Road")
	f.Exec(`UPDATE receipt SET name = '', country = '' WHERE address = '7 Quill Street'`)
	f.Exec(`UPDATE contribution SET name = '', email = '', supporter_id = NULL, erased_at = $1 WHERE name = 'Ada'`,
		f.Clock.Now())
	if err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := f.names("Quill Street"); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	if f.Count("receipt WHERE address = '8 Bob Road' AND name <> ''") != 1 {
		t.Error("another's address is gone from their receipt")
	}
}
