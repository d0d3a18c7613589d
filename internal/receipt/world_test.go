package receipt_test

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/receipt"
	"readerfund/internal/receipt/form"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(issuerDatabase); address != "" {
		issueUntilKilled(address)
	}
	testkit.FewerChecks()
	os.Exit(m.Run())
}

// gazette issues receipts in every form.
func gazette(f form.Form) form.Issuer {
	return form.Issuer{
		Form: f, Series: "R", Lines: []string{"The Test Gazette", "1 Main Street", "Springfield"}, TaxID: "12-3456789",
		Office: "Finanzamt Berlin I, Freistellungsbescheid vom 03.02.2026 für 2024", Purpose: "Förderung der Volksbildung",
		Place: "Springfield", Signer: "Ada Łukaszewicz, treasurer",
	}
}

func service(t *testing.T, d *db.DB, f form.Form, now func() time.Time) *receipt.Service {
	t.Helper()
	s, err := newService(d, f, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newService(d *db.DB, f form.Form, now func() time.Time) (*receipt.Service, error) {
	return receipt.New(receipt.Config{
		DB: d, Issuer: gazette(f), Zone: time.UTC, Now: now, Log: slog.New(slog.DiscardHandler),
		Links: receipt.Links{
			BaseURL: "https://give.example.org", Sign: func(purpose, _ string) string { return "signed for " + purpose },
		},
		Manage: func(id uuid.UUID) string { return "https://give.example.org/manage/gift/" + id.String() },
	})
}

// world is a newsroom that issues receipts.
type world struct {
	*newsroom.Newsroom
	receipts *receipt.Service
}

func open(t *testing.T, f form.Form) *world {
	t.Helper()
	n := newsroom.New(t, newsroom.Options{Clock: testkit.NewClock()})
	return &world{n, service(t, n.DB, f, n.Clock.Now)}
}

func (w *world) issue() {
	w.T.Helper()
	if err := w.receipts.Issue(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
}

// gift is a gift that came in, by a reader who says who they are.
func (w *world) gift(amount string) (c contribution.Contribution, capture string) {
	w.T.Helper()
	in := newsroom.Intent()
	in.Amount, in.Name, in.Email = amount, "Ada Łukaszewicz", "ada@example.org"
	return w.Pay(in)
}

func (w *world) of(c contribution.Contribution) []receipt.Receipt {
	w.T.Helper()
	all, err := w.receipts.Of(w.T.Context(), c.ID)
	if err != nil {
		w.T.Fatal(err)
	}
	return all
}

// supporter is who PayPal says paid.
func (w *world) supporter(c contribution.Contribution) (id uuid.UUID) {
	w.T.Helper()
	if err := w.DB.Get(&id, `SELECT supporter_id FROM contribution WHERE id = $1`, c.ID); err != nil {
		w.T.Fatal(err)
	}
	return id
}
