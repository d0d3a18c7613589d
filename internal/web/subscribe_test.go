package web

import (
	"encoding/json"
	"strings"
	"testing"
)

// consent is the reader's yes to a subscription at PayPal; it gives the address that PayPal sends them back to.
func (h house) consent(subscription string) (back string) {
	h.t.Helper()
	var said struct {
		Back string `json:"return_url"`
	}
	text := h.bank("POST", "/sandbox/subscriptions/"+subscription+"/approve", "{}")
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		h.t.Fatal(err)
	}
	return said.Back
}

// subscriptionOf is PayPal's subscription of a contribution.
func (h house) subscriptionOf(id string) (subscription string) {
	h.t.Helper()
	err := h.db.GetContext(h.t.Context(), &subscription, `SELECT subscription_id FROM contribution WHERE id = $1`, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return subscription
}

// A reader comes back from PayPal's page of a subscription, in their own browser or in another; whoever puts somebody
// else's subscription into the address gets nowhere by it.
func TestAReaderComesBackFromASubscription(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r, stranger := h.newReader(), h.newReader()
	id, _ := r.begin(giftForm("frequency", "month"))
	other, _ := stranger.begin(giftForm("frequency", "year"))
	back := h.consent(h.subscriptionOf(id))
	if !strings.Contains(back, "subscription_id="+h.subscriptionOf(id)) || !strings.Contains(back, "ba_token=") {
		t.Fatalf("PayPal sends the reader to %s", back)
	}
	foreign := "/contributions/" + id + "/return?subscription_id=" + h.subscriptionOf(other) + "&ba_token=BA-1&token=X"
	if got := stranger.get(foreign); got.status != 404 || h.stateOf(id) != "created" {
		t.Errorf("a stranger with an id of their own: %d, and it stands at %s", got.status, h.stateOf(id))
	}
	if got := r.get(foreign); got.status != 303 || h.stateOf(id) != "completed" || h.stateOf(other) != "created" {
		t.Errorf("the reader, with somebody else's id: %d, %s, the other's %s", got.status, h.stateOf(id), h.stateOf(other))
	}
	again := h.newReader().get(back)
	if again.status != 303 || !strings.HasPrefix(again.header.Get("Location"), "/contributions/"+id+"/thanks?key=") {
		t.Errorf("in another browser: %d to %s", again.status, again.header.Get("Location"))
	}
	if got := h.newReader().get("/contributions/" + id + "/return?token=X&ba_token=BA-1"); got.status != 404 {
		t.Errorf("without a subscription: %d", got.status)
	}
}
