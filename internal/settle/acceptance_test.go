package settle_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/testkit/newsroom"
)

const acceptPath = `"match":{"method":"POST","path":"/v1/customer/disputes/*/accept-claim"}`

// claimed is a gift with a dispute that we have heard of.
func (n *world) claimed() (c contribution.Contribution, capture, dispute string) {
	n.T.Helper()
	c, capture = n.Pay(gift(""))
	dispute = n.dispute(capture, `{}`)
	n.heard(dispute, contribution.Disputed)
	return c, capture, dispute
}

// PayPal accepted the claim, and its answer was lost: nothing says that it was not accepted, and once it can be
// known that it was, it is written down.
func TestAnAcceptedClaimWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]string{"seen at once": "", "seen later": "later", "accepted again": "again"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := open(t)
			c, _, id := n.claimed()
			n.fault(`{"kind":"status","status":500,"when":"after","times":1,` + acceptPath + `}`)
			want := "contribution.accept_dispute, contribution.accept_dispute unknown, contribution.accept_dispute accepted"
			if refusal != "" {
				n.fault(`{"kind":"status","status":503,"match":{"method":"GET","path":"/v1/customer/disputes/*"}}`)
			}
			got, err := n.Disputes.Accept(t.Context(), c.ID, id, "Sorry.", newsroom.Editor)
			if refusal == "" {
				if err != nil || got.State != contribution.Reversed {
					t.Errorf("%s, %v", got.State, err)
				}
			} else if !fault.Is(err, fault.Unavailable) {
				t.Errorf("%v", err)
			}
			n.clearFaults()
			switch refusal {
			case "later":
				n.heard(id, contribution.Reversed)
			case "again":
				want = strings.Replace(want, "unknown, ", "unknown, contribution.accept_dispute, ", 1)
				if _, err := n.Disputes.Accept(t.Context(), c.ID, id, "Sorry.", newsroom.Editor); err != nil {
					t.Errorf("again: %v", err)
				}
			}
			n.Wants(c, contribution.Reversed)
			n.BooksEqual()
			if got := n.Audited(c); got != want {
				t.Errorf("audited: %s\nwant     %s", got, want)
			}
		})
	}
}

// A dispute that ended otherwise than by our accepting it is not noted as accepted.
func TestAClaimThatWasNotAcceptedAfterAll(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture, id := n.claimed()
	n.fault(`{"kind":"status","status":503,"times":1,` + acceptPath + `}`)
	if _, err := n.Disputes.Accept(t.Context(), c.ID, id, "Sorry.", newsroom.Editor); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	n.dispute(capture, `{"outcome":"seller"}`)
	n.heard(id, contribution.Completed)
	if got := n.Audited(c); !strings.HasSuffix(got, "accept_dispute unknown, contribution.accept_dispute not accepted") {
		t.Errorf("audited: %s", got)
	}
}

// What PayPal certainly did not do is noted as that, with its code; what did not reach it, too.
func TestAClaimThatPayPalRefusesToAccept(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _, id := n.claimed()
	n.fault(`{"kind":"status","status":429,"times":1,"headers":{"Retry-After":"60"},` + acceptPath + `}`)
	if _, err := n.Disputes.Accept(t.Context(), c.ID, id, "Sorry.", newsroom.Editor); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	n.fault(`{"kind":"status","status":403,"times":1,"body":{"name":"NOT_AUTHORIZED","message":"x"},` + acceptPath + `}`)
	_, err := n.Disputes.Accept(t.Context(), c.ID, id, "Sorry.", newsroom.Editor)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "is not allowed to do this") {
		t.Error(err)
	}
	const asked = "contribution.accept_dispute"
	if got := n.Audited(c); got != asked+", "+asked+" not sent, "+asked+", "+asked+" refused" {
		t.Errorf("audited: %s", got)
	}
	var answer string
	err = n.DB.Get(&answer, `SELECT detail->>'answer' FROM audit_entry WHERE detail->>'outcome' = 'refused'`)
	if err != nil || answer != "NOT_AUTHORIZED" {
		t.Errorf("answer %q, %v", answer, err)
	}
	// Nothing is in doubt any more: how the dispute ends is no news of our acceptance.
	n.hook("POST", "captures/"+n.Capture(c.ID)+"/dispute", `{"outcome":"buyer"}`, nil)
	n.heard(id, contribution.Reversed)
	if got := n.Audited(c); !strings.HasSuffix(got, "refused") {
		t.Errorf("audited: %s", got)
	}
}

// Whoever asked has gone before PayPal answered: the audit log has what came of it all the same.
func TestTheAuditLogDoesNotNeedTheOneWhoAsked(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(context.Context, *world, contribution.Contribution, string) error{
		"accept": func(ctx context.Context, n *world, c contribution.Contribution, dispute string) error {
			_, err := n.Disputes.Accept(ctx, c.ID, dispute, "Sorry.", newsroom.Editor)
			return err
		},
		"ask PayPal": func(ctx context.Context, n *world, c contribution.Contribution, _ string) error {
			_, err := n.Settler.AskPayPal(ctx, c.ID, newsroom.Editor)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := open(t)
			c, _, dispute := n.claimed()
			ctx, leave := context.WithCancel(t.Context())
			n.fault(`{"kind":"delay","delay":"300ms","match":{"path":"/v*"}}`)
			time.AfterFunc(100*time.Millisecond, leave)
			if err := act(ctx, n, c, dispute); err == nil {
				t.Error("nobody waited and it was done")
			}
			n.Close() // sees its calls through
			want := map[string]string{
				"accept":     "contribution.accept_dispute, contribution.accept_dispute accepted",
				"ask PayPal": "contribution.ask_paypal answered",
			}[name]
			if got := n.Audited(c); got != want {
				t.Errorf("audited: %s\nwant     %s", got, want)
			}
		})
	}
}
