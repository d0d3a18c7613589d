package main

import (
	"strings"
	"testing"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/testkit"
)

func TestMailBounce(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	d := testkit.OpenDatabase(t, address)
	const id = "01968000-0000-7000-8000-000000000001"
	testkit.Exec(t, d, `
		INSERT INTO mail (id, kind, key, recipient, args, state, message_id, created_at, wanted_at, closed_at)
		VALUES ($1, 'receipt', '1', 'ada@example.org', '{}', 'sent', $2, now(), now(), now())`, id, id+"@example.org")
	report := strings.ReplaceAll(`Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Action: failed
Status: 5.1.1

--x
Content-Type: text/rfc822-headers

Message-ID: <`+id+`@example.org>

--x--
`, "\n", "\r\n")
	at := []string{"mail", "bounce", "--database-url=" + address}
	readerfund(t, report, at...).wants(t, 0, "a mail came back")
	readerfund(t, report, at...).wants(t, 0, "known already")
	readerfund(t, strings.Replace(report, "failed", "delayed", 1), at...).wants(t, 0, "nothing about a failure")
	readerfund(t, "Subject: hello\r\n\r\nHow do I stop this?\r\n", at...).wants(t, 0, "no report about a mail of ours")
	readerfund(t, report, "mail", "bounce", "--database-url=postgres://127.0.0.1:1/nothing?sslmode=disable").
		wants(t, exitLater, "readerfund:")
	if n := testkit.Count(t, d, `mail WHERE state = 'bounced' AND answer = '5.1.1'`); n != 1 {
		t.Errorf("%d mails are marked", n)
	}
}
