package manage

import (
	"cmp"
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

// Gift is the page of one recurring gift. A mail about the gift links to it with a key; that visit can see, stop and
// pause the gift. A reader with a session can also change it.
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

// visit is a request that is allowed to see a recurring gift.
type visit struct {
	id  uuid.UUID
	key string // of the link in a mail; empty for a reader with a session, who may do more
}

// address is the page's address for a reader who came this way.
func (v visit) address() string {
	at := home + "/gift/" + v.id.String()
	if v.key != "" {
		at += "?key=" + url.QueryEscape(v.key)
	}
	return at
}

var errNotYours = errors.New("no gift of this reader")

// visitor returns what a request is allowed to see. The error is errNotYours if it has no right to the gift: the same
// for a gift that does not exist as for another reader's.
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

// refuse offers a new link to a reader whose link or session is not valid for the gift.
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
	approval, err := s.carryOut(r.Context(), v, form)
	if kind := fault.KindOf(err); err != nil && kind != fault.Internal {
		status := page.StatusOf(kind)
		s.pages.LogFailure(r, status, err)
		return s.render(w, r, status, v, form.Get("amount"), err)
	}
	if err != nil {
		return err
	}
	page.Redirect(w, cmp.Or(approval, s.pages.To(r, v.address())))
	return nil
}

// carryOut does what the form asks for, and returns PayPal's page where the reader has to consent first.
func (s *Gift) carryOut(ctx context.Context, v visit, form url.Values) (approval string, err error) {
	by := manage.By{Kind: manage.ByReader}
	switch act := form.Get("act"); {
	case act == "stop":
		_, err = s.service.Stop(ctx, v.id, by)
	case act == "resume":
		_, err = s.service.Resume(ctx, v.id, by)
	case strings.HasPrefix(act, "pause-"):
		months, _ := strconv.Atoi(strings.TrimPrefix(act, "pause-")) // anything but a number is 0, which is refused
		_, err = s.service.Pause(ctx, v.id, months, by)
	case act == "change" && v.key == "":
		return s.change(ctx, v, form, by)
	default:
		return "", fault.New(fault.NotFound, "manage.no_such_act")
	}
	return "", err
}

// change asks for another amount, another frequency, or both.
func (s *Gift) change(ctx context.Context, v visit, form url.Values, by manage.By) (approval string, err error) {
	sub, err := s.service.Subscription(ctx, v.id)
	if err != nil {
		return "", err
	}
	written := cmp.Or(strings.TrimSpace(form.Get("amount")), form.Get("meant"))
	if written == "" {
		return "", fault.Input("amount", "contribution.amount_missing")
	}
	amount, err := money.ParseWritten(written, sub.Amount.Currency)
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
	return "", nil
}

// Return answers GET /manage/changes/{id}/return: the reader consented to a change, and PayPal sent them back.
func (s *Gift) Return(w http.ResponseWriter, r *http.Request) error {
	return s.showReturned(w, r, s.service.Returned)
}

// Cancel answers GET /manage/changes/{id}/cancel: the reader did not consent, and everything stays as it was.
func (s *Gift) Cancel(w http.ResponseWriter, r *http.Request) error {
	return s.showReturned(w, r, s.service.TurnedBack)
}

// showReturned shows the gift again. A reader whose session ended while they were at PayPal asks for another link;
// whether they consented is looked up all the same.
func (s *Gift) showReturned(
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
		case fault.Is(err, fault.NotFound), err == nil && !owns: // both get the same answer
			return fault.New(fault.NotFound, "manage.no_such_change")
		case err != nil:
			return err
		}
		if r.Method != http.MethodHead {
			if _, err := look(r.Context(), id); err != nil && !fault.Is(err, fault.Unavailable) {
				return err
			}
		}
		page.Redirect(w, s.pages.To(r, visit{id: c.Contribution}.address()))
		return nil
	})(w, r)
}
