package appeal

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Campaigns is the list of campaigns.
type Campaigns struct {
	screen.Layout

	campaigns *campaign.Catalog
	reports   *report.Reports
	views     *dashboard.Views
}

// campaignsPage is the list, of one status or of all.
type campaignsPage struct {
	Tabs []screen.Preset
	Rows []campaignRow
	Any  bool // there are campaigns, of whatever status

	Messages string // how many are unread
}

// campaignRow is a campaign in the list.
type campaignRow struct {
	campaignLine
	Progress progress
	Net      []money.Amount // what came of it, in each currency
}

// campaignLine is a campaign in a list, and at the head of its own pages.
type campaignLine struct {
	campaign.Campaign
	Address       string
	StatusInWords words.Status
	From          screen.Stamp
	Until         screen.Stamp // the moment from which it is not shown any more
	StandIn       string       // the fund drive that articles show in its place now; empty without one
}

// The tones of a campaign's statuses.
var campaignTones = map[string]string{"live": "good", "scheduled": "wait", "paused": "wait"}

func campaignInWords(loc i18n.Localizer, s campaign.Status) words.Status {
	return words.StatusIn(loc, "campaigns.status.", string(s), campaignTones)
}

// statuses are in the order in which they matter to somebody who looks for a campaign.
func statuses() []campaign.Status {
	return []campaign.Status{
		campaign.StatusLive, campaign.StatusScheduled, campaign.StatusDraft, campaign.StatusPaused, campaign.StatusEnded,
	}
}

func newCampaignLine(s screen.Layout, loc i18n.Localizer, k campaign.Campaign) campaignLine {
	return campaignLine{
		Campaign: k, Address: screen.CampaignAddress(k.Slug), StatusInWords: campaignInWords(loc, k.Status(s.Now())),
		From: s.Stamp(k.StartsAt), Until: s.Stamp(k.EndsAt),
	}
}

// runningDrive is the fund drive that articles show now in place of another campaign; nil without one.
func runningDrive(all []campaign.Campaign, k campaign.Campaign, now time.Time) *campaign.Campaign {
	i := slices.IndexFunc(all, func(d campaign.Campaign) bool {
		return d.FundDrive && d.ID != k.ID && d.Status(now) == campaign.StatusLive
	})
	if i < 0 {
		return nil
	}
	return &all[i]
}

// giveWay says of a live campaign that a fund drive is shown in its place, where one is.
func (l *campaignLine) giveWay(s screen.Layout, loc i18n.Localizer, all []campaign.Campaign) {
	drive := runningDrive(all, l.Campaign, s.Now())
	if drive == nil || l.Status(s.Now()) != campaign.StatusLive {
		return
	}
	l.StandIn, l.StatusInWords.Tone = drive.Name, "wait"
	l.StatusInWords.Meaning = loc.Say("campaigns.gives_way", i18n.Args{
		"drive": drive.Name, "until": s.Stamp(drive.EndsAt).Text(),
	})
}

// List answers GET /staff/campaigns.
func (s *Campaigns) List(w http.ResponseWriter, r *http.Request) error {
	all, err := s.campaigns.All(r.Context())
	if err != nil {
		return err
	}
	totals, err := s.reports.Totals(r.Context(), report.TotalsQuery{By: []report.Key{report.ByCampaign}})
	if err != nil {
		return err
	}
	net := map[string][]money.Amount{}
	for _, t := range totals {
		net[t.Campaign] = append(net[t.Campaign], money.New(t.Sums.Net, t.Currency))
	}
	loc, chosen, now := s.Pages.Localizer(r), r.URL.Query().Get("status"), s.Now()
	p := campaignsPage{Any: len(all) > 0, Tabs: statusTabs(loc, all, chosen, now)}
	for _, status := range statuses() {
		for _, k := range newestFirst(all) {
			if k.Status(now) == status && (chosen == "" || chosen == string(status)) {
				line := newCampaignLine(s.Layout, loc, k)
				line.giveWay(s.Layout, loc, all)
				p.Rows = append(p.Rows, campaignRow{
					line, progressInWords(loc, k, s.campaigns.Facts(k.ID)), net[k.Slug],
				})
			}
		}
	}
	if p.Messages, err = s.Waiting(r, s.views); err != nil {
		return err
	}
	return s.Render(w, r, http.StatusOK, "staff/campaigns.html", i18n.New("campaigns.title.list"), "campaigns", p)
}

// statusTabs offer the statuses that some campaign has, with how many have it.
func statusTabs(loc i18n.Localizer, all []campaign.Campaign, chosen string, now time.Time) []screen.Preset {
	tabs := []screen.Preset{{Name: loc.Say("staff.all"), Address: screen.CampaignsAddress, Current: chosen == ""}}
	for _, status := range statuses() {
		n := 0
		for _, k := range all {
			if k.Status(now) == status {
				n++
			}
		}
		if n > 0 || chosen == string(status) {
			tabs = append(tabs, screen.Preset{
				Name:    campaignInWords(loc, status).Label + " (" + strconv.Itoa(n) + ")",
				Address: screen.Address(screen.CampaignsAddress, screen.Query("status", string(status))),
				Current: chosen == string(status),
			})
		}
	}
	return tabs
}

// newestFirst has the campaigns that begin later before the others.
func newestFirst(all []campaign.Campaign) []campaign.Campaign {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b campaign.Campaign) int { return b.StartsAt.Compare(a.StartsAt) })
	return sorted
}
