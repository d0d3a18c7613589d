package web

import (
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/campaign"
)

func TestOneTimeIsChosenFirstUnlessTheCampaignSaysOtherwise(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	chosen := func(address, frequency, amount string) {
		t.Helper()
		got := r.get(address)
		form := inputs(t, got.body)
		field := map[string]string{"once": "choice"}[frequency]
		if field == "" {
			field = "choice_" + frequency
		}
		if form.Get("frequency") != frequency || amount != form.Get(field) && amount != form.Get("amount") {
			t.Errorf("%s: %v", address, form)
		}
		for _, label := range []string{"Once", "Monthly", "Yearly"} {
			if strings.Count(got.body, "<span>"+label+"</span>") != 1 {
				t.Errorf("%s: no %s", address, label)
			}
		}
	}
	chosen("/", "once", "10.00")
	chosen("/support/support?frequency=month", "month", "4.00")
	chosen("/support/support?frequency=year&amount=100", "year", "100.00")
	chosen("/support/support?frequency=month&amount=17", "month", "17")
	chosen("/support/support?frequency=weekly", "once", "10.00")
	h.exec(`UPDATE campaign SET content = content || '{"frequency": "month", "monthly": {"EUR": [300, 700]}}', updated_at = $1`, h.Now())
	h.alter(func(d *Deps) { d.Campaigns = campaign.NewCatalog(h.db, h.Now) })
	chosen("/", "month", "7.00")
	chosen("/support/support?frequency=once", "once", "10.00")
}

// What a form sends: the amounts of the frequency that is chosen count, or the reader's own.
func TestEachFrequencyHasItsOwnAmounts(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	form := inputs(t, r.get("/").body)
	form.Set("frequency", "year")
	form.Set("choice", "25.00")
	form.Set("choice_year", "40.00")
	form.Set("email", "nobody") // so that the form comes back
	again := r.send(form)
	back := inputs(t, again.body)
	if again.status != 422 || back.Get("frequency") != "year" || back.Get("choice_year") != "40.00" || back.Get("amount") != "" {
		t.Errorf("%d: %v", again.status, back)
	}
	form.Set("amount", "33")
	if back := inputs(t, r.send(form).body); back.Get("frequency") != "year" || back.Get("amount") != "33" {
		t.Errorf("an amount of one's own: %v", back)
	}
	form.Set("to", "USD")
	form.Del("amount")
	form.Del("email")
	changed := inputs(t, r.form("/support/support", form).body)
	if changed.Get("frequency") != "year" || changed.Get("currency") != "USD" || changed.Get("choice_year") != "40.00" {
		t.Errorf("in another currency: %v", changed)
	}
	for _, bad := range []string{"weekly", "on\x00ce", strings.Repeat("x", 300)} {
		form.Set("frequency", bad)
		form.Set("amount", "5")
		got := r.send(form)
		if got.status != 422 || !strings.Contains(got.body, `id="frequency-error"`) ||
			inputs(t, got.body).Get("frequency") != "once" {
			t.Errorf("%.10q: %d", bad, got.status)
		}
	}
}

func TestTheAppealOffersTheSame(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	form := inputs(t, r.get("/embed/support").body)
	if form.Get("frequency") != "once" || form.Get("choice") != "10.00" || form.Get("choice_month") != "4.00" ||
		form.Get("choice_year") != "40.00" {
		t.Errorf("%v", form)
	}
	got := r.do("GET", "/embed/support", "", "Accept", "application/json")
	if !strings.Contains(got.body, `{"frequency":"month","chosen":false,"suggested":[{"amount":"2.00","display":"€2"}`) {
		t.Error(got.body)
	}
	if got := r.send(url.Values{"campaign": {"support"}, "currency": {"EUR"}, "choice": {"5.00"}}); got.status != 303 {
		t.Errorf("a form of the version before, without a frequency: %d", got.status)
	}
}
