package manage

import (
	"context"
	"net/http"
	"net/url"

	"readerfund/internal/fault"
	"readerfund/internal/receipt"
	"readerfund/internal/receipt/form"
	"readerfund/internal/web/page"
)

// ownAddress is the part of a reader's own page with the name and address for their receipts.
type ownAddress struct {
	Kept       receipt.Address
	Printed    string          // the address on one line, as receipts have it
	Written    receipt.Address // what the form holds
	Each       bool            // each receipt needs it
	Declared   bool            // a declaration on the receipt does
	Yearly     bool            // the year's statement does
	Incomplete int             // receipts that were issued without it and can be replaced
}

// ownAddress returns nil if the receipt text needs no address: then the page does not ask for one.
func (s *Own) ownAddress(
	ctx context.Context, address string, written receipt.Address, refused bool,
) (*ownAddress, error) {
	if !s.asksAddress() {
		return nil, nil //nolint:nilnil // it is left out
	}
	use := s.receipts.AddressUse()
	a := &ownAddress{
		Each: use == form.OnReceipt, Declared: use == form.OnDeclaration, Yearly: use == form.OnStatement, Written: written,
	}
	var err error
	if a.Kept, err = s.receipts.AddressOf(ctx, address); err != nil {
		return nil, err
	}
	a.Printed = s.receipts.Printed(a.Kept)
	if !refused {
		a.Written = a.Kept
	}
	a.Incomplete, err = s.receipts.Incomplete(ctx, address)
	return a, err
}

func (s *Own) asksAddress() bool {
	return s.receipts != nil && s.receipts.AddressUse() != form.NoAddress
}

// ActOnAddress answers POST /manage/address: it saves the name and address for receipts, removes them, or replaces
// receipts that were issued without them.
func (s *Own) ActOnAddress(w http.ResponseWriter, r *http.Request) error {
	return s.door.only(func(w http.ResponseWriter, r *http.Request, address string) error {
		v, err := page.ReadForm(w, r)
		if err != nil {
			return err
		}
		if !s.asksAddress() {
			return page.NotFound()
		}
		written := receipt.Address{
			Name: v.Get("name"), Street: v.Get("street"), Extra: v.Get("extra"), Postcode: v.Get("postcode"),
			Town: v.Get("town"), Country: v.Get("country"),
		}
		act := v.Get("act")
		switch act {
		case "saved":
			err = s.receipts.SaveAddress(r.Context(), address, written)
		case "removed":
			err = s.receipts.RemoveAddress(r.Context(), address)
		case "replaced":
			_, err = s.receipts.Replace(r.Context(), address)
		default:
			return page.NotFound()
		}
		if fault.Is(err, fault.Invalid) {
			return s.render(w, r, http.StatusUnprocessableEntity, address, nil, written, err)
		}
		if err != nil {
			return err
		}
		page.Redirect(w, s.pages.To(r, home+"?address="+url.QueryEscape(act))) // so that a reload sends nothing twice
		return nil
	})(w, r)
}

// news says what became of the form that was sent.
func (s *Own) news(r *http.Request) *page.Flash {
	loc := s.pages.Localizer(r)
	switch r.URL.Query().Get("address") {
	case "saved":
		return page.Good(loc, "manage.news.address_saved")
	case "removed":
		return page.Good(loc, "manage.news.address_removed")
	case "replaced":
		return page.Good(loc, "manage.news.receipts_replaced")
	default:
		return nil
	}
}
