package manage

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/manage"
	"readerfund/internal/managelink"
	"readerfund/internal/money"
	"readerfund/internal/supporter"
	"readerfund/internal/web/page"
)

// Gift is the page of one recurring gift. A mail about it leads there with a key, and shows what it is and how to stop
// and pause it; a reader with a session changes it as well.
type Gift struct {
	layout

	door      door
	ask       *Ask
	links     managelink.Links
	people    *supporter.Service
	service   *manage.Service
	approvals approvals
}

// approvals reports whether an address is one of PayPal's pages: gift.Approvals.
type approvals interface{ Allow(address string) bool }

// visit is a request that may see a recurring gift.
type visit struct {
	id  uuid.UUID
	key string // of the link in a mail; empty for a reader with a session, who may do more
}

// address is where the page is for a reader who came this way.
func (v visit) address() string {
	at := home + "/gift/" + v.id.String()
	if v.key != "" {
		at += "?key=" + url.QueryEscape(v.key)
	}
	return at
}

var errNotYours = errors.New("no gift of this reader")

// visitor finds out by what right the request comes. The error is errNotYours where it comes by none: the same for a
// gift that is not there as for another reader's.
func (s *Gift) visitor(ctx context.Context, r *http.Request, key string) (visit, error) {
	id, err := page.PathID(r)
	if err != nil {
		return visit{}, errNotYours
	}
	if key != "" && s.links.Opens(id, key) {
		return visit{id, key}, nil
	}
	address, err := s.door.reader(ctx, r)
	if errors.Is(err, managelink.ErrNoSession) {
		return visit{}, errNotYours
	}
	if err != nil {
		return visit{}, err
	}
	switch owns, err := s.people.Owns(ctx, address, id); {
	case err != nil:
		return visit{}, err
	case !owns:
		return visit{}, errNotYours
	}
	return visit{id: id}, nil
}

// refuse offers a link to a reader whose link or session does not fit.
func (s *Gift) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, errNotYours) {
		return err
	}
	return s.ask.refuse(w, r, i18n.New("manage.link_reaches_nothing"))
}

// Show answers GET /manage/gift/{id}.
func (s *Gift) Show(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visitor(r.Context(), r, r.URL.Query().Get("key"))
	if err != nil {
		return s.refuse(w, r, err)
	}
	return s.render(w, r, http.StatusOK, v, "", nil)
}

// Act answers POST /manage/gift/{id}: it stops, pauses, resumes or changes the gift.
func (s *Gift) Act(w http.ResponseWriter, r *http.Request) error {
	form, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	v, err := s.visitor(r.Context(), r, form.Get("key"))
	if err != nil {
		return s.refuse(w, r, err)
	}
	to, err := s.carryOut(r.Context(), v, form)
	if kind := fault.KindOf(err); err != nil && kind != fault.Internal {
		status := page.StatusOf(kind)
		s.pages.LogFailure(r, status, err)
		return s.render(w, r, status, v, form.Get("amount"), err)
	}
	if err != nil {
		return err
	}
	page.Redirect(w, to)
	return nil
}

// carryOut does what the form asks for, and says where the reader goes on: back to the page, or to PayPal's, where they
// consent.
func (s *Gift) carryOut(ctx context.Context, v visit, form url.Values) (to string, err error) {
	by := manage.By{Kind: manage.ByReader}
	switch act := form.Get("act"); {
	case act == "stop":
		_, err = s.service.Stop(ctx, v.id, by)
	case act == "resume":
		_, err = s.service.Resume(ctx, v.id, by)
	case strings.HasPrefix(act, "pause-"):
		months, _ := strconv.Atoi(strings.TrimPrefix(act, "pause-")) // what is no number is 0, which is refused
		_, err = s.service.Pause(ctx, v.id, months, by)
	case act == "change" && v.key == "":
		return s.change(ctx, v, form, by)
	default:
		return "", fault.New(fault.NotFound, "manage.no_such_act")
	}
	return v.address(), err
}

// change asks for another amount, another frequency, or both.
func (s *Gift) change(ctx context.Context, v visit, form url.Values, by manage.By) (to string, err error) {
	sub, err := s.service.Subscription(ctx, v.id)
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(form.Get("amount")) == "" {
		return "", fault.Input("amount", "contribution.amount_missing")
	}
	amount, err := money.ParseWritten(form.Get("amount"), sub.Amount.Currency)
	if err != nil {
		return "", err
	}
	c, err := s.service.ChangeFrequency(ctx, v.id, contribution.Frequency(form.Get("frequency")), amount, by)
	if err != nil {
		return "", err
	}
	if c.State == manage.Approval && s.approvals.Allow(c.ApproveURL) {
		return c.ApproveURL, nil
	}
	return v.address(), nil
}

// Return answers GET /manage/changes/{id}/return: PayPal sent the reader back, who consented to a change.
func (s *Gift) Return(w http.ResponseWriter, r *http.Request) error {
	return s.comeBack(w, r, s.service.Returned)
}

// Cancel answers GET /manage/changes/{id}/cancel: the reader did not consent, and everything stays as it was.
func (s *Gift) Cancel(w http.ResponseWriter, r *http.Request) error {
	return s.comeBack(w, r, s.service.TurnedBack)
}

// comeBack shows the gift again. A reader whose session ended at PayPal's asks for another link; what they consented to
// is found out all the same.
func (s *Gift) comeBack(
	w http.ResponseWriter, r *http.Request, look func(context.Context, uuid.UUID) (manage.Change, error),
) error {
	id, err := page.PathID(r)
	if err != nil {
		return err
	}
	return s.door.only(func(w http.ResponseWriter, r *http.Request, address string) error {
		c, err := s.service.Change(r.Context(), id)
		owns := false
		if err == nil {
			owns, err = s.people.Owns(r.Context(), address, c.Contribution)
		}
		switch {
		case fault.Is(err, fault.NotFound), err == nil && !owns: // the same for either
			return fault.New(fault.NotFound, "manage.no_such_change")
		case err != nil:
			return err
		}
		if r.Method != http.MethodHead {
			if _, err := look(r.Context(), id); err != nil && !fault.Is(err, fault.Unavailable) {
				return err
			}
		}
		page.Redirect(w, visit{id: c.Contribution}.address())
		return nil
	})(w, r)
}
