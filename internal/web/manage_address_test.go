package web

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/receipt"
	"readerfund/internal/receipt/form"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// openInForm is a house whose receipts have a country's text.
func openInForm(t *testing.T, f form.Form) house {
	t.Helper()
	return openWithReceipts(t, bareDeps(t), newsroom.Options{Clock: testkit.ClockAt(noon())}, f, nil)
}

func homeForm(more ...string) url.Values {
	v := url.Values{
		"act": {"saved"}, "name": {"Augusta Ada Łukaszewicz"}, "street": {"7 rue de l’Église"}, "postcode": {"75011"},
		"town": {"Paris"},
	}
	for pair := range slices.Chunk(more, 2) {
		v.Set(pair[0], pair[1])
	}
	return v
}

// goesOn is the page that an answer leads to.
func (r reader) goesOn(got reply) reply {
	r.t.Helper()
	if got.status != 303 {
		r.t.Fatalf("got %d\n%s", got.status, got.body)
	}
	return r.get(got.header.Get("Location"))
}

// Where the text needs no address, none is asked for or taken.
func TestNoAddressIsAskedForWhereNoneIsNeeded(t *testing.T) {
	t.Parallel()
	for _, f := range []form.Form{form.Plain, form.US, form.DE} {
		h := openInForm(t, f)
		h.gave(adaMail, "AAAA-1111", 2500)
		r := h.letIn(adaMail)
		if got := r.get("/manage"); got.status != 200 || strings.Contains(got.body, "address-line1") {
			t.Errorf("%s asks for an address: %d", f, got.status)
		}
		if got := r.form("/manage/address", homeForm()); got.status != 404 ||
			h.number(`SELECT count(*) FROM receipt_address`) != 0 {
			t.Errorf("%s takes an address: %d", f, got.status)
		}
	}
}

const adaMail = "ada@example.org"

func TestAReaderWritesTheirAddressForReceipts(t *testing.T) {
	t.Parallel()
	h := openInForm(t, form.FR)
	_, id := h.receipted(giftForm("amount", "7", "name", "Ada", "email", adaMail))
	r := h.letIn(adaMail)
	own := r.get("/manage")
	own.says(t, "own page", "For the tax office", `autocomplete="name"`, `autocomplete="address-line1"`,
		`autocomplete="address-line2"`,
		`autocomplete="postal-code"`, `autocomplete="address-level2"`, `autocomplete="country-name"`,
		"details class=\"more\" open")
	if strings.Contains(own.body, "Replace earlier") {
		t.Error("a replacement is offered without an address")
	}
	got := r.form("/manage/address", homeForm("town", " ", "street", "7 rue\r\nMontant: 900", "name", `Ada "the" <b>`))
	if got.status != 422 || h.number(`SELECT count(*) FROM receipt_address`) != 0 {
		t.Fatalf("mistakes: %d", got.status)
	}
	got.says(t, "mistakes", "Please check 2 things", `href="#town"`, `id="street-error"`, "Ada &#34;the&#34; &lt;b&gt;")
	if got := r.form("/manage/address", homeForm("act", "burned")); got.status != 404 {
		t.Errorf("an act that no button has: %d", got.status)
	}
	if got := h.newReader().form("/manage/address", homeForm()); got.status != 303 ||
		!strings.HasPrefix(got.header.Get("Location"), "/manage") {
		t.Errorf("without a session: %d", got.status)
	}
	if got := r.form("/manage/address", homeForm(), "Origin", "https://evil.example", "Sec-Fetch-Site",
		"cross-site"); got.status != 403 {
		t.Errorf("from another site: %d", got.status)
	}
	r.goesOn(r.form("/manage/address", homeForm())).says(t, "saved", "Your address is saved",
		"7 rue de l’Église, 75011 Paris", "One receipt was issued without",
		"Replace earlier receipts", "Change or remove it")
	if got := r.get("/manage/export"); !strings.Contains(got.body, `"street": "7 rue de l’Église"`) {
		t.Errorf("the export lacks it:\n%s", got.body)
	}
	old := h.serialOf(id)
	done := r.goesOn(r.form("/manage/address", url.Values{"act": {"replaced"}}))
	done.says(t, "replaced", "Your receipts are replaced", "Receipt R-2026-000002")
	if strings.Contains(done.body, "Replace earlier") {
		t.Error("another replacement is offered")
	}
	r.get("/contributions/"+id+"/receipt").says(t, "list", "replaced by R-2026-000002", "replaces "+old)
	r.get(receipt.DocumentPath(uuid.MustParse(id), old)).says(t, "the old one",
		"Annulé et remplacé par le reçu R-2026-000002")
	r.get(receipt.DocumentPath(uuid.MustParse(id), "R-2026-000002")).says(t, "the new one", "Annule et remplace",
		"le reçu "+old,
		"7 rue de l’Église, 75011 Paris", "Augusta Ada Łukaszewicz")
	r.goesOn(r.form("/manage/address", url.Values{"act": {"removed"}})).says(t, "removed", "Your address is removed",
		"Write your name and address")
	r.form("/manage/address", homeForm())
	if got := r.form("/manage/erase", nil); got.status != 200 {
		t.Fatalf("erase: %d", got.status)
	}
	if n := h.number(`SELECT (SELECT count(*) FROM receipt_address) +
		(SELECT count(*) FROM receipt WHERE address || name <> '')`); n != 0 {
		t.Errorf("%d rows still have the address", n)
	}
}

// A receipt with an address opens for who reads the mail that it came by. The browser in which the gift was made, and
// whose account at PayPal paid, may be somebody else's.
func TestAnAddressIsShownToItsReaderAlone(t *testing.T) {
	t.Parallel()
	h := openInForm(t, form.FR)
	_, first := h.receipted(giftForm("amount", "7", "email", adaMail))
	var payer string
	if err := h.db.Get(&payer, `SELECT email FROM supporter`); err != nil {
		t.Fatal(err)
	}
	ada := h.letIn(adaMail)
	ada.form("/manage/address", homeForm())
	maker, second := h.receipted(giftForm("amount", "8", "email", adaMail))
	paid := h.letIn(payer)
	document := receipt.DocumentPath(uuid.MustParse(second), "R-2026-000002")
	for name, r := range map[string]reader{"the gift's browser": maker, "the payer": paid} {
		for _, path := range []string{document, document + ".pdf"} {
			if got := r.get(path); got.status != 303 || !strings.HasSuffix(got.header.Get("Location"), "/manage") {
				t.Errorf("%s opens %s: %d", name, path, got.status)
			}
		}
		if got := r.get("/contributions/" + second + "/receipt"); got.status != 200 || strings.Contains(got.body, "Église") {
			t.Errorf("%s and the list: %d", name, got.status)
		}
	}
	if got := paid.get("/manage/export"); got.status != 200 || strings.Contains(got.body, "Église") ||
		strings.Contains(got.body, "Augusta") {
		t.Errorf("the payer's export has another's address: %d\n%s", got.status, got.body)
	}
	if h.number(`SELECT count(*) FROM receipt WHERE opened_at IS NOT NULL`) != 0 {
		t.Error("who was turned away used up the original")
	}
	if got := paid.get(receipt.DocumentPath(uuid.MustParse(first), "R-2026-000001")); got.status != 200 {
		t.Errorf("a receipt without an address: %d", got.status)
	}
	key := "?key=" + h.signer().Sign(receipt.ListPurpose, second)
	h.newReader().get(document+key).says(t, "the key of the mail", "7 rue de l’Église")
	ada.get(document).says(t, "its reader", "7 rue de l’Église")
}

// Editors see the address, and that they looked is in the audit log; viewers do not.
func TestEditorsSeeTheAddressForReceipts(t *testing.T) {
	t.Parallel()
	h := openInForm(t, form.UK)
	_, id := h.receipted(giftForm("amount", "7", "email", adaMail))
	h.letIn(adaMail).form("/manage/address", homeForm())
	page := "/staff/contributions/" + id
	h.signedIn("editor").get(page).says(t, "editor", "For receipts",
		"Augusta Ada Łukaszewicz, 7 rue de l’Église, Paris 75011")
	if n := h.number(`SELECT count(*) FROM audit_entry WHERE action = 'contribution.view'`); n != 1 {
		t.Errorf("%d looks in the audit log, want 1", n)
	}
	if got := h.signedIn("viewer").get(page); got.status != 200 || strings.Contains(got.body, "Église") {
		t.Errorf("viewer: %d", got.status)
	}
}
