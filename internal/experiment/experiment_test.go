package experiment_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/experiment"
	"readerfund/internal/fault"
	"readerfund/internal/report"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// house is a newsroom whose campaign has two variants and a holdout.
type house struct {
	*newsroom.Newsroom

	results *experiment.Experiments
}

func openHouse(t *testing.T, zone *time.Location) house {
	t.Helper()
	n := newsroom.New(t, newsroom.Options{Zone: zone})
	h := house{n, experiment.New(n.DB, zone, "EUR")}
	h.set(func(c *campaign.Content) {
		c.Variants = []campaign.Variant{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}}
		c.Holdout = 10
	})
	return h
}

// set changes what the campaign says.
func (h house) set(change func(*campaign.Content)) {
	h.T.Helper()
	content := h.campaign().Content
	change(&content)
	text, err := json.Marshal(content)
	if err != nil {
		h.T.Fatal(err)
	}
	h.Exec(`UPDATE campaign SET content = $1`, string(text))
}

// campaign is the campaign as it stands.
func (h house) campaign() campaign.Campaign {
	h.T.Helper()
	k, err := campaign.NewCatalog(h.DB, h.Clock.Now).BySlug(h.T.Context(), campaign.DefaultSlug)
	if err != nil {
		h.T.Fatal(err)
	}
	return k
}

// seen counts readers, views and clicks.
func (h house) seen(day report.Day, variant, format, article string, readers, views, clicks int) {
	h.T.Helper()
	h.Exec(`INSERT INTO appeal_count (campaign_id, day, variant, format, article, readers, views, clicks, closed, opted_out)
		SELECT id, $1, $2, $3, $4, $5, $6, $7, 3, 1 FROM campaign`, day.String(), variant, format, article, readers, views, clicks)
}

// gift is a gift of 25.00 EUR that came in.
func (h house) gift(s contribution.Source, change ...func(*contribution.Intent)) (contribution.Contribution, string) {
	h.T.Helper()
	in := newsroom.Intent()
	in.Source = s
	for _, c := range change {
		c(&in)
	}
	return h.Pay(in)
}

// net is what the gifts brought, as the ledger has it.
func (h house) net(gifts ...contribution.Contribution) (minor int64) {
	h.T.Helper()
	for _, g := range gifts {
		var of int64
		if err := h.DB.Get(&of, `SELECT coalesce(sum(amount_minor), 0) FROM ledger_entry WHERE contribution_id = $1`, g.ID); err != nil {
			h.T.Fatal(err)
		}
		minor += of
	}
	return minor
}

func (h house) read(from, to report.Day) experiment.Results {
	h.T.Helper()
	r, err := h.results.Results(h.T.Context(), h.campaign(), h.Clock.Now(), from, to)
	if err != nil {
		h.T.Fatal(err)
	}
	return r
}

// inWords writes an arm on one line.
func inWords(a experiment.Arm) string {
	text := fmt.Sprintf("%s: %d readers %d views %d clicks; %d starts %d begun %d gifts %d regretted;",
		a.Name, a.Readers, a.Views, a.Clicks, a.Starts, a.Begun, a.Gifts, a.Regretted)
	for _, m := range a.Money {
		text += fmt.Sprintf(" %d %s", m.Net, m.Currency)
	}
	return text
}

func (h house) wants(what, got, want string) {
	h.T.Helper()
	if got != want {
		h.T.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

// Gifts, refunds, disputes and stops end in the arm of their variant, in the format that they came by, and nothing that
// no lot was drawn for is in any.
func TestResultsAreOfTheLedger(t *testing.T) {
	t.Parallel()
	h := openHouse(t, time.UTC)
	today := report.DayOf(h.Clock.Now().UTC())
	const article = "https://news.example.org/1"
	h.seen(today, "a", "inline", article, 100, 300, 20)
	h.seen(today, "a", "banner", "", 10, 40, 5)
	h.seen(today, "b", "inline", article, 90, 280, 30)
	h.seen(today, "b", "inline", "https://news.example.org/2", 20, 30, 1)
	h.seen(today, "holdout", "inline", "", 12, 40, 0)
	h.seen(today, "", "inline", "", 0, 1000, 7) // no lot was drawn
	h.seen(today.Add(-1), "a", "inline", "", 1000, 1000, 1000)

	a, b := contribution.Source{Variant: "a", Format: "inline"}, contribution.Source{Variant: "b", Format: "inline"}
	bBanner := contribution.Source{Variant: "b", Format: "banner"}
	here := func(in *contribution.Intent) { in.Article = article }
	kept, _ := h.gift(a, here)
	_, back := h.gift(a, here)
	h.RefundAtPayPal(back, "")
	disputed, capture := h.gift(a)
	h.Dispute(capture, testkit.Fields{"stage": "CHARGEBACK"})
	early, _ := h.gift(a)
	h.Exec(`UPDATE contribution SET created_at = created_at - interval '1 day' WHERE id = $1`, early.ID)
	partly, capture := h.gift(bBanner, here)
	h.RefundAtPayPal(capture, "5.00")
	large, _ := h.gift(b, func(in *contribution.Intent) { in.Amount = "100.00" })
	dollars, _ := h.gift(b, func(in *contribution.Intent) { in.Currency = "USD" })
	h.Start(contribution.Intent{Campaign: campaign.DefaultSlug, Amount: "9", Currency: "EUR",
		Frequency: "once", Source: b})
	monthly := h.Start(contribution.Intent{Campaign: campaign.DefaultSlug, Amount: "5", Currency: "EUR",
		Frequency: "month", Source: b})
	h.PayPal.Must("POST", "/sandbox/subscriptions/"+monthly.Checkout.PayPalID+"/approve", testkit.Fields{}, nil)
	h.Return(monthly)
	stopped := h.Start(contribution.Intent{Campaign: campaign.DefaultSlug, Amount: "6", Currency: "EUR",
		Frequency: "month", Source: b})
	h.PayPal.Must("POST", "/sandbox/subscriptions/"+stopped.Checkout.PayPalID+"/approve", testkit.Fields{}, nil)
	h.Return(stopped)
	h.Exec(`UPDATE subscription SET state = 'cancelled', ended_at = $1 WHERE contribution_id = $2`,
		h.Clock.Now(), stopped.ID)
	link, _ := h.gift(contribution.Source{Variant: "a"})
	out, _ := h.gift(contribution.Source{Variant: "holdout"})
	h.gift(contribution.Source{Variant: "a", Shared: true}) // who follows a share link saw nothing of a
	h.gift(contribution.Source{Format: "inline", Referrer: "newsletter"}, here)
	h.gift(contribution.Source{Referrer: "newsletter"})
	h.gift(contribution.Source{Variant: "old", Format: "inline"})

	r := h.read(today, today)
	h.wants("a", inWords(r.Arms[0]), fmt.Sprintf(
		"a: 110 readers 340 views 25 clicks; 4 starts 4 begun 3 gifts 2 regretted; %d EUR", h.net(kept, disputed,
			link)+refundedNet(h)))
	h.wants("b", inWords(r.Arms[1]), fmt.Sprintf(
		"b: 110 readers 310 views 31 clicks; 6 starts 5 begun 5 gifts 2 regretted; %d EUR %d USD",
		h.net(partly, large, monthly, stopped), h.net(dollars)))
	h.wants("holdout", inWords(*r.Holdout), fmt.Sprintf(
		"holdout: 12 readers 40 views 0 clicks; 1 starts 1 begun 1 gifts 0 regretted; %d EUR", h.net(out)))
	var channels []string
	for _, c := range r.Channels {
		channels = append(channels, fmt.Sprintf("%s %q %d views %d gifts %d EUR", c.Name, c.Format, c.Views, c.Gifts,
			c.In("EUR").Net))
	}
	h.wants("channels", strings.Join(channels, "\n"), strings.Join([]string{
		fmt.Sprintf(`a "inline" 300 views 2 gifts %d EUR`, h.net(kept, disputed)+refundedNet(h)),
		`a "banner" 40 views 0 gifts 0 EUR`,
		fmt.Sprintf(`a "" 0 views 1 gifts %d EUR`, h.net(link)),
		fmt.Sprintf(`b "inline" 310 views 4 gifts %d EUR`, h.net(large, monthly, stopped)),
		fmt.Sprintf(`b "banner" 0 views 1 gifts %d EUR`, h.net(partly)),
	}, "\n"))
	var ways []string
	for _, o := range r.Outside {
		ways = append(ways, fmt.Sprintf("%s %d", o.Way, o.Gifts))
	}
	h.wants("outside", strings.Join(ways, ", "), "newsletter 2, earlier 1, shared 1")
	h.wants("articles", fmt.Sprint(r.Articles), fmt.Sprintf("[{%s 580 50 4} {https://news.example.org/2 30 1 0}]", article))
	h.wants("verdict", string(r.Verdict.Code), "too_few")

	// The day before alone.
	y := today.Add(-1)
	h.wants("yesterday", inWords(h.read(y, y).Arms[0]), fmt.Sprintf(
		"a: 1000 readers 1000 views 1000 clicks; 1 starts 1 begun 1 gifts 0 regretted; %d EUR", h.net(early)))
	_, err := h.results.Results(t.Context(), h.campaign(), h.Clock.Now(), today, y)
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("days in the wrong order: %v", err)
	}
}

// refundedNet is what the gift that went back whole cost: PayPal keeps its fee.
func refundedNet(h house) int64 {
	var ids []uuid.UUID
	if err := h.DB.Select(&ids, `SELECT id FROM contribution WHERE state = 'refunded'`); err != nil || len(ids) != 1 {
		h.T.Fatal(ids, err)
	}
	return h.net(contribution.Contribution{ID: ids[0]})
}

// A campaign without variants has one arm, of all that its appeal brought.
func TestWithoutVariantsThereIsOneArm(t *testing.T) {
	t.Parallel()
	h := openHouse(t, time.UTC)
	h.set(func(c *campaign.Content) { c.Variants, c.Holdout = nil, 0 })
	today := report.DayOf(h.Clock.Now().UTC())
	h.seen(today, "", "inline", "", 10, 30, 2)
	g, _ := h.gift(contribution.Source{Format: "inline"})
	h.gift(contribution.Source{Referrer: "direct"})
	r := h.read(report.Day{}, report.Day{})
	if len(r.Arms) != 1 || r.Holdout != nil || r.Verdict.Code != experiment.NoTest || len(r.Outside) != 1 {
		t.Fatalf("%+v", r)
	}
	h.wants("the campaign", inWords(r.Arms[0]), fmt.Sprintf(
		": 10 readers 30 views 2 clicks; 1 starts 1 begun 1 gifts 0 regretted; %d EUR", h.net(g)))
}

// Results begin where what is compared was last changed: a test of two things at once says nothing.
func TestResultsBeginWithTheLastChange(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	h := openHouse(t, zone)
	h.Exec(`UPDATE campaign SET created_at = '2026-10-01 02:00Z'`) // the evening before, in New York
	if r := h.read(report.Day{}, report.Day{}); r.From.String() != "2026-09-30" || !r.Changed.IsZero() {
		t.Errorf("without history: from %s, changed %s", r.From, r.Changed)
	}
	version := 1 // is what EnsureDefault wrote
	save := func(at, state string, change func(*campaign.Content)) {
		t.Helper()
		h.set(change)
		version++
		h.Exec(`INSERT INTO campaign_version (campaign_id, version, change, changed_by, changed_at, slug, content, state, fund_drive)
			SELECT id, $1, 'edited', '', $2, slug, content, $3, false FROM campaign`, version, at, state)
	}
	save("2026-10-02 12:00Z", "draft", func(c *campaign.Content) { c.Variants[1].Weight = 2 })
	save("2026-10-05 12:00Z", "published", func(c *campaign.Content) { c.Variants[1].Weight = 3 })
	save("2026-10-06 12:00Z", "published", func(c *campaign.Content) { c.Name = "Another name" })
	if r := h.read(report.Day{}, report.Day{}); r.From.String() != "2026-10-05" {
		t.Errorf("after a draft: from %s", r.From)
	}
	for n, change := range []func(*campaign.Content){
		func(c *campaign.Content) { c.Variants[1].Weight = 1 },
		func(c *campaign.Content) { c.Holdout = 20 },
		func(c *campaign.Content) { c.Variants[1].Texts = map[string]campaign.Texts{"en": {Heading: "Other"}} },
		func(c *campaign.Content) { c.Texts["en"] = campaign.Texts{Heading: "All new"} },
		func(c *campaign.Content) { c.Suggested["EUR"] = []int64{700} },
		func(c *campaign.Content) { c.Chosen = map[string]campaign.Amounts{"once": {"EUR": 700}} },
	} {
		day := 10 + n
		save(fmt.Sprintf("2026-10-%d 12:00Z", day), "published", change)
		save(fmt.Sprintf("2026-10-%d 13:00Z", day), "paused", func(*campaign.Content) {})
		r := h.read(report.Day{}, report.Day{})
		if want := fmt.Sprintf("2026-10-%d", day+1); r.From.String() != want || r.Changed.Hour() != 12 {
			t.Errorf("change %d: from %s, changed %s, want from %s", n, r.From, r.Changed, want)
		}
	}
	// Changed today, it begins tomorrow, and there is nothing to see yet.
	save(h.Clock.Now().Format(time.RFC3339), "published", func(c *campaign.Content) { c.Holdout = 0 })
	if r := h.read(report.Day{}, report.Day{}); r.From != r.To || r.From != report.DayOf(h.Clock.Now().In(zone)).Add(1) {
		t.Errorf("from %s to %s", r.From, r.To)
	}
}
