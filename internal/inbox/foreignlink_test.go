package inbox_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"readerfund/internal/contribution"
	"readerfund/internal/subscription"
	"readerfund/internal/testkit"
)

// PayPal's events have come with links to machines of its own. Whatever a link leads to, here to a server that listens,
// nothing is sent there: only PayPal's API is asked, about the ids that an event names.
func TestLinksOfEventsAreNeverFollowed(t *testing.T) {
	t.Parallel()
	p := open(t)
	var followed atomic.Int32
	internal := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	t.Cleanup(internal.Close)
	var links []testkit.Fields
	for _, rel := range []string{"self", "up", "edit", "sale", "refund", "approve"} {
		links = append(links, testkit.Fields{"rel": rel, "method": "GET", "href": internal.URL + "/" + rel})
	}
	p.PayPal.Fault(testkit.Fields{
		"kind": "change_event", "body": testkit.Fields{"links": links, "resource": testkit.Fields{"links": links}},
	})
	gift := p.run(course{
		name: "internal", acts: []string{`approve {}`, `sale refund {}`},
		news:  []string{createdNews, activatedNews, saleNews, saleRefundNews},
		state: contribution.Refunded, runs: subscription.Active, entries: "charge 1000 EUR, fee -64 EUR, refund -1000 EUR",
	})
	once, ordered := p.approved()
	for _, d := range append(gift.news, ordered) {
		if !bytes.Contains(d.body, []byte(internal.URL)) {
			t.Fatalf("its links lead elsewhere: %s", d.body)
		}
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
	}
	p.work()
	if trouble := p.endsAs(gift); trouble != "" {
		t.Error(trouble)
	}
	p.Wants(once, contribution.Completed)
	if n := followed.Load(); n != 0 {
		t.Errorf("%d requests went to where the links lead", n)
	}
}
