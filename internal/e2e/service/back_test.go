package service

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/money"
	"readerfund/internal/testkit"
)

// total is a line of `readerfund report totals --format json`.
type total struct{ Gross, Fee, Refunded, Held, Net string }

func reportTotals(s *harness.Fixture) total {
	s.T.Helper()
	var all []total
	if err := json.Unmarshal(
		[]byte(s.Command("", "report", "totals", "--format", "json")),
		&all,
	); err != nil ||
		len(all) != 1 {
		s.T.Fatalf("%d lines of totals, %v", len(all), err)
	}
	return all[0]
}

func expectTotals(s *harness.Fixture, want total) {
	s.T.Helper()
	if got := reportTotals(s); got != want {
		s.T.Errorf("the report shows %+v, want %+v", got, want)
	}
}

// paid is a gift of 25.00 EUR that came in, with its capture.
func paid(s *harness.Fixture, v *harness.Client) (harness.Started, testkit.Movement) {
	s.T.Helper()
	g := v.Begin(s.T, "25.00", "EUR")
	back, err := s.PayPal.Approve(g.Order(), "")
	if err != nil {
		s.T.Fatal(err)
	}
	v.Get(s.T, strings.Replace(back, s.BaseURL, "", 1))
	completed(s, g) // where a webhook came first, the reader is not kept waiting
	return g, s.PayPal.CapturesOf(g.ID)[0]
}

// editor is somebody of the staff who has signed in.
func editor(s *harness.Fixture) *harness.Client {
	s.T.Helper()
	s.Command("a long enough password\n", "staff", "add", "editor@example.org", "--role", "editor", "--password-stdin")
	v := s.Client()
	post(
		v,
		s.T,
		"/staff/sign-in",
		url.Values{"email": {"editor@example.org"}, "password": {"a long enough password"}},
		"Overview",
	)
	return v
}

// post sends a form, and sees a text on the page it leads to.
func post(v *harness.Client, t *testing.T, address string, form url.Values, text string) {
	t.Helper()
	got, err := v.Send("POST", address, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if err != nil || got.Status != 200 || !strings.Contains(got.Body, text) {
		t.Fatalf("POST %s: %v %d, without %q\n%s", address, err, got.Status, text, got.Body)
	}
}

var formKey = regexp.MustCompile(`name="key" value="([^"]+)"`)

// A gift of 25.00, of which staff give 10.00 back and somebody at PayPal 5.00; the news of both is delivered three
// times, the later one first.
func TestPartsGoBackFromBothSides(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	v := s.Serve()
	reader := s.Client()
	g, capture := paid(s, reader)

	editor, page := editor(s), "/staff/contributions/"+g.ID+"/refund"
	key := formKey.FindStringSubmatch(editor.Get(t, page).Body)
	if key == nil {
		t.Fatal("the refund's form has no key")
	}
	form := url.Values{
		"key":      key[1:],
		"payment":  {capture.ID},
		"currency": {"EUR"},
		"left":     {"25.00"},
		"choice":   {"part"},
		"amount":   {"10.00"},
		"reason":   {"Given twice"},
	}
	for range 2 {
		post(editor, t, page, form, "was refunded to the reader")
	}
	s.PayPal.Must("POST", "/sandbox/captures/"+capture.ID+"/refund", testkit.Fields{"amount": "5.00"}, nil)

	testkit.Eventually(
		t,
		time.Minute,
		"PayPal has told of both",
		func() (bool, string) { return len(s.PayPal.Deliveries("PAYMENT.CAPTURE.REFUNDED")) >= 2, "not yet" },
	)
	news := s.PayPal.Deliveries("PAYMENT.CAPTURE.REFUNDED")
	slices.Reverse(news)
	for range 3 {
		for _, d := range news {
			if got, err := harness.NewClient(t, v.BaseURL).Deliver(d, d.Body); err != nil || got.Status/100 != 2 {
				t.Errorf("delivered again: %v %d", err, got.Status)
			}
		}
	}
	s.Balanced(time.Minute)
	expectTotals(
		s,
		total{Gross: "25.00", Fee: capture.Fee, Refunded: "15.00", Held: "0.00", Net: less("25.00", capture.Fee, "15.00")},
	)
	if n := s.Count("refund"); n != 2 {
		t.Errorf("%d refunds", n)
	}
}

// One case is won and another lost, for a fee; while they are open, PayPal holds the money.
func TestDisputesWonAndLost(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	s.Serve()
	reader := s.Client()
	var captures []testkit.Movement
	for range 2 {
		_, capture := paid(s, reader)
		captures = append(captures, capture)
	}
	fee := captures[0].Fee
	cases := func(won, lost testkit.Fields) {
		s.PayPal.Must("POST", "/sandbox/captures/"+captures[0].ID+"/dispute", won, nil)
		s.PayPal.Must("POST", "/sandbox/captures/"+captures[1].ID+"/dispute", lost, nil)
	}
	states := func(want ...string) {
		t.Helper()
		testkit.Eventually(t, time.Minute, strings.Join(want, ", "), func() (bool, string) {
			var got []string
			if err := s.DB.SelectContext(t.Context(), &got, `SELECT state FROM contribution ORDER BY created_at`); err != nil {
				t.Fatal(err)
			}
			return slices.Equal(got, want), strings.Join(got, ", ")
		})
		s.Balanced(time.Minute)
	}
	cases(testkit.Fields{}, testkit.Fields{"fee": "16.00"})
	states("disputed", "disputed")
	expectTotals(
		s,
		total{Gross: "50.00", Fee: sum(fee, fee), Refunded: "0.00", Held: "50.00", Net: less("0.00", fee, fee)},
	)
	cases(testkit.Fields{"outcome": "seller"}, testkit.Fields{"outcome": "buyer"})
	states("completed", "reversed")
	expectTotals(
		s,
		total{
			Gross:    "50.00",
			Fee:      sum(fee, fee, "16.00"),
			Refunded: "25.00",
			Held:     "0.00",
			Net:      less("25.00", fee, fee, "16.00"),
		},
	)
}

// sum adds amounts of EUR, and less takes amounts from one.
func sum(amounts ...string) string { return less("0.00", amounts...)[1:] }

func less(from string, amounts ...string) string {
	minor := func(text string) int64 {
		a, err := money.Parse(text, "EUR")
		if err != nil && text != "0.00" {
			panic(err)
		}
		return a.Minor
	}
	left := minor(from)
	for _, a := range amounts {
		left -= minor(a)
	}
	return money.New(left, "EUR").Decimal()
}
