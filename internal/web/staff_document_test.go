package web

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"readerfund/internal/account"
	"readerfund/internal/audit"
	"readerfund/internal/receipt"
	"readerfund/internal/receipt/form"
	"readerfund/internal/supporter"
)

// paypalID is PayPal's id of a payment, on a document.
var paypalID = regexp.MustCompile(`payment [0-9A-Z]{17}`)

// receiptedForStaff is a gift with its receipt, of which €2.00 went back with a notice: its page and its reader.
func (h house) receiptedForStaff(name string) (page, id string, reader reader) {
	h.t.Helper()
	reader, id = h.receipted(giftForm("amount", "7", "name", name, "email", "ada@example.org"))
	page = "/staff/contributions/" + id
	r := h.signedIn(account.Editor)
	v := r.refundForm(page, "choice", "part", "amount", "2.00", "reason", "Asked by mail")
	says(h.t, r.lands(r.form(page+"/refund", v)), "was refunded to the reader")
	if err := h.Receipts.Issue(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	return page, id, reader
}

// Staff read what the reader gets, as often as they like, and the original is still the reader's.
func TestStaffOpenReceiptsAndLeaveTheOriginal(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	page, id, reader := h.receiptedForStaff("Ada <b>Łukaszewicz</b>")
	r := h.signedIn(account.Editor)
	shown := r.get(page).body
	for _, serial := range []string{"R-2026-000001", "R-2026-000002"} {
		for _, address := range []string{page + "/receipt/" + serial, page + "/receipt/" + serial + ".pdf"} {
			if !strings.Contains(shown, `href="`+address+`"`) {
				t.Errorf("the contribution does not lead to %s", address)
			}
		}
	}
	says(t, shown, "Receipt R-2026-000001", "Correction R-2026-000002")
	for range 2 {
		got := r.get(page + "/receipt/R-2026-000001")
		if got.status != 200 {
			t.Fatalf("the copy: %d", got.status)
		}
		says(t, got.body, string(receipt.CopyForFile), "€7.00", "Ada <b>Łukaszewicz</b>",
			"The original stays with the reader")
		saysNot(t, got.body, string(receipt.Duplicate))
		golden(t, "staff-receipt.html", paypalID.ReplaceAllString(steady(h, got.body), "payment ID"))
	}
	file := r.get(page + "/receipt/R-2026-000002.pdf")
	if file.status != 200 || !strings.HasPrefix(file.body, "%PDF-") || file.header.Get("Cache-Control") != "no-store" ||
		!strings.Contains(file.header.Get("Content-Disposition"), `"R-2026-000002.pdf"`) {
		t.Errorf("the file: %d %v", file.status, file.header)
	}
	if n := h.number(`SELECT count(*) FROM receipt WHERE opened_at IS NOT NULL OR copies > 0`); n != 0 {
		t.Errorf("staff used up %d documents", n)
	}
	if got := reader.get("/contributions/" + id + "/receipt/R-2026-000001"); got.status != 200 ||
		strings.Contains(got.body, string(receipt.Duplicate)) || strings.Contains(got.body, string(receipt.CopyForFile)) {
		t.Errorf("the reader's first: %d %s", got.status, got.body)
	}
	says(t, r.get(page+"/receipt/R-2026-000001").body, string(receipt.CopyForFile))
}

// Each opening is in the audit log, for a document may leave the house: two within a minute are two.
func TestStaffOpenReceiptsAndTheAuditLogHasIt(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	page, _, _ := h.receiptedForStaff("Ada")
	r := h.signedIn(account.Editor)
	r.get(page + "/receipt/R-2026-000001")
	r.get(page + "/receipt/R-2026-000001.pdf")
	r.get(page + "/receipt/R-2026-000009")
	if n := h.number(`SELECT count(*) FROM audit_entry WHERE action = 'receipt.view' AND staff_id IS NOT NULL
		AND actor = 'editor@example.org' AND subject = 'R-2026-000001'`); n != 2 {
		t.Errorf("%d entries, want 2", n)
	}
	if n := h.number(`SELECT count(*) FROM audit_entry WHERE action = 'receipt.view'`); n != 2 {
		t.Errorf("%d entries of all documents, want 2", n)
	}
	log := h.signedIn(account.Admin).get("/staff/audit").body
	says(t, log, "Opened a receipt or notice", "R-2026-000001")
	if !strings.Contains(log, `href="`+page+`"`) {
		t.Error("the audit log does not lead to the contribution")
	}
}

// A viewer reads the numbers and opens nothing, and a number opens on its own contribution alone.
func TestStaffOpenReceiptsOfTheirContributionAlone(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	page, _, _ := h.receiptedForStaff("Ada Łukaszewicz")
	_, theirs := h.receipted(giftForm("amount", "8"))
	viewer, editor := h.signedIn(account.Viewer), h.signedIn(account.Editor)
	shown := viewer.get(page).body
	says(t, shown, "Receipt R-2026-000001", "Correction R-2026-000002")
	if strings.Contains(shown, "/receipt/") {
		t.Error("a viewer is offered a document")
	}
	if got := viewer.get(page + "/receipt/R-2026-000001"); got.status != 403 || strings.Contains(got.body, "Łukaszewicz") {
		t.Errorf("a viewer: %d", got.status)
	}
	for name, address := range map[string]string{
		"another contribution's": "/staff/contributions/" + theirs + "/receipt/R-2026-000001",
		"no such number":         page + "/receipt/R-2026-999999",
		"no number":              page + "/receipt/" + url.PathEscape("' OR 1=1"),
		"no contribution":        "/staff/contributions/x/receipt/R-2026-000001",
	} {
		for _, as := range []string{"", ".pdf"} {
			if got := editor.get(address + as); got.status != 404 || strings.Contains(got.body, "Łukaszewicz") {
				t.Errorf("%s: %d", name, got.status)
			}
		}
	}
	if n := h.number(`SELECT count(*) FROM audit_entry WHERE action = 'receipt.view'`); n != 0 {
		t.Errorf("%d openings of nothing", n)
	}
}

// The documents of a person who was erased name nobody, to staff either.
func TestStaffOpenReceiptsOfAnErasedPerson(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	page, _, _ := h.receiptedForStaff("Ada Łukaszewicz")
	r := h.signedIn(account.Editor)
	says(t, r.get(page+"/receipt/R-2026-000001").body, "Łukaszewicz")
	people := supporter.New(supporter.Config{DB: h.db, Actor: audit.CommandLine, Now: h.Now})
	if _, err := people.Erase(t.Context(), "ada@example.org", false); err != nil {
		t.Fatal(err)
	}
	for _, serial := range []string{"R-2026-000001", "R-2026-000002"} {
		got := r.get(page + "/receipt/" + serial)
		if got.status != 200 {
			t.Errorf("%s: %d", serial, got.status)
		}
		says(t, got.body, serial, string(receipt.CopyForFile))
		saysNot(t, got.body, "Łukaszewicz")
	}
}

// Staff find a contribution by what its reader reads out: the number of a receipt or notice, as it stands there.
func TestStaffFindWhatAReceiptIsAbout(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	page, _, _ := h.receiptedForStaff("Ada")
	other, _ := h.subscribed("month", "10.00")
	if err := h.Receipts.Issue(t.Context()); err != nil {
		t.Fatal(err)
	}
	var subscription, payment string
	if err := h.db.Get(&subscription, `SELECT paypal_id FROM subscription`); err != nil {
		t.Fatal(err)
	}
	h.exec(`UPDATE payment SET receipt = receipt || '-2' WHERE contribution_id = $1`, lastOf(other))
	if err := h.db.Get(&payment, `SELECT receipt FROM payment WHERE receipt LIKE '%-2'`); err != nil {
		t.Fatal(err)
	}
	r := h.signedIn(account.Viewer)
	for text, want := range map[string]string{
		"R-2026-000001": page, "r-2026-000002": page, "R-2026-000003": other, "R-2026-000004": "", subscription: other,
		payment: other, strings.ToLower(payment): other,
	} {
		body := r.get("/staff/contributions?" + url.Values{"q": {text}}.Encode()).body
		for _, of := range []string{page, other} {
			if listed := strings.Contains(body, `href="`+of+`"`); listed != (of == want) {
				t.Errorf("%q lists %s: %t", text, of, listed)
			}
		}
	}
}

// A receipt that was replaced and the one that took its place are both there, and a viewer reads no postal address.
func TestStaffOpenReplacedReceipts(t *testing.T) {
	t.Parallel()
	h := openInForm(t, form.FR)
	_, id := h.receipted(giftForm("amount", "7", "name", "Ada", "email", adaMail))
	own := h.letIn(adaMail)
	own.goesOn(own.form("/manage/address", homeForm()))
	own.goesOn(own.form("/manage/address", url.Values{"act": {"replaced"}}))
	page, r := "/staff/contributions/"+id, h.signedIn(account.Editor)
	says(t, r.get(page).body, "Receipt R-2026-000001", "Replacement R-2026-000002", "7 rue de l’Église")
	says(t, r.get(page+"/receipt/R-2026-000001").body, string(receipt.CopyForFile), "remplacé par le reçu R-2026-000002")
	says(t, r.get(page+"/receipt/R-2026-000002").body, string(receipt.CopyForFile), "7 rue de l’Église, 75011 Paris")
	saysNot(t, h.signedIn(account.Viewer).get(page).body, "rue de l’Église")
}
