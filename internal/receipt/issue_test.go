package receipt_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/manage"
	"readerfund/internal/money"
	"readerfund/internal/receipt"
	"readerfund/internal/receipt/form"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

func TestEachPaymentHasOneReceipt(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	first, capture := w.gift("25.00")
	second, _ := w.gift("5.69")
	unpaid := w.Start(newsroom.Intent())
	w.issue()
	w.issue()
	got := w.of(first)
	if len(got) != 1 {
		t.Fatalf("receipts: %+v", got)
	}
	r := got[0]
	if r.Serial != "R-2026-000001" || r.Kind != receipt.Original || r.Amount.String() != "25.00 EUR" || r.Left != r.Amount ||
		r.Payment != capture || r.Reference != first.Receipt || r.Name != "Ada Łukaszewicz" || r.Frequency != "once" ||
		!r.PaidAt.Equal(first.CompletedAt) || r.Form != form.Plain || r.Country == "" {
		t.Errorf("the first receipt: %+v", r)
	}
	if got := w.of(second); len(got) != 1 || got[0].Serial != "R-2026-000002" {
		t.Errorf("the second receipt: %+v", got)
	}
	if got := w.of(unpaid); len(got) != 0 {
		t.Errorf("a gift without money has receipts: %+v", got)
	}
}

// Every year begins with 1, by the publication's calendar, and so does every series.
func TestNumbersBeginAgainEachYear(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	w.gift("1.00")
	w.issue()
	w.Clock.Set(time.Date(2027, 1, 1, 0, 0, 30, 0, time.UTC))
	c, _ := w.gift("2.00")
	w.issue()
	if got := w.of(c); len(got) != 1 || got[0].Serial != "R-2027-000001" {
		t.Errorf("the first of 2027: %+v", got)
	}
}

// What goes back corrects the receipt, and what takes the rest cancels it, each once and each with a number.
func TestNoticesFollowWhatGoesBack(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	c, capture := w.gift("25.00")
	w.issue()
	w.RefundAtPayPal(capture, "5.00")
	w.issue()
	w.issue()
	w.RefundAtPayPal(capture, "")
	w.issue()
	got := w.of(c)
	if len(got) != 3 {
		t.Fatalf("documents: %+v", got)
	}
	for i, want := range []struct {
		kind                     receipt.Kind
		serial, amount, left, of string
	}{
		{receipt.Original, "R-2026-000001", "25.00 EUR", "25.00 EUR", ""},
		{receipt.Correction, "R-2026-000002", "5.00 EUR", "20.00 EUR", "R-2026-000001"},
		{receipt.Cancellation, "R-2026-000003", "20.00 EUR", "0.00 EUR", "R-2026-000001"},
	} {
		r := got[i]
		if r.Kind != want.kind || r.Serial != want.serial || r.Amount.String() != want.amount ||
			r.Left.String() != want.left || r.Of != want.of {
			t.Errorf("document %d: %+v, want %+v", i+1, r, want)
		}
	}
}

// A bank may take back a payment that was refunded in part: its receipt is cancelled by what was left of it.
func TestAReversalTakesWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	c, capture := w.gift("10.00")
	w.RefundAtPayPal(capture, "4.00") // before there is a receipt
	w.Reverse(capture)
	w.issue()
	got := w.of(c)
	if len(got) != 3 || got[1].Kind != receipt.Correction || got[2].Kind != receipt.Cancellation ||
		got[2].Amount.String() != "6.00 EUR" || got[2].Left.Minor != 0 {
		t.Errorf("documents: %+v", got)
	}
	if n := w.Count("refund WHERE notice_due"); n != 0 {
		t.Errorf("%d refunds still wait", n)
	}
}

// What was paid before there were receipts has none, and neither has what goes back of it.
func TestOldPaymentsAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	c, capture := w.gift("10.00")
	w.Exec(`UPDATE payment SET receipt_due = false`) // as the migration leaves them
	w.RefundAtPayPal(capture, "")
	w.issue()
	if got := w.of(c); len(got) != 0 || w.Count("refund WHERE notice_due") != 0 || w.Count("receipt_counter WHERE last > 0") != 0 {
		t.Errorf("documents: %+v", got)
	}
}

// A payment that a booking holds is left for the next time, and keeps nobody waiting.
func TestALockedPaymentWaits(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	held, capture := w.gift("10.00")
	free, _ := w.gift("20.00")
	tx, err := w.DB.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`SELECT 1 FROM payment WHERE paypal_id = $1 FOR UPDATE`, capture); err != nil {
		t.Fatal(err)
	}
	w.issue()
	if len(w.of(held)) != 0 || len(w.of(free)) != 1 {
		t.Errorf("held %+v, free %+v", w.of(held), w.of(free))
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	w.issue()
	if got := w.of(held); len(got) != 1 || got[0].Serial != "R-2026-000002" {
		t.Errorf("afterwards: %+v", got)
	}
}

// Whoever is being erased gets no document with their name, whichever of the two is first to commit.
func TestWhoIsBeingErasedIsNotNamed(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	c, capture := w.gift("10.00")
	free, _ := w.gift("20.00")
	w.Exec(`UPDATE contribution SET name = 'Ada', email = 'ada@example.org'`)
	for _, step := range []struct {
		what string
		then func()
		want int // documents of the contribution afterwards
	}{
		{"its receipt", func() {}, 1},
		{"its notice", func() { w.RefundAtPayPal(capture, "") }, 2},
	} {
		step.then()
		tx, err := w.DB.Beginx()
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			`SELECT 1 FROM contribution WHERE id = $1 FOR UPDATE`,
			`UPDATE contribution SET name = '', email = '', supporter_id = NULL, erased_at = now() WHERE id = $1`,
		} {
			if _, err := tx.Exec(statement, c.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.issue()
		if n := len(w.of(c)); n != step.want-1 {
			t.Errorf("%s: %d documents while it is being erased, want %d", step.what, n, step.want-1)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		w.issue()
		all := w.of(c)
		if len(all) != step.want || all[len(all)-1].Name != "" {
			t.Errorf("%s: %+v", step.what, all)
		}
		w.Exec(`UPDATE contribution SET name = 'Ada', email = 'ada@example.org', erased_at = NULL WHERE id = $1`, c.ID)
	}
	if got := w.of(free); len(got) != 1 || got[0].Name != "Ada" {
		t.Errorf("the other's: %+v", got)
	}
	if n := w.Count("mail WHERE kind = 'receipt'"); n != 1 {
		t.Errorf("%d mails, want the other's", n)
	}
}

// Of many who open a document at once, one gets the original.
func TestOneOriginal(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	c, _ := w.gift("10.00")
	w.issue()
	var mu sync.Mutex
	var group sync.WaitGroup
	originals, duplicates := 0, 0
	for range 12 {
		group.Go(func() {
			d, err := w.receipts.Open(t.Context(), c.ID, "R-2026-000001")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case d.Mark == receipt.Duplicate:
				duplicates++
			default:
				originals++
			}
		})
	}
	group.Wait()
	if originals != 1 || duplicates != 11 || w.Count("receipt WHERE copies = 11") != 1 {
		t.Errorf("%d originals and %d duplicates", originals, duplicates)
	}
	if _, err := w.receipts.Open(t.Context(), w.Start(newsroom.Intent()).ID, "R-2026-000001"); err == nil {
		t.Error("another gift's receipt can be opened")
	}
}

// The receipt's mail is written with the receipt: to the address the reader typed, or else PayPal's.
func TestEachDocumentIsMailedOnce(t *testing.T) {
	t.Parallel()
	w := open(t, form.US)
	c, capture := w.gift("25.00")
	silent, _ := w.Pay(newsroom.Intent())
	w.issue()
	w.RefundAtPayPal(capture, "5.00")
	w.issue()
	w.issue()
	var mails []struct {
		Key, Recipient, Args string
	}
	if err := w.DB.Select(&mails, `SELECT key, recipient, args FROM mail WHERE kind = 'receipt' ORDER BY created_at, id`); err != nil {
		t.Fatal(err)
	}
	var payer string
	if err := w.DB.Get(&payer, `SELECT s.email FROM supporter s JOIN contribution c ON c.supporter_id = s.id WHERE c.id = $1`, silent.ID); err != nil {
		t.Fatal(err)
	}
	documents := []receipt.Receipt{w.of(c)[0], w.of(silent)[0], w.of(c)[1]}
	if len(mails) != 3 || mails[0].Recipient != "ada@example.org" || mails[1].Recipient != payer || mails[2].Recipient != "ada@example.org" {
		t.Fatalf("mails: %+v", mails)
	}
	for i, m := range mails {
		if m.Key != documents[i].ID.String() || !strings.Contains(m.Args, documents[i].Serial) ||
			!strings.Contains(m.Args, "signed+for+receipts+of+a+gift") {
			t.Errorf("mail %d: %+v, of %+v", i+1, m, documents[i])
		}
	}
}

// The year's statement names every receipt, takes off what went back, and adds currencies up apart.
func TestAYearsStatement(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	c, capture := w.gift("25.00")
	w.gift("10.00")
	yen := newsroom.Intent()
	yen.Amount, yen.Currency, yen.Email = "500", "JPY", "ada@example.org"
	w.Pay(yen)
	w.issue()
	w.Clock.Set(time.Date(2027, 1, 2, 12, 0, 0, 0, time.UTC))
	w.RefundAtPayPal(capture, "5.00")
	w.gift("99.00")
	w.issue()
	supporter := w.supporter(c)
	years, err := w.receipts.Years(t.Context(), supporter)
	if err != nil || !slices.Equal(years, []int{2027, 2026}) {
		t.Errorf("years %v, %v", years, err)
	}
	st, err := w.receipts.Statement(t.Context(), supporter, 2026, uuid.Nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Given) != 3 || len(st.Sums) != 2 || st.Sums[0].String() != "30.00 EUR" || st.Sums[1].String() != "500 JPY" ||
		st.Name == "" {
		t.Errorf("statement: %+v", st)
	}
	if g := st.Given[0]; g.Serial != "R-2026-000001" || !slices.Equal(g.Notices, []string{"R-2027-000002"}) ||
		g.Returned.String() != "5.00 EUR" || g.Left.String() != "20.00 EUR" {
		t.Errorf("the corrected one: %+v", g)
	}
	if _, err := w.receipts.Statement(t.Context(), supporter, 2025, uuid.Nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("a year without gifts: %v", err)
	}
}

// A receipt says how often the gift came when it was paid, although it has become yearly by the time of issue.
func TestAReceiptSaysTheFrequencyOfItsPayment(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	c := w.Subscribe("month", "10.00")
	change, err := w.Manage.ChangeFrequency(t.Context(), c.ID, contribution.Yearly, money.New(9000, "EUR"),
		manage.By{Kind: manage.ByReader})
	if err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Hour)
	w.PayPal.Must("POST", "/sandbox/subscriptions/"+c.Checkout.PayPalID+"/approve", testkit.Fields{}, nil)
	if _, err := w.Manage.Returned(t.Context(), change.ID); err != nil {
		t.Fatal(err)
	}
	w.issue()
	if got := w.of(c); len(got) != 1 || got[0].Frequency != "month" {
		t.Errorf("of the monthly charge: %+v", got)
	}
	var made struct{ Sale string }
	w.PayPal.Must("POST", "/sandbox/subscriptions/"+c.Checkout.PayPalID+"/renew", testkit.Fields{}, &made)
	if _, err := w.Payments.SettleSale(t.Context(), made.Sale, "",
		settle.Source{Way: contribution.ByWebhook}); err != nil {
		t.Fatal(err)
	}
	w.issue()
	if got := w.of(c); len(got) != 2 || got[1].Frequency != "year" {
		t.Errorf("of the yearly charge: %+v", got)
	}
}

// Each charge of a monthly gift has a receipt of its own, which says how often it comes, and how it is stopped.
func TestEachChargeOfASubscriptionHasAReceipt(t *testing.T) {
	t.Parallel()
	w := open(t, form.Plain)
	c := w.Subscribe("month", "10.00")
	w.issue()
	got := w.of(c)
	if len(got) != 1 || got[0].Frequency != "month" || got[0].Amount.String() != "10.00 EUR" {
		t.Fatalf("receipts: %+v", got)
	}
	if n := w.Count("mail WHERE kind = 'receipt' AND args::text LIKE '%/manage/gift/' || $1 || '%'", c.ID.String()); n != 1 {
		t.Errorf("%d mails with the way to stop", n)
	}
	d, err := w.receipts.Document(got[0])
	if err != nil || !strings.Contains(written(d), "How often: every month") {
		t.Errorf("%v\n%s", err, written(d))
	}
}
