package receipt

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/receipt/form"
	"readerfund/internal/supporter"
	"readerfund/internal/text"
)

// Given is one receipt in a year's statement, with what was deducted from it since.
type Given struct {
	Serial    string
	Notices   []string // the serials of the notices that corrected or cancelled it
	Frequency string
	PaidAt    time.Time
	Amount    money.Amount
	Returned  money.Amount
	Left      money.Amount
}

// Statement is what a supporter gave in a year, by the days on which PayPal took the money. Each amount already has a
// receipt, so a statement has no number.
type Statement struct {
	Supporter uuid.UUID
	Year      int
	Name      string
	Address   string // postal, on one line, if the configured form prints one
	Given     []Given
	Sums      []money.Amount // what is left, by currency, in the order of their codes
}

// Years returns the years in which a supporter gave, the latest first.
func (s *Service) Years(ctx context.Context, supporter uuid.UUID) ([]int, error) {
	var years []int
	err := s.db.SelectContext(ctx, &years, `
		SELECT DISTINCT extract(year FROM r.paid_at AT TIME ZONE $2)::integer AS year
		FROM receipt r JOIN contribution c ON c.id = r.contribution_id
		WHERE c.supporter_id = $1 AND r.kind = 'receipt' ORDER BY year DESC`, supporter, s.zone.String())
	if err != nil {
		return nil, db.Translate(fmt.Errorf("read a supporter's years: %w", err))
	}
	return years, nil
}

// Statement adds up a supporter's year. If of names one of their contributions in that year, it covers only what was
// given under that contribution's address: a mail must not reveal gifts made with another address, even if one PayPal
// account paid for both. With uuid.Nil it covers everything. The error is fault.NotFound if there is nothing to list.
func (s *Service) Statement(ctx context.Context, supporter uuid.UUID, year int, of uuid.UUID) (Statement, error) {
	rows, err := s.receipted(ctx, supporter, year)
	if err != nil {
		return Statement{}, err
	}
	if of != uuid.Nil {
		rows = underAddressOf(rows, of)
	}
	if len(rows) == 0 {
		return Statement{}, fault.New(fault.NotFound, "receipt.unknown")
	}
	st := Statement{Supporter: supporter, Year: year}
	left := map[money.Currency]int64{}
	for _, r := range rows {
		c := money.Currency(r.Currency)
		left[c] += r.Minor - r.Returned
		if r.Name != "" && (of != uuid.Nil || !r.Addressed) {
			st.Name = r.Name // the latest one
		}
		st.Given = append(st.Given, Given{
			Serial: r.Serial, Notices: strings.Fields(r.Notices), Frequency: r.Frequency, PaidAt: r.PaidAt.UTC(),
			Amount: money.New(r.Minor, c), Returned: money.New(r.Returned, c), Left: money.New(r.Minor-r.Returned, c),
		})
	}
	if err := s.nameReader(ctx, &st, rows[0], of); err != nil {
		return Statement{}, err
	}
	for c, minor := range left {
		st.Sums = append(st.Sums, money.New(minor, c))
	}
	slices.SortFunc(st.Sums, func(a, b money.Amount) int { return strings.Compare(string(a.Currency), string(b.Currency)) })
	return st, nil
}

// nameReader prints the name and the postal address that the reader saved on a statement, if the configured form
// requires them. A statement of everything is for the person PayPal names; a statement of one address is for the reader
// of its mail.
func (s *Service) nameReader(ctx context.Context, st *Statement, one receipted, of uuid.UUID) error {
	if s.AddressUse() == form.NoAddress {
		return nil
	}
	reader := one.Payer
	if of != uuid.Nil {
		reader = one.Address
	}
	a, err := s.AddressOf(ctx, reader)
	if err == nil && !a.Empty() {
		st.Name, st.Address = text.Line(a.Name), a.line(s.issuer.Form)
	}
	return err
}

// receipted is a receipt as a statement adds it up.
type receipted struct {
	Serial       string    `db:"serial"`
	Notices      string    `db:"notices"`
	Frequency    string    `db:"frequency"`
	PaidAt       time.Time `db:"paid_at"`
	Minor        int64     `db:"amount_minor"`
	Returned     int64     `db:"returned_minor"`
	Currency     string    `db:"currency"`
	Name         string    `db:"name"`
	Contribution uuid.UUID `db:"contribution_id"`
	Addressed    bool      `db:"addressed"` // it shows a postal address, with a name only for its own reader
	Address      string    `db:"address"`   // where its mails go, in lower case
	Payer        string    `db:"payer"`     // the supporter's address
}

func (s *Service) receipted(ctx context.Context, giver uuid.UUID, year int) (rows []receipted, err error) {
	from := time.Date(year, time.January, 1, 0, 0, 0, 0, s.zone)
	err = s.db.SelectContext(ctx, &rows, `
		SELECT coalesce(x.serial, r.serial) AS serial, coalesce(n.serials, '') AS notices, r.frequency, r.paid_at,
		       r.amount_minor, coalesce(n.back, 0) AS returned_minor, r.currency,
		       coalesce(nullif(r.name, ''), s.name, '') AS name, r.address <> '' AS addressed, r.contribution_id,
		       coalesce(`+supporter.RecipientAddress+`, '') AS address, coalesce(s.email, '') AS payer
		FROM receipt r JOIN contribution c ON c.id = r.contribution_id LEFT JOIN supporter s ON s.id = c.supporter_id
		LEFT JOIN receipt x ON x.payment_id = r.payment_id AND x.kind = 'replacement'
		LEFT JOIN LATERAL (
		    SELECT sum(n.amount_minor)::bigint AS back, string_agg(n.serial, ' ' ORDER BY n.year, n.number) AS serials
		    FROM receipt n
		    WHERE n.contribution_id = r.contribution_id AND n.payment_id = r.payment_id AND n.refund_id IS NOT NULL) n ON true
		WHERE c.supporter_id = $1 AND r.kind = 'receipt' AND r.paid_at >= $2 AND r.paid_at < $3
		ORDER BY r.paid_at, r.year, r.number`, giver, from.UTC(), from.AddDate(1, 0, 0).UTC())
	if err != nil {
		return nil, db.Translate(fmt.Errorf("read a supporter's year: %w", err))
	}
	return rows, nil
}

// underAddressOf picks what was given under the address of a contribution; nothing if that contribution is not among
// it.
func underAddressOf(all []receipted, of uuid.UUID) []receipted {
	n := slices.IndexFunc(all, func(r receipted) bool { return r.Contribution == of })
	if n < 0 {
		return nil
	}
	address := all[n].Address
	return slices.DeleteFunc(all, func(r receipted) bool { return r.Address != address })
}

// StatementDocument renders the text of a statement, in the configured form.
func (s *Service) StatementDocument(st Statement) (Document, error) {
	style, f := styleOf(s.issuer.Form), s.issuer.Form
	w := s.issuerWords()
	w.Kind, w.Year, w.Name, w.Address = statement, st.Year, st.Name, st.Address
	w.Issued = s.now().In(s.zone).Format(style.date)
	for _, a := range st.Sums {
		w.Sums = append(w.Sums, sum{string(a.Currency), money.Format(a, style.tag), spelled(a)})
	}
	d, err := s.texts.document(f, w)
	if err != nil {
		return d, err
	}
	d.Name = strconv.Itoa(st.Year)
	heads, err := s.texts.say(f, "headings", nil)
	if err != nil {
		return d, err
	}
	d.Table.Head = strings.Split(heads, "|")
	w.Form = f
	if d.Table.Title, err = s.texts.say(f, "list", w); err != nil {
		return d, err
	}
	d.Table.Apart = f == form.DECollective
	total, err := s.texts.say(f, "total", nil)
	if err != nil {
		return d, err
	}
	for _, sum := range w.Sums {
		d.Table.Sums = append(d.Table.Sums, [2]string{total, sum.Amount})
	}
	for _, g := range st.Given {
		every, err := s.texts.say(f, "every", g.Frequency)
		if err != nil {
			return d, err
		}
		d.Table.Rows = append(d.Table.Rows, []string{
			g.PaidAt.In(s.zone).Format(style.date), strings.Join(append([]string{g.Serial}, g.Notices...), ", "), every,
			money.Format(g.Amount, style.tag), money.Format(g.Returned, style.tag), money.Format(g.Left, style.tag),
		})
	}
	return d, nil
}

// spelled writes an amount in German, digit by digit between two X, as the ministry allows for documents that programs
// write (BMF, 7 November 2013, number 7).
func spelled(a money.Amount) string {
	names := [...]string{"null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"}
	spell := func(digits string) string {
		parts := []string{"X"}
		for _, d := range digits {
			parts = append(parts, names[d-'0'])
		}
		return strings.Join(append(parts, "X"), " – ")
	}
	whole, decimals, _ := strings.Cut(a.Decimal(), ".")
	text := spell(whole) + " " + string(a.Currency)
	if decimals != "" {
		text += ", " + spell(decimals) + " Cent"
	}
	return text
}
