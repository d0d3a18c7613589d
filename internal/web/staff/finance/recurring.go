package finance

import (
	"net/http"

	"readerfund/internal/i18n"
	"readerfund/internal/report"
	"readerfund/internal/web/staff/screen"
)

// Recurring is the page about recurring gifts: how many began and ended each month, the expected charges, and how many
// were regretted.
type Recurring struct {
	screen.Layout

	reports *report.Reports
}

// recurringPage is the data of that page. Months are named in words.
type recurringPage struct {
	report.Recurring
	Added  *screen.Stamp // when the figures were last computed completely; nil if they never were
	Months []recurringMonth
}

type recurringMonth struct {
	report.RecurringMonth
	Label string
}

// monthsShown is how many months the page covers, including the current one.
const monthsShown = 12

// Show answers GET /staff/recurring.
func (s *Recurring) Show(w http.ResponseWriter, r *http.Request) error {
	found, err := s.reports.Recurring(r.Context(), s.Now(), monthsShown)
	if err != nil {
		return err
	}
	p := recurringPage{Recurring: found}
	if !found.At.IsZero() {
		added := s.Stamp(found.At)
		p.Added = &added
	}
	for _, m := range found.Months {
		p.Months = append(p.Months, recurringMonth{m, monthInWords(m.Month)})
	}
	return s.Render(w, r, http.StatusOK, "staff/recurring.html", i18n.New("staff.title.recurring"), "reports", p)
}
