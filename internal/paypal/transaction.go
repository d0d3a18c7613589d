package paypal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"readerfund/internal/money"
)

// Limits of PayPal's transaction search (Transaction Search v1, end_date and page_size).
const (
	MaxWindow = 31 * 24 * time.Hour
	MaxPage   = 500
)

// Event codes of money of a payment that went back. Source: PayPal, "Transaction event codes".
const (
	ReversalCode   = "T1106" // PayPal took it
	RefundCode     = "T1107" // we gave it
	ChargebackCode = "T1201" // the payer's bank took it
)

// Transaction is one row of PayPal's own record of the account's money. Its id is not unique: the same one may come
// again with another event code.
type Transaction struct {
	ID            string
	EventCode     string // what moved: "T0006" checkout, "T1107" refund, "T1106" reversal, "T1110" hold, …
	Status        string // "S" done, "P" pending, "D" denied, "V" taken back in full
	ReferenceID   string // what it belongs to: for a refund, the payment's transaction
	ReferenceType string // "TXN", "ODR", "SUB", "PAP"
	CustomID      string
	InvoiceID     string
	Note          string // what the payer wrote; personal

	Amount      money.Amount  // signed: positive came in
	Fee         *money.Amount // signed as PayPal writes it: negative was taken; nil where PayPal names none
	InitiatedAt time.Time     // UTC; zero when it cannot be read; so is the next
	UpdatedAt   time.Time
	Payer       Payer // the other party

	// Unreadable says why the row cannot be counted, and is empty for every row that can. The other fields then hold
	// what could be read.
	Unreadable string
}

// TransactionQuery picks a window and a page of it.
type TransactionQuery struct {
	From, To time.Time // both included; at most MaxWindow apart
	Page     int       // from 1; 0 means 1
	PageSize int       // at most MaxPage; 0 means MaxPage
	ID       string    // only rows with this id; empty is all
	Code     string    // only rows with this event code; empty is all
	All      bool      // also rows that moved no balance
}

// TransactionPage is one page of a window. Pages and Total are the window's.
type TransactionPage struct {
	Transactions       []Transaction
	Page, Pages, Total int
	RefreshedAt        time.Time // UTC; how far PayPal's record reaches; zero when PayPal does not say
}

var (
	// ErrTooManyTransactions is a window of more rows than PayPal lists, 10,000. Ask for a shorter one.
	ErrTooManyTransactions = errors.New("more transactions than PayPal lists at once")
	// ErrNotReportedYet is a window that begins after the end of PayPal's record, which is up to three hours behind, or
	// more than three years ago: PayPal says the same of both.
	ErrNotReportedYet = errors.New("PayPal has no data for the start date")
)

// Transactions reads one page of PayPal's record. A row that cannot be read does not spoil the page: see Unreadable.
func (c *Client) Transactions(ctx context.Context, q TransactionQuery) (TransactionPage, error) {
	const operation = "search transactions"
	query, err := q.values()
	if err != nil {
		return TransactionPage{}, &Error{Operation: operation, Err: err}
	}
	var found TransactionPage
	err = c.do(ctx, call{
		operation: operation, method: http.MethodGet, path: "/v1/reporting/transactions?" + query.Encode(), slow: true,
		stream: func(body io.Reader) (err error) {
			found, err = readTransactions(body)
			return err
		},
	})
	if err != nil {
		return TransactionPage{}, whyNot(err)
	}
	return found, nil
}

// transactionShape is what PayPal takes as transaction_id.
func transactionShape(id string) bool {
	return idShape.MatchString(id) && len(id) >= 17 && len(id) <= 19
}

func (q TransactionQuery) values() (url.Values, error) {
	page, size := max(q.Page, 1), q.PageSize
	if size == 0 {
		size = MaxPage
	}
	switch {
	case q.To.Before(q.From):
		return nil, errors.New("the window ends before it begins")
	case q.To.Sub(q.From) > MaxWindow:
		return nil, errors.New("the window is longer than 31 days")
	case size < 1 || size > MaxPage || q.Page < 0:
		return nil, fmt.Errorf("page %d of %d rows is not one that PayPal has", q.Page, size)
	case q.ID != "" && !transactionShape(q.ID):
		return nil, fmt.Errorf("%.64q is not a transaction's id", q.ID)
	}
	query := url.Values{
		"start_date": {writeTime(q.From)}, "end_date": {writeTime(q.To)}, "fields": {"transaction_info,payer_info"},
		"page": {strconv.Itoa(page)}, "page_size": {strconv.Itoa(size)}, "balance_affecting_records_only": {"Y"},
	}
	if q.All {
		query.Set("balance_affecting_records_only", "N")
	}
	if q.ID != "" {
		query.Set("transaction_id", q.ID)
	}
	if q.Code != "" {
		query.Set("transaction_type", q.Code)
	}
	return query, nil
}

// whyNot gives the two refusals that a caller can do something about a cause of their own. PayPal has no code for the
// second, only a sentence, which it puts now here and now there.
func whyNot(err error) error {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || e.Status < 400 || e.Status > 499:
	case e.Has("RESULTSET_TOO_LARGE"):
		e.Err = ErrTooManyTransactions
	case e.says("Data for the given start date is not available"):
		e.Err = ErrNotReportedYet
	}
	return err
}

// says looks for a sentence wherever PayPal may have put it.
func (e *Error) says(sentence string) bool {
	if strings.Contains(e.Message, sentence) {
		return true
	}
	for _, i := range e.Issues {
		if strings.Contains(i.Issue, sentence) || strings.Contains(i.Description, sentence) {
			return true
		}
	}
	return false
}

// readTransactions decodes a page as it arrives, one row at a time: a page of 500 is a megabyte.
func readTransactions(body io.Reader) (TransactionPage, error) {
	var out TransactionPage
	in := json.NewDecoder(body)
	if token, err := in.Token(); err != nil || token != json.Delim('{') {
		return out, errors.Join(errors.New("it is not a JSON object"), err)
	}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return out, err
		}
		if err := out.readField(in, key); err != nil {
			return out, err
		}
	}
	if _, err := in.Token(); err != nil {
		return out, err
	}
	// To the end, so that the connection can be used again.
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return out, errors.New("there is something after the page")
	}
	return out, nil
}

func (p *TransactionPage) readField(in *json.Decoder, key json.Token) error {
	var refreshed instant
	switch key {
	case "transaction_details":
		return p.readRows(in)
	case "page":
		return in.Decode(&p.Page)
	case "total_pages":
		return in.Decode(&p.Pages)
	case "total_items":
		return in.Decode(&p.Total)
	case "last_refreshed_datetime":
		err := in.Decode(&refreshed)
		p.RefreshedAt = refreshed.Time
		return err
	default:
		var other json.RawMessage
		return in.Decode(&other)
	}
}

func (p *TransactionPage) readRows(in *json.Decoder) error {
	token, err := in.Token()
	switch {
	case err != nil:
		return err
	case token == nil:
		return nil // null: an empty page
	case token != json.Delim('['):
		return errors.New("the rows are not a list")
	}
	for in.More() {
		var row transactionJSON
		err := in.Decode(&row)
		if _, odd := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !odd {
			return err
		}
		p.Transactions = append(p.Transactions, row.read(err))
	}
	_, err = in.Token()
	return err
}

type transactionJSON struct {
	Info struct {
		AccountID     string      `json:"paypal_account_id"`
		ID            string      `json:"transaction_id"`
		ReferenceID   string      `json:"paypal_reference_id"`
		ReferenceType string      `json:"paypal_reference_id_type"`
		EventCode     string      `json:"transaction_event_code"`
		Status        string      `json:"transaction_status"`
		Initiated     instant     `json:"transaction_initiation_date"`
		Updated       instant     `json:"transaction_updated_date"`
		Amount        amountJSON  `json:"transaction_amount"`
		Fee           *amountJSON `json:"fee_amount"`
		CustomID      line        `json:"custom_field"`
		InvoiceID     line        `json:"invoice_id"`
		Subject       line        `json:"transaction_subject"`
		Note          line        `json:"transaction_note"`
	} `json:"transaction_info"`
	Payer lenient[struct {
		AccountID line `json:"account_id"`
		Email     line `json:"email_address"`
		Country   line `json:"country_code"`
		Name      struct {
			Given     line `json:"given_name"`
			Surname   line `json:"surname"`
			Alternate line `json:"alternate_full_name"`
		} `json:"payer_name"`
	}] `json:"payer_info"`
}

// read gives what of the row can be read. A field of another type than PayPal's document has leaves the row in doubt.
func (in transactionJSON) read(odd error) Transaction {
	i, payer := in.Info, in.Payer.v
	name := payer.Name
	out := Transaction{
		ID: shaped(i.ID), EventCode: shaped(i.EventCode), Status: shaped(i.Status),
		ReferenceID: shaped(i.ReferenceID), ReferenceType: shaped(i.ReferenceType),
		CustomID: cut(string(i.CustomID), maxText), InvoiceID: cut(string(i.InvoiceID), maxText),
		Note: string(cmp.Or(i.Note, i.Subject)), InitiatedAt: i.Initiated.Time, UpdatedAt: i.Updated.Time,
		Payer: Payer{
			ID: shaped(cmp.Or(payer.AccountID, line(i.AccountID))), Email: address(payer.Email), Country: shaped(payer.Country),
			GivenName: cut(string(name.Given), maxName), Surname: cut(string(name.Surname), maxName),
		},
	}
	if out.Payer.GivenName == "" && out.Payer.Surname == "" {
		out.Payer.Surname = cut(string(name.Alternate), maxName)
	}
	amount, err := i.Amount.read()
	out.Amount = amount
	feeErr := i.Fee.readInto(&out.Fee)
	switch {
	case odd != nil:
		out.Unreadable = "a field has another type than PayPal's document gives it"
	case out.ID == "":
		out.Unreadable = "it has no usable id"
	case err != nil:
		out.Unreadable = err.Error()
	case feeErr != nil:
		out.Unreadable = "fee: " + feeErr.Error()
	case out.Fee != nil && out.Fee.Currency != amount.Currency:
		out.Unreadable = "the fee is in another currency than the amount"
	}
	return out
}

// shaped drops what is no id or code: a row's texts end in our database and on pages.
func shaped[T ~string](id T) string {
	if idShape.MatchString(string(id)) {
		return string(id)
	}
	return ""
}
