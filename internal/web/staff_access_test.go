package web

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"readerfund/internal/account"
	"readerfund/internal/session"
	"readerfund/internal/web/page"
)

// staffRoute is a route of the staff pages, as it is called in a test, and what it needs.
type staffRoute struct {
	address string
	need    account.Role // "" for everybody
	then    int          // the status for who may
}

// staffRoutesOf is every staff route there is, for a contribution with a case, an event and a difference.
func staffRoutesOf(id uuid.UUID, event, difference int64) map[string]staffRoute {
	page, inbox, books := "/staff/contributions/"+id.String(), fmt.Sprintf("/staff/inbox/%d", event),
		fmt.Sprintf("/staff/reconciliation/%d", difference)
	return map[string]staffRoute{
		"GET /staff":                            {"/staff", account.Viewer, 200},
		"GET /staff/campaigns/{slug}/results":   {"/staff/campaigns/support/results", account.Viewer, 200},
		"GET /staff/recurring":                  {"/staff/recurring", account.Viewer, 200},
		"GET /staff/embedding":                  {"/staff/embedding", account.Viewer, 200},
		"GET /staff/contributions":              {"/staff/contributions", account.Viewer, 200},
		"GET /staff/contributions.csv":          {"/staff/contributions.csv", account.Viewer, 200},
		"GET /staff/contributions/{id}":         {page, account.Viewer, 200},
		"GET /staff/contributions/{id}/refund":  {page + "/refund", account.Editor, 200},
		"POST /staff/contributions/{id}/refund": {page + "/refund", account.Editor, 422},
		// TestStaffOpen… are about receipts
		"GET /staff/contributions/{id}/receipt/{serial}": {page + "/receipt/R-2026-000001", account.Editor, 404},
		// TestStaffStop… are about what is recurring
		"GET /staff/contributions/{id}/{act:stop|pause|resume}":    {page + "/stop", account.Editor, 404},
		"POST /staff/contributions/{id}/{act:stop|pause|resume}":   {page + "/pause", account.Editor, 404},
		"POST /staff/contributions/{id}/ask":                       {page + "/ask", account.Editor, 303},
		"POST /staff/contributions/{id}/notes":                     {page + "/notes", account.Editor, 422},
		"POST /staff/contributions/{id}/looked":                    {page + "/looked", account.Editor, 422},
		"GET /staff/contributions/{id}/disputes/{dispute}/accept":  {page + "/disputes/PP-D-1/accept", account.Editor, 200},
		"POST /staff/contributions/{id}/disputes/{dispute}/accept": {page + "/disputes/PP-D-1/accept", account.Editor, 422},
		"GET /staff/reports":                                       {"/staff/reports", account.Viewer, 200},
		"GET /staff/campaigns/why":                                 {"/staff/campaigns/why", account.Viewer, 200},
		"GET /staff/ledger":                                        {"/staff/ledger", account.Viewer, 200},
		"GET /staff/ledger.csv":                                    {"/staff/ledger.csv", account.Viewer, 200},
		"GET /staff/reports.csv":                                   {"/staff/reports.csv", account.Viewer, 200},
		"GET /staff/inbox":                                         {"/staff/inbox", account.Editor, 200},
		"POST /staff/inbox/replay":                                 {"/staff/inbox/replay", account.Editor, 303},
		"GET /staff/reconciliation":                                {"/staff/reconciliation", account.Viewer, 200},
		"GET /staff/reconciliation/{difference}":                   {books, account.Viewer, 200},
		"POST /staff/reconciliation/{difference}/adopt":            {books + "/adopt", account.Editor, 422},
		"POST /staff/reconciliation/{difference}/set-aside":        {books + "/set-aside", account.Editor, 422},
		"POST /staff/reconciliation/{difference}/reopen":           {books + "/reopen", account.Editor, 303},
		"GET /staff/inbox/{event}":                                 {inbox, account.Editor, 200},
		"POST /staff/inbox/{event}/replay":                         {inbox + "/replay", account.Editor, 303},
		"GET /staff/work":                                          {"/staff/work", account.Editor, 200},
		"POST /staff/work/retry":                                   {"/staff/work/retry", account.Editor, 409},
		"GET /staff/messages":                                      {"/staff/messages", account.Editor, 200},
		"POST /staff/messages/read":                                {"/staff/messages/read", account.Editor, 303},
		"POST /staff/messages/unread":                              {"/staff/messages/unread", account.Editor, 400},
		"GET /staff/appearance":                                    {"/staff/appearance", account.Editor, 200},
		"POST /staff/appearance":                                   {"/staff/appearance", account.Editor, 400},
		"GET /staff/monthly":                                       {"/staff/monthly", account.Editor, 200},
		"POST /staff/monthly":                                      {"/staff/monthly", account.Editor, 303},
		"GET /staff/mail":                                          {"/staff/mail", account.Editor, 200},
		"POST /staff/mail/again":                                   {"/staff/mail/again", account.Editor, 422},
		"POST /staff/work/discard":                                 {"/staff/work/discard", account.Editor, 422},
		"GET /staff/audit":                                         {"/staff/audit", account.Admin, 200},
		"GET /staff/password":                                      {"/staff/password", account.Viewer, 200},
		"POST /staff/password":                                     {"/staff/password", account.Viewer, 422},
		"GET /staff/sign-in":                                       {"/staff/sign-in", "", 200},

		"GET /staff/campaigns":                   {"/staff/campaigns", account.Viewer, 200},
		"GET /staff/campaigns/new":               {"/staff/campaigns/new", account.Editor, 200},
		"POST /staff/campaigns/new":              {"/staff/campaigns/new", account.Editor, 200},
		"GET /staff/campaigns/{slug}":            {"/staff/campaigns/support", account.Viewer, 200},
		"GET /staff/campaigns/{slug}/preview":    {"/staff/campaigns/support/preview", account.Viewer, 200},
		"GET /staff/campaigns/{slug}/history":    {"/staff/campaigns/support/history", account.Viewer, 200},
		"POST /staff/campaigns/{slug}/history":   {"/staff/campaigns/support/history", account.Editor, 404},
		"GET /staff/campaigns/{slug}/edit":       {"/staff/campaigns/support/edit", account.Editor, 200},
		"POST /staff/campaigns/{slug}/edit":      {"/staff/campaigns/support/edit", account.Editor, 200},
		"GET /staff/campaigns/{slug}/duplicate":  {"/staff/campaigns/support/duplicate", account.Editor, 200},
		"POST /staff/campaigns/{slug}/duplicate": {"/staff/campaigns/support/duplicate", account.Editor, 422},
		"GET /staff/campaigns/{slug}/{act:publish|pause|resume|end|default}": {
			"/staff/campaigns/support/pause", account.Editor, 200,
		},
		"POST /staff/campaigns/{slug}/{act:publish|pause|resume|end|default}": {
			"/staff/campaigns/support/pause", account.Editor, 409,
		},

		// TestSignIn… and TestOtherSites… are about these two
		"POST /staff/sign-in":  {"", "", 0},
		"POST /staff/sign-out": {"", "", 0},
	}
}

// withCase books a gift with an open case about it.
func (h house) withCase() uuid.UUID {
	h.t.Helper()
	id := h.book(booked{Receipt: "AAAA-0001", Minor: 2500, Fee: 98, At: noon().Add(-time.Hour)})
	h.exec(`INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, reason, amount_minor, currency,
		may_accept, respond_by, opened_at, changed_at, recorded_at)
		SELECT id, 'PP-D-1', 'open', 'WAITING_FOR_SELLER_RESPONSE', 'CHARGEBACK', 'UNAUTHORISED', 2500, 'EUR', true, $2,
			$3, $3, $3 FROM payment WHERE contribution_id = $1`,
		id, noon().Add(240*time.Hour), noon())
	return id
}

// Every staff route for everybody. The table is held against the router, so that a new route has to be entered here.
func TestWhoMayOpenWhat(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.withCase()
	event := h.number(`SELECT id FROM webhook_event`)
	table := staffRoutesOf(id, event, h.differs("unknown_payer", "STRANGER1"))
	found := 0
	err := chi.Walk(h.routes(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(route, "/staff") {
			found++
			if _, ok := table[method+" "+route]; !ok {
				t.Errorf("%s %s is not in the table", method, route)
			}
		}
		return nil
	})
	if err != nil || found != len(table) {
		t.Errorf("%d staff routes, %d in the table, %v", found, len(table), err)
	}
	people := map[account.Role]reader{"": h.newReader(), account.Viewer: h.signedIn(account.Viewer),
		account.Editor: h.signedIn(account.Editor), account.Admin: h.signedIn(account.Admin)}
	for route, c := range table {
		method, _, _ := strings.Cut(route, " ")
		for role, who := range people {
			if c.address == "" || c.need == "" && role != "" || method == "POST" && strings.HasSuffix(c.address, "/ask") &&
				role.Allows(c.need) {
				continue // these staff have no PayPal to ask; TestADispute… does
			}
			got := who.do(method, c.address, "", "Content-Type", page.FormType)
			want := c.then
			switch {
			case role == "" && c.need != "":
				want = 303
			case !role.Allows(c.need) && c.need != "":
				want = 403
			}
			if got.status != want {
				t.Errorf("%s for %q: %d, want %d", route, role, got.status, want)
			}
			if role == "" && want == 303 && !strings.HasPrefix(got.header.Get("Location"), "/staff/sign-in?next=%2Fstaff") {
				t.Errorf("%s: sent to %q", route, got.header.Get("Location"))
			}
			if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Robots-Tag") != "noindex" ||
				got.header.Get("X-Frame-Options") != "DENY" || got.header.Get("Referrer-Policy") != "same-origin" {
				t.Errorf("%s for %q: headers %v", route, role, got.header)
			}
			if (want == 403 || role == "") && strings.Contains(got.body, "AAAA-0001") {
				t.Errorf("%s for %q shows the contribution", route, role)
			}
		}
	}
}

// Whoever may not act is offered no act, and those of somebody else's page are refused although the session is there.
func TestActsAreForEditorsOnOurOwnPages(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.withCase()
	event := h.hook("WH-PARKED", "PAYMENT.CAPTURE.COMPLETED", "X", "parked", "", id, noon())
	page, difference := "/staff/contributions/"+id.String(), h.differs("unknown_payer", "STRANGER1")
	offers := func(body string) (all []string) {
		for _, m := range regexp.MustCompile(`(?:action|href)="([^"]*/(?:refund|ask|notes|accept|replay))"`).FindAllStringSubmatch(body, -1) {
			all = append(all, strings.TrimPrefix(m[1], page))
		}
		return all
	}
	if got := offers(h.signedIn(account.Viewer).get(page).body); got != nil {
		t.Errorf("a viewer is offered %q", got)
	}
	editor := h.signedIn(account.Editor)
	if got := fmt.Sprint(offers(editor.get(page).body)); got != "[/refund /ask /disputes/PP-D-1/accept /notes]" {
		t.Errorf("an editor is offered %s", got)
	}
	before, routes := h.everything(), staffRoutesOf(id, event, difference)
	for route, c := range routes {
		if !strings.HasPrefix(route, "POST") || c.address == "" {
			continue
		}
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.example"}, {"Origin", "null"}} {
			got := editor.form(c.address, url.Values{"choice": {"all"}, "left": {"25.00"}, "reason": {"x"}, "key": {"k"},
				"note": {"x"}, "campaign": {"support"}}, header...)
			if got.status != 403 || !strings.Contains(got.body, "another site") {
				t.Errorf("%s with %v: %d", route, header, got.status)
			}
		}
		_, hasPage := routes["GET"+strings.TrimPrefix(route, "POST")]
		if got := editor.get(c.address); got.status != 405 && got.status != 404 && !hasPage {
			t.Errorf("GET %s: %d", c.address, got.status)
		}
	}
	if after := h.everything(); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// everything is the whole database but for sessions and the tables named, as checksums.
func (h house) everything(without ...string) string {
	h.t.Helper()
	var tables []string
	if err := h.db.SelectContext(soon(h.t), &tables,
		`SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'session' ORDER BY 1`); err != nil {
		h.t.Fatal(err)
	}
	all := ""
	for _, table := range tables {
		if slices.Contains(without, table) {
			continue
		}
		var sum string
		if err := h.db.GetContext(soon(h.t), &sum,
			`SELECT coalesce(md5(string_agg(x::text, '|' ORDER BY x::text)), '') FROM `+table+` x`); err != nil {
			h.t.Fatal(err)
		}
		all += table + " " + sum + "\n"
	}
	return all
}

// GET has no effects: the database is the same afterwards, row by row, but for the session's own end
// and the note of who looked at personal data.
func TestStaffPagesChangeNothing(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.withCase()
	r := h.signedIn(account.Admin)
	difference := h.differs("unknown_payer", "STRANGER1")
	before := h.everything("audit_entry")
	for route, c := range staffRoutesOf(id, 1, difference) {
		if strings.HasPrefix(route, "GET ") {
			r.get(c.address)
			r.do("HEAD", c.address, "")
		}
	}
	for _, query := range []string{"?refund=1", "?asked=0", "?accepted=PP-D-1", "?noted=1", "?unanswered=1"} {
		if got := r.get("/staff/contributions/" + id.String() + query); got.status != 200 {
			t.Errorf("%s: %d", query, got.status)
		}
	}
	r.get("/staff/nowhere")
	if after := h.everything("audit_entry"); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// An id that there is not, or of something else, is a 404 for every act.
func TestActsOnWhatThereIsNot(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.withCase()
	other := h.book(booked{Receipt: "AAAA-0002", Minor: 2500, Fee: 98, At: noon().Add(-time.Hour)})
	r := h.signedIn(account.Editor)
	full := url.Values{"found": {"x"}, "choice": {"all"}, "left": {"25.00"}, "reason": {"x"}, "key": {"k"}, "note": {"x"}}
	for _, none := range []string{uuid.NewString(), "x", strings.ToUpper(id.String()),
		"00000000-0000-0000-0000-00000000000g"} {
		for _, act := range []string{"/refund", "/ask", "/notes", "/looked", "/disputes/PP-D-1/accept"} {
			if got := r.form("/staff/contributions/"+none+act, full); got.status != 404 {
				t.Errorf("POST %s%s: %d", none, act, got.status)
			}
			if got := r.get("/staff/contributions/" + none + act); got.status != 404 && got.status != 405 {
				t.Errorf("GET %s%s: %d", none, act, got.status)
			}
		}
	}
	for _, act := range []string{"/disputes/PP-D-1/accept", "/disputes/PP-D-9/accept"} {
		if got := r.form("/staff/contributions/"+other.String()+act, full); got.status != 404 {
			t.Errorf("another contribution's case: %d", got.status)
		}
	}
	if got := r.form("/staff/contributions/"+other.String()+"/refund",
		url.Values{"choice": {"all"}, "left": {"25.00"}, "reason": {"x"}, "key": {"k"},
			"payment": {"CAPTURE-AAAA-0001"}}); got.status != 404 {
		t.Errorf("another contribution's payment: %d", got.status)
	}
	if n := h.number(`SELECT count(*) FROM refund_request`); n != 0 {
		t.Errorf("%d refunds were asked for", n)
	}
}

func TestDisablingAndRolesActAtOnce(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	if got := r.get("/staff/inbox"); got.status != 200 {
		t.Fatalf("editor: %d", got.status)
	}
	h.exec(`UPDATE staff SET role = 'viewer' WHERE email = 'editor@example.org'`)
	if got := r.get("/staff/inbox"); got.status != 403 || !strings.Contains(got.body, "needs the role editor") {
		t.Errorf("became a viewer: %d\n%s", got.status, got.body)
	}
	if got := r.get("/staff"); strings.Contains(got.body, "/staff/inbox") {
		t.Error("a viewer is offered the inbox")
	}
	if err := h.Accounts.Disable(soon(t), "editor@example.org", false); err != nil {
		t.Fatal(err)
	}
	if got := r.get("/staff"); got.status != 303 {
		t.Errorf("disabled: %d", got.status)
	}
}

func TestStaffCookieUnderHTTPS(t *testing.T) {
	t.Parallel()
	plain := openNewsroom(t, nil)
	h := openNewsroom(t, func(d *Deps) {
		d.Accounts = plain.Accounts
		d.Sessions = session.NewManager(session.Config{DB: plain.db, Accounts: d.Accounts, Now: noon, Secure: true})
	})
	got := h.newReader().signIn("viewer@example.org", staffPassword, "")
	cookie := got.header.Get("Set-Cookie")
	for _, part := range []string{"__Host-readerfund_staff=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %q", cookie, part)
		}
	}
	if strings.Contains(cookie, "Domain") || strings.Contains(cookie, "Max-Age") {
		t.Errorf("cookie %q", cookie)
	}
}

func TestStaffPagesWithoutDatabase(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) { d.Log = quiet() })
	r := h.signedIn(account.Admin)
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"/staff", "/staff/contributions.csv", "/staff/sign-in"} {
		if got := r.get(address); got.status < 500 || strings.Contains(got.body, "sql:") {
			t.Errorf("%s: %d\n%s", address, got.status, got.body)
		}
	}
}

func TestNoStaffPagesWithoutSessions(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) { d.Sessions = nil })
	if got := h.newReader().get("/staff"); got.status != 404 {
		t.Errorf("got %d", got.status)
	}
}
