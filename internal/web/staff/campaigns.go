package staff

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

const campaignsAddress = "/staff/campaigns"

func campaignAddress(slug string) string { return campaignsAddress + "/" + slug }

// Campaigns is the list of campaigns.
type Campaigns struct {
	layout

	campaigns *campaign.Catalog
	reports   *report.Reports
}

// campaignsPage is the list, of one status or of all.
type campaignsPage struct {
	Tabs []preset
	Rows []campaignRow
	Any  bool // there are campaigns, of whatever status
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
	Address string
	Stands  status
	From    stamp
	Until   stamp // the moment from which it is not shown any more
}

// The tones of a campaign's statuses.
var campaignTones = map[string]string{"live": "good", "scheduled": "wait", "paused": "wait"}

func campaignInWords(loc i18n.Localizer, s campaign.Status) status {
	return statusIn(loc, "campaigns.status.", string(s), campaignTones)
}

// statuses are in the order in which they matter to somebody who looks for a campaign.
func statuses() []campaign.Status {
	return []campaign.Status{
		campaign.StatusLive, campaign.StatusScheduled, campaign.StatusDraft, campaign.StatusPaused, campaign.StatusEnded,
	}
}

func (s layout) campaignLine(loc i18n.Localizer, k campaign.Campaign) campaignLine {
	return campaignLine{
		Campaign: k, Address: campaignAddress(k.Slug), Stands: campaignInWords(loc, k.Status(s.now())),
		From: s.stamp(k.StartsAt), Until: s.stamp(k.EndsAt),
	}
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
	loc, chosen, now := s.pages.Localizer(r), r.URL.Query().Get("status"), s.now()
	p := campaignsPage{Any: len(all) > 0, Tabs: statusTabs(loc, all, chosen, now)}
	for _, status := range statuses() {
		for _, k := range newestFirst(all) {
			if k.Status(now) == status && (chosen == "" || chosen == string(status)) {
				p.Rows = append(p.Rows, campaignRow{
					s.campaignLine(loc, k), progressInWords(loc, k, s.campaigns.Facts(k.ID)), net[k.Slug],
				})
			}
		}
	}
	return s.show(w, r, http.StatusOK, "staff/campaigns.html", i18n.New("campaigns.title.list"), "campaigns", p)
}

// statusTabs offer the statuses that some campaign has, with how many have it.
func statusTabs(loc i18n.Localizer, all []campaign.Campaign, chosen string, now time.Time) []preset {
	tabs := []preset{{Name: loc.Say("staff.all"), Address: campaignsAddress, Current: chosen == ""}}
	for _, status := range statuses() {
		n := 0
		for _, k := range all {
			if k.Status(now) == status {
				n++
			}
		}
		if n > 0 || chosen == string(status) {
			tabs = append(tabs, preset{
				Name:    campaignInWords(loc, status).Label + " (" + strconv.Itoa(n) + ")",
				Address: address(campaignsAddress, filled("status", string(status))), Current: chosen == string(status),
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
