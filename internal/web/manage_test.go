package web

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/mail"
	"readerfund/internal/managelink"
)

// gave books a gift of an address.
func (h house) gave(address, receipt string, minor int64) string {
	h.t.Helper()
	id := h.book(booked{Receipt: receipt, Minor: minor, Name: "Ada Reader", Message: "Keep going",
		At: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)})
	h.exec(`UPDATE contribution SET email = $2 WHERE id = $1`, id, address)
	return id.String()
}

// mailed is the way that the latest mail gives to an address, from the path on; empty where there is none.
func (h house) mailed(address string) string {
	h.t.Helper()
	h.ManageLinks.Close()
	var texts []string
	if err := h.db.SelectContext(h.t.Context(), &texts, `
		SELECT args::text FROM mail WHERE kind = 'manage_link' AND recipient = $1 ORDER BY id DESC`, address); err != nil {
		h.t.Fatal(err)
	}
	if len(texts) == 0 {
		return ""
	}
	var args mail.ManageLinkArgs
	if err := json.Unmarshal([]byte(texts[0]), &args); err != nil {
		h.t.Fatal(err)
	}
	return strings.TrimPrefix(args.URL, h.BaseURL)
}

// letIn is a browser on the own page of whoever reads the address's mail.
func (h house) letIn(address string) reader {
	h.t.Helper()
	r := h.newReader()
	if got := r.form("/manage", url.Values{"email": {address}}); got.status != 303 {
		h.t.Fatalf("ask: %d\n%s", got.status, got.body)
	}
	link := h.mailed(address)
	got := r.get(link)
	if got.status != 200 {
		h.t.Fatalf("%s: %d\n%s", link, got.status, got.body)
	}
	if got = r.form(link, inputs(h.t, got.body)); got.status != 303 || got.header.Get("Location") != "/manage" {
		h.t.Fatalf("open: %d\n%s", got.status, got.body)
	}
	return r
}

func TestAReaderComesInByMail(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.gave("Ada@example.org", "AAAA-1111", 2500)
	h.gave("bob@example.org", "BBBB-2222", 900)
	r := h.newReader()
	if got := r.get("/manage"); got.status != 200 || !strings.Contains(got.body, "Send me a link") {
		t.Fatalf("the form: %d\n%s", got.status, got.body)
	}
	r = h.letIn("ada@example.org")
	got := r.get("/manage")
	for _, want := range []string{"ada@example.org", "€25.00", "AAAA-1111", "20 November 2026"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page lacks %q\n%s", want, got.body)
		}
	}
	if strings.Contains(got.body, "BBBB-2222") || got.header.Get("Cache-Control") != "no-store" ||
		got.header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("another's gift is shown, or the page is kept: %v", got.header)
	}
	// Closed, the page is gone, and the link with it.
	if got := r.form("/manage/leave", nil); got.status != 303 {
		t.Fatalf("leave: %d", got.status)
	}
	if got := r.get("/manage"); strings.Contains(got.body, "AAAA-1111") {
		t.Error("the page is open after it was closed")
	}
}

// A program that reads mail before its reader does gets every address in it; the reader's button works all the same.
func TestLookingAtALinkDoesNotUseItUp(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.gave("ada@example.org", "AAAA-1111", 2500)
	r := h.newReader()
	r.form("/manage", url.Values{"email": {"ada@example.org"}})
	link := h.mailed("ada@example.org")
	for range 3 {
		for _, method := range []string{"GET", "HEAD"} {
			if got := h.newReader().do(method, link, ""); got.status != 200 && got.status != 405 {
				t.Errorf("%s: %d", method, got.status)
			}
		}
	}
	page := r.get(link)
	form := inputs(t, page.body)
	for range 2 { // a double click
		if got := r.form(link, form); got.status != 303 {
			t.Fatalf("the reader's button: %d\n%s", got.status, got.body)
		}
	}
	if got := r.get("/manage"); !strings.Contains(got.body, "AAAA-1111") {
		t.Error("the second answer's cookie does not let in")
	}
	// Clicked in the mail once more: who is in goes in, and everybody else is told what to do.
	if got := r.get(link); got.status != 303 || got.header.Get("Location") != "/manage" {
		t.Errorf("again: %d", got.status)
	}
	other := h.newReader()
	for name, got := range map[string]reply{"seen": other.get(link), "pressed": other.form(link, url.Values{"opening": {"x"}})} {
		if got.status != 404 || !strings.Contains(got.body, "already been used") ||
			!strings.Contains(got.body, "Send me a link") || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s by another: %d\n%s", name, got.status, got.body)
		}
	}
}

func TestLinksThatOpenNothingSayWhatToDo(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.gave("ada@example.org", "AAAA-1111", 2500)
	r := h.newReader()
	r.form("/manage", url.Values{"email": {"ada@example.org"}})
	link := h.mailed("ada@example.org")
	h.exec(`UPDATE manage_link SET expires_at = $1`, noon().Add(-time.Second))
	for path, want := range map[string]string{
		link: "expired", link[:20]: "may be incomplete", "/manage/" + strings.Repeat("A", 26): "may be incomplete",
		"/manage/%00": "may be incomplete", "/manage/%ff": "may be incomplete",
	} {
		if got := r.get(path); got.status != 404 || !strings.Contains(got.body, want) ||
			!strings.Contains(got.body, "Send me a link") {
			t.Errorf("%s: %d\n%s", path, got.status, got.body)
		}
	}
}

// The answer to a stranger's address is to the byte that to a reader's.
func TestAskingForALinkTellsNothing(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.gave("ada@example.org", "AAAA-1111", 2500)
	var answers []string
	for _, address := range []string{"ada@example.org", "nobody@example.org"} {
		r := h.newReader()
		got := r.form("/manage", url.Values{"email": {address}})
		page := r.get(got.header.Get("Location"))
		answers = append(answers, got.header.Get("Location")+page.body)
	}
	if answers[0] != answers[1] {
		t.Error("the two answers differ")
	}
	if h.mailed("nobody@example.org") != "" || h.mailed("ada@example.org") == "" {
		t.Error("the wrong one got a mail")
	}
	r := h.newReader()
	got := r.form("/manage", url.Values{"email": {`<b>"@x`}})
	if got.status != 422 || !strings.Contains(got.body, "name@example.org") || strings.Contains(got.body, "<b>") {
		t.Errorf("no address: %d\n%s", got.status, got.body)
	}
	for range 4 {
		got = r.form("/manage", url.Values{"email": {"carla@example.org"}})
	}
	if got.status != 429 || got.header.Get("Retry-After") == "" {
		t.Errorf("too often: %d %v", got.status, got.header)
	}
	got.says(t, "too often", "in 20 minutes", "Look in your inbox", "Automatic payments")
}

func TestReadersGetTheirDataAndEraseIt(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.gave("ada@example.org", "AAAA-1111", 2500)
	before := h.number(`SELECT sum(amount_minor) FROM ledger_entry`)
	r := h.letIn("ada@example.org")
	got := r.get("/manage/export")
	if got.status != 200 || !strings.Contains(got.body, `"Keep going"`) ||
		!strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("export: %d %v\n%s", got.status, got.header, got.body)
	}
	if got := r.get("/manage/erase"); got.status != 200 || !strings.Contains(got.body, "cannot be undone") {
		t.Fatalf("asked once more: %d\n%s", got.status, got.body)
	}
	second := h.letIn("ada@example.org")
	if got := r.form("/manage/erase", nil); got.status != 200 || !strings.Contains(got.body, "Your data is erased") {
		t.Fatalf("erase: %d\n%s", got.status, got.body)
	}
	for name, browser := range map[string]reader{"this": r, "the other": second} {
		if got := browser.get("/manage"); strings.Contains(got.body, "AAAA-1111") {
			t.Errorf("%s browser is still let in", name)
		}
	}
	if n := h.number(`SELECT count(*) FROM contribution WHERE email <> '' OR name <> '' OR message <> ''`); n != 0 {
		t.Error("words are left")
	}
	if after := h.number(`SELECT sum(amount_minor) FROM ledger_entry`); after != before {
		t.Errorf("the ledger changed: %d, was %d", after, before)
	}
	if n := h.number(`SELECT count(*) FROM audit_entry WHERE actor = 'reader' AND action = 'supporter.erase'`); n != 1 {
		t.Errorf("%d notes of it in the audit log", n)
	}
}

// Nobody is let in without a session, and another site's page cannot use one.
func TestReadersOwnPagesAreTheirOwn(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.gave("ada@example.org", "AAAA-1111", 2500)
	stranger := h.newReader()
	for _, path := range []string{"/manage/export", "/manage/erase"} {
		if got := stranger.get(path); got.status != 303 || got.header.Get("Location") != "/manage?closed" {
			t.Errorf("GET %s: %d", path, got.status)
		}
	}
	if got := stranger.form("/manage/erase", nil); got.status != 303 {
		t.Errorf("erased without a session: %d", got.status)
	}
	r := h.letIn("ada@example.org")
	for _, path := range []string{"/manage", "/manage/erase", "/manage/leave"} {
		got := r.form(path, url.Values{"email": {"ada@example.org"}}, "Origin", "https://evil.example",
			"Sec-Fetch-Site", "cross-site")
		if got.status != 403 {
			t.Errorf("another site's POST %s: %d", path, got.status)
		}
	}
	if got := r.get("/manage"); !strings.Contains(got.body, "AAAA-1111") {
		t.Error("another site's page ended the session")
	}
	// A staff session opens nobody's page, nor the other way round.
	if got := h.signedIn("admin").get("/manage"); strings.Contains(got.body, "AAAA-1111") {
		t.Error("staff are let in as a reader")
	}
	if got := r.get("/staff"); got.status != 303 {
		t.Errorf("a reader is let in as staff: %d", got.status)
	}
}

// Where no mail is sent, the page says whom to write to instead of promising a link.
func TestWithoutMailThePageSaysWhatElseHelps(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) {
		d.ContactEmail = "desk@example.org"
		without := d.ManageLinks.Config
		without.Mails = false
		d.ManageLinks = managelink.New(without)
	})
	got := h.newReader().get("/manage")
	if got.status != 200 || strings.Contains(got.body, "<form") || !strings.Contains(got.body, "mailto:desk@example.org") {
		t.Errorf("%d\n%s", got.status, got.body)
	}
}

// repeats books a recurring gift of an address, as it stands at PayPal.
func (h house) repeats(address, receipt, frequency, state string, more ...string) string {
	h.t.Helper()
	id := h.gave(address, receipt, 1000)
	h.exec(`UPDATE contribution SET frequency = $2 WHERE id = $1`, id, frequency)
	h.exec(`INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, note, frequency,
			amount_minor, currency, next_billing_at, cycles_completed, failed_payments, outstanding_minor,
			last_failed_reason, recorded_at)
		VALUES ('I-' || $2::text, $1, 'P-1', $4, $5, $5, '', $3, 1000, 'EUR', $6, 1, 0, 0, '', $5)`, id, receipt, frequency,
		state, noon().Add(-time.Hour), noon().Add(20*24*time.Hour))
	for _, set := range more {
		h.exec(`UPDATE subscription SET ` + set + ` WHERE paypal_id = 'I-` + receipt + `'`)
	}
	return id
}

// Every way a subscription can stand has words, and a next step.
func TestEveryStandingHasAPageAndANextStep(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	for n, c := range []struct {
		state, set string
		want       []string
		without    string
	}{
		{"active", "", []string{"<title>Your gift –", "takes the next payment on 12 December 2026", `value="stop"`,
			`value="pause-3"`}, `value="resume"`},
		{"active", "failed_payments = 1, retry_at = '2026-11-27 10:00Z'",
			[]string{"<title>A payment did not go through –", "You owe us nothing", "paypal.com/myaccount/autopay/",
				"tries again on 27 November 2026", `value="stop"`}, `value="resume"`},
		{"suspended", "paused_until = '2027-01-22 12:00Z'",
			[]string{"<title>Your gift is paused –", "before 22 January 2027", `value="resume"`, `value="stop"`},
			`value="pause-1"`},
		{"active", "failed_payments = 1, retry_at = '2026-11-20 10:00Z'", []string{"decides when to try again"},
			"20 November"},
		{"suspended", "", []string{"<title>Your gift is paused at PayPal –", `value="resume"`, `value="stop"`},
			`value="pause-1"`},
		{"suspended", "note = 'paused by Readerfund (Readerfund 01939c7e-0000-7000-8000-000000000000)'",
			[]string{"The dispute is settled", `value="resume"`, `value="stop"`}, `value="pause-1"`},
		{"suspended", "failed_payments = 3", []string{"<title>Payments did not go through –", "has stopped trying",
			"You owe us nothing",
			"paypal.com/myaccount/autopay/", `value="resume"`, `value="stop"`}, `value="pause-1"`},
		{"approval_pending", "starts_at = '2026-12-20 12:00Z', next_billing_at = NULL, cycles_completed = 0",
			[]string{"<title>Your gift begins later –", "takes the first payment on 20 December 2026", `value="stop"`},
			`value="pause-1"`},
		{"cancelled", "ended_at = '2026-11-21 12:00Z', next_billing_at = NULL",
			[]string{"<title>Your gift has ended –", "It ended on 21 November 2026", "give again"}, `value="stop"`},
		{"expired", "", []string{"It has ended", "give again"}, `value="stop"`},
		{"approval_pending", "next_billing_at = NULL", []string{"has not confirmed", "Check again"}, `value="stop"`},
	} {
		receipt := "CCCC-000" + string(rune('0'+n))
		var more []string
		if c.set != "" {
			more = []string{c.set}
		}
		id := h.repeats("ada@example.org", receipt, "month", c.state, more...)
		link := strings.TrimPrefix(h.ManageLinks.Links.Subscription(uuid.MustParse(id)), h.BaseURL)
		got := h.newReader().get(link)
		if got.status != 200 || !strings.Contains(got.body, "€10 a month") || strings.Contains(got.body, c.without) ||
			strings.Contains(got.body, `value="change"`) || strings.Contains(got.body, receipt) ||
			strings.Contains(got.body, "ada@example.org") {
			t.Errorf("%s %s: %d\n%s", c.state, c.set, got.status, got.body)
		}
		for _, want := range c.want {
			if !strings.Contains(got.body, want) {
				t.Errorf("%s %s lacks %q\n%s", c.state, c.set, want, got.body)
			}
		}
	}
	own := h.letIn("ada@example.org").get("/manage")
	for _, want := range []string{"Next payment on 12 December 2026", "Paused until 22 January 2027",
		"Ended on 21 November",
		"First payment on 20 December 2026", "Paused at PayPal", "Payments did not go through"} {
		if !strings.Contains(own.body, want) {
			t.Errorf("the reader's page lacks %q\n%s", want, own.body)
		}
	}
}

// While a payment is disputed the reader cannot resume the gift, whoever paused it: the page offers no button that is
// then refused, and says why.
func TestNoGiftIsResumedInADispute(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	for receipt, c := range map[string]struct{ set, says string }{
		"CCCC-0001": {"note = 'paused by Readerfund (Readerfund 01939c7e-0000-7000-8000-000000000000)'", "is disputed at PayPal"},
		"CCCC-0002": {"paused_until = '2027-01-22 12:00Z'", "dispute about one of its payments is open"},
		"CCCC-0003": {"failed_payments = 3", "dispute about one of its payments is open"},
	} {
		id := h.repeats("ada@example.org", receipt, "month", "suspended", c.set)
		h.exec(`INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, amount_minor, currency, opened_at,
				changed_at, recorded_at)
			SELECT id, 'PP-' || $2, 'open', 'OPEN', 'CHARGEBACK', 1000, 'EUR', $3, $3, $3 FROM payment WHERE contribution_id = $1`,
			id, receipt, noon())
		link := strings.TrimPrefix(h.ManageLinks.Links.Subscription(uuid.MustParse(id)), h.BaseURL)
		got := h.newReader().get(link).body
		if strings.Count(got, c.says) != 1 || strings.Contains(got, `value="resume"`) ||
			!strings.Contains(got, `value="stop"`) {
			t.Errorf("%s, disputed:\n%s", c.set, got)
		}
		h.exec(`UPDATE dispute SET status = 'resolved' WHERE paypal_id = 'PP-' || $1`, receipt)
		if got := h.newReader().get(link).body; strings.Contains(got, c.says) || !strings.Contains(got, `value="resume"`) {
			t.Errorf("%s, settled:\n%s", c.set, got)
		}
	}
}

// A mail's link reaches its one gift, a session the reader's own, and neither anybody else's.
func TestAGiftIsReachedByItsLinkOrItsReader(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	mine := h.repeats("ada@example.org", "AAAA-1111", "month", "active")
	other := h.repeats("bob@example.org", "BBBB-2222", "year", "active")
	once := h.gave("ada@example.org", "CCCC-3333", 500)
	key := func(id string) string {
		_, key, _ := strings.Cut(h.ManageLinks.Links.Subscription(uuid.MustParse(id)), "?key=")
		return key
	}
	ada := h.letIn("ada@example.org")
	for name, c := range map[string]struct {
		r    reader
		path string
		want int
	}{
		"no key":            {h.newReader(), "/manage/gift/" + mine, 404},
		"a cut key":         {h.newReader(), "/manage/gift/" + mine + "?key=" + key(mine)[:10], 404},
		"another's key":     {h.newReader(), "/manage/gift/" + other + "?key=" + key(mine), 404},
		"the key":           {h.newReader(), "/manage/gift/" + mine + "?key=" + key(mine), 200},
		"no such gift":      {ada, "/manage/gift/" + uuid.NewString(), 404},
		"no id":             {ada, "/manage/gift/x", 404},
		"another's gift":    {ada, "/manage/gift/" + other, 404},
		"one's own":         {ada, "/manage/gift/" + mine, 200},
		"not a gift that…":  {ada, "/manage/gift/" + once, 404},
		"a change that…":    {ada, "/manage/changes/" + uuid.NewString() + "/return", 404},
		"without a session": {h.newReader(), "/manage/changes/" + uuid.NewString() + "/cancel", 303},
	} {
		if got := c.r.get(c.path); got.status != c.want {
			t.Errorf("%s: %d, want %d", name, got.status, c.want)
		}
	}
	for name, c := range map[string]struct {
		r    reader
		id   string
		form url.Values
		want int
	}{
		"no key":                  {h.newReader(), mine, url.Values{"act": {"stop"}}, 404},
		"another's by key":        {h.newReader(), other, url.Values{"act": {"stop"}, "key": {key(mine)}}, 404},
		"another's in a session":  {ada, other, url.Values{"act": {"stop"}}, 404},
		"more than a key allows":  {h.newReader(), mine, url.Values{"act": {"change"}, "key": {key(mine)}, "amount": {"1"}}, 404},
		"nothing that there is":   {ada, mine, url.Values{"act": {"delete"}}, 404},
		"a pause without months":  {ada, mine, url.Values{"act": {"pause-x"}}, 422},
		"a pause of four months":  {ada, mine, url.Values{"act": {"pause-4"}}, 422},
		"no amount":               {ada, mine, url.Values{"act": {"change"}, "frequency": {"month"}}, 422},
		"an amount in words":      {ada, mine, url.Values{"act": {"change"}, "amount": {"ten"}}, 422},
		"a frequency of no kind":  {ada, mine, url.Values{"act": {"change"}, "amount": {"5"}, "frequency": {"week"}}, 422},
		"a gift that is one time": {ada, once, url.Values{"act": {"stop"}}, 404},
	} {
		if got := c.r.form("/manage/gift/"+c.id, c.form); got.status != c.want {
			t.Errorf("%s: %d, want %d\n%s", name, got.status, c.want, got.body)
		}
	}
	if n := h.number(`SELECT count(*) FROM subscription_change`); n != 0 {
		t.Errorf("%d changes were written down", n)
	}
}
