package sandbox

import "time"

// The views are PayPal's answers, field by field in the order PayPal writes them.

type orderView struct {
	ID            string      `json:"id"`
	Intent        string      `json:"intent,omitempty"`
	Status        string      `json:"status"`
	PaymentSource *sourceView `json:"payment_source,omitempty"`
	PurchaseUnits []unitView  `json:"purchase_units,omitempty"`
	Payer         *payerView  `json:"payer,omitempty"`
	CreateTime    string      `json:"create_time,omitempty"`
	UpdateTime    string      `json:"update_time,omitempty"`
	Links         []link      `json:"links"`
}

type sourceView struct {
	PayPal walletView `json:"paypal"`
}

type walletView struct {
	EmailAddress  string       `json:"email_address,omitempty"`
	AccountID     string       `json:"account_id,omitempty"`
	AccountStatus string       `json:"account_status,omitempty"`
	Name          *nameView    `json:"name,omitempty"`
	Address       *addressView `json:"address,omitempty"`
}

type nameView struct {
	GivenName string `json:"given_name,omitempty"`
	Surname   string `json:"surname,omitempty"`
}

type addressView struct {
	CountryCode string `json:"country_code"`
}

type payerView struct {
	Name         nameView    `json:"name"`
	EmailAddress string      `json:"email_address"`
	PayerID      string      `json:"payer_id"`
	Address      addressView `json:"address"`
}

type unitView struct {
	ReferenceID        string        `json:"reference_id"`
	Amount             *amountView   `json:"amount,omitempty"`
	Payee              *payeeView    `json:"payee,omitempty"`
	PaymentInstruction any           `json:"payment_instruction,omitempty"`
	Description        string        `json:"description,omitempty"`
	CustomID           string        `json:"custom_id,omitempty"`
	InvoiceID          string        `json:"invoice_id,omitempty"`
	SoftDescriptor     string        `json:"soft_descriptor,omitempty"`
	Items              any           `json:"items,omitempty"`
	Shipping           any           `json:"shipping,omitempty"`
	SupplementaryData  any           `json:"supplementary_data,omitempty"`
	Payments           *paymentsView `json:"payments,omitempty"`
}

type amountView struct {
	moneyView
	Breakdown any `json:"breakdown,omitempty"`
}

type payeeView struct {
	EmailAddress string       `json:"email_address,omitempty"`
	MerchantID   string       `json:"merchant_id,omitempty"`
	DisplayData  *displayView `json:"display_data,omitempty"`
}

type displayView struct {
	BrandName string `json:"brand_name"`
}

type paymentsView struct {
	Captures []captureView `json:"captures,omitempty"`
	Refunds  []refundView  `json:"refunds,omitempty"`
}

type captureView struct {
	ID                string             `json:"id"`
	Status            string             `json:"status"`
	StatusDetails     *reasonView        `json:"status_details,omitempty"`
	Amount            *moneyView         `json:"amount"`
	FinalCapture      bool               `json:"final_capture"`
	DisbursementMode  string             `json:"disbursement_mode,omitempty"`
	SellerProtection  *protectionView    `json:"seller_protection,omitempty"`
	Breakdown         *receivableView    `json:"seller_receivable_breakdown,omitempty"`
	InvoiceID         string             `json:"invoice_id,omitempty"`
	CustomID          string             `json:"custom_id,omitempty"`
	ProcessorResponse *processorView     `json:"processor_response,omitempty"`
	SupplementaryData *supplementaryView `json:"supplementary_data,omitempty"`
	Payee             *payeeView         `json:"payee,omitempty"`
	Links             []link             `json:"links"`
	CreateTime        string             `json:"create_time"`
	UpdateTime        string             `json:"update_time"`
}

type reasonView struct {
	Reason string `json:"reason"`
}

type protectionView struct {
	Status            string   `json:"status"`
	DisputeCategories []string `json:"dispute_categories,omitempty"`
}

type receivableView struct {
	GrossAmount  *moneyView    `json:"gross_amount"`
	PayPalFee    *moneyView    `json:"paypal_fee,omitempty"`
	NetAmount    *moneyView    `json:"net_amount,omitempty"`
	Receivable   *moneyView    `json:"receivable_amount,omitempty"`
	ExchangeRate *exchangeView `json:"exchange_rate,omitempty"`
}

type processorView struct {
	ResponseCode string `json:"response_code"`
}

type supplementaryView struct {
	RelatedIDs relatedView `json:"related_ids"`
}

type relatedView struct {
	OrderID string `json:"order_id"`
}

type refundView struct {
	ID            string       `json:"id"`
	Status        string       `json:"status"`
	StatusDetails *reasonView  `json:"status_details,omitempty"`
	Amount        *moneyView   `json:"amount,omitempty"`
	NoteToPayer   string       `json:"note_to_payer,omitempty"`
	Breakdown     *payableView `json:"seller_payable_breakdown,omitempty"`
	InvoiceID     string       `json:"invoice_id,omitempty"`
	CustomID      string       `json:"custom_id,omitempty"`
	CreateTime    string       `json:"create_time,omitempty"`
	UpdateTime    string       `json:"update_time,omitempty"`
	Links         []link       `json:"links"`
}

type payableView struct {
	GrossAmount         *moneyView `json:"gross_amount"`
	PayPalFee           *moneyView `json:"paypal_fee"`
	NetAmount           *moneyView `json:"net_amount"`
	TotalRefundedAmount *moneyView `json:"total_refunded_amount"`
}

// stamp writes a time as PayPal does in resources.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// stampMillis writes a time as PayPal does in the envelope of an event.
func stampMillis(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
