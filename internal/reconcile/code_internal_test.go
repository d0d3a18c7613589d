package reconcile

import "testing"

// Money out is no gift, money in is no refund, and what belongs to no payment is the account's own affair.
func TestClassify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code      string
		minor     int64
		reference string
		want      class
	}{
		{"T0006", 2500, "ORDER", gift}, {"t0006", 2500, "", gift}, {"T0013", 100, "", gift}, {"T0006", -2500, "", other},
		{"T0002", 500, "I-1", gift},
		{"T1107", -2500, "PAY", back}, {"T1107", 2500, "PAY", other}, {"T1106", -2500, "PAY", back},
		{"T1107", -2500, "", other}, {"T1201", -1, "PAY", back},
		{"T1110", -2500, "PAY", hold}, {"T1111", 2500, "PAY", release}, {"T1110", -2500, "", other},
		{"T0106", -1600, "PAY", disputeFee}, {"T0106", 1600, "PAY", disputeFee}, {"T0106", -1600, "", other},
		{"T0200", -4700, "PAY", conversion}, {"T0200", -4700, "", other},
		{"T0400", -9999, "", other}, {"T0300", 9999, "", other}, {"T1503", -1, "PAY", other}, {"", 1, "", other},
		{"T9900", 1, "", other},
	} {
		if got := classify(c.code, c.minor, c.reference); got != c.want {
			t.Errorf("%s of %d with %q is %s, want %s", c.code, c.minor, c.reference, got, c.want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// The grid of what PayPal says against what we have, for one payment.
func TestJudge(t *testing.T) {
	t.Parallel()
	whole := func(change func(*pair)) pair {
		p := pair{
			Ref: "PAY", Code: "T0006", Status: "S", Currency: "EUR", Amount: 2500, Fee: -100,
			OurStatus: ptr("completed"), OurAmount: ptr(int64(2500)), OurCurrency: ptr("EUR"), Booked: ptr(int64(2500)),
			BookedFee: ptr(int64(-100)),
		}
		p.Owner.Valid = true
		change(&p)
		return p
	}
	absent := func(p *pair) {
		p.OurStatus, p.OurAmount, p.OurCurrency, p.Booked, p.BookedFee = nil, nil, nil, nil, nil
	}
	strange := func(p *pair) { absent(p); p.Owner.Valid = false }
	refund := func(p *pair) {
		p.Code, p.Amount, p.Fee, p.Booked, p.BookedFee, p.Reference = "T1107", -2500, 0, ptr(int64(-2500)), nil, "PAID"
	}
	for _, c := range []struct {
		name string
		pair pair
		want []Kind
	}{
		{"agree", whole(func(*pair) {}), nil},
		{"taken back in full, and the payment stands", whole(func(p *pair) { p.Status = "V" }), nil},
		{"we lack it", whole(absent), []Kind{MissingHere}},
		{"we lack a pending one", whole(func(p *pair) { absent(p); p.Status = "P" }), []Kind{MissingHere}},
		{"we lack a denied one", whole(func(p *pair) { absent(p); p.Status = "D" }), nil},
		{"from elsewhere", whole(strange), []Kind{UnknownPayer}},
		{"pending from elsewhere", whole(func(p *pair) { strange(p); p.Status = "P" }), nil},
		{"not booked", whole(func(p *pair) { p.Booked, p.BookedFee = nil, nil }), []Kind{MissingHere}},
		{"booked otherwise", whole(func(p *pair) { p.Booked = ptr(int64(2600)) }), []Kind{WrongAmount}},
		{"paid otherwise", whole(func(p *pair) { p.OurAmount = ptr(int64(1)) }), []Kind{WrongAmount}},
		{"booked and paid otherwise", whole(func(p *pair) { p.OurAmount, p.Booked = ptr(int64(1)), ptr(int64(1)) }), []Kind{WrongAmount}},
		{"another fee", whole(func(p *pair) { p.BookedFee = ptr(int64(-101)) }), []Kind{WrongFee}},
		{"no fee", whole(func(p *pair) { p.BookedFee = nil }), []Kind{WrongFee}},
		{"amount and fee", whole(func(p *pair) { p.Booked, p.BookedFee = ptr(int64(1)), nil }), []Kind{WrongAmount, WrongFee}},
		{"another currency", whole(func(p *pair) { p.OurCurrency = ptr("USD") }), []Kind{WrongMoney}},
		{"still pending here", whole(func(p *pair) { p.OurStatus, p.Booked, p.BookedFee = ptr("pending"), nil, nil }), []Kind{WrongStatus}},
		{"denied there, in here", whole(func(p *pair) { p.Status = "D" }), []Kind{WrongStatus}},
		{"denied there, pending here", whole(func(p *pair) { p.Status, p.OurStatus = "D", ptr("pending") }), []Kind{WrongStatus}},
		{"denied on both sides", whole(func(p *pair) { p.Status, p.OurStatus = "D", ptr("declined") }), nil},
		{"unreadable", whole(func(p *pair) { p.Unreadable = "no amount" }), []Kind{WrongAmount}},
		{"a refund agrees", whole(refund), nil},
		{"a refund that never happened", whole(func(p *pair) { refund(p); absent(p); p.Status = "V" }), nil},
		{"a refund that failed here and not there", whole(func(p *pair) { refund(p); p.OurStatus = ptr("failed") }), []Kind{WrongStatus}},
		{"part of a refund", whole(func(p *pair) { refund(p); p.Booked = ptr(int64(-2400)) }), []Kind{WrongAmount}},
	} {
		var got []Kind
		for _, d := range c.pair.differences() {
			got = append(got, d.Kind)
			if d.advise().String() == "" {
				t.Errorf("%s: no advice", c.name)
			}
		}
		if len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] || len(got) > 1 && got[1] != c.want[1] {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// One statement can write a row once only.
func TestOneRowForEachDifference(t *testing.T) {
	t.Parallel()
	got := dedupe([]savedDifference{
		{Kind: MissingHere, Ref: "PAY", Code: "T0106", Theirs: "-16.00 USD", State: "open"},
		{Kind: MissingHere, Ref: "PAY", Code: "T0106", Theirs: "-14.00 EUR", State: "open"},
		{Kind: MissingHere, Ref: "PAY", Code: "T1110", State: "mended"},
		{Kind: MissingHere, Ref: "PAY", Code: "T1110", Theirs: "-25.00 EUR", State: "open"},
		{Kind: MissingHere, Ref: "PAY", Code: "T1110", State: "mended"},
	})
	if len(got) != 2 || got[0].Theirs != "-16.00 USD; -14.00 EUR" || got[1].State != "open" {
		t.Errorf("%+v", got)
	}
}
