package receipt_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/receipt"
	"readerfund/internal/receipt/form"
	"readerfund/internal/testkit/newsroom"
)

const ada = "ada@example.org"

// home is an address as a reader types it.
func home() receipt.Address {
	return receipt.Address{
		Name: "  Augusta Ada Łukaszewicz ", Street: "7 rue de l’Église", Extra: "Bât. C", Postcode: "75011",
		Town: "Paris\u200b",
	}
}

func (w *world) saveHome(email string) {
	w.T.Helper()
	if err := w.receipts.SaveAddress(w.T.Context(), email, home()); err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) replace(want int) {
	w.T.Helper()
	if n, err := w.receipts.Replace(w.T.Context(), ada); err != nil || n != want {
		w.T.Fatalf("%d receipts are replaced, want %d: %v", n, want, err)
	}
}

func TestReceiptsHaveTheAddressThatWasSaved(t *testing.T) {
	t.Parallel()
	for f, want := range map[form.Form]string{
		form.FR: "7 rue de l’Église, Bât. C, 75011 Paris", form.CA: "7 rue de l’Église, Bât. C, Paris 75011",
		form.UK: "7 rue de l’Église, Bât. C, Paris 75011", form.US: "", form.DE: "", form.DECollective: "", form.Plain: "",
	} {
		w := open(t, f)
		w.saveHome(ada)
		c, capture := w.gift("25.00")
		w.issue()
		w.RefundAtPayPal(capture, "5.00")
		w.issue()
		name := map[bool]string{true: "Ada Łukaszewicz", false: "Augusta Ada Łukaszewicz"}[want == ""]
		all := w.of(c)
		if r := all[0]; r.Address != want || r.Name != name {
			t.Errorf("%s: %q of %q, want %q of %q", f, r.Address, r.Name, want, name)
		}
		if r := all[1]; r.Address != "" || r.Name != "Ada Łukaszewicz" {
			t.Errorf("%s: the notice is for %q, %q", f, r.Name, r.Address)
		}
		if want != "" && w.Count("mail WHERE kind = 'receipt' AND args::text LIKE '%Église%'") != 1 {
			t.Errorf("%s: the mail lacks the address", f)
		}
	}
}

// The address of one person is on no receipt that is mailed to another, whoever paid.
func TestAnAddressIsForWhoGetsTheMail(t *testing.T) {
	t.Parallel()
	w := open(t, form.FR)
	c, _ := w.gift("25.00") // typed: Ada's address
	var payer string
	if err := w.DB.Get(&payer,
		`SELECT s.email FROM supporter s JOIN contribution c ON c.supporter_id = s.id WHERE c.id = $1`, c.ID); err != nil {
		t.Fatal(err)
	}
	w.saveHome(payer) // whose account at PayPal paid
	w.issue()
	if r := w.of(c)[0]; r.Address != "" || r.Name != "Ada Łukaszewicz" {
		t.Errorf("the payer's address is mailed to Ada: %+v", r)
	}
	if n, err := w.receipts.Replace(t.Context(), payer); err != nil || n != 0 {
		t.Errorf("the payer replaces %d of Ada's receipts, %v", n, err)
	}
	silent, _ := w.Pay(newsroom.Intent()) // no address typed: PayPal's gets the mail
	w.issue()
	if r := w.of(silent)[0]; r.Address == "" {
		t.Errorf("the payer's own receipt: %+v", r)
	}
	for email, want := range map[string][2]bool{ada: {true, false}, payer: {false, true}} {
		for i, one := range []contribution.Contribution{c, silent} {
			if got, err := w.receipts.MailedTo(t.Context(), one.ID, email); err != nil || got != want[i] {
				t.Errorf("gift %d is mailed to %s: %t, %v", i+1, email, got, err)
			}
		}
	}
}

// A receipt that was issued without an address is replaced once, by one with a number of its own; both say so.
func TestAReceiptIsReplacedOnce(t *testing.T) {
	t.Parallel()
	w := open(t, form.CA)
	c, capture := w.gift("25.00")
	w.gift("7.00")
	w.issue()
	mails := w.Count("mail")
	w.replace(0) // nothing was saved
	w.saveHome(ada)
	if n, err := w.receipts.Incomplete(t.Context(), ada); err != nil || n != 2 {
		t.Errorf("%d receipts lack an address, want 2: %v", n, err)
	}
	w.Clock.Advance(24 * time.Hour)
	w.replace(2)
	w.replace(0)
	all := w.of(c)
	if len(all) != 2 || all[0].ReplacedBy != all[1].Serial || all[0].Address != "" || all[1].Kind != receipt.Replacement ||
		all[1].Serial != "R-2026-000003" || all[1].Of != all[0].Serial || all[1].Address == "" ||
		all[1].Amount.String() != "25.00 EUR" || !all[1].PaidAt.Equal(all[0].PaidAt) {
		t.Fatalf("documents: %+v", all)
	}
	if n := w.Count("mail"); n != mails {
		t.Errorf("%d mails, want %d", n, mails)
	}
	if n := w.Count("receipt_counter WHERE last = 4"); n != 1 {
		t.Error("a number is missing or was given twice")
	}
	for serial, want := range map[string]string{
		all[0].Serial: "Cancelled, and replaced by receipt R-2026-000003 of",
		all[1].Serial: "Cancels and replaces: receipt R-2026-000001, issued on",
	} {
		d, err := w.receipts.Open(t.Context(), c.ID, serial)
		if err != nil || !strings.Contains(written(d), want) {
			t.Errorf("%s lacks %q: %v\n%s", serial, want, err, written(d))
		}
	}
	// What goes back corrects the receipt that counts.
	w.RefundAtPayPal(capture, "5.00")
	w.issue()
	if n := w.of(c)[2]; n.Kind != receipt.Correction || n.Of != "R-2026-000003" || n.Left.String() != "20.00 EUR" {
		t.Errorf("the notice: %+v", n)
	}
	st, err := w.receipts.Statement(t.Context(), w.supporter(c), 2026, uuid.Nil)
	if err != nil || len(st.Given) != 2 || st.Given[0].Serial != "R-2026-000003" ||
		st.Given[0].Left.String() != "20.00 EUR" ||
		st.Sums[0].String() != "27.00 EUR" || strings.Contains(st.Name, "Augusta") || st.Address != "" {
		t.Errorf("the year: %+v, %v", st, err)
	}
}

// A replacement is about what its receipt was still good for, and a cancelled one is not replaced.
func TestAReplacementIsAboutWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := open(t, form.FR)
	part, partly := w.gift("25.00")
	_, whole := w.gift("9.00")
	w.issue()
	w.RefundAtPayPal(partly, "5.00")
	w.RefundAtPayPal(whole, "")
	w.issue()
	w.saveHome(ada)
	w.replace(1)
	all := w.of(part)
	if r := all[len(all)-1]; r.Kind != receipt.Replacement || r.Amount.String() != "20.00 EUR" || r.Left != r.Amount {
		t.Errorf("the replacement: %+v", r)
	}
	w.RefundAtPayPal(partly, "")
	w.issue()
	all = w.of(part)
	if r := all[len(all)-1]; r.Kind != receipt.Cancellation || r.Amount.String() != "20.00 EUR" || r.Of != all[2].Serial {
		t.Errorf("the cancellation: %+v", r)
	}
	st, err := w.receipts.Statement(t.Context(), w.supporter(part), 2026, uuid.Nil)
	if err != nil || st.Given[0].Amount.String() != "25.00 EUR" || st.Given[0].Left.Minor != 0 ||
		len(st.Given[0].Notices) != 2 {
		t.Errorf("the year: %+v, %v", st, err)
	}
}

// Nothing is replaced where the text needs no address on each receipt, or was another when it was issued.
func TestOnlyWhatTheLawCallsIncompleteIsReplaced(t *testing.T) {
	t.Parallel()
	for _, f := range []form.Form{form.Plain, form.US, form.DE, form.DECollective, form.UK} {
		w := open(t, f)
		w.gift("25.00")
		w.issue()
		w.saveHome(ada)
		if n, err := w.receipts.Incomplete(t.Context(), ada); err != nil || n != 0 {
			t.Errorf("%s: %d are incomplete, %v", f, n, err)
		}
		w.replace(0)
	}
	w := open(t, form.Plain)
	w.gift("25.00")
	w.issue()
	w.receipts = service(t, w.DB, form.FR, w.Clock.Now)
	w.saveHome(ada)
	w.replace(0)
}

// Of many who replace at once, each receipt is replaced by one of them, and no number is missing.
func TestReplacingAtOnce(t *testing.T) {
	t.Parallel()
	w := open(t, form.FR)
	for range 8 {
		w.gift("5.00")
	}
	w.issue()
	w.saveHome(ada)
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			if _, err := w.receipts.Replace(t.Context(), ada); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	w.replace(0)
	for what, want := range map[string]int{
		"receipt WHERE kind = 'replacement'": 8,
		"(SELECT number, row_number() OVER (ORDER BY number) AS place FROM receipt) n WHERE number <> place": 0,
	} {
		if n := w.Count(what); n != want {
			t.Errorf("%s: %d, want %d", what, n, want)
		}
	}
}

func TestTheYearsConfirmationHasTheAddress(t *testing.T) {
	t.Parallel()
	w := open(t, form.DECollective)
	c, _ := w.Pay(newsroom.Intent())
	w.issue()
	var payer string
	if err := w.DB.Get(&payer, `SELECT email FROM supporter`); err != nil {
		t.Fatal(err)
	}
	w.saveHome(payer)
	st, err := w.receipts.Statement(t.Context(), w.supporter(c), 2026, uuid.Nil)
	if err != nil || st.Address != "7 rue de l’Église, Bât. C, 75011 Paris" || st.Name != "Augusta Ada Łukaszewicz" {
		t.Fatalf("%+v, %v", st, err)
	}
	if d, err := w.receipts.StatementDocument(st); err != nil ||
		!strings.Contains(written(d), "Anschrift des Zuwendenden: "+st.Address) {
		t.Errorf("%v\n%s", err, written(d))
	}
}

// A statement that is mailed has the name and address of who reads that mail; the payer's has the payer's.
func TestAStatementNamesItsOwnReader(t *testing.T) {
	t.Parallel()
	w := open(t, form.FR)
	w.saveHome(ada)
	w.Pay(newsroom.Intent())
	typed, _ := w.gift("25.00") // the latest, whose name counts
	w.issue()
	payer := w.supporter(typed)
	mailed, err := w.receipts.Statement(t.Context(), payer, 2026, typed.ID)
	if err != nil || len(mailed.Given) != 1 || mailed.Name != "Augusta Ada Łukaszewicz" ||
		!strings.Contains(mailed.Address, "Paris") {
		t.Errorf("the mailed one: %+v, %v", mailed, err)
	}
	own, err := w.receipts.Statement(t.Context(), payer, 2026, uuid.Nil)
	if err != nil || len(own.Given) != 2 || own.Address != "" || strings.Contains(own.Name, "Augusta") {
		t.Errorf("the payer's: %+v, %v", own, err)
	}
}

func TestAddressesAreOneLineEach(t *testing.T) {
	t.Parallel()
	w := open(t, form.FR)
	for field, change := range map[string]func(*receipt.Address){
		"name":     func(a *receipt.Address) { a.Name = "\u200b " },
		"street":   func(a *receipt.Address) { a.Street = "1 Road\r\nMontant: 900" },
		"extra":    func(a *receipt.Address) { a.Extra = strings.Repeat("é", 121) },
		"postcode": func(a *receipt.Address) { a.Postcode = strings.Repeat("1", 21) },
		"town":     func(a *receipt.Address) { a.Town = "" },
		"country":  func(a *receipt.Address) { a.Country = "\xff" },
	} {
		a := home()
		change(&a)
		err := w.receipts.SaveAddress(t.Context(), ada, a)
		if all := fault.All(err); len(all) != 1 || all[0].Field != field || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", field, err)
		}
	}
	w.saveHome(ada)
	if a, err := w.receipts.AddressOf(t.Context(), ada); err != nil || a.Name != "Augusta Ada Łukaszewicz" ||
		a.Town != "Paris" {
		t.Errorf("kept: %+v, %v", a, err)
	}
	if err := w.receipts.RemoveAddress(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	if a, err := w.receipts.AddressOf(t.Context(), ada); err != nil || !a.Empty() {
		t.Errorf("kept after it was removed: %+v, %v", a, err)
	}
}
