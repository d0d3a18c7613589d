package sandbox

import (
	"slices"
	"strings"
	"time"
)

// searchView is the answer of transaction search.
type searchView struct {
	Details   []transactionView `json:"transaction_details"`
	Account   string            `json:"account_number"`
	From      string            `json:"start_date"`
	To        string            `json:"end_date"`
	Refreshed string            `json:"last_refreshed_datetime"`
	Page      int               `json:"page"`
	Items     int               `json:"total_items"`
	Pages     int               `json:"total_pages"`
	Links     []link            `json:"links"`
}

// transactionView is one transaction, with the parts that were asked for. The last five are always empty here.
type transactionView struct {
	Info      *transactionInfo `json:"transaction_info,omitempty"`
	Payer     *payerInfo       `json:"payer_info,omitempty"`
	Shipping  *struct{}        `json:"shipping_info,omitempty"`
	Cart      *struct{}        `json:"cart_info,omitempty"`
	Store     *struct{}        `json:"store_info,omitempty"`
	Auction   *struct{}        `json:"auction_info,omitempty"`
	Incentive *struct{}        `json:"incentive_info,omitempty"`
}

type transactionInfo struct {
	AccountID     string     `json:"paypal_account_id,omitempty"`
	ID            string     `json:"transaction_id"`
	Reference     string     `json:"paypal_reference_id,omitempty"`
	ReferenceType string     `json:"paypal_reference_id_type,omitempty"`
	Code          string     `json:"transaction_event_code"`
	Begun         string     `json:"transaction_initiation_date"`
	Updated       string     `json:"transaction_updated_date"`
	Amount        *moneyView `json:"transaction_amount"`
	Fee           *moneyView `json:"fee_amount,omitempty"`
	Status        string     `json:"transaction_status"`
	Note          string     `json:"transaction_note,omitempty"`
	InvoiceID     string     `json:"invoice_id,omitempty"`
	CustomField   string     `json:"custom_field,omitempty"`
	Protection    string     `json:"protection_eligibility"`
}

type payerInfo struct {
	AccountID     string        `json:"account_id,omitempty"`
	EmailAddress  string        `json:"email_address,omitempty"`
	AddressStatus string        `json:"address_status"`
	PayerStatus   string        `json:"payer_status"`
	Name          payerFullName `json:"payer_name"`
	CountryCode   string        `json:"country_code,omitempty"`
}

type payerFullName struct {
	GivenName string `json:"given_name,omitempty"`
	Surname   string `json:"surname,omitempty"`
	FullName  string `json:"alternate_full_name,omitempty"`
}

// viewTransaction writes a line of the statement.
func viewTransaction(l statementLine, fields []string) transactionView {
	var v transactionView
	if slices.Contains(fields, "transaction_info") {
		v.Info = l.info()
	}
	if slices.Contains(fields, "payer_info") {
		v.Payer = l.payerInfo()
	}
	for field, part := range map[string]**struct{}{
		"shipping_info": &v.Shipping, "cart_info": &v.Cart, "store_info": &v.Store, "auction_info": &v.Auction,
		"incentive_info": &v.Incentive,
	} {
		if slices.Contains(fields, field) {
			*part = &struct{}{}
		}
	}
	return v
}

func (l statementLine) info() *transactionInfo {
	info := &transactionInfo{
		ID: l.id, Reference: l.reference, ReferenceType: l.referenceType, Code: l.code, Begun: stampZone(l.begun),
		Updated: stampZone(l.updated),
		Amount:  l.amount.view(), Status: l.status, Note: l.note, InvoiceID: l.invoiceID, CustomField: l.customID,
		Protection: "02",
	}
	if l.fee != 0 {
		info.Fee = money{l.amount.Currency, l.fee}.view()
	}
	if l.payer != nil {
		info.AccountID = l.payer.PayerID
	}
	if l.code == codeCheckout || l.code == codeSubscription {
		info.Protection = "01"
	}
	return info
}

// payerInfo is who is on the other side; nobody is when PayPal itself moves money.
func (l statementLine) payerInfo() *payerInfo {
	v := &payerInfo{AddressStatus: "N", PayerStatus: "N"}
	if p := l.payer; p != nil {
		v.AccountID, v.EmailAddress, v.PayerStatus, v.CountryCode = p.PayerID, p.Email, "Y", p.Country
		v.Name = payerFullName{p.GivenName, p.Surname, strings.TrimSpace(p.GivenName + " " + p.Surname)}
	}
	return v
}

// stampZone writes a time as transaction search does: with a zone that has no colon, as recorded, although the document
// does not foresee that.
func stampZone(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-0700") }
