package e2e

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/money"
)

// total is a line of `readerfund report totals --format json`.
type total struct{ Gross, Fee, Refunded, Held, Net string }

func (s *scene) total() total {
	s.t.Helper()
	var all []total
	if err := json.Unmarshal([]byte(s.command("", "report", "totals", "--format", "json")), &all); err != nil || len(all) != 1 {
		s.t.Fatalf("%d lines of totals, %v", len(all), err)
	}
	return all[0]
}

func (s *scene) shows(want total) {
	s.t.Helper()
	if got := s.total(); got != want {
		s.t.Errorf("the report shows %+v, want %+v", got, want)
	}
}

// paid is a gift of 25.00 EUR that came in, with its capture.
func (s *scene) paid(v *visitor) (started, movement) {
	s.t.Helper()
	g := v.begin(s.t, "25.00", "EUR")
	back, err := s.bank.approve(g.order(), "")
	if err != nil {
		s.t.Fatal(err)
	}
	v.get(s.t, strings.Replace(back, s.base, "", 1))
	return g, s.bank.capturesOf(g.ID)[0]
}

// editor is somebody of the staff who has signed in.
func (s *scene) editor() *visitor {
	s.t.Helper()
	s.command("a long enough password\n", "staff", "add", "editor@example.org", "--role", "editor", "--password-stdin")
	v := s.visitor()
	v.post(s.t, "/staff/sign-in", url.Values{"email": {"editor@example.org"}, "password": {"a long enough password"}}, "Overview")
	return v
}

// post sends a form, and sees a text on the page it leads to.
func (v *visitor) post(t *testing.T, address string, form url.Values, text string) {
	t.Helper()
	got, err := v.send("POST", address, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if err != nil || got.status != 200 || !strings.Contains(got.body, text) {
		t.Fatalf("POST %s: %v %d, without %q\n%s", address, err, got.status, text, got.body)
	}
}

var formKey = regexp.MustCompile(`name="key" value="([^"]+)"`)

// A gift of 25.00, of which staff give 10.00 back and somebody at PayPal 5.00; the news of both is delivered three times,
// the later one first.
func TestPartsGoBackFromBothSides(t *testing.T) {
	t.Parallel()
	s := openScene(t)
	v := s.serve()
	reader := s.visitor()
	g, capture := s.paid(reader)

	editor, page := s.editor(), "/staff/contributions/"+g.ID+"/refund"
	key := formKey.FindStringSubmatch(editor.get(t, page).body)
	if key == nil {
		t.Fatal("the refund's form has no key")
	}
	form := url.Values{"key": key[1:], "payment": {capture.ID}, "currency": {"EUR"}, "left": {"25.00"}, "choice": {"part"}, "amount": {"10.00"}, "reason": {"Given twice"}}
	for range 2 {
		editor.post(t, page, form, "went back to the reader")
	}
	s.bank.must("POST", "/sandbox/captures/"+capture.ID+"/refund", fields{"amount": "5.00"}, nil)

	eventually(t, 10*time.Second, "PayPal has told of both", func() (bool, string) { return len(s.bank.deliveries("PAYMENT.CAPTURE.REFUNDED")) >= 2, "not yet" })
	news := s.bank.deliveries("PAYMENT.CAPTURE.REFUNDED")
	slices.Reverse(news)
	for range 3 {
		for _, d := range news {
			if got, err := newVisitor(t, v.base).deliver(d, d.Body); err != nil || got.status/100 != 2 {
				t.Errorf("delivered again: %v %d", err, got.status)
			}
		}
	}
	s.balanced(20 * time.Second)
	s.shows(total{Gross: "25.00", Fee: capture.Fee, Refunded: "15.00", Held: "0.00", Net: less("25.00", capture.Fee, "15.00")})
	if n := s.count("refund"); n != 2 {
		t.Errorf("%d refunds", n)
	}
}

// One case is won and another lost, for a fee; while they are open, PayPal holds the money.
func TestDisputesWonAndLost(t *testing.T) {
	t.Parallel()
	s := openScene(t)
	s.serve()
	reader := s.visitor()
	var captures []movement
	for range 2 {
		_, capture := s.paid(reader)
		captures = append(captures, capture)
	}
	fee := captures[0].Fee
	cases := func(won, lost fields) {
		s.bank.must("POST", "/sandbox/captures/"+captures[0].ID+"/dispute", won, nil)
		s.bank.must("POST", "/sandbox/captures/"+captures[1].ID+"/dispute", lost, nil)
	}
	states := func(want ...string) {
		t.Helper()
		eventually(t, 20*time.Second, strings.Join(want, ", "), func() (bool, string) {
			var got []string
			if err := s.db.SelectContext(t.Context(), &got, `SELECT state FROM contribution ORDER BY created_at`); err != nil {
				t.Fatal(err)
			}
			return slices.Equal(got, want), strings.Join(got, ", ")
		})
		s.balanced(20 * time.Second)
	}
	cases(fields{}, fields{"fee": "16.00"})
	states("disputed", "disputed")
	s.shows(total{Gross: "50.00", Fee: sum(fee, fee), Refunded: "0.00", Held: "50.00", Net: less("0.00", fee, fee)})
	cases(fields{"outcome": "seller"}, fields{"outcome": "buyer"})
	states("completed", "reversed")
	s.shows(total{Gross: "50.00", Fee: sum(fee, fee, "16.00"), Refunded: "25.00", Held: "0.00", Net: less("25.00", fee, fee, "16.00")})
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
