package words

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/i18n/i18ntest"
)

// paypalDocument is one of PayPal's published OpenAPI documents, where there are any.
func paypalDocument(t *testing.T, name string, into any) {
	t.Helper()
	dir := os.Getenv("PAYPAL_FACTS_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "..", "shared", "paypal")
	}
	if _, err := os.Stat(filepath.Join(dir, "specs")); err != nil {
		t.Skip("left out: whether all of PayPal's codes have words. PayPal's documents are not beside the repository; set " +
			"PAYPAL_FACTS_DIR to where they are.")
	}
	text, err := os.ReadFile(filepath.Join(dir, "specs", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// A sentence for staff: whole, without PayPal's code in it.
var sentence = regexp.MustCompile(`^[A-Z].*[.]$`)

func isSentence(t *testing.T, code, text string) {
	t.Helper()
	if !sentence.MatchString(text) || strings.Contains(text, code) || strings.Contains(text, "_") ||
		strings.Contains(text, "PayPal says:") {
		t.Errorf("%s: %q", code, text)
	}
}

type schemas struct {
	Components struct {
		Schemas map[string]struct {
			Enum       []string `json:"enum"`
			Properties map[string]struct {
				Enum []string `json:"enum"`
			} `json:"properties"`
		} `json:"schemas"`
	} `json:"components"`
}

// Every reason that PayPal's documents have for a capture that is pending or declined, or for a refund, has a sentence.
func TestEveryReasonOfPayPalsDocumentsHasWords(t *testing.T) {
	t.Parallel()
	var payments schemas
	paypalDocument(t, "payments_payment_v2.json", &payments)
	held := payments.Components.Schemas["capture_status_details"].Properties["reason"].Enum
	for _, code := range held {
		isSentence(t, code, Reason(English, code))
	}
	back := payments.Components.Schemas["refund_status_details"].Properties["reason"].Enum
	for _, code := range back {
		isSentence(t, code, RefundReason(English, code))
	}
	if len(held) < 11 || len(back) < 1 {
		t.Errorf("the document was read as %v and %v", held, back)
	}
}

// Every word of PayPal's for a dispute has ours.
func TestEveryWordForACaseHasOurs(t *testing.T) {
	t.Parallel()
	var disputes schemas
	paypalDocument(t, "customer_disputes_v1.json", &disputes)
	all := disputes.Components.Schemas
	read := 0
	for _, code := range all["dispute_reason"].Enum {
		read++
		isSentence(t, code, DisputeReason(English, code))
	}
	for _, code := range all["dispute_lifecycle_stage"].Enum {
		for _, channel := range all["dispute_channel"].Enum {
			read++
			label, meaning := DisputeStage(English, code, channel)
			if label == Spaced(code) {
				t.Errorf("%s has no label", code)
			}
			isSentence(t, code, meaning)
		}
	}
	for _, code := range all["status"].Enum {
		read++
		isSentence(t, code, DisputeTurn(English, code).Meaning)
	}
	for _, code := range all["dispute_outcome"].Properties["outcome_code"].Enum {
		read++
		isSentence(t, code, DisputeOutcome(English, code).Meaning)
	}
	if read < 10+12+6+7 {
		t.Errorf("the document was read as %d words", read)
	}
}

// What PayPal may answer to a capture because of the reader or of the newsroom's account, rather than of our request.
// Source: Orders v2, issues of capture.
func TestEveryDeclineHasWords(t *testing.T) {
	t.Parallel()
	ours := []string{
		"CARD_BRAND_NOT_SUPPORTED", "COMPLIANCE_VIOLATION", "DECLINED_DUE_TO_RELATED_TXN", "DOMESTIC_TRANSACTION_REQUIRED",
		"DUPLICATE_INVOICE_ID",
		"INSTRUMENT_DECLINED", "ORDER_NOT_APPROVED", "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", "PAYEE_BLOCKED_TRANSACTION",
		"PAYER_ACCOUNT_LOCKED_OR_CLOSED",
		"PAYER_ACCOUNT_RESTRICTED", "PAYER_CANNOT_PAY", "TRANSACTION_LIMIT_EXCEEDED", "TRANSACTION_RECEIVING_LIMIT_EXCEEDED",
		"TRANSACTION_REFUSED",
		"REDIRECT_PAYER_FOR_ALTERNATE_FUNDING", "TRANSACTION_BLOCKED_BY_PAYEE", "AUTH_CAPTURE_NOT_ENABLED",
		"NOT_ENABLED_FOR_BANK_PROCESSING",
		"NOT_ENABLED_FOR_CARD_PROCESSING", "PAYEE_NOT_ENABLED_FOR_BANK_PROCESSING", "PAYEE_NOT_ENABLED_FOR_CARD_PROCESSING",
		"PAYER_ACTION_REQUIRED",
		"CURRENCY_NOT_SUPPORTED_FOR_BANK", "PERMISSION_DENIED", "PAYEE_ACCOUNT_RESTRICTED", "PAYEE_ACCOUNT_LOCKED_OR_CLOSED",
		"PAYEE_ACCOUNT_INVALID", "INVALID_CURRENCY_CODE",
	}
	for _, code := range ours {
		isSentence(t, code, Reason(English, code))
	}
	var issues map[string]map[string]map[string]map[string]any
	paypalDocument(t, "issues-by-operation.json", &issues)
	capture := issues["checkout_orders_v2"]["POST /v2/checkout/orders/{id}/capture"]
	create := issues["checkout_orders_v2"]["POST /v2/checkout/orders"]
	for _, code := range ours {
		_, a := capture["422"][code]
		_, b := create["422"][code]
		_, c := capture["403"][code]
		if !a && !b && !c {
			t.Errorf("PayPal's document has no %s", code)
		}
	}
}

// What happened to a contribution has words in its history, and so have the states of what staff ask for.
func TestEveryFactHasWords(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"asked", "unknown", "pending", "done", "failed", "refused"} {
		isSentence(t, state, RefundRequest(English, state).Meaning)
	}
	for _, fact := range []string{
		"dispute_open", "dispute_resolved", "refund_asked", "refund_refused", "note", "restored", "reversal_pending",
		"reversal_completed", "reversal_failed", "reversal_cancelled",
	} {
		if Fact(English, fact, false) == Spaced(fact) {
			t.Errorf("%s has no words", fact)
		}
	}
	for _, fact := range []string{"order_unanswered", "order_refused", "order_gone"} {
		for recurring, asked := range map[bool]string{false: " order", true: " subscription"} {
			if got := Fact(English, fact, recurring); !strings.Contains(got, asked) {
				t.Errorf("%s of what recurs, %t: %q", fact, recurring, got)
			}
		}
	}
	if got := Fact(English, "reader_cancelled", true); got != Fact(English, "reader_cancelled", false) {
		t.Errorf("got %q", got)
	}
	if Source(English, "reconcile") == "reconcile" {
		t.Error("reconcile has no words")
	}
}

// Every state, of the lifecycle as of the reports, has words; so has whatever may come.
func TestEverythingHasWords(t *testing.T) {
	t.Parallel()
	var states []string
	for _, state := range contribution.States() {
		states = append(states, string(state))
	}
	listed := dashboard.Statuses()
	slices.Sort(listed)
	if sorted := slices.Sorted(slices.Values(states)); !slices.Equal(sorted, listed) {
		t.Errorf("the lifecycle has %v, the reports list %v", sorted, listed)
	}
	labels := map[string]string{}
	for _, state := range states {
		got := State(English, state)
		if got.Meaning == "" || got.Tone == "" || labels[got.Label] != "" {
			t.Errorf("%s: %+v, label taken by %q", state, got, labels[got.Label])
		}
		labels[got.Label] = state
	}
	for _, state := range dashboard.WebhookStates() {
		if Webhook(English, state).Meaning == "" {
			t.Errorf("webhook state %s has no words", state)
		}
	}
	// PayPal's reasons for a pending or declined capture: Payments v2, status_details.
	for _, reason := range []string{
		"BUYER_COMPLAINT", "CHARGEBACK", "ECHECK", "INTERNATIONAL_WITHDRAWAL", "OTHER", "PENDING_REVIEW",
		"RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION",
		"REFUNDED", "TRANSACTION_APPROVED_AWAITING_FUNDING", "UNILATERAL", "VERIFICATION_REQUIRED",
	} {
		if strings.Contains(Reason(English, reason), reason) {
			t.Errorf("%s has no words", reason)
		}
	}
	for _, kind := range []string{"charge", "fee", "refund", "fee_refund", "reversal", "dispute_hold", "dispute_release",
		"chargeback_fee", "chargeback_fee_refund"} {
		if Entry(English, kind) == Spaced(kind) {
			t.Errorf("ledger kind %s has no words", kind)
		}
	}
	if got := Reason(English, "SOMETHING_NEW"); got != "PayPal says: SOMETHING_NEW." {
		t.Errorf("got %q", got)
	}
	if got := State(English, "brand_new"); got.Label != "brand new" ||
		Fact(English, "new_fact", true) != "new fact" ||
		Source(English, "by_dove") != "by dove" || Entry(English, "tip_jar") != "tip jar" {
		t.Errorf("got %+v", got)
	}
}

func TestEveryDifferenceHasWords(t *testing.T) {
	t.Parallel()
	for _, kind := range dashboard.DifferenceKinds() {
		isSentence(t, "_", DifferenceKind(English, kind).Meaning)
	}
	for _, state := range dashboard.DifferenceStates() {
		isSentence(t, "_", Difference(English, state).Meaning)
	}
}

// A translation is all that staff's words need to be in another language; what it lacks is said in English.
func TestWordsAreTranslated(t *testing.T) {
	t.Parallel()
	all := i18ntest.With(t, map[string]string{"de/state.toml": `
		state.completed.label = "Abgeschlossen"
		state.completed.meaning = "Das Geld ist da."
		state.refunded.label = "Erstattet"`})
	german := all.Localizer(language.German, nil)
	if got := State(german, "completed"); got != (Status{"Abgeschlossen", "good", "Das Geld ist da."}) {
		t.Errorf("got %+v", got)
	}
	if got := State(german, "refunded"); got.Label != "Erstattet" || got.Meaning == "" {
		t.Errorf("half translated: %+v", got)
	}
	if got := State(german, "brand_new"); got.Label != "brand new" {
		t.Errorf("unknown: %+v", got)
	}
}
