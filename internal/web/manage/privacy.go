package manage

import (
	"context"
	"net/http"

	"readerfund/internal/i18n"
	"readerfund/internal/manage"
	"readerfund/internal/supporter"
	"readerfund/internal/web/page"
)

// Privacy is where readers download what is known about them, and have it erased.
type Privacy struct {
	layout

	door    door
	people  *supporter.Service
	changes *manage.Service
}

// Export answers GET /manage/export: everything that we keep about the reader, as a file.
func (s *Privacy) Export(w http.ResponseWriter, r *http.Request) error {
	return s.door.only(func(w http.ResponseWriter, r *http.Request, address string) error {
		text, err := s.people.Export(r.Context(), address)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Disposition", `attachment; filename="my-data.json"`)
		page.Write(w, http.StatusOK, page.JSONType, text)
		return nil
	})(w, r)
}

// erasePage asks for confirmation, or says that the erasure is done.
type erasePage struct {
	Address string
	Runs    []recurring // they have to be stopped first
	Done    bool
}

// AskErase answers GET /manage/erase: it says what is erased and what stays, and asks for confirmation.
func (s *Privacy) AskErase(w http.ResponseWriter, r *http.Request) error {
	return s.door.only(func(w http.ResponseWriter, r *http.Request, address string) error {
		runs, err := s.running(r.Context(), s.pages.Localizer(r), address)
		if err != nil {
			return err
		}
		return s.show(w, r, http.StatusOK, "manage/erase.html", i18n.New("manage.title.erase"),
			erasePage{Address: address, Runs: runs})
	})(w, r)
}

// Erase answers POST /manage/erase. Afterwards nothing is left that would let the reader in again, so a gift that still
// repeats has to be stopped first: otherwise PayPal would go on charging a reader whom we could no longer help.
func (s *Privacy) Erase(w http.ResponseWriter, r *http.Request) error {
	return s.door.only(func(w http.ResponseWriter, r *http.Request, address string) error {
		runs, err := s.running(r.Context(), s.pages.Localizer(r), address)
		if err != nil {
			return err
		}
		if len(runs) > 0 {
			return s.show(w, r, http.StatusConflict, "manage/erase.html", i18n.New("manage.title.erase"),
				erasePage{Address: address, Runs: runs})
		}
		if _, err := s.people.Erase(r.Context(), address, false); err != nil {
			return err
		}
		if err := s.door.links.Forget(r.Context(), address); err != nil {
			return err
		}
		s.door.keep(w, "")
		return s.show(w, r, http.StatusOK, "manage/erase.html", i18n.New("manage.title.erased"), erasePage{Done: true})
	})(w, r)
}

// running returns the gifts that PayPal would go on charging.
func (s *Privacy) running(ctx context.Context, loc i18n.Localizer, address string) ([]recurring, error) {
	ids, err := s.people.Running(ctx, address)
	if err != nil {
		return nil, err
	}
	return recurringOf(ctx, loc, s.layout, s.changes, ids)
}
