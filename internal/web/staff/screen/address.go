package screen

import (
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// The pages that other pages link to.
const (
	CampaignsAddress = "/staff/campaigns"
	MonthlyAddress   = "/staff/monthly"
	PasswordAddress  = "/staff/password"
	WorkAddress      = "/staff/work" // the page about the queue
)

// CampaignAddress is the page of a campaign.
func CampaignAddress(slug string) string { return CampaignsAddress + "/" + slug }

// ContributionAddress is the page of a contribution.
func ContributionAddress(id uuid.UUID) string { return "/staff/contributions/" + id.String() }

// Address joins a path and a query.
func Address(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// CSVAddress is the address of a download, up to the choice of a separator.
func CSVAddress(path string, v url.Values) string {
	if len(v) == 0 {
		return path + "?"
	}
	return path + "?" + v.Encode() + "&"
}

// Query drops the empty values of a query, so that addresses stay short.
func Query(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

// With sets a value of a query.
func With(v url.Values, key, value string) url.Values {
	v.Set(key, value)
	return v
}

// ShortAddress removes the prefix that every web address has.
func ShortAddress(article string) string {
	for _, scheme := range []string{"https://", "http://"} {
		article = strings.TrimPrefix(article, scheme)
	}
	return strings.TrimPrefix(article, "www.")
}
