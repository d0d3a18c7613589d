package web

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"readerfund/internal/account"
	"readerfund/internal/testkit"
	"readerfund/internal/web/page"
)

// manyMessages are 61 gifts with a message each: "The first", and "Number 1" to "Number 60", the newest.
func manyMessages(t *testing.T, h house) (first string) {
	t.Helper()
	r := h.newReader()
	first, _ = r.given("message", "The first", "name", "Ada")
	testkit.Exec(t, h.db, `
		INSERT INTO contribution SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'receipt',
			'R' || n, 'idempotency_key', NULL, 'order_id', NULL, 'message', 'Number ' || n))).*
		FROM contribution c, generate_series(1, 60) n WHERE c.id = $1`, first)
	testkit.Exec(t, h.db, `
		UPDATE contribution SET id = ('ffffffff-0000-7000-8000-0000000000' || substr(receipt, 2))::uuid
		WHERE receipt ~ '^R[0-9]{2}$'`)
	return first
}

func TestMessagesComeInPagesTheNewestFirst(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	manyMessages(t, h)
	editor := h.signedIn(account.Editor)
	first := editor.get("/staff/messages")
	editor.hasAll(t, "first page", first, "Number 60", "Number 11", "Older", "61 unread", "Mark these 50 as read")
	if strings.Index(first.body, "Number 60") > strings.Index(first.body, "Number 59") ||
		strings.Contains(first.body, "The first") {
		t.Error("the newest are not first")
	}
	_, next, _ := strings.Cut(first.body, `href="/staff/messages?after=`)
	cursor, _, _ := strings.Cut(next, `"`)
	editor.hasAll(t, "second page", editor.get("/staff/messages?after="+cursor), "The first", "First page")
	editor.hasAll(t, "found", editor.get("/staff/messages?q=first+ADA"), "Found for “first ADA”", "The first")
	if got := editor.get("/staff/messages?q=nothing").body; !strings.Contains(got, "Nothing found for “nothing”") ||
		strings.Contains(got, "Number 60") {
		t.Errorf("nothing is found in\n%s", got)
	}
	if got := editor.get("/staff/messages?q=%00"); got.status != 422 || !strings.Contains(got.body, `id="q-wrong"`) {
		t.Errorf("a search that cannot be: %d", got.status)
	}
}

func TestStaffMarkMessagesAsRead(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	id := manyMessages(t, h)
	editor := h.signedIn(account.Editor)
	press := func(act string, v url.Values) reply {
		t.Helper()
		return editor.do("POST", "/staff/messages/"+act, v.Encode(), "Content-Type", page.FormType)
	}
	goes := func(got reply, want string) {
		t.Helper()
		if got.status != 303 || got.header.Get("Location") != want {
			t.Fatalf("%d to %s\n%s", got.status, got.header.Get("Location"), got.body)
		}
	}
	links := func(want string) {
		t.Helper()
		for _, list := range []string{"/staff/campaigns", "/staff/contributions"} {
			got := editor.get(list).body
			if strings.Contains(got, " unread<") != (want != "") || !strings.Contains(got, want) {
				t.Errorf("%s does not say %q", list, want)
			}
		}
	}
	links("61 unread")
	if got := h.signedIn(account.Viewer).get("/staff/contributions").body; strings.Contains(got, "unread") {
		t.Error("a viewer is told of messages")
	}

	// One, from a search, to which it leads back.
	found := editor.get("/staff/messages?q=first")
	form := inputs(t, found.body)
	if form.Get("shown") != id || form.Get("q") != "first" {
		t.Fatalf("the form has %v", form)
	}
	goes(press("read", form), "/staff/messages?did=read&q=first")
	editor.hasAll(t, "after it", editor.get("/staff/messages?did=read&q=first"), "Marked as read", "Read by",
		string(account.Editor)+"@")
	links("60 unread")
	goes(press("unread", url.Values{"id": {id}, "after": {"unread-" + id}}),
		"/staff/messages?after=unread-"+id+"&did=unread")
	links("61 unread")

	// The reader writes once more before it is pressed.
	testkit.Exec(t, h.db, `UPDATE contribution SET later_message = 'And more', later_message_at = now() WHERE id = $1`, id)
	goes(press("read", form), "/staff/messages?did=newer&q=first")
	editor.hasAll(t, "written since", editor.get("/staff/messages?did=newer&q=first"), "Not all is read yet", "And more",
		`value="`+id+`.later"`)
	goes(press("read", url.Values{"shown": {id + ".later"}}), "/staff/messages?did=read")

	// All that the list had.
	list := editor.get("/staff/messages").body
	all := regexp.MustCompile(`name="first" value="(.*?)"><input type="hidden" name="at" value="(.*?)"`).FindStringSubmatch(list)
	if all == nil || !strings.Contains(list, "60 unread") {
		t.Fatalf("not all can be marked in\n%s", list)
	}
	goes(press("read", url.Values{"first": {all[1]}, "at": {all[2]}}), "/staff/messages?did=read")
	links("")
	if list := editor.get("/staff/messages").body; strings.Contains(list, `id="unread"`) ||
		!strings.Contains(list, "Number 60") {
		t.Errorf("the list has unread ones, or is empty\n%s", list)
	}

	for act, wrong := range map[string]url.Values{
		"read": {"shown": {"x"}}, "read?": {"first": {"x"}, "at": {all[2]}}, "read??": {"first": {all[1]}, "at": {"x"}},
		"unread": {"id": {"x"}},
	} {
		if got := press(strings.TrimRight(act, "?"), wrong); got.status != 400 {
			t.Errorf("%s %v: %d", act, wrong, got.status)
		}
	}
	if got := press("unread", url.Values{"id": {"01900000-0000-7000-8000-000000000000"}}); got.status != 404 {
		t.Errorf("a gift that is not there: %d", got.status)
	}
}
