package web

import (
	"net/http"
	"strings"
	"testing"

	"readerfund/internal/account"
)

// makeCampaign copies the default campaign.
func (h house) makeCampaign(slug, name, state, startsAt, endsAt string) {
	h.t.Helper()
	h.exec(`INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, content, state,
		starts_at, ends_at, created_at, updated_at)
		SELECT gen_random_uuid(), $1, heading, why, ask, button, reassurance, currency, suggested,
		       jsonb_build_object('name', $2::text, 'language', 'en', 'texts', jsonb_build_object('en', jsonb_build_object(
		           'heading', heading, 'why', why, 'ask', ask, 'button', button, 'reassurance', reassurance)),
		           'currency', currency, 'suggested', suggested, 'frequency', 'once'),
		       $3, nullif($4, '')::timestamptz, nullif($5, '')::timestamptz, created_at, updated_at
		FROM campaign WHERE is_default`, slug, name, state, startsAt, endsAt)
}

// Staff of every role see the campaigns with their status by the clock, in the publication's time.
func TestStaffListCampaigns(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.makeCampaign("winter", "Winter drive", "published", "2026-12-01T08:00:00Z", "2026-12-31T23:00:00Z")
	h.makeCampaign("spring", "Spring <b>drive</b>", "published", "2026-03-01T08:00:00Z", "2026-04-01T08:00:00Z")
	h.makeCampaign("rest", "A rest", "paused", "2026-11-01T08:00:00Z", "")
	h.makeCampaign("idea", "An idea", "draft", "", "")
	r := h.signedIn(account.Viewer)
	got := r.get("/staff/campaigns").body
	says(t, got, "Winter drive winter Scheduled 1 Dec 2026, 09:00 1 Jan 2027, 00:00",
		"Spring <b>drive</b> spring Ended 1 Mar 2026, 09:00 1 Apr 2026, 10:00", "A rest rest Paused 1 Nov 2026, 09:00 no end",
		"An idea idea Draft when it is published no end", "on the home page Live", "All Live (1) Scheduled (1) Draft (1)")
	if !strings.Contains(got, `<a href="/staff/campaigns" aria-current="page">Campaigns</a>`) {
		t.Error("the menu does not say where we are")
	}
	drafts := r.get("/staff/campaigns?status=draft").body
	says(t, drafts, "An idea")
	saysNot(t, drafts, "Winter drive", "Spring")
	says(t, r.get("/staff/campaigns?status=nonsense").body, "No campaign has this status.")
	if got := h.newReader().get("/staff/campaigns"); got.status != http.StatusSeeOther {
		t.Errorf("without signing in: %d", got.status)
	}
}

// A campaign that is live is not shown on articles while a fund drive runs, and its pages say so.
func TestALiveCampaignSaysThatAFundDriveStandsInItsPlace(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.makeCampaign("drive", "Winter drive", "published", "2026-11-01T08:00:00Z", "2026-12-31T23:00:00Z")
	h.makeCampaign("short", "A short one", "published", "2026-11-01T08:00:00Z", "2026-12-01T08:00:00Z")
	h.makeCampaign("later", "A later one", "paused", "2027-01-05T08:00:00Z", "")
	h.exec(`UPDATE campaign SET state = 'paused' WHERE slug = 'short'`)
	h.exec(`UPDATE campaign SET fund_drive = true WHERE slug = 'drive'`)
	r := h.signedIn(account.Editor)
	says(t, r.get("/staff/campaigns/support").body,
		"It is live, but articles show the fund drive “Winter drive” in its place until 1 Jan 2027, 00:00.")
	says(t, r.get("/staff/campaigns/drive").body, "Live Readers see it now.")
	list := r.get("/staff/campaigns").body
	says(t, list, "support · on the home page · gives way to “Winter drive” Live", "drive · fund drive Live")
	for slug, want := range map[string]string{
		"short": "Articles do not show it: the fund drive “Winter drive” runs until 1 Jan 2027, 00:00",
		"later": "Readers see it from 5 Jan 2027, 09:00.",
	} {
		says(t, r.get("/staff/campaigns/"+slug+"/resume").body, want)
	}
	h.exec(`UPDATE campaign SET starts_at = NULL WHERE slug = 'later'`)
	says(t, r.get("/staff/campaigns/later/resume").body,
		"Articles show it once the fund drive “Winter drive” has ended, on 1 Jan 2027, 00:00.")
}

// A draft says what it lacks, with the way there, and has no address yet that leads to a page.
func TestADraftSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	v := winter("name", "Für den Winter", "slug", "", "texts.en.heading", "", "texts.en.ask", "")
	v.Set("do", "save")
	if got := r.form("/staff/campaigns/new", v); got.header.Get("Location") != "/staff/campaigns/fur-den-winter?did=saved" {
		t.Fatalf("%d to %q\n%s", got.status, got.header.Get("Location"), words(t, got.body))
	}
	draft := r.get("/staff/campaigns/fur-den-winter").body
	says(t, draft, "2 things are missing before it can be published English: Heading : Write this text. English: What you ask : Write this text.",
		"/support/fur-den-winter once it is published")
	if !strings.Contains(draft, `href="/staff/campaigns/fur-den-winter/edit#texts.en.heading"`) ||
		!strings.Contains(draft, `<a class="button small" href="/staff/campaigns/fur-den-winter/edit">`) ||
		strings.Contains(draft, `href="/support/fur-den-winter"`) {
		t.Errorf("no way to what is missing, or one to a page that there is not:\n%s", draft)
	}
	nameless := r.form("/staff/campaigns/new", winter("name", "", "slug", ""))
	says(t, nameless.body, "Please check one thing. Nothing was changed. Name: Give the campaign a name.")
}
