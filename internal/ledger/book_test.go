package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

var (
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	news = Source{Way: "webhook"}
)

func eur(minor int64) money.Amount { return money.New(minor, "EUR") }

// monthly is the subject of a contribution that has a payment each month.
func monthly() Subject {
	return Subject{
		Contribution: uuid.New(), Campaign: uuid.New(), Frequency: "month", Amount: eur(2500), Receipt: "K7M3-9QX2",
	}
}

func once() Subject {
	s := monthly()
	s.Frequency = "once"
	return s
}

func capture(id, status string) paypal.Capture {
	c := paypal.Capture{ID: id, Status: paypal.CaptureStatus(status), Amount: eur(2500), CreatedAt: noon.Add(time.Minute)}
	if status != "PENDING" && status != "DECLINED" {
		fee := eur(120)
		c.Fee = &fee
	}
	return c
}

func back(id, of, status string, minor int64) paypal.Refund {
	return paypal.Refund{
		ID: id, CaptureID: of, Status: paypal.RefundStatus(status), Amount: eur(minor), CreatedAt: noon.Add(time.Hour),
	}
}

// step is news as it arrives: facts that one answer of PayPal's gives together.
type step struct {
	name  string
	facts []Fact
}

func names(steps []step) string {
	all := make([]string, 0, len(steps))
	for _, s := range steps {
		all = append(all, s.name)
	}
	return strings.Join(all, ", ")
}

// stepsOf is what can be heard of one payment. What went back of it comes with the payment itself.
func stepsOf(id string) []step {
	paid := func(status string) Fact { return CaptureSeen(capture(id, status)) }
	refunded := func(n, status string, minor int64) step {
		return step{id + " refund " + n + " " + status, []Fact{
			paid("PARTIALLY_REFUNDED"), RefundSeen(back(id+"-"+n, id, status, minor)),
		}}
	}
	dispute := func(n string, status paypal.DisputeStatus, stage paypal.DisputeStage, at time.Duration,
		fees ...paypal.DisputeFee) step {
		return step{id + " dispute " + n + " " + string(status) + " " + string(stage), []Fact{
			paid("COMPLETED"), DisputeSeen(paypal.Dispute{
				ID: id + "-" + n, CaptureIDs: []string{id}, Status: status, Stage: stage, Amount: eur(2500), Fees: fees,
				CreatedAt: noon.Add(2 * time.Hour), UpdatedAt: noon.Add(2*time.Hour + at),
			}),
		}}
	}
	return []step{
		{id + " declined", []Fact{paid("DECLINED")}},
		{id + " pending", []Fact{paid("PENDING")}},
		{id + " completed", []Fact{paid("COMPLETED")}},
		refunded("r1", "PENDING", 1000), refunded("r1", "COMPLETED", 1000), refunded("r2", "COMPLETED", 1500),
		refunded("r3", "FAILED", 500),
		{id + " reversal", []Fact{paid("PARTIALLY_REFUNDED"), ReversalSeen(back(id+"-rv", id, "COMPLETED", 900))}},
		dispute("d1", paypal.DisputeOpen, "INQUIRY", 0),
		dispute("d1", paypal.DisputeWaitingForSeller, "CHARGEBACK", time.Minute),
		dispute("d1", paypal.DisputeResolved, "CHARGEBACK", time.Hour,
			paypal.DisputeFee{Amount: eur(1600), At: noon.Add(3 * time.Hour)}),
		dispute("d2", paypal.DisputeResolved, "INQUIRY", time.Hour),
	}
}

// play applies the steps in turn.
func play(t interface {
	Helper()
	Fatalf(string, ...any)
}, b *Book, steps ...step) *Book {
	t.Helper()
	for _, s := range steps {
		for _, f := range s.facts {
			if _, err := b.Apply(f, news, noon); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
		}
	}
	return b
}

// picture is what a book comes to, in words that do not depend on the order in which it was learned.
func picture(b *Book) string {
	var lines []string
	for _, p := range b.payments {
		lines = append(lines, fmt.Sprintf("payment %s %s %s", p.PayPalID, p.State, p.Amount))
		for _, r := range p.refunds {
			lines = append(lines, fmt.Sprintf("refund %s %s %s %s", r.paypalID, r.kind, r.status, r.amount))
		}
		for _, d := range p.disputes {
			lines = append(lines, fmt.Sprintf("dispute %s %s %s", d.paypalID, d.state, d.changedAt.UTC()))
		}
	}
	for _, e := range b.entries {
		lines = append(lines, fmt.Sprintf("entry %s %s %s", e.kind, e.amount, e.ref))
	}
	slices.Sort(lines)
	s := b.Standing()
	return fmt.Sprintf("%s %d-%d %v %v\n", s.State(), s.Gross, s.Back, s.Reversed, s.Disputed) + strings.Join(lines, "\n")
}

// Every set of up to four of the twelve things that can be heard of a payment, in every order.
func TestEveryOrderEndsTheSame(t *testing.T) {
	t.Parallel()
	all, tried := stepsOf("CAP"), 0
	subject := monthly()
	var choose func(from int, picked []step)
	choose = func(from int, picked []step) {
		if len(picked) > 0 {
			want := picture(play(t, New(subject, &review.List{}), picked...))
			permute(slices.Clone(picked), 0, func(order []step) {
				tried++
				b := play(t, New(subject, &review.List{}), order...)
				if got := picture(b); got != want {
					t.Fatalf("%s ended in\n%s\nbut %s in\n%s", names(picked), want, names(order), got)
				}
			})
		}
		if len(picked) == 4 {
			return
		}
		for i := from; i < len(all); i++ {
			choose(i+1, append(slices.Clone(picked), all[i]))
		}
	}
	choose(0, nil)
	t.Logf("%d orders of arrival", tried)
}

func permute[T any](all []T, from int, visit func([]T)) {
	if from == len(all) {
		visit(all)
		return
	}
	for i := from; i < len(all); i++ {
		all[from], all[i] = all[i], all[from]
		permute(all, from+1, visit)
		all[from], all[i] = all[i], all[from]
	}
}

// Hearing it again is no news and writes nothing, whatever came before.
func TestHearingItAgainChangesNothing(t *testing.T) {
	t.Parallel()
	for _, s := range stepsOf("CAP") {
		b := New(once(), &review.List{})
		play(t, b, s)
		before, booked, reviews := picture(b), len(b.booked), b.Reviews.Len()
		for _, f := range s.facts {
			if again, err := b.Apply(f, news, noon.Add(time.Hour)); err != nil || again {
				t.Errorf("%s is news again: %v", s.name, err)
			}
		}
		if picture(b) != before || len(b.booked) != booked || b.Reviews.Len() != reviews {
			t.Errorf("%s again changed\n%s\nto\n%s", s.name, before, picture(b))
		}
	}
}

func TestRefundOfOnePaymentLeavesTheOthersAsTheyWere(t *testing.T) {
	t.Parallel()
	b := New(monthly(), &review.List{})
	for _, id := range []string{"JAN", "FEB", "MAR"} {
		play(t, b, step{id, []Fact{CaptureSeen(capture(id, "COMPLETED"))}})
	}
	before := b.Payments()
	play(t, b, step{"refund", []Fact{RefundSeen(back("R", "MAR", "COMPLETED", 2500))}})
	after := b.Payments()
	if after[2].State != Refunded {
		t.Errorf("March is %s", after[2].State)
	}
	for i := range 2 {
		if fmt.Sprint(after[i]) != fmt.Sprint(before[i]) || after[i].State != Completed {
			t.Errorf("%s was %+v and is %+v", before[i].PayPalID, before[i], after[i])
		}
	}
	if s := b.Standing(); s.State() != Completed || s.Gross != 7500 || s.Back != 2500 || s.Payments != 3 {
		t.Errorf("together they are %s: %+v", s.State(), s)
	}
	if got := b.Reviews.Len(); got != 0 {
		t.Errorf("several payments of a monthly contribution are nothing to look at: %d reviews", got)
	}
	if after[0].Receipt != "K7M3-9QX2" || after[1].Receipt != "K7M3-9QX2-2" || after[2].Receipt != "K7M3-9QX2-3" {
		t.Errorf("receipts %s, %s, %s", after[0].Receipt, after[1].Receipt, after[2].Receipt)
	}
}

// A receipt number says that money came in: neither a declined payment nor one that PayPal holds has one.
func TestOnlyMoneyThatIsInHasAReceipt(t *testing.T) {
	t.Parallel()
	b := New(once(), &review.List{})
	receipts := func() string {
		var all []string
		for _, p := range b.Payments() {
			all = append(all, p.PayPalID+"="+p.Receipt)
		}
		return strings.Join(all, " ")
	}
	for _, want := range []struct{ id, status, receipts string }{
		{"A", "DECLINED", "A="}, {"B", "PENDING", "A= B="}, {"C", "COMPLETED", "A= B= C=K7M3-9QX2"},
		{"B", "COMPLETED", "A= B=K7M3-9QX2-2 C=K7M3-9QX2"}, {"C", "REFUNDED", "A= B=K7M3-9QX2-2 C=K7M3-9QX2"},
	} {
		play(t, b, step{want.id, []Fact{CaptureSeen(capture(want.id, want.status))}})
		if got := receipts(); got != want.receipts {
			t.Errorf("after %s %s: %s, want %s", want.id, want.status, got, want.receipts)
		}
	}
}

// That a payment differs from what was chosen is for a person to see where the reader gave once; a recurring
// contribution's payments follow its plan.
func TestAnotherAmountIsJudgedByFrequency(t *testing.T) {
	t.Parallel()
	for frequency, want := range map[string]bool{"once": true, "month": false, "year": false} {
		s := monthly()
		s.Frequency = frequency
		seen := capture("CAP", "COMPLETED")
		seen.Amount = eur(2400)
		b := New(s, &review.List{})
		play(t, b, step{"less", []Fact{CaptureSeen(seen)}})
		if got := b.Reviews.IsOpen(review.AmountDiffers); got != want {
			t.Errorf("%s: a review is open: %v, want %v", frequency, got, want)
		}
		if b.entries[entryKey{kindCharge, "CAP"}].amount != eur(2400) {
			t.Errorf("%s: it is not booked as PayPal says", frequency)
		}
	}
}

// A fact that cannot be leaves the book as it was.
func TestContradictionsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	stranger, unknown := capture("NEW", "COMPLETED"), capture("NEW", "TELEPORTED")
	stranger.CustomID = uuid.NewString()
	late := back("R9", "CAP", "TELEPORTED", 100)
	for name, is := range map[string]struct {
		fact Fact
		code review.Code
	}{
		"an unknown status":             {CaptureSeen(unknown), review.PaymentStatus},
		"a payment of another":          {CaptureSeen(stranger), review.PaymentOfAnother},
		"a payment booked elsewhere":    {CaptureSeen(capture("THEIRS", "COMPLETED")), review.PaymentElsewhere},
		"a refund booked elsewhere":     {RefundSeen(back("THEIRS-R", "CAP", "COMPLETED", 100)), review.RefundOfNoPayment},
		"a refund of another's payment": {RefundSeen(back("R", "THEIRS", "COMPLETED", 100)), review.PaymentElsewhere},
		"a refund of no payment":        {RefundSeen(back("R", "NEVER", "COMPLETED", 100)), review.RefundOfNoPayment},
		"a refund of nothing":           {RefundSeen(back("R", "CAP", "COMPLETED", 0)), review.RefundImpossible},
		"a refund of too much":          {RefundSeen(back("R", "CAP", "COMPLETED", 2501)), review.RefundImpossible},
		"refunds of more than the sum":  {RefundSeen(back("R", "CAP", "COMPLETED", 1501)), review.RefundTooLarge},
		"a refund's status":             {RefundSeen(late), review.RefundStatus},
		"a dispute of no payment": {DisputeSeen(paypal.Dispute{
			ID: "D", CaptureIDs: []string{"NEVER"}, Status: paypal.DisputeOpen, Amount: eur(100),
		}), ""},
	} {
		b := New(once(), &review.List{})
		b.elsewhere = map[string]uuid.UUID{"THEIRS": uuid.New(), "THEIRS-R": uuid.New()}
		play(t, b, step{"paid", []Fact{
			CaptureSeen(capture("CAP", "COMPLETED")), RefundSeen(back("R1", "CAP", "COMPLETED", 1000)),
		}})
		before, booked := picture(b), len(b.booked)
		_, err := b.Apply(is.fact, news, noon)
		said, is1 := errors.AsType[*ContradictionError](err)
		if is.code == "" && !errors.Is(err, ErrNotOurs) || is.code != "" && (!is1 || said.Code != is.code) {
			t.Errorf("%s: %v", name, err)
		}
		if picture(b) != before || len(b.booked) != booked {
			t.Errorf("%s changed\n%s\nto\n%s", name, before, picture(b))
		}
	}
}
