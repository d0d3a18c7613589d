package review_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/review"
	"readerfund/migrations"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// house is a database with one contribution.
type house struct {
	*testing.T
	db *db.DB
	id uuid.UUID
}

func open(t *testing.T) house {
	t.Helper()
	h := house{T: t, db: dbtest.New(t), id: uuid.New()}
	if err := campaign.EnsureDefault(t.Context(), h.db, "The Test Gazette", "EUR", noon); err != nil {
		t.Fatal(err)
	}
	h.exec(`INSERT INTO contribution
		(id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state, created_at, updated_at)
		SELECT $1, 'TEST-0001', ''::bytea, id, 'once', 2500, 'EUR', 'completed', $2, $2 FROM campaign`, h.id, noon)
	return h
}

func (h house) exec(query string, args ...any) {
	h.Helper()
	if _, err := h.db.ExecContext(h.Context(), query, args...); err != nil {
		h.Fatal(err)
	}
}

// do runs one act in a transaction of its own, with the contribution locked as its callers have it.
func (h house) do(act func(tx *sqlx.Tx) error) error {
	return h.db.InTx(h.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `SELECT 1 FROM contribution WHERE id = $1 FOR UPDATE`, h.id); err != nil {
			return err
		}
		return act(tx)
	})
}

func (h house) ask(code review.Code, args review.Args) bool {
	h.Helper()
	var opened bool
	err := h.do(func(tx *sqlx.Tx) (err error) {
		opened, err = review.Open(h.Context(), tx, h.id, code, args, noon)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return opened
}

func (h house) resolve(which ...review.Match) (n int64) {
	h.Helper()
	err := h.do(func(tx *sqlx.Tx) (err error) {
		n, err = review.Resolve(h.Context(), tx, h.id, review.Settled, noon.Add(time.Hour), which...)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return n
}

func (h house) close(id int64, found string) (was review.Review, err error) {
	err = h.do(func(tx *sqlx.Tx) (err error) {
		was, err = review.Close(h.Context(), tx, h.id, id, review.By{Name: "ann@example.org"}, found, noon.Add(time.Hour))
		return err
	})
	return was, err
}

func (h house) all() []review.Review {
	h.Helper()
	all, err := review.Of(h.Context(), h.db, h.id)
	if err != nil {
		h.Fatal(err)
	}
	return all
}

func TestSeveralStandBesideEachOtherAndEachIsClosedByItself(t *testing.T) {
	t.Parallel()
	h := open(t)
	twice := review.Args{"count": "2", "payments": "A, B"}
	less := review.Args{"captured": "20.00 EUR", "chosen": "25.00 EUR"}
	if !h.ask(review.PaidTwice, twice) || !h.ask(review.AmountDiffers, less) || h.ask(review.PaidTwice, twice) {
		t.Error("the two are new, and the same again is not")
	}
	all := h.all()
	if len(all) != 2 || all[0].Args["payments"] != "A, B" || !all[0].Open() || !all[0].OpenedAt.Equal(noon) {
		t.Fatalf("%+v", all)
	}
	closed, err := h.close(all[0].ID, "Gave B back.")
	if err != nil || closed.Open() || closed.Text() != all[0].Text() {
		t.Errorf("%+v, %v", closed, err)
	}
	if _, err := h.close(all[0].ID, "Again."); !fault.Is(err, fault.Conflict) {
		t.Errorf("closed twice: %v", err)
	}
	if h.ask(review.PaidTwice, twice) {
		t.Error("what a person closed is brought up again")
	}
	if !h.ask(review.PaidTwice, review.Args{"count": "3", "payments": "A, B, C"}) {
		t.Error("another thing of the same code is not brought up")
	}
	all = h.all()
	if all[0].Why != "Gave B back." || all[0].ClosedBy != "ann@example.org" || !all[1].Open() || !all[2].Open() {
		t.Errorf("%+v", all)
	}
}

func TestWhatTheProgramClosedComesBackWithItsReason(t *testing.T) {
	t.Parallel()
	h := open(t)
	of := func(payment string) review.Args { return review.Args{"payment": payment, "status": "ODD"} }
	h.ask(review.PaymentStatus, of("A"))
	h.ask(review.PaymentStatus, of("B"))
	h.ask(review.PaidTwice, review.Args{"payment": "A"})
	about := review.Match{Code: review.PaymentStatus, About: review.Args{"payment": "A"}}
	if n := h.resolve(about, review.Match{Code: review.OddAnswer}); n != 1 {
		t.Errorf("%d are resolved, want the one about A", n)
	}
	if n := h.resolve(about); n != 0 {
		t.Errorf("%d are resolved again", n)
	}
	if got := h.all()[0]; got.ClosedBy != review.Program || got.Why != review.Settled.String() || got.ClosedAt.IsZero() {
		t.Errorf("%+v", got)
	}
	if !h.ask(review.PaymentStatus, of("A")) || h.ask(review.PaymentStatus, of("A")) {
		t.Error("its reason came back, once")
	}
	if h.resolve() != 0 || h.resolve(review.Match{Code: review.PaymentStatus}) != 2 {
		t.Error("without arguments a code means all of it, and no code nothing")
	}
}

// Nothing that PayPal may write keeps a review from being opened.
func TestAnyArgumentCanBeKept(t *testing.T) {
	t.Parallel()
	h := open(t)
	long := strings.Repeat("x", 1<<20)
	for _, value := range []string{"a\x00b", "\xff\xfe", strings.Repeat("\U0001F600", 5000), long, "\u202egpj.exe"} {
		args := review.Args{"a": value, "b": value, "c": value, "d": value, "e": value}
		if !h.ask(review.OddAnswer, args) || h.ask(review.OddAnswer, args) {
			t.Errorf("%.20q is kept once", value)
		}
	}
}

func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	var opened sync.Map
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() { opened.Store(i, h.ask(review.OddAnswer, review.Args{"says": "odd"})) })
	}
	all.Wait()
	n := 0
	opened.Range(func(_, won any) bool {
		if won.(bool) {
			n++
		}
		return true
	})
	if n != 1 || len(h.all()) != 1 {
		t.Errorf("%d of 8 opened it, and there are %d", n, len(h.all()))
	}
}

func TestEverySentenceIsWhole(t *testing.T) {
	t.Parallel()
	args := review.Args{}
	for _, name := range strings.Fields("amount answer approved booked captured case change chosen count currency " +
		"difference disputed due ended fee frequency interval kind known net number order other paid payment payments " +
		"platform receipt ref refund says start status subscription text told") {
		args[name] = "17.00 EUR"
	}
	keys := i18n.Keys("review.code.")
	if len(keys) < 28 {
		t.Errorf("only %d codes have a sentence", len(keys))
	}
	for _, key := range keys {
		code := review.Code(strings.TrimPrefix(key, "review.code."))
		said := review.Sentence(code, args).String()
		if !strings.Contains(said, "17.00 EUR") || strings.ContainsAny(said, "{}<>") ||
			code != review.EarlierNote && !strings.HasSuffix(said, ".") {
			t.Errorf("%s: %q", code, said)
		}
	}
	got := review.Sentence("of_tomorrow", review.Args{"what": "b"}).String()
	if !strings.Contains(got, "of_tomorrow") || !strings.Contains(got, "what:b") {
		t.Errorf("a code of a newer version: %q", got)
	}
}

// The sentences of the version before become the codes they were made from, open and looked at alike.
func TestNotesOfTheVersionBeforeAreCarriedOver(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.back()
	type note struct {
		text string
		code review.Code
		args review.Args
	}
	const look = " Look at it in PayPal."
	notes := []note{
		{
			"PayPal took the reader's money 2 times: CAP-1, CAP-2. Give back what was taken too often.",
			review.PaidTwice, review.Args{"count": "2", "payments": "CAP-1, CAP-2"},
		},
		{
			"PayPal captured 20.00 EUR, but the reader chose 25.00 EUR.",
			review.AmountDiffers, review.Args{"captured": "20.00 EUR", "chosen": "25.00 EUR"},
		},
		{
			"PayPal took a fee of 30.00 EUR for a payment of 25.00 EUR." + look,
			review.FeeLarge, review.Args{"fee": "30.00 EUR", "amount": "25.00 EUR"},
		},
		{
			"PayPal has the order O2 for it, too, and not only the order O1 that we know. Look at both in PayPal.",
			review.SecondOrder, review.Args{"order": "O2", "known": "O1"},
		},
		{
			"PayPal opened the case PP-D-1 again. Look at it there.",
			review.DisputeOpenAgain, review.Args{"case": "PP-D-1"},
		},
		{
			"PayPal's answer about it cannot be right: the payment is of -1.00 EUR. Nothing of it was booked." + look,
			review.OddAnswer, review.Args{"says": "the payment is of -1.00 EUR"},
		},
		{
			`PayPal's order O1 no longer carries the number of this contribution, but "order-77". ` +
				`Nothing of it was booked.` + look,
			review.OrderOfAnother, review.Args{"order": "O1", "number": "order-77"},
		},
		{
			`PayPal says that the payment CAP is "ODD", which we have no word for. It is not booked.` + look,
			review.PaymentStatus, review.Args{"payment": "CAP", "status": "ODD"},
		},
		{
			`PayPal lists the payment CAP here, but it carries the number "x" of another contribution. ` +
				`It is not booked here.` + look,
			review.PaymentOfAnother, review.Args{"payment": "CAP", "number": "x"},
		},
		{
			"PayPal lists the payment CAP here, but it belongs to the contribution C already. It is not booked twice.",
			review.PaymentElsewhere, review.Args{"payment": "CAP", "other": "C"},
		},
		{
			`PayPal made the payment CAP for the order of this contribution, but it carries the number "" of ` +
				`another contribution. It is not booked.` + look,
			review.PaymentMisnumbered, review.Args{"payment": "CAP", "number": ""},
		},
		{
			"PayPal says that its fee for 25.00 EUR was -1.00 EUR. That cannot be, so no fee is booked." + look,
			review.FeeImpossible, review.Args{"amount": "25.00 EUR", "fee": "-1.00 EUR"},
		},
		{
			"PayPal now says -1.30 EUR for the fee of CAP; the ledger has -1.20 EUR.",
			review.LedgerDiffers, review.Args{"says": "-1.30 EUR", "kind": "fee", "ref": "CAP", "booked": "-1.20 EUR"},
		},
		{
			"PayPal reports the refund R of the payment CAP, which is none of this contribution. It is not booked." + look,
			review.RefundOfNoPayment, review.Args{"refund": "R", "payment": "CAP"},
		},
		{
			"PayPal reports that 5.00 USD went back (R) of a payment of 25.00 EUR. " +
				"That cannot be, and is not booked." + look,
			review.RefundImpossible, review.Args{"amount": "5.00 USD", "refund": "R", "paid": "25.00 EUR"},
		},
		{
			"PayPal reports that 26.00 EUR went back (R2), which is more than what is left of a payment of " +
				"25.00 EUR. It is not booked." + look,
			review.RefundImpossible, review.Args{"amount": "26.00 EUR", "refund": "R2", "paid": "25.00 EUR"},
		},
		{
			"PayPal reports the refund R of 9.00 EUR, which is more than what is left of the payment CAP. " +
				"It is not booked." + look,
			review.RefundTooLarge, review.Args{"refund": "R", "amount": "9.00 EUR", "payment": "CAP"},
		},
		{
			`PayPal says that the refund R is "HALFWAY", which we have no word for. It is not booked.` + look,
			review.RefundStatus, review.Args{"refund": "R", "status": "HALFWAY"},
		},
		{
			"PayPal says that it gave a fee of 0.30 USD back for a payment in EUR. That is not booked." + look,
			review.RefundFeeImpossible, review.Args{"fee": "0.30 USD", "currency": "EUR"},
		},
		{
			"The case PP-D-2 is in USD, the payment in EUR. What PayPal holds back for it is not booked.",
			review.DisputeCurrency, review.Args{"case": "PP-D-2", "disputed": "USD", "paid": "EUR"},
		},
		{
			"The case PP-D-2 is about 26.00 EUR, and the payment was of 25.00 EUR. " +
				"What PayPal holds back for it is not booked." + look,
			review.DisputeTooLarge, review.Args{"case": "PP-D-2", "disputed": "26.00 EUR", "paid": "25.00 EUR"},
		},
		{
			"Something that no version wrote.",
			review.EarlierNote, review.Args{"text": "Something that no version wrote."},
		},
	}
	var seen strings.Builder
	for _, n := range notes[1:] {
		seen.WriteString(n.text + "\n")
	}
	h.exec(`UPDATE contribution SET attention = $2, attention_seen = $3 WHERE id = $1`, h.id, notes[0].text, seen.String())
	if _, err := db.Migrate(t.Context(), h.db, migrations.FS); err != nil {
		t.Fatal(err)
	}
	all := h.all()
	for i, want := range notes {
		at := slices.IndexFunc(all, func(r review.Review) bool {
			return r.Code == want.code && maps.Equal(r.Args, want.args)
		})
		if at < 0 || all[at].Open() != (i == 0) {
			t.Errorf("%q is not carried over, or not as it was", want.text)
		}
	}
	if len(all) != len(notes) {
		t.Errorf("%d notes became %d", len(notes), len(all))
	}
	if h.ask(notes[0].code, notes[0].args) || h.ask(notes[1].code, notes[1].args) {
		t.Error("what was there already is brought up again")
	}
	h.back()
	var attention string
	err := h.db.GetContext(t.Context(), &attention, `SELECT attention FROM contribution`)
	if err != nil || !strings.HasPrefix(attention, "paid_twice {") || strings.Contains(attention, ";") {
		t.Errorf("taken back: %q, %v", attention, err)
	}
}

// back takes the schema back to before there were reviews.
func (h house) back() {
	h.Helper()
	for h.version() >= 7 {
		if _, err := db.MigrateDown(h.Context(), h.db, migrations.FS); err != nil {
			h.Fatal(err)
		}
	}
}

// version is the newest step of the schema that the database has.
func (h house) version() (newest int64) {
	h.Helper()
	steps, err := db.MigrateStatus(h.Context(), h.db, migrations.FS)
	if err != nil {
		h.Fatal(err)
	}
	for _, s := range steps {
		if s.Applied() {
			newest = max(newest, s.Version)
		}
	}
	return newest
}
