package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/mail/catcher"
	"readerfund/internal/report/reporttest"
	"readerfund/internal/testkit"
	"readerfund/migrations"
)

// ran is what a command line printed and how it ended.
type ran struct {
	status   int
	out, err string
}

// readerfund runs a command line in this process, with settings as flags so that tests can run side by side.
func readerfund(t *testing.T, in string, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(t.Context(), args, streams{strings.NewReader(in), &out, &errs})
	return ran{status, out.String(), errs.String()}
}

func (r ran) wants(t *testing.T, status int, words ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("exit status %d, want %d\n%s%s", r.status, status, r.out, r.err)
	}
	for _, w := range words {
		if !strings.Contains(r.out+r.err, w) {
			t.Errorf("%q is not in\n%s%s", w, r.out, r.err)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	readerfund(t, "", "--version").wants(t, 0, "readerfund development (commit unknown)")
	readerfund(t, "", "--help").wants(t, 0, "serve", "migrate up", "staff add", "webhook register", "inbox replay",
		"report totals", "doctor")
}

func TestWrongUsageIsStatus2AndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line  string
		words []string
	}{
		{"", []string{"readerfund --help"}},
		{"fly", []string{"fly"}},
		{"serve", []string{"DATABASE_URL", "PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET", "PAYPAL_WEBHOOK_ID", "BASE_URL",
			"SECRET_KEY", "PUBLICATION_NAME"}},
		{"staff add ada@example.org --role chief", []string{"viewer", "editor", "admin"}},
		{"staff add --role viewer", []string{"email"}},
		{"report totals --from yesterday --to 2026-99-01", []string{"from", "to", "2026-11-30"}},
		{"report totals --by moon", []string{"moon"}},
		{"report contributions --format xml", []string{"table", "csv", "json"}},
		{"inbox replay", []string{"--parked"}},
		{"inbox replay 7 --parked", []string{"--parked"}},
		{"migrate down", []string{"--yes"}},
		{"report totals --database-url mysql://x", []string{"DATABASE_URL", "postgres://"}},
	} {
		readerfund(t, "", strings.Fields(c.line)...).wants(t, exitUsage, c.words...)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	address := "--database-url=" + dbtest.NewURL(t)
	steps, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	newest := steps[len(steps)-1]
	readerfund(t, "", "migrate", "status", address).wants(t, 0, "00001_foundation.sql", newest, "Z")
	readerfund(t, "", "migrate", "up", address).wants(t, 0, "nothing to do")
	readerfund(t, "", "migrate", "down", "--yes", address).wants(t, 0, "took back "+newest)
	readerfund(t, "", "report", "totals", address).wants(t, exitFailed, "readerfund migrate up")
	readerfund(t, "", "migrate", "up", address).wants(t, 0, "applied "+newest)
}

func TestStaff(t *testing.T) {
	t.Parallel()
	address := "--database-url=" + dbtest.NewURL(t)
	readerfund(t, "", "staff", "add", "ada@example.org", "--role", "viewer", address).wants(t, 0,
		"account: ada@example.org (viewer)", "password: ")
	readerfund(t, "", "staff", "add", "ada@example.org", "--role", "admin", address).wants(t, exitFailed,
		"has an account already")
	given := readerfund(t, "correct horse battery staple\n", "staff", "add", "bo@example.org", "--role", "editor",
		"--password-stdin", address)
	given.wants(t, 0, "account: bo@example.org (editor)")
	if strings.Contains(given.out, "password") {
		t.Error("a password that was given is printed")
	}
	readerfund(t, "", "staff", "add", "cy@example.org", "--role", "editor", "--password-stdin", address).wants(t,
		exitUsage, "--password-stdin")
	readerfund(t, "", "staff", "add", "not-an-address", "--role", "editor", address).wants(t, exitUsage, "<email>: ")
	readerfund(t, "", "staff", "disable", "ada@example.org", address).wants(t, 0, "disabled: ada@example.org")
	readerfund(t, "", "staff", "disable", "nobody@example.org", address).wants(t, exitFailed)
	mend := func(line string) ran {
		t.Helper()
		return readerfund(t, "", append(strings.Fields("staff "+line), address)...)
	}
	mend("enable ada@example.org").wants(t, 0, "enabled: ada@example.org")
	mend("password ada@example.org").wants(t, 0, "password: ", "works once")
	mend("role ada@example.org admin").wants(t, 0, "account: ada@example.org (admin)")
	mend("role ada@example.org viewer").wants(t, exitFailed, "the last admin", "--force")
	mend("disable ada@example.org").wants(t, exitFailed, "the last admin")
	mend("role ada@example.org viewer --force").wants(t, 0, "(viewer)")
	mend("role ada@example.org chief").wants(t, exitUsage, "viewer")
	mend("unlock ada@example.org").wants(t, 0, "unlocked")
	mend("sessions ada@example.org").wants(t, 0, "not signed in anywhere")
	mend("sessions ada@example.org --end").wants(t, 0, "ended: 0")
	mend("unlock nobody@example.org").wants(t, exitFailed, "Nobody has an account")
}

func TestASupporterThatThereIsNot(t *testing.T) {
	t.Parallel()
	address := "--database-url=" + dbtest.NewURL(t)
	for _, command := range []string{"find", "export", "erase"} {
		readerfund(t, "", "supporter", command, "me", address).wants(t, exitUsage, "<address>: Write the email address like")
		readerfund(t, "", "supporter", command, "me@example.org", address).wants(t, exitFailed, "Nothing is stored")
	}
}

func TestReportsOfAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	address := "--database-url=" + dbtest.NewURL(t)
	for _, which := range []string{"totals", "contributions"} {
		got := readerfund(t, "", "report", which, "--format", "json", address)
		var rows []any
		if err := json.Unmarshal([]byte(got.out), &rows); err != nil || rows == nil || len(rows) != 0 {
			t.Errorf("%s: %q, %v", which, got.out, err)
		}
	}
	readerfund(t, "", "report", "totals", "--by", "day,article", "--format", "csv", address).wants(t, 0,
		"day,article,currency,count,gross,fee,refunded,held,net")
	for line, says := range map[string]string{
		"contributions --status paid":               `--status: There is no status "paid"`,
		"contributions --campaign support2":         `--campaign: There is no campaign "support2"`,
		"totals --campaign support2":                `--campaign: There is no campaign "support2"`,
		"totals --article https://example.org/none": "--article: No contribution came from this article",
		"totals --currency EURO":                    `--currency: PayPal settles no currency "EURO"`,
		"totals --from 2026-02-01 --to 2026-01-31":  "--to: The last day, 2026-01-31, comes before the first, 2026-02-01: swap them.",
		"totals --publication-timezone Berlin":      `PUBLICATION_TIMEZONE: "Berlin" is no time zone`,
		"totals --by moon":                          "--by",
	} {
		readerfund(t, "", append(strings.Fields("report "+line), address)...).wants(t, exitUsage, says)
	}
	readerfund(t, "", "report", "totals", "--currency", "eur", address).wants(t, 0, "CURRENCY")
}

func TestInbox(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	address := "--database-url=" + d.URL()
	store(t, d, "WH-PARKED", "parked")
	store(t, d, "WH-DONE", "applied")
	readerfund(t, "", "inbox", "list", address).wants(t, 0, "WH-PARKED", "WH-DONE", "PAYMENT.CAPTURE.COMPLETED")
	if got := readerfund(t, "", "inbox", "list", "--state", "parked", address); strings.Contains(got.out, "WH-DONE") {
		t.Errorf("--state parked lists others:\n%s", got.out)
	}
	readerfund(t, "", "inbox", "show", "WH-PARKED", address).wants(t, 0, "state:", "parked", `{"id":"WH-PARKED"}`)
	readerfund(t, "", "inbox", "show", "WH-NONE", address).wants(t, exitFailed, "There is no event WH-NONE")
	readerfund(t, "", "inbox", "replay", "WH-NONE", address).wants(t, exitFailed, "no such events")
	readerfund(t, "", "inbox", "replay", "--parked", address).wants(t, 0, "1 queued for replay")
	readerfund(t, "", "inbox", "replay", "WH-DONE", "WH-PARKED", address).wants(t, 0, "2 queued for replay")
}

func store(t *testing.T, d *db.DB, id, state string) {
	t.Helper()
	_, err := d.Exec(`
		INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, headers, body, received_at,
			state)
		VALUES ($1, $1, $2, 'PAYMENT.CAPTURE.COMPLETED', '{"paypal-auth-algo":"SHA256withRSA"}', $3, $2, $4)`,
		id, time.Now(), []byte(`{"id":"`+id+`"}`), state)
	if err != nil {
		t.Fatal(err)
	}
}

// payPal is a sandbox to speak to, as flags.
func payPal(t *testing.T) []string {
	t.Helper()
	base := testkit.NewPayPal(t, testkit.PayPalOptions{}).URL
	return []string{
		"--paypal-api-base=" + base, "--paypal-client-id=sandbox-client", "--paypal-client-secret=sandbox-secret",
	}
}

func TestWebhookIsRegisteredComparedAndDeleted(t *testing.T) {
	t.Parallel()
	settings := append(payPal(t), "--base-url=http://127.0.0.1:8080")
	hook := func(args ...string) ran {
		return readerfund(t, "", append(append([]string{"webhook"}, args...), settings...)...)
	}
	first := hook("register")
	first.wants(t, 0, "registered: http://127.0.0.1:8080/webhooks/paypal", "PAYPAL_WEBHOOK_ID=")
	_, id, _ := strings.Cut(strings.TrimSpace(first.out), "PAYPAL_WEBHOOK_ID=")
	hook("register").wants(t, 0, "unchanged", id)
	hook("register", "--paypal-webhook-id=ANOTHER").wants(t, 0, "PAYPAL_WEBHOOK_ID is still ANOTHER")
	hook("list").wants(t, 0, id, "this service")
	hook("unregister").wants(t, 0, "deleted: "+id)
	hook("unregister").wants(t, exitFailed, "no webhook")
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	readerfund(t, "", "doctor").wants(t, exitFailed, "FAIL  settings  DATABASE_URL", "FAIL  database", "FAIL  paypal",
		"FAIL  webhook")
	settings := append(payPal(t), "--base-url=http://127.0.0.1:8080")
	registered := readerfund(t, "", append([]string{"webhook", "register"}, settings...)...)
	_, id, _ := strings.Cut(strings.TrimSpace(registered.out), "PAYPAL_WEBHOOK_ID=")
	all := append([]string{"doctor", "--paypal-webhook-id=" + id, "--database-url=" + dbtest.NewURL(t),
		"--secret-key=" + strings.Repeat("k", 40), "--publication-name=The Test Gazette"}, settings...)
	readerfund(t, "", all...).wants(t, 0, "ok    settings", "ok    database", "ok    paypal", "ok    webhook",
		"ok    plans", "warn  settings  CONTACT_EMAIL is not set", "warn  settings  PRIVACY_URL", "warn  settings  IMPRINT_URL")
	readerfund(t, "", all...).wants(t, 0, "off   mail      SMTP_URL is not set")
	pp := testkit.PayPalAt(t, strings.TrimPrefix(settings[0], "--paypal-api-base="))
	pp.Fault(testkit.Fields{"kind": "no_subscriptions", "times": 100})
	readerfund(t, "", all...).wants(t, exitFailed, "FAIL  plans", "monthly and yearly gifts are refused", "permission")
	pp.Must("DELETE", "/sandbox/faults", nil, nil)
	post, err := catcher.Listen(t.Context(), "127.0.0.1:0", catcher.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, "--smtp-url="+post.URL(), "--mail-from=give@example.org")
	readerfund(t, "", all...).wants(t, 0, "ok    mail      "+post.URL()+" takes mail from give@example.org, and says: Hello")
	if err := post.Close(); err != nil {
		t.Fatal(err)
	}
	readerfund(t, "", all...).wants(t, exitFailed, "FAIL  mail", "connection refused")
	readerfund(t, "", append(all, "--base-url=http://127.0.0.1:9999")...).wants(t, exitFailed, "the webhook goes to")
	readerfund(t, "", append(all, "--paypal-webhook-id=GONE")...).wants(t, exitFailed, "webhook register")
}

func TestHealthcheckOfNothing(t *testing.T) {
	t.Parallel()
	readerfund(t, "", "healthcheck", "--listen-addr=127.0.0.1:1").wants(t, exitFailed)
}

func TestReportVerify(t *testing.T) {
	t.Parallel()
	book := reporttest.New(t)
	book.Paid(reporttest.Gift{Amount: 2500, At: reporttest.At("2026-11-30T12:00:00Z")}, 98)
	verify := func(flags ...string) ran {
		return readerfund(t, "", append([]string{"report", "verify", "--database-url=" + book.DB.URL()}, flags...)...)
	}
	verify().wants(t, 1, "There are no sums", "--rebuild")
	verify("--rebuild").wants(t, 0)
	verify().wants(t, 0)
	book.Exec(`UPDATE money_day SET gross = 2600`)
	verify().wants(t, 1, "money_day", "2026-11-30", "autumn", "gross", "26.00", "25.00", "--rebuild")
	verify("--rebuild", "--format=csv").wants(t, 0, "sums,day,currency")
}
