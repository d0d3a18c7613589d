package receipt

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/google/uuid"
)

// The purposes of the signatures in the addresses. The key of a thanks page does not open receipts: that page names no
// person, and people show it to others.
const (
	ListPurpose      = "receipts of a gift"
	StatementPurpose = "yearly statement"
)

// Links are the addresses at which readers find their documents. A signed address opens for anyone who has it.
type Links struct {
	BaseURL string // without a slash at the end
	Sign    func(purpose, text string) (signature string)
}

// ListPath is the page with the documents of a contribution, below the site's address. A reader's session opens it.
func ListPath(contribution uuid.UUID) string {
	return "/contributions/" + contribution.String() + "/receipt"
}

// DocumentPath is the page of one of the documents.
func DocumentPath(contribution uuid.UUID, serial string) string {
	return ListPath(contribution) + "/" + url.PathEscape(serial)
}

// Contribution is the list of a contribution's documents.
func (l Links) Contribution(id uuid.UUID) string {
	return l.BaseURL + ListPath(id) + "?key=" + url.QueryEscape(l.Sign(ListPurpose, id.String()))
}

// Statement is a supporter's yearly statement; see Service.Statement for of.
func (l Links) Statement(supporter uuid.UUID, year int, of uuid.UUID) string {
	q := url.Values{"key": {l.Sign(StatementPurpose, StatementName(supporter, year, of))}}
	if of != uuid.Nil {
		q.Set("of", of.String())
	}
	return fmt.Sprintf("%s/statements/%s/%d?%s", l.BaseURL, supporter, year, q.Encode())
}

// StatementName is what the key of a statement's address signs.
func StatementName(supporter uuid.UUID, year int, of uuid.UUID) string {
	name := supporter.String() + " " + strconv.Itoa(year)
	if of != uuid.Nil {
		name += " " + of.String()
	}
	return name
}
