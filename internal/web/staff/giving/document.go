package giving

import (
	"net/http"
	"net/url"
	"strings"

	"readerfund/internal/audit"
	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
	"readerfund/internal/receipt"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// viewedDocument is the audit log's action for opening a document. The subject is the document's number.
const viewedDocument audit.Action = "receipt.view"

// Document shows staff a reader's receipt, or a notice about it, as the reader receives it. Opening it does not use up
// the reader's original.
type Document struct {
	screen.Layout

	receipts *receipt.Service
	audit    *audit.Log
}

// documentPage is one document to print.
type documentPage struct {
	receipt.Document
	Contribution string // the address of its page
	PDF          string
}

// documentLink names a document and links to it, in the line that the document is about.
type documentLink struct {
	Kind    string // in words
	Serial  string
	Address string // empty if the account may not open it
}

// documentLinks are the documents about a payment, or about one of its refunds.
func documentLinks(loc i18n.Localizer, h dashboard.History, payment, refund int64, mayOpen bool) []documentLink {
	var links []documentLink
	for _, d := range h.Documents {
		if d.PaymentID != payment || d.RefundID != refund {
			continue
		}
		link := documentLink{Kind: words.Of(loc, "staff.document.", d.Kind), Serial: d.Serial}
		if mayOpen {
			link.Address = screen.ContributionAddress(h.ID) + "/receipt/" + url.PathEscape(d.Serial)
		}
		links = append(links, link)
	}
	return links
}

// Show answers GET /staff/contributions/{id}/receipt/{serial}, and the same with ".pdf" appended. A document names a
// person and may leave the newsroom, so the audit log records every opening, and not only the first in an hour.
func (s *Document) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := page.PathID(r)
	if err != nil {
		return err
	}
	serial, asPDF := strings.CutSuffix(r.PathValue("serial"), ".pdf")
	d, err := s.receipts.Copy(r.Context(), id, serial)
	if err != nil {
		return err
	}
	by := screen.AccountOf(r)
	if err := s.audit.Record(r.Context(), audit.Entry{
		StaffID: by.ID, Actor: by.Email, Action: viewedDocument, Subject: serial,
		Detail: map[string]string{"contribution": id.String()},
	}); err != nil {
		return err
	}
	if asPDF {
		file, err := d.PDF()
		if err != nil {
			return err
		}
		page.WritePDF(w, d.Name, file)
		return nil
	}
	return s.Render(w, r, http.StatusOK, "staff/document.html", i18n.Verbatim(serial), "contributions",
		documentPage{Document: d, Contribution: screen.ContributionAddress(id), PDF: r.URL.EscapedPath() + ".pdf"})
}
