package manage

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"readerfund/internal/i18n"
	"readerfund/internal/manage"
	"readerfund/internal/managelink"
	"readerfund/internal/money"
	"readerfund/internal/receipt"
	"readerfund/internal/supporter"
	"readerfund/internal/web/page"
)

// Own is a reader's own page.
type Own struct {
	layout

	door    door
	ask     *Ask
	people  *supporter.Service
	changes *manage.Service

	receipts *receipt.Service // nil leaves receipts out
	document receipt.Links
}

// ownPage lists what a reader gave and gives. Each of its two lists is paginated, and a later page shows only that
// list.
type ownPage struct {
	Address        string
	First          bool        // the first page of both lists
	Recurring      []recurring // those that run come first
	OlderRecurring string      // the address of the list's next page; empty at its end
	Payments       []payment   // newest first
	OlderPayments  string      // likewise
	Years          []yearly    // the latest first
	News           *page.Flash
	Receipts       *ownAddress // nil where receipts need no postal address
	page.FormErrors
}

// recurring is one gift that repeats, or did.
type recurring struct {
	Page      string // where it is changed
	Amount    money.Amount
	Frequency string
	Standing  manage.Standing // as on its own page
	Next      string
	Until     string
	Ended     string
}

// yearly is a year's statement.
type yearly struct {
	Year int
	Page string
}

// payment is one payment, as the list shows it.
type payment struct {
	Reference string
	Serial    string // its receipt's number; empty while it has none
	Page      string // its receipt
	Documents string // all receipts and notices of its gift; empty where there are none
	Day       string
	Amount    money.Amount
	Returned  money.Amount
	Waits     bool // PayPal has not released it yet
}

// Show answers GET /manage: the reader's own page, or the form that asks for the link to it.
func (s *Own) Show(w http.ResponseWriter, r *http.Request) error {
	address, err := s.door.reader(r.Context(), r)
	if errors.Is(err, managelink.ErrNoSession) {
		return s.ask.form(w, r)
	}
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, address, s.news(r), receipt.Address{}, nil)
}

// render shows the page. written is an address that was refused, and wrong says why.
func (s *Own) render(
	w http.ResponseWriter, r *http.Request, status int, address string, news *page.Flash,
	written receipt.Address, wrong error,
) (err error) {
	p, loc := ownPage{Address: address, News: news}, s.pages.Localizer(r)
	after, gifts := r.URL.Query().Get("after"), r.URL.Query().Get("gifts")
	p.First = after == "" && gifts == ""
	if after == "" {
		if err := s.fillRecurring(r.Context(), loc, &p, gifts); err != nil {
			return err
		}
	}
	if gifts == "" {
		if err := s.fillPayments(r.Context(), loc, &p, after); err != nil {
			return err
		}
	}
	if p.First {
		if p.Years, err = s.years(r.Context(), address); err != nil {
			return err
		}
		if p.Receipts, err = s.ownAddress(r.Context(), address, written, wrong != nil); err != nil {
			return err
		}
	}
	if wrong != nil {
		p.Put(loc, wrong, "name", "street", "extra", "postcode", "town", "country")
	}
	return s.show(w, r, status, "manage/own.html", i18n.New("manage.title.own"), p)
}

// fillRecurring reads a page of the gifts that repeat, or did.
func (s *Own) fillRecurring(ctx context.Context, loc i18n.Localizer, p *ownPage, after string) error {
	ids, older, err := s.people.Recurring(ctx, p.Address, after)
	if err != nil {
		return err
	}
	if older != "" {
		p.OlderRecurring = home + "?gifts=" + url.QueryEscape(older)
	}
	p.Recurring, err = recurringOf(ctx, loc, s.layout, s.changes, ids)
	return err
}

// fillPayments reads a page of the payments, each with its receipt.
func (s *Own) fillPayments(ctx context.Context, loc i18n.Localizer, p *ownPage, after string) error {
	given, older, err := s.people.Given(ctx, p.Address, after)
	if err != nil {
		return err
	}
	if older != "" {
		p.OlderPayments = home + "?after=" + url.QueryEscape(older)
	}
	serials, err := s.serials(ctx, given)
	if err != nil {
		return err
	}
	for _, g := range given {
		one := payment{
			Reference: g.Reference, Serial: serials[g.ID], Day: s.day(loc, g.At), Amount: g.Amount, Returned: g.Returned,
			Waits: g.State == "pending",
		}
		if one.Serial != "" {
			one.Documents = receipt.ListPath(g.Contribution)
			one.Page = receipt.DocumentPath(g.Contribution, one.Serial)
		}
		p.Payments = append(p.Payments, one)
	}
	return nil
}

// serials returns the numbers of the payments' receipts.
func (s *Own) serials(ctx context.Context, given []supporter.Payment) (map[int64]string, error) {
	if s.receipts == nil {
		return map[int64]string{}, nil
	}
	ids := make([]int64, len(given))
	for i, g := range given {
		ids[i] = g.ID
	}
	return s.receipts.Serials(ctx, ids)
}

// years returns the statements of the years in which the reader gave, as far as PayPal names them for it.
func (s *Own) years(ctx context.Context, address string) (all []yearly, err error) {
	if s.receipts == nil {
		return nil, nil
	}
	id, err := s.people.ID(ctx, address)
	if err != nil || id == uuid.Nil {
		return nil, err
	}
	years, err := s.receipts.Years(ctx, id)
	for _, year := range years {
		all = append(all, yearly{year, s.document.Statement(id, year, uuid.Nil)})
	}
	return all, err
}

// recurringOf returns how recurring contributions stand, in the order of their ids.
func recurringOf(
	ctx context.Context, loc i18n.Localizer, l layout, changes *manage.Service, ids []uuid.UUID,
) (all []recurring, err error) {
	subs, err := changes.Subscriptions(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		sub, known := subs[id]
		if !known {
			continue // erased by another request since
		}
		all = append(all, recurring{
			Page: visit{id: id}.address(), Amount: sub.Amount, Frequency: sub.Frequency, Standing: standing(sub, l.now()),
			Next: l.next(loc, sub), Until: l.dayOf(loc, sub.PausedUntil), Ended: l.dayOf(loc, sub.EndedAt),
		})
	}
	return all, nil
}

// Whole reports whether all of a payment was returned.
func (p payment) Whole() bool { return p.Returned == p.Amount }

// Back reports whether any of a payment was returned.
func (p payment) Back() bool { return p.Returned.Minor > 0 }
