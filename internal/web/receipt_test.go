package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/receipt"
	"readerfund/internal/receipt/form"
	"readerfund/internal/testkit/newsroom"
)

// receiptsFor gives receipts out for a newsroom.
func receiptsFor(t *testing.T, n *newsroom.Newsroom, d Deps, f form.Form) *receipt.Service {
	t.Helper()
	s, err := receipt.New(receipt.Config{
		DB: n.DB, Issuer: form.Issuer{Form: f, Series: "R", Lines: []string{d.PublicationName}}, Zone: time.UTC,
		Links: receipt.Links{BaseURL: d.BaseURL, Sign: func(purpose, text string) string {
			return house{service: &service{server: &server{Deps: d}}}.signer().Sign(purpose, text)
		}},
		Manage: func(id uuid.UUID) string { return d.BaseURL + "/manage/gift/" + id.String() },
		Now:    n.Clock.Now, Log: quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// receipted is a gift that came in and has its receipt, in the browser that made it.
func (h house) receipted(v url.Values) (r reader, id string) {
	h.t.Helper()
	r = h.newReader()
	id, _ = r.begin(v)
	h.approveAs(id, "approve")
	r.get("/contributions/" + id + "/return?token=" + h.orderOf(id) + "&PayerID=X")
	if h.stateOf(id) != string(contribution.Completed) {
		h.t.Fatalf("the gift is %s", h.stateOf(id))
	}
	if err := h.Receipts.Issue(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	return r, id
}

// serialOf is the number of a gift's first receipt.
func (h house) serialOf(id string) string {
	h.t.Helper()
	all, err := h.Receipts.Of(h.t.Context(), uuid.MustParse(id))
	if err != nil || len(all) == 0 {
		h.t.Fatal(all, err)
	}
	return all[0].Serial
}

func TestTheFirstToOpenAReceiptGetsTheOriginal(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r, id := h.receipted(giftForm("amount", "7", "name", "Ada <b>Łukaszewicz</b>"))
	list := "/contributions/" + id + "/receipt"
	serial := h.serialOf(id)
	for range 2 { // the list hands nothing out
		if got := r.get(list); got.status != 200 || !strings.Contains(got.body, serial) || !strings.Contains(got.body, ".pdf") {
			t.Fatalf("the list: %d %s", got.status, got.body)
		}
	}
	document := list + "/" + serial
	if got := r.do("HEAD", document, ""); got.status != 303 {
		t.Errorf("a scanner's look: %d", got.status)
	}
	if got := r.do("GET", document, "", "Sec-Purpose", "prefetch;prerender"); got.status != 303 {
		t.Errorf("a browser's guess: %d", got.status)
	}
	first := r.get(document)
	if first.status != 200 || strings.Contains(first.body, "DUPLICATE") || !strings.Contains(first.body, "€7.00") ||
		!strings.Contains(first.body, "one time") || !strings.Contains(first.body, "Ada &lt;b&gt;Łukaszewicz&lt;/b&gt;") {
		t.Errorf("the original: %d %s", first.status, first.body)
	}
	if got := r.get(document); got.status != 200 || !strings.Contains(got.body, "DUPLICATE") {
		t.Errorf("the copy: %d %s", got.status, got.body)
	}
	file := r.get(document + ".pdf")
	if file.status != 200 || file.header.Get("Content-Type") != "application/pdf" ||
		!strings.HasPrefix(file.body, "%PDF-") || !strings.Contains(file.header.Get("Content-Disposition"), serial+".pdf") ||
		file.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the file: %d %v", file.status, file.header)
	}
}

func TestReceiptsOpenForTheirReaderAlone(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, id := h.receipted(giftForm("amount", "7", "name", "Ada Łukaszewicz"))
	other, theirs := h.receipted(giftForm("amount", "8"))
	list, key := "/contributions/"+id+"/receipt", "?key="+h.signer().Sign(receipt.ListPurpose, id)
	serial := h.serialOf(id)
	for name, path := range map[string]string{
		"no key":                  list,
		"the thanks page's key":   list + "?key=" + h.signer().Sign(thanksPurpose, id),
		"another gift's key":      list + "?key=" + h.signer().Sign(receipt.ListPurpose, theirs),
		"a document without":      list + "/" + serial,
		"another gift's document": "/contributions/" + theirs + "/receipt/" + serial,
		"no such document":        "/contributions/" + theirs + "/receipt/R-2026-999999",
		"no gift":                 "/contributions/nothing/receipt",
	} {
		if got := other.get(path); got.status != 404 || strings.Contains(got.body, "Ada") {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	anybody := h.newReader()
	if got := anybody.get(list + key); got.status != 200 || !strings.Contains(got.body, "/"+serial+key) {
		t.Errorf("the key of the mail: %d %s", got.status, got.body)
	}
	if got := anybody.get(list + "/" + serial + ".pdf" + key); got.status != 200 {
		t.Errorf("the document with that key: %d", got.status)
	}
}

func TestAStatementNeedsItsKey(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, id := h.receipted(giftForm("amount", "7"))
	var supporter string
	if err := h.db.Get(&supporter, `SELECT supporter_id FROM contribution WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	year := h.Now().UTC().Format("2006")
	path := "/statements/" + supporter + "/" + year
	key := "?key=" + h.signer().Sign(receipt.StatementPurpose, supporter+" "+year)
	r := h.newReader()
	for name, bad := range map[string]string{
		"no key": path, "another year": "/statements/" + supporter + "/1999" + key,
		"no year": "/statements/" + supporter + "/now" + key,
		"nobody":  "/statements/x/" + year + key, "another purpose": path + "?key=" + h.signer().Sign(receipt.ListPurpose,
			supporter+" "+year),
	} {
		if got := r.get(bad); got.status != 404 {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	if got := r.get(path + key); got.status != 200 || !strings.Contains(got.body, h.serialOf(id)) ||
		!strings.Contains(got.body, "has had a receipt") || strings.Contains(got.body, "DUPLICATE") {
		t.Errorf("the statement: %d %s", got.status, got.body)
	}
	if got := r.get(path + ".pdf" + key); got.status != 200 || !strings.HasPrefix(got.body, "%PDF-") {
		t.Errorf("as a file: %d", got.status)
	}
	// The key for the gifts of one address opens those, and no more.
	own := "?key=" + h.signer().Sign(receipt.StatementPurpose, supporter+" "+year+" "+id)
	if got := r.get(path + own + "&of=" + id); got.status != 200 ||
		!strings.Contains(got.body, path+".pdf"+own+"&amp;of="+id) {
		t.Errorf("of one address: %d %s", got.status, got.body)
	}
	for name, bad := range map[string]string{
		"of everything": path + own, "of another": path + own + "&of=" + uuid.NewString(), "of nothing": path + own + "&of=x",
		"with the other key": path + key + "&of=" + id,
	} {
		if got := r.get(bad); got.status != 404 {
			t.Errorf("%s: %d", name, got.status)
		}
	}
}
