package sandbox

import (
	"errors"
	"time"
)

// What can stand in the way of a payer's consent.
var (
	errNoSubscription = errors.New("there is nothing that waits for this payer")
	errNotWaiting     = errors.New("the subscription does not wait for its payer")
)

// consent is what a payer says to a subscription, or to a change of it.
type consent struct {
	Payer person   `json:"payer"`
	After duration `json:"after"` // PayPal acts on it only then, although the payer is sent back at once

	FirstFails bool `json:"first_fails"` // the first attempt to charge the payer does
}

// approveSubscription is the payer's yes to what a token stands for; next is where the payer goes then.
func (s *Server) approveSubscription(token string, said consent) (next string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.byToken[token]
	switch {
	case sub == nil:
		return "", errNoSubscription
	case sub.Revision != nil && sub.Revision.Token == token:
		next = sub.back(sub.Revision.ReturnURL, token)
		s.takeRevision(sub)
		return next, nil
	case sub.Status != statusApprovalPending || sub.Approval != nil:
		return "", errNotWaiting
	}
	if said.FirstFails {
		sub.Billing.Script = failureScript{1, saleFailed, "PAYMENT_DENIED"}
	}
	if said.After > 0 {
		sub.Approval = &slowApproval{Payer: said.Payer.payer(), At: s.now().Add(time.Duration(said.After))}
		s.keepSubscription(sub)
		s.enterAgenda(sub.Approval.At, sub)
	} else {
		s.agreed(sub, said.Payer.payer())
	}
	return sub.back(sub.ReturnURL, token), nil
}

// declineSubscription is the payer's no on the page. A subscription goes on waiting; a change that was declined is
// gone.
func (s *Server) declineSubscription(token string) (next string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.byToken[token]
	switch {
	case sub == nil:
		return "", errNoSubscription
	case sub.Revision != nil && sub.Revision.Token == token:
		next = sub.back(sub.Revision.CancelURL, token)
		s.dropRevision(sub)
	case sub.Status != statusApprovalPending || sub.Approval != nil:
		return "", errNotWaiting
	default:
		sub.Abandoned = true
		next = sub.back(sub.CancelURL, token)
	}
	s.keepSubscription(sub)
	return next, nil
}

// back is an address of the seller's with what PayPal adds to it; empty if the seller named none.
func (sub *subscription) back(address, token string) string {
	if address == "" {
		return ""
	}
	return withQuery(address, "subscription_id", sub.ID, "ba_token", token, "token", newID())
}
