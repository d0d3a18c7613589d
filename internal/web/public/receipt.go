package public

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"readerfund/internal/i18n"
	"readerfund/internal/managelink"
	"readerfund/internal/receipt"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// Receipts are the documents about a gift: the list of them, each to print and as PDF, and a year's statement.
//
// They name a person, so the key of the thanks page, which readers may share, does not open them. Opening them takes
// the browser in which the gift was made, a session of the reader's own page, or the key in the mail that delivered
// them.
type Receipts struct {
	site.Layout

	receipts *receipt.Service
	cookies  *gift.Cookies
	own      OwnPages // may be nil
	links    managelink.Links
}

// receiptsPage is the list.
type receiptsPage struct {
	Documents []documentLink
}

// documentLink is one document in the list. Opening it hands out the original.
type documentLink struct {
	receipt.Receipt
	Day  string
	Page string
	PDF  string
}

// documentPage is one document to print.
type documentPage struct {
	receipt.Document
	Back string // the list; empty for a statement
	PDF  string
}

// List answers GET /contributions/{id}/receipt.
func (s *Receipts) List(w http.ResponseWriter, r *http.Request) error {
	id, err := s.open(r)
	if err != nil {
		return err
	}
	all, err := s.receipts.Of(r.Context(), id)
	if err != nil {
		return err
	}
	var p receiptsPage
	for _, one := range all {
		at := receipt.DocumentPath(id, one.Serial)
		p.Documents = append(p.Documents, documentLink{
			Receipt: one, Day: s.Day(r, one.IssuedAt), Page: at + keyOf(r), PDF: at + ".pdf" + keyOf(r),
		})
	}
	return s.show(w, r, "public/receipts.html", i18n.New("receipt.list"), p)
}

// Show answers GET /contributions/{id}/receipt/{serial}, and the same with ".pdf" behind it.
func (s *Receipts) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := s.open(r)
	if err != nil {
		return err
	}
	list := receipt.ListPath(id) + keyOf(r)
	if onlyLooks(r) {
		page.Redirect(w, list)
		return nil
	}
	serial, asPDF := strings.CutSuffix(chi.URLParam(r, "serial"), ".pdf")
	switch may, err := s.mayRead(r, id, serial); {
	case err != nil:
		return err
	case !may && s.own == nil:
		return errNotYours()
	case !may:
		page.Redirect(w, s.links.Ask()) // where readers of its mail can get in
		return nil
	}
	d, err := s.receipts.Open(r.Context(), id, serial)
	if err != nil {
		return err
	}
	return s.document(w, r, d, asPDF, list)
}

// Statement answers GET /statements/{supporter}/{year}, and the same with ".pdf" appended. It has no number and no
// original, so it may be opened any number of times.
func (s *Receipts) Statement(w http.ResponseWriter, r *http.Request) error {
	text, asPDF := strings.CutSuffix(chi.URLParam(r, "year"), ".pdf")
	supporter, err := uuid.Parse(chi.URLParam(r, "supporter"))
	year, notYear := strconv.Atoi(text)
	of, notOf := uuid.Nil, error(nil)
	if gift := r.URL.Query().Get("of"); gift != "" {
		of, notOf = uuid.Parse(gift)
	}
	if err != nil || notYear != nil || notOf != nil ||
		!s.Signer.Verify(receipt.StatementPurpose, receipt.StatementName(supporter, year, of), r.URL.Query().Get("key")) {
		return errNotYours()
	}
	st, err := s.receipts.Statement(r.Context(), supporter, year, of)
	if err != nil {
		return err
	}
	d, err := s.receipts.StatementDocument(st)
	if err != nil {
		return err
	}
	return s.document(w, r, d, asPDF, "")
}

// document answers with a document, as a page or as a file.
func (s *Receipts) document(w http.ResponseWriter, r *http.Request, d receipt.Document, asPDF bool, back string) error {
	if !asPDF {
		p := documentPage{Document: d, Back: back, PDF: r.URL.EscapedPath() + ".pdf" + keyOf(r)}
		return s.show(w, r, "public/receipt.html", i18n.Verbatim(d.Title), p)
	}
	file, err := d.PDF()
	if err != nil {
		return err
	}
	page.WritePDF(w, d.Name, file)
	return nil
}

func (s *Receipts) show(w http.ResponseWriter, r *http.Request, view string, title i18n.Message, data any) error {
	return s.Pages.Render(w, r, http.StatusOK, view,
		page.Page{Title: s.Pages.Localizer(r).Message(title), NoIndex: true, Data: data})
}

// open returns the contribution whose documents the request may see.
func (s *Receipts) open(r *http.Request) (uuid.UUID, error) {
	id, err := page.PathID(r)
	if err != nil {
		return uuid.Nil, errNotYours()
	}
	if s.cookies.Owns(r, id) || s.hasKey(r, id) || s.own != nil && s.own.Manages(r, id) {
		return id, nil
	}
	return uuid.Nil, errNotYours()
}

// hasKey reports whether the request has the key that is mailed with a contribution's receipts.
func (s *Receipts) hasKey(r *http.Request, id uuid.UUID) bool {
	return s.Signer.Verify(receipt.ListPurpose, id.String(), r.URL.Query().Get("key"))
}

// mayRead reports whether the request may see a document. A document with a postal address is only for the reader of
// the mailbox it was sent to: the person who made the gift may have typed another person's email address.
func (s *Receipts) mayRead(r *http.Request, id uuid.UUID, serial string) (bool, error) {
	if s.hasKey(r, id) || s.own != nil && s.own.Receives(r, id) {
		return true, nil
	}
	addressed, err := s.receipts.Addressed(r.Context(), id, serial)
	return !addressed, err
}

// onlyLooks reports whether the request does not come from a reader: a mail scanner's HEAD, or a browser's prefetch
// (Sec-Purpose). Neither gets the original.
func onlyLooks(r *http.Request) bool {
	return r.Method == http.MethodHead || strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch")
}

// keyOf is the request's key with its parameters, to append to other addresses that the same key opens.
func keyOf(r *http.Request) string {
	key, of := r.URL.Query().Get("key"), r.URL.Query().Get("of")
	if key == "" {
		return ""
	}
	q := url.Values{"key": {key}}
	if of != "" {
		q.Set("of", of)
	}
	return "?" + q.Encode()
}
