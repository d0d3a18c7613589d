package finance

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/reconcile"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// viewedDifference is the audit log's action for opening a difference. The subject is PayPal's id of it.
const viewedDifference audit.Action = "reconcile.view"

// Difference is one difference between PayPal's record and our books, and the decision of staff about it.
type Difference struct {
	screen.Layout

	books     *reconcile.Reconciler
	views     *dashboard.Views
	campaigns *campaign.Catalog
	audit     *audit.Log
}

// differencePage is one difference with the possible actions.
type differencePage struct {
	differenceLine
	page.FormErrors
	Notice    *page.Flash
	Campaigns []campaign.Campaign
	Campaign  string // the one chosen
	Reason    string
	Private   bool // addresses and the payer's messages are left out
}

// Adopts and SetsAside say which forms there are.
func (p differencePage) Adopts() bool    { return p.Adoptable() }
func (p differencePage) SetsAside() bool { return p.Difference.State == "open" }

// read loads the difference that the address names.
func (s *Difference) read(r *http.Request) (dashboard.Difference, error) {
	id, err := strconv.ParseInt(r.PathValue("difference"), 10, 64)
	if err != nil {
		return dashboard.Difference{}, page.NotFound()
	}
	return s.views.Difference(r.Context(), id)
}

// Show answers GET /staff/reconciliation/{difference}.
func (s *Difference) Show(w http.ResponseWriter, r *http.Request) error {
	d, err := s.read(r)
	if err != nil {
		return err
	}
	if screen.MayContact(r) && d.Sender != nil {
		if err := screen.AuditView(r, s.audit, viewedDifference, d.Ref); err != nil {
			return err
		}
	}
	p := differencePage{differenceLine: newDifferenceLine(s.Layout, s.Pages.Localizer(r), d)}
	if r.URL.Query().Get("did") != "" {
		p.Notice = decidedNotice(s.Pages.Localizer(r), d)
	}
	return s.render(w, r, http.StatusOK, p)
}

func (s *Difference) render(w http.ResponseWriter, r *http.Request, status int, p differencePage) error {
	if p.Private = !screen.MayContact(r); p.Private && p.Sender != nil {
		seen := *p.Sender
		seen.Email, seen.Note = "", ""
		p.Sender = &seen
	}
	if p.Adopts() {
		var err error
		if p.Campaigns, err = s.campaigns.All(r.Context()); err != nil {
			return err
		}
	}
	return s.Render(w, r, status, "staff/difference.html", i18n.New("staff.title.difference", i18n.Args{"ref": p.Ref}),
		"reconciliation", p)
}

// decidedNotice reports the state of a difference after a decision about it.
func decidedNotice(loc i18n.Localizer, d dashboard.Difference) *page.Flash {
	switch d.State {
	case "adopted":
		return page.Good(loc, "staff.adopted", i18n.Args{"receipt": d.Receipt})
	case "set_aside":
		return page.Good(loc, "staff.set_aside")
	case "open":
		return page.Pending(loc, "staff.reopened")
	default:
		return &page.Flash{
			Tone: "wait", Title: loc.Say("staff.closed_already"), Text: words.Difference(loc, d.State).Meaning,
		}
	}
}

// Adopt answers POST /staff/reconciliation/{difference}/adopt.
func (s *Difference) Adopt(w http.ResponseWriter, r *http.Request) error {
	return s.decide(w, r, func(d dashboard.Difference, v url.Values) error {
		if v.Get("campaign") == "" {
			return fault.Input("campaign", "reconcile.campaign_missing")
		}
		_, err := s.books.Adopt(r.Context(), d.ID, v.Get("campaign"), screen.Actor(r))
		if fault.Is(err, fault.NotFound) {
			return fault.Input("campaign", "reconcile.campaign_gone")
		}
		return err
	})
}

// SetAside answers POST /staff/reconciliation/{difference}/set-aside.
func (s *Difference) SetAside(w http.ResponseWriter, r *http.Request) error {
	return s.decide(w, r, func(d dashboard.Difference, v url.Values) error {
		return s.books.SetAside(r.Context(), d.ID, v.Get("reason"), screen.Actor(r))
	})
}

// Reopen answers POST /staff/reconciliation/{difference}/reopen.
func (s *Difference) Reopen(w http.ResponseWriter, r *http.Request) error {
	return s.decide(w, r, func(d dashboard.Difference, _ url.Values) error {
		return s.books.Reopen(r.Context(), d.ID, screen.Actor(r))
	})
}

// decide carries out a decision about a difference and returns to its page, which also shows errors.
func (s *Difference) decide(w http.ResponseWriter, r *http.Request,
	do func(dashboard.Difference, url.Values) error) error {
	d, err := s.read(r)
	if err != nil {
		return err
	}
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	failure := do(d, v)
	if failure == nil {
		page.Redirect(w, fmt.Sprintf("/staff/reconciliation/%d?did=1", d.ID))
		return nil
	}
	if kind := fault.KindOf(failure); kind != fault.Invalid && kind != fault.Conflict {
		return failure
	}
	if d, err = s.views.Difference(r.Context(), d.ID); err != nil { // it may have changed
		return errors.Join(failure, err)
	}
	p := differencePage{
		differenceLine: newDifferenceLine(s.Layout, s.Pages.Localizer(r), d), Campaign: v.Get("campaign"),
		Reason: v.Get("reason"),
	}
	p.Put(s.Pages.Localizer(r), failure, "campaign", "reason")
	return s.render(w, r, page.ProblemOf(s.Pages.Localizer(r), failure).Status, p)
}
