package web

import (
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"readerfund/internal/account"
	"readerfund/internal/dashboard"
)

// words are a page's text without markup, with single spaces.
func words(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func says(t *testing.T, page string, all ...string) {
	t.Helper()
	text := words(t, page)
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
}

// receiptsOn are the receipt numbers that a page links, in order.
func receiptsOn(page string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`href="/staff/contributions/[0-9a-f-]+">([^<]+)</a>`).FindAllStringSubmatch(page,
		-1) {
		all = append(all, m[1])
	}
	return all
}

// someGifts is a small, fixed ledger: two currencies, two articles, a refund on another day, no money.
func (h house) someGifts() uuid.UUID {
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			h.t.Fatal(err)
		}
		return when
	}
	h.book(booked{Receipt: "AAAA-0001", Minor: 2500, Fee: 98, At: at("2026-11-22T08:00:00Z"),
		Article: "https://example.org/river"})
	h.book(booked{Receipt: "AAAA-0002", Minor: 3000, Fee: 148, Currency: "JPY", At: at("2026-11-21T22:59:00Z"),
		Article: "https://example.org/harbour"})
	id := h.book(booked{
		Receipt: "AAAA-0003", Minor: 10000, Fee: 325, State: "partially_refunded", Back: 4000,
		At: at("2026-11-16T09:00:00Z"), RefundedAt: at("2026-11-22T07:00:00Z"),
		Article: "https://example.org/river", Name: `<b>Ann</b>`, Message: "Go on!\n<script>alert(1)</script>",
		Attention: "Nobody here asked for this refund.",
	})
	h.book(booked{Receipt: "AAAA-0004", Minor: 500, State: "declined", Reason: "INSTRUMENT_DECLINED",
		At: at("2026-11-15T23:30:00Z")})
	h.book(booked{Receipt: "AAAA-0005", Minor: 700, State: "created", At: at("2026-10-20T10:00:00Z")})
	return id
}

func TestOverview(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	says(t, r.get("/staff").body, "Nothing needs your attention", "No ledger entries.", "No contributions yet.",
		"Dates and times are in Europe/Berlin.")

	h.someGifts()
	h.hook("WH-PARKED", "PAYMENT.CAPTURE.COMPLETED", "X", "parked", "PayPal did not answer.", uuid.Nil, noon())
	h.exec(`INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, first_seen_at,
		last_seen_at) VALUES ('t', 'WH', 'X', '{}', ''::bytea, $1, $1)`, noon())
	page := r.get("/staff").body
	says(t, page, "22 Nov 2026", "Needs attention", "1 contribution to review",
		"AAAA-0003 , €100.00: Nobody here asked for this refund.",
		"1 parked PayPal event , after several failed attempts", "1 suspect delivery refused",
		"Today Currency Payments Gross Net EUR 1 €25.00 -€15.98",
		"Last 7 days Currency Payments Gross Net EUR 2 €125.00 €80.77 JPY 1 ¥3,000 ¥2,852",
		"AAAA-0001 no name 22 Nov 2026, 09:00 Completed €25.00 €0.98 – €24.02 example.org/river")
	if !strings.Contains(page,
		`aria-label="EUR gross by day, from Sat 24 Oct 2026 to Sun 22 Nov 2026; highest on Mon 16 Nov 2026: €100.00"`) {
		t.Error("the chart is not told")
	}
	if got := receiptsOn(page); got[len(got)-1] != "AAAA-0005" {
		t.Errorf("the oldest comes last: %v", got)
	}
}

func TestContributionsList(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.someGifts()
	r := h.signedIn(account.Viewer)
	for query, want := range map[string]string{
		"":                                   "1 2 3 4 5",
		"?from=2026-11-21&to=2026-11-21":     "2",     // 23:59 in Berlin
		"?to=2026-11-16":                     "3 4 5", // 4 began on the 16th at 00:30
		"?from=2026-11-16&to=2026-11-16":     "3 4",
		"?status=declined":                   "4",
		"?currency=jpy":                      "2",
		"?campaign=support&status=created":   "5",
		"?article=https://example.org/river": "1 3",
		"?attention=1":                       "3",
		"?q=aaaa0003":                        "3",
		"?q=CAPTURE-AAAA-0001":               "1",
		"?q=REFUND-AAAA-0003":                "3",
		"?q=nothing":                         "",
	} {
		got := r.get("/staff/contributions" + query)
		var found []string
		for _, receipt := range receiptsOn(got.body) {
			found = append(found, receipt[8:])
		}
		if got.status != 200 || strings.Join(found, " ") != want {
			t.Errorf("%q: %d %v, want %s", query, got.status, found, want)
		}
	}
	says(t, r.get("/staff/contributions?q=nothing").body, "No contribution has this name, receipt number or PayPal ID.")
	says(t, r.get("/staff/contributions?currency=PLN").body, "No contributions match.")
	form := inputs(t, r.get("/staff/contributions?from=2026-11-01&to=2026-11-30&article=https://example.org/river&attention=1").body)
	if form.Get("from") != "2026-11-01" || form.Get("to") != "2026-11-30" ||
		form.Get("article") != "https://example.org/river" || form.Get("attention") != "1" {
		t.Errorf("the filter comes back as %v", form)
	}
}

func TestWrongFiltersSayWhatToWrite(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	for address, want := range map[string]string{
		"/staff/contributions?from=tomorrow": "Write a day that there is, as year, month and day: " +
			"2026-11-30.",
		"/staff/contributions?from=2026-02-30&to=0000-01-01": "Write a day that there is",
		"/staff/contributions?from=2026-11-02&to=2026-11-01": "The last day, 2026-11-01, comes before the first, " +
			"2026-11-02: swap them.",
		"/staff/contributions?status=paid&currency=eur":       `There is no status "paid"`,
		"/staff/contributions?currency=euro":                  `PayPal settles no currency "EURO". Most similar: EUR`,
		"/staff/contributions?after=x":                        "Start again from the first page.",
		"/staff/contributions?q=%00":                          "That cannot be searched for",
		"/staff/contributions?article=%ff":                    "That cannot be searched for",
		"/staff/contributions?campaign=%00":                   "That cannot be searched for",
		"/staff/reports?by=week":                              `Totals cannot be grouped by "week"`,
		"/staff/reports?from=x":                               "Write a day that there is",
		"/staff/reports?from=2026-11-02&to=2026-11-01":        "swap them",
		"/staff/reports?campaign=%00":                         "That cannot be searched for",
		"/staff/reports?article=%ff":                          "That cannot be searched for",
		"/staff/reports?currency=XXX":                         `PayPal settles no currency "XXX"`,
		"/staff/inbox?state=lost":                             `There is no state "lost"`,
		"/staff/inbox?after=x":                                "Start again from the first page.",
		"/staff/inbox?q=%ff":                                  "That cannot be searched for",
		"/staff/contributions.csv?from=x&to=y":                "Write a day that there is",
		"/staff/contributions.csv?status=paid":                `There is no status "paid"`,
		"/staff/reports.csv?by=week&to=2026-13-01":            `Totals cannot be grouped by "week"`,
		"/staff/reports.csv?from=2026-11-02&to=2026-11-01":    "swap them",
		"/staff/contributions?from=%3Cscript%3E&q=%22%3E%3Cb": "Write a day that there is",
	} {
		got := r.get(address)
		if got.status != 422 || strings.Contains(got.body, "<script>") {
			t.Errorf("%s: %d", address, got.status)
		}
		says(t, got.body, want)
	}
}

// A staff member goes through all pages by the link at their foot: each contribution once, newest first.
func TestPagesOfContributions(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	var want []string
	for i := range 130 {
		receipt := fmt.Sprintf("%04d-0000", i)
		state := []string{"created", "expired"}[i%2]
		h.book(booked{Receipt: receipt, Minor: 500, State: state, At: noon().Add(-time.Duration(i/3) * time.Minute)})
		if state == "created" {
			want = append(want, receipt)
		}
	}
	r := h.signedIn(account.Viewer)
	var got []string
	pages := 0
	for next := "/staff/contributions?status=created"; next != ""; pages++ {
		page := r.get(next).body
		got = append(got, receiptsOn(page)...)
		next = ""
		if m := regexp.MustCompile(`href="(/staff/contributions\?[^"]*after=[^"]*)"`).FindStringSubmatch(page); m != nil {
			next = html.UnescapeString(m[1])
			if !strings.Contains(next, "status=created") {
				t.Fatalf("the next page forgets the filter: %s", next)
			}
		}
		if pages > 0 && !strings.Contains(page, `href="/staff/contributions?status=created">First page`) {
			t.Error("no way back to the first page")
		}
	}
	slices.Sort(got)
	if pages != 2 || !slices.Equal(got, want) {
		t.Errorf("%d pages, %d contributions, want %d", pages, len(got), len(want))
	}
}

func TestOneContribution(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.someGifts()
	h.exec(`INSERT INTO supporter (id, email, name, created_at, updated_at) VALUES ($1, 'ann@paypal.example',
		'Ann Payer', $2, $2)`, id, noon())
	h.exec(`UPDATE contribution SET supporter_id = $1 WHERE id = $1`, id)
	h.exec(`UPDATE contribution SET utm_source = 'letter', utm_content = '<i>top</i>', variant = 'b', format = 'banner',
		section = 'Local', author = '<i>Zoë</i>', article_ref = 'post-17', referrer = 'search', shared = true,
		covered_minor = 325, tribute = 'memory', tribute_name = '<i>Jo</i>' WHERE id = $1`, id)
	r := h.signedIn(account.Editor)
	page := r.get("/staff/contributions/" + id.String()).body
	says(t, page, "Contribution AAAA-0003 Partially refunded", "The money came in, and part of it was refunded or "+
		"reversed.", "Nobody here asked for this refund.",
		"Amount €100.00 of it for the fee €3.25 Gross €100.00 Fee €3.25 Refunded €40.00 Net €56.75", "Name <b>Ann</b>",
		"<script>alert(1)</script>",
		"PayPal account Ann Payer ann@paypal.example", "UTM source letter UTM content <i>top</i> "+
			"Variant b Format banner Section Local Author <i>Zoë</i> Article’s ID post-17 Came from search By a share link yes",
		"Given in memory of <i>Jo</i>",
		"PayPal order ORDER-AAAA-0003", "PayPal payment CAPTURE-AAAA-0003", "Refund REFUND-AAAA-0003",
		"Payment 16 Nov 2026, 10:00 €100.00", "Fee 16 Nov 2026, 10:00 -€3.25", "Refund 22 Nov 2026, 08:00 -€40.00",
		"16 Nov 2026 10:00:00 CET Contribution started By the reader",
		"PayPal created the order Started → became Awaiting approval", "The reader approved at PayPal",
		"Payment captured Approved → became Completed", "Booked: Payment €100.00", "PayPal event: Payment completed",
		"22 Nov 2026 08:00:00 CET Refund completed Completed → became Partially refunded By a webhook")
	if strings.Contains(page, "<b>Ann") || strings.Contains(page, "<script>alert") {
		t.Error("a reader's markup is in the page")
	}
	for naming, words := range map[string]string{
		"": "Not asked: ask before you name them", "yes": "Yes", "no": "No",
	} {
		h.exec(`UPDATE contribution SET naming = $2 WHERE id = $1`, id, naming)
		says(t, r.get("/staff/contributions/"+id.String()).body, "May be named "+words)
	}
	if viewers := h.signedIn(account.Viewer).get("/staff/contributions/" + id.String()).body; strings.Contains(viewers,
		"/staff/inbox") {
		t.Error("a viewer is led to the inbox")
	}
	var declined string
	if err := h.db.GetContext(soon(t), &declined, `SELECT id FROM contribution WHERE state = 'declined'`); err != nil {
		t.Fatal(err)
	}
	says(t, r.get("/staff/contributions/"+declined).body, "Declined", "PayPal or the bank declined the payment. Nothing "+
		"was charged. The reader's card or bank declined. Another way to pay may work; the reader was offered that.")
	for _, none := range []string{uuid.NewString(), "x", "00000000-0000-0000-0000-00000000000g"} {
		if got := r.get("/staff/contributions/" + none); got.status != 404 {
			t.Errorf("%s: %d", none, got.status)
		}
	}
}

// An article's address was in a link or a form; only what a browser opens as a web page becomes a link.
func TestOnlyWebAddressesAreLinked(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.book(booked{Receipt: "AAAA-0001", Minor: 100, State: "created", Article: "javascript:alert(1)", At: noon()})
	if page := h.signedIn(account.Viewer).get("/staff/contributions/" + id.String()).body; strings.Contains(page,
		`href="javascript`) {
		t.Error("a script became a link")
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Viewer)
	says(t, r.get("/staff/reports").body, "No ledger entries on these dates.")
	h.someGifts()
	page := r.get("/staff/reports").body
	says(t, page, "EUR 2 €125.00 €4.23 €40.00 €80.77 JPY 1 ¥3,000 ¥148 ¥0 ¥2,852",
		"Sun 22 Nov 2026 EUR 1 €25.00 €0.98 €40.00 -€15.98 Sat 21 Nov 2026 JPY 1 ¥3,000 ¥148 ¥0 ¥2,852 Mon 16 Nov 2026 EUR "+
			"1 €100.00 €3.25 €0.00 €96.75")
	if form := inputs(t, page); form.Get("from") != "2026-10-24" || form.Get("to") != "2026-11-22" {
		t.Errorf("the last thirty days were expected: %v", form)
	}
	page = r.get("/staff/reports?by=article&from=2026-11-01&to=2026-11-30").body
	says(t, page, "Article Currency Payments Gross Fees Refunded Net example.org/river EUR 2 €125.00 €4.23 €40.00 "+
		"€80.77 example.org/harbour JPY 1")
	river := `"/staff/ledger?article=https%3A%2F%2Fexample.org%2Friver&amp;currency=EUR` +
		`&amp;from=2026-11-01&amp;to=2026-11-30"`
	if !strings.Contains(page, `href=`+river) {
		t.Error("an article does not lead to what it is made of")
	}
	says(t, r.get("/staff/reports?by=month&from=&to=").body, "November 2026 EUR 2", "November 2026 JPY 1")
	says(t, r.get("/staff/reports?by=campaign&currency=JPY").body, "support JPY 1 ¥3,000")
}

func TestExports(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.someGifts()
	r := h.signedIn(account.Viewer)
	got := r.get("/staff/contributions.csv?from=2026-11-01&to=2026-11-30&currency=EUR&after=x")
	if got.header.Get("Content-Type") != "text/csv; charset=utf-8" ||
		got.header.Get("Content-Disposition") != `attachment; filename="contributions-2026-11-01-2026-11-30.csv"` {
		t.Errorf("headers %v", got.header)
	}
	var ids string
	golden(t, "contributions.csv", regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllStringFunc(got.body,
		func(id string) string {
			ids += id
			return "ID"
		}))
	if len(ids) != 3*36 {
		t.Errorf("ids %q", ids)
	}
	got = r.get("/staff/reports.csv?by=article&from=2026-11-01&to=2026-11-30")
	if got.header.Get("Content-Disposition") != `attachment; filename="totals-by-article-2026-11-01-2026-11-30.csv"` {
		t.Errorf("headers %v", got.header)
	}
	golden(t, "totals-by-article.csv", got.body)
	for _, address := range []string{"/staff/contributions.csv?status=pending",
		"/staff/reports.csv?from=2020-01-01&to=2020-01-01"} {
		if rows, err := csv.NewReader(strings.NewReader(r.get(address).body)).ReadAll(); err != nil || len(rows) != 1 {
			t.Errorf("%s: %v, %v", address, rows, err)
		}
	}
}

// The page's figures, the CSV's and the ledger's are the same.
func TestPageAndExportHoldTheSameContributions(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.someGifts()
	r := h.signedIn(account.Viewer)
	for _, query := range []string{"", "?status=completed", "?from=2026-11-16&to=2026-11-16", "?q=AAAA-0003",
		"?article=https://example.org/river", "?attention=1"} {
		rows, err := csv.NewReader(strings.NewReader(r.get("/staff/contributions.csv" + query).body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var exported []string
		for _, row := range rows[1:] {
			exported = append(exported, row[0])
		}
		if shown := receiptsOn(r.get("/staff/contributions" + query).body); !slices.Equal(shown, exported) {
			t.Errorf("%q: page %v, CSV %v", query, shown, exported)
		}
	}
}

func TestInbox(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	says(t, r.get("/staff/inbox").body, "No PayPal events yet.")
	h.someGifts()
	parked := h.hook("WH-PARKED", "PAYMENT.CAPTURE.COMPLETED", "CAP9", "parked",
		"PayPal did not answer eight times in a row.", uuid.Nil, noon())
	odd := h.number(`INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, headers, body,
		received_at, state)
		VALUES ('WH-ODD', 't-ODD', $1, 'SOMETHING.NEW', '{}', '\x7b22ff003c7363726970743e'::bytea, $1, 'received')
			RETURNING id`, noon())
	h.exec(`INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, copies, first_seen_at,
		last_seen_at)
		VALUES ('t-WH-PARKED', 'WH-FORGED', 'PAYMENT.CAPTURE.COMPLETED', '{}', ''::bytea, 14, $1, $1)`, noon())

	says(t, r.get("/staff/inbox").body, "Payment completed PAYMENT.CAPTURE.COMPLETED 22 Nov 2026, 13:05 Parked PayPal "+
		"did not answer eight times in a row. none",
		"Applied to contribution AAAA-0001. AAAA-0001", "Other event SOMETHING.NEW 22 Nov 2026, 13:05 Received none yet",
		"Refused: these may be forged", "WH-FORGED 14 22 Nov 2026, 13:05", fmt.Sprintf("event %d", parked),
		"Nothing was booked from them.")
	if page := r.get("/staff/inbox?state=parked").body; strings.Contains(page, "SOMETHING.NEW") ||
		!strings.Contains(page, fmt.Sprintf("/staff/inbox/%d\"", parked)) {
		t.Error("the filter does not filter")
	}
	if page := r.get("/staff/inbox?q=cap9").body; !strings.Contains(page, fmt.Sprintf("/staff/inbox/%d\">", parked)) {
		t.Error("not found by what it is about")
	}
	page := r.get(fmt.Sprintf("/staff/inbox/%d", parked)).body
	says(t, page, "Payment completed Parked", "It could not be processed after several attempts.", "WH-PARKED",
		`"event_type": "PAYMENT.CAPTURE.COMPLETED"`, "Paypal-Auth-Algo SHA256withRSA")
	if strings.Contains(page, "c2lnbmF0dXJl") {
		t.Error("the signature is shown")
	}
	page = r.get(fmt.Sprintf("/staff/inbox/%d", odd)).body
	says(t, page, "This is not readable JSON.", `{\"\xff\x00<script>`)
	if strings.Contains(page, "<script>") {
		t.Error("a body's markup is in the page")
	}
	for _, none := range []string{"0", "99999999", "99999999999999999999", "x", "-1"} {
		if got := r.get("/staff/inbox/" + none); got.status != 404 {
			t.Errorf("%s: %d", none, got.status)
		}
	}
}

// What the real path writes down has words too: no code of ours shows through in the story of a gift.
func TestTheStoryOfARealGift(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	id, _ := r.begin(giftForm())
	h.approve(id)
	r.get("/contributions/" + id + "/return")
	known, err := dashboard.New(h.db, time.UTC).History(soon(t), uuid.MustParse(id))
	if err != nil {
		t.Fatal(err)
	}
	if known.Status != "completed" || known.Gross != 2500 || known.Fee <= 0 || known.Net != known.Gross-known.Fee ||
		known.CaptureID == "" || known.PayerMail == "" {
		t.Errorf("history %+v", known.Contribution)
	}
	told := words(t, h.signedIn(account.Viewer).get("/staff/contributions/"+id).body)
	for _, e := range known.Events {
		if strings.Contains(e.Fact, "_") && strings.Contains(told, e.Fact) {
			t.Errorf("no words for %q by %q", e.Fact, e.Source)
		}
	}
	begun, created := strings.Index(told, "Contribution started"), strings.Index(told, "PayPal created the order")
	if begun < 0 || created < begun || strings.Count(told, "PayPal created the order") != 1 ||
		!strings.Contains(told, "Booked: Payment") || !strings.Contains(told, "Booked: Fee") {
		t.Errorf("the story is %q", told)
	}
}
