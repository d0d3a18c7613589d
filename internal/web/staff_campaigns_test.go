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
