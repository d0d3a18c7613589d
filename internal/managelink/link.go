package managelink

import (
	"net/url"

	"github.com/google/uuid"
)

// Signer signs short texts, each for a purpose: web/page.Signer.
type Signer interface {
	Sign(purpose, text string) string
	Verify(purpose, text, signature string) bool
}

// subscriptionPurpose is the purpose of the signature in a mail's link.
const subscriptionPurpose = "manage one subscription"

// Links are the addresses that mails to readers carry.
type Links struct {
	base   string
	signer Signer
}

// NewLinks makes the addresses below BASE_URL, which has no slash at its end.
func NewLinks(base string, signer Signer) Links { return Links{base, signer} }

// Subscription is the page of one recurring contribution, which can be stopped and paused there; the page shows nothing
// else. The address is valid as long as the secret key, so that a link in last year's mail can still stop the gift. A
// forwarded mail gives away no more than that.
func (l Links) Subscription(contribution uuid.UUID) string {
	return l.base + "/manage/gift/" + contribution.String() + "?key=" +
		url.QueryEscape(l.signer.Sign(subscriptionPurpose, contribution.String()))
}

// Opens reports whether the key is the one in the address that Subscription made for the contribution.
func (l Links) Opens(contribution uuid.UUID, key string) bool {
	return l.signer.Verify(subscriptionPurpose, contribution.String(), key)
}

// Ask is the page where a reader asks for a link to their own page.
func (l Links) Ask() string { return l.base + "/manage" }

// page is the address of the page that a token opens.
func (l Links) page(token string) string { return l.base + "/manage/" + token }
