package web

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/settle"
)

// What told the reader nothing is no first return: PayPal did not answer, or a preview looked at the address. The
// return after it is the first; only the one after that asks for another way to pay.
func TestAReturnThatToldNothingIsNotTheFirst(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(h house, r reader, address string){
		"PayPal does not answer": func(h house, r reader, address string) {
			h.bank("POST", "/sandbox/faults", trouble503)
			if got := r.get(address); !strings.Contains(got.header.Get("Location"), "unsure=1") {
				h.t.Errorf("%d %s", got.status, got.header.Get("Location"))
			}
			h.bank("DELETE", "/sandbox/faults", "")
		},
		"a preview looks": func(h house, r reader, address string) {
			if got := r.do("HEAD", address, ""); got.status != 303 {
				h.t.Errorf("%d %s", got.status, got.header.Get("Location"))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, func(d *Deps) { d.Log = quiet() })
			r := h.newReader()
			id, _ := r.begin(giftForm())
			h.approveAs(id, "decline")
			src := settle.Source{Way: contribution.ByWebhook}
			_, err := h.Settler.Settle(t.Context(), uuid.MustParse(id), src)
			if err != nil || h.stateOf(id) != "declined" {
				t.Fatalf("%s, %v", h.stateOf(id), err)
			}
			address := "/contributions/" + id + "/return?token=" + h.orderOf(id) + "&PayerID=X"
			before(h, r, address)
			if got := r.get(address); got.status != 303 || strings.Contains(got.header.Get("Location"), "again=1") {
				t.Errorf("the first return that tells: %d %s", got.status, got.header.Get("Location"))
			}
			if got := r.get(address); !strings.Contains(got.header.Get("Location"), "again=1") {
				t.Errorf("the one after it: %d %s", got.status, got.header.Get("Location"))
			}
		})
	}
}
