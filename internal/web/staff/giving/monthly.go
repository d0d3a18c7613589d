package giving

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/monthly"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
)

// Monthly is the page on which staff edit the suggested monthly amounts after a one-time gift.
type Monthly struct {
	screen.Layout

	monthly       *monthly.Service
	campaigns     *campaign.Catalog
	contributions *contribution.Service
}

// monthlyPage is the table of one currency as a form, fresh or shown again.
type monthlyPage struct {
	page.FormErrors
	Notice   *page.Flash
	Currency money.Currency
	Tabs     []monthlyTab
	Rows     []monthlyRow
	Seen     string       // the rows from which this page was made, for the form to send back
	Own      bool         // the newsroom has rows of its own
	Examples []monthlyRow // examples of the rule that applies without them
	Least    money.Amount // the minimum of a gift
	Wanted   []monthlyRow // what was typed while another person changed the table
}

type monthlyTab struct {
	Currency money.Currency
	Address  string
	Current  bool
}

// monthlyRow is a line of the table, as it is typed.
type monthlyRow struct{ From, Amount string }

// Line is the number that people see for row n, which is counted from 0.
func (monthlyPage) Line(n int) int { return n + 1 }

// spareRows is how many empty lines the form offers beside those that are filled in.
const spareRows = 3

// Show answers GET /staff/monthly. With "examples" the form starts with the amounts that Readerfund suggests by itself.
func (s *Monthly) Show(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	p, err := s.page(r, v.Get("currency"))
	if err != nil {
		return err
	}
	if v.Has("saved") {
		p.Notice = page.Good(s.Pages.Localizer(r), "staff.monthly_saved", i18n.Args{"currency": p.Currency})
	}
	if v.Has("examples") && !p.Own {
		p.Rows = withSpare(p.Examples)
	}
	return s.render(w, r, http.StatusOK, p)
}

// page loads the table of a currency, or of the publication's own.
func (s *Monthly) page(r *http.Request, currency string) (*monthlyPage, error) {
	o, err := s.FilterOptions(r, s.campaigns)
	if err != nil {
		return nil, err
	}
	c := s.Currency
	if currency != "" {
		c = money.Code(currency)
	}
	if !slices.Contains(o.Currencies, c) {
		return nil, fault.Input("currency", "money.currency_not_offered")
	}
	rows, examples, err := s.monthly.Rows(r.Context(), c)
	if err != nil {
		return nil, err
	}
	p := &monthlyPage{
		Currency: c, Rows: withSpare(typed(rows)), Seen: seenRows(rows), Own: len(rows) > 0, Examples: typed(examples),
		Least: money.New(s.contributions.Limits(c).Min, c),
	}
	for _, other := range o.Currencies {
		p.Tabs = append(p.Tabs, monthlyTab{
			other, screen.Address(screen.MonthlyAddress, screen.Query("currency", string(other))), other == c,
		})
	}
	return p, nil
}

func (s *Monthly) render(w http.ResponseWriter, r *http.Request, status int, p *monthlyPage) error {
	return s.Render(w, r, status, "staff/monthly.html", i18n.New("staff.title.monthly"), "reports", p)
}

// Save answers POST /staff/monthly. Empty lines are dropped; without any lines, Readerfund's own rule applies again.
func (s *Monthly) Save(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	p, err := s.page(r, v.Get("currency"))
	if err != nil {
		return err
	}
	written := rowsOf(v)
	if v.Has("default") {
		written = nil
	}
	failure := s.save(r, p.Currency, v.Get("seen"), written)
	loc := s.Pages.Localizer(r)
	switch fault.KindOf(failure) {
	case fault.Invalid:
		p.Rows, p.Seen = withSpare(written), v.Get("seen")
		p.Put(loc, failure, fieldsOf(len(written))...)
	case fault.Conflict:
		p.Wanted = written
		p.Put(loc, failure)
	default:
		if failure != nil {
			return failure
		}
		page.Redirect(w, screen.Address(screen.MonthlyAddress, screen.Query("currency", string(p.Currency), "saved", "1")))
		return nil
	}
	return s.render(w, r, page.ProblemOf(loc, failure).Status, p)
}

// save parses what was typed and saves it; every fault is in the field of its line.
func (s *Monthly) save(r *http.Request, c money.Currency, seen string, written []monthlyRow) error {
	rows, problems := make([]monthly.Suggestion, len(written)), []error(nil)
	for n, line := range written {
		from, notFrom := money.ParseWritten(line.From, c)
		amount, notAmount := money.ParseWritten(line.Amount, c)
		problems = append(problems, inField(notFrom, "from", n), inField(notAmount, "amount", n))
		rows[n] = monthly.Suggestion{Currency: c, From: from.Minor, Amount: amount.Minor}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	return s.monthly.Replace(r.Context(), c, readSeen(c, seen), rows, screen.Actor(r))
}

// inField moves an error about what was typed to a field of a line.
func inField(err error, name string, line int) error {
	if err == nil {
		return nil
	}
	f := *fault.All(err)[0]
	f.Field = fieldName(name, line)
	return &f
}

func fieldName(name string, line int) string { return name + "." + strconv.Itoa(line) }

// fieldsOf are the form's fields, in its order.
func fieldsOf(lines int) []string {
	var all []string
	for n := range lines {
		all = append(all, fieldName("from", n), fieldName("amount", n))
	}
	return all
}

// rowsOf are the lines of a submitted form, without the empty ones.
func rowsOf(v url.Values) []monthlyRow {
	var rows []monthlyRow
	for n := 0; v.Has(fieldName("from", n)) || v.Has(fieldName("amount", n)); n++ {
		row := monthlyRow{v.Get(fieldName("from", n)), v.Get(fieldName("amount", n))}
		if strings.TrimSpace(row.From+row.Amount) != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// withSpare adds empty lines, up to as many as a table may have.
func withSpare(rows []monthlyRow) []monthlyRow {
	for spare := 0; spare < spareRows && len(rows) < monthly.MostRows; spare++ {
		rows = append(rows, monthlyRow{})
	}
	return rows
}

// typed formats rows as a person would type them.
func typed(rows []monthly.Suggestion) []monthlyRow {
	all := make([]monthlyRow, len(rows))
	for n, row := range rows {
		all[n] = monthlyRow{money.New(row.From, row.Currency).Decimal(), money.New(row.Amount, row.Currency).Decimal()}
	}
	return all
}

// seenRows encodes rows for the form, so that its submission shows which rows the person saw: "1000:200 5000:800".
func seenRows(rows []monthly.Suggestion) string {
	all := make([]string, len(rows))
	for n, row := range rows {
		all[n] = strconv.FormatInt(row.From, 10) + ":" + strconv.FormatInt(row.Amount, 10)
	}
	return strings.Join(all, " ")
}

// readSeen decodes them again. A text that no form of ours encoded stands for a table that matches no current one.
func readSeen(c money.Currency, seen string) []monthly.Suggestion {
	var rows []monthly.Suggestion
	for one := range strings.FieldsSeq(seen) {
		from, amount, _ := strings.Cut(one, ":")
		row := monthly.Suggestion{Currency: c}
		row.From, _ = strconv.ParseInt(from, 10, 64)
		row.Amount, _ = strconv.ParseInt(amount, 10, 64)
		rows = append(rows, row)
	}
	return rows
}
