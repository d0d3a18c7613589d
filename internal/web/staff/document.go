package staff

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"readerfund/internal/audit"
	"readerfund/internal/i18n"
	"readerfund/internal/receipt"
	"readerfund/internal/web/page"
)

// Document shows staff a reader's receipt, or a notice about it, as the reader gets it. The original stays with the
// reader.
type Document struct {
	layout

	receipts *receipt.Service
	audit    *audit.Log
}

// documentPage is one document to print.
type documentPage struct {
	receipt.Document
	Contribution string // the address of its page
	PDF          string
}

// documentLink names a document in the line it is about, and leads to it.
type documentLink struct {
	Kind    string // in words
	Serial  string // empty where there is no document
	Address string // empty for those who may not open it
}

func documentLinkTo(
	loc i18n.Localizer, contribution uuid.UUID, kind receipt.Kind, serial string, mayOpen bool,
) documentLink {
	if serial == "" {
		return documentLink{}
	}
	link := documentLink{Kind: wordIn(loc, "staff.document.", string(kind)), Serial: serial}
	if mayOpen {
		link.Address = contributionAddress(contribution) + "/receipt/" + url.PathEscape(serial)
	}
	return link
}

// Show answers GET /staff/contributions/{id}/receipt/{serial}, and the same with ".pdf" behind it. A document names a
// person and may leave the house, so the audit log has each opening, and not only the first of an hour.
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
	by := accountOf(r)
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
	return s.show(w, r, http.StatusOK, "staff/document.html", i18n.Verbatim(serial), "contributions",
		documentPage{Document: d, Contribution: contributionAddress(id), PDF: r.URL.EscapedPath() + ".pdf"})
}
