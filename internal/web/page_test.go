package web

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// tour visits every page a reader can meet and gives them by name.
func tour(t *testing.T, h house) map[string]reply {
	t.Helper()
	r := h.newReader()
	pages := map[string]reply{
		"donate": r.get("/support/support?currency=USD&article=https://example.org/a%26b"),
		"wrong":  r.send(giftForm("amount", "1.234", "email", "nobody", "message", "<b>bold</b>", "named", "yes")),
		"absent": r.get("/nowhere"), "article": r.get("/article"), "home": r.get("/"),
	}
	id, _ := r.begin(giftForm("name", `Ada "<Reader>"`, "message", "Two\nlines", "article", h.base+"/article"))
	pages["cancelled"] = r.get("/contributions/" + id + "/cancel")
	h.approve(id)
	pages["received"] = r.get(r.get("/contributions/" + id + "/return").header.Get("Location"))
	for _, state := range []string{"created", "pending", "declined", "cancelled", "expired", "failed", "refunded"} {
		if _, err := h.db.ExecContext(t.Context(), `UPDATE contribution SET state = $1, reason = 'ECHECK' WHERE id = $2`,
			state, id); err != nil {
			t.Fatal(err)
		}
		pages["thanks-"+state] = r.get(h.thanksAddress(id))
	}
	h.bank("POST", "/sandbox/faults", trouble503)
	pages["retry"] = r.send(giftForm("idempotency_key", "k", "message", "Two\nlines"))
	h.bank("DELETE", "/sandbox/faults", "")
	return pages
}

// steady takes out of a page what differs from run to run.
func steady(h house, page string) string {
	page = unhashed(strings.NewReplacer(h.base, "http://give.test", url.QueryEscape(h.base), "http%3A%2F%2Fgive.test",
		h.paypal, "http://paypal.test").Replace(page))
	for _, c := range [][2]string{
		{`name="idempotency_key" value="[^"]{5,}"`, `name="idempotency_key" value="KEY"`},
		{`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`, "ID"},
		{`<(bdi|dd)>[0-9A-Z]{4}-[0-9A-Z]{4}<`, "<${1}>RECEIPT<"},
		{`token=[0-9A-Z]+`, "token=ORDER"}, {`key=[-_0-9A-Za-z]{22}`, "key=KEY"},
		{regexp.QuoteMeta(h.Now().UTC().Format("2 January 2006")), "DAY"},
		{`first payment on \d+ [A-Z][a-z]+ \d{4}`, "first payment on DAY"},
	} {
		page = regexp.MustCompile(c[0]).ReplaceAllString(page, c[1])
	}
	return page
}

func TestPagesAreAsWritten(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	for name, got := range tour(t, h) {
		if name == "home" || strings.HasPrefix(name, "thanks-") && name != "thanks-pending" && name != "thanks-declined" {
			continue // much the same as another
		}
		golden(t, name+".html", steady(h, got.body))
	}
}

func TestEveryPageKeepsToItsPolicy(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	for name, got := range tour(t, h) {
		if policy := got.header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") ||
			!strings.Contains(policy, "form-action 'self' "+h.paypal) {
			t.Errorf("%s: policy %s", name, policy)
		}
		root, err := html.Parse(strings.NewReader(got.body))
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range looks(root, h.base) {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// looks finds what the policy would block and what a screen reader would miss.
func looks(root *html.Node, base string) (problems []string) {
	ids := map[string]bool{}
	labelled := map[string]bool{}
	headings, mains := 0, 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attr := attributes(n)
		for name := range attr {
			if name == "style" || strings.HasPrefix(name, "on") {
				problems = append(problems, "inline "+name+" on "+n.Data)
			}
		}
		for _, name := range []string{"src", "href", "action"} {
			if foreign(n.Data, attr[name], base) {
				problems = append(problems, fmt.Sprintf("%s loads %s", n.Data, attr[name]))
			}
		}
		if n.Data == "style" || n.Data == "script" && (attr["src"] == "" || n.FirstChild != nil) {
			problems = append(problems, "inline "+n.Data)
		}
		if id := attr["id"]; id != "" && ids[id] {
			problems = append(problems, "twice the id "+id)
		}
		ids[attr["id"]] = true
		labelled[attr["for"]] = true
		switch n.Data {
		case "h1":
			headings++
		case "main":
			mains++
		case "img":
			if attr["alt"] == "" {
				problems = append(problems, "a picture without words")
			}
		}
	}
	if headings != 1 || mains != 1 {
		problems = append(problems, fmt.Sprintf("%d h1, %d main", headings, mains))
	}
	return append(problems, unlabelled(root, labelled, ids)...)
}

// unlabelled finds controls that no label names, and references to ids that are not there.
func unlabelled(root *html.Node, labelled, ids map[string]bool) (problems []string) {
	for n := range root.Descendants() {
		attr := attributes(n)
		inLabel := slices.ContainsFunc(slices.Collect(n.Ancestors()), func(a *html.Node) bool { return a.Data == "label" })
		if (n.Data == "input" && attr["type"] != "hidden" || n.Data == "textarea") && !labelled[attr["id"]] && !inLabel {
			problems = append(problems, "no label for "+attr["name"])
		}
		for _, id := range strings.Fields(attr["aria-describedby"] + " " + attr["aria-labelledby"]) {
			if !ids[id] {
				problems = append(problems, "no element has the id "+id)
			}
		}
		if target, inPage := strings.CutPrefix(attr["href"], "#"); inPage && !ids[target] {
			problems = append(problems, "a link to nowhere: #"+target)
		}
	}
	return problems
}

func attributes(n *html.Node) map[string]string {
	all := map[string]string{}
	for _, a := range n.Attr {
		all[a.Key] = a.Val
	}
	return all
}

// foreign reports whether an element loads something from another site; a plain link does not load.
func foreign(element, address, base string) bool {
	if element == "a" || address == "" || strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") {
		return false
	}
	return !strings.HasPrefix(address, base)
}
