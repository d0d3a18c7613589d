package operations

import (
	"strings"
	"testing"

	"readerfund/internal/web/staff/words"
)

// What staff do has words in the audit log.
func TestEveryActHasWords(t *testing.T) {
	t.Parallel()
	for _, action := range []string{
		"staff.sign_in", "staff.sign_in_failed", "staff.sign_out", "staff.add", "staff.disable", "staff.enable", "staff.role",
		"staff.password", "staff.password_reset", "staff.unlock", "staff.end_sessions",
		"contribution.refund", "contribution.refund_answer",
		"contribution.accept_dispute", "contribution.note", "contribution.looked", "contribution.ask_paypal",
		"contribution.adopt", "inbox.replay", "queue.retry", "queue.discard",
		"reconcile.adopt", "reconcile.set_aside", "reconcile.reopen", "contribution.view", "reconcile.view", "inbox.view",
		"supporter.find", "supporter.export", "supporter.erase",
	} {
		if got := actionInWords(words.English, action, "accepted"); got == words.Spaced(strings.ReplaceAll(action, ".", " ")) {
			t.Errorf("%s has no words", action)
		}
	}
	if got := actionInWords(words.English, "tea.cook", ""); got != "tea cook" {
		t.Errorf("got %q", got)
	}
}
