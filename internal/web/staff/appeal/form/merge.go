package form

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/web/staff/screen"
)

// FieldChange is one field that was changed, in words.
type FieldChange struct{ Field, Before, After string }

// Merge puts what another person changed since base into what this person wrote, where this person left it as it
// was. both are the units that both changed: there, mine stays. What stands in one list, such as the rules, is one
// unit.
func Merge(base, other, mine url.Values) (merged url.Values, both []string) {
	merged = maps.Clone(mine)
	names := map[string][]string{}
	for name := range mapOfAll(base, other, mine) {
		if unit := UnitOf(name); unit != "" {
			names[unit] = append(names[unit], name)
		}
	}
	for _, unit := range slices.Sorted(maps.Keys(names)) {
		differ := func(a, b url.Values) bool {
			return slices.ContainsFunc(names[unit], func(name string) bool {
				return !slices.Equal(trimmed(a[name]), trimmed(b[name]))
			})
		}
		switch {
		case !differ(base, other) || !differ(other, mine): // they left it, or both wrote the same
		case differ(base, mine):
			both = append(both, unit)
		default:
			for _, name := range names[unit] {
				if delete(merged, name); other.Has(name) {
					merged[name] = other[name]
				}
			}
		}
	}
	return merged, both
}

func mapOfAll(all ...url.Values) map[string]bool {
	names := map[string]bool{}
	for _, v := range all {
		for name := range v {
			names[name] = true
		}
	}
	return names
}

// trimmed leaves out empty values: a field that is not sent and one that is sent empty are the same.
func trimmed(written []string) (all []string) {
	for _, one := range written {
		if one = strings.TrimSpace(strings.ReplaceAll(one, "\r\n", "\n")); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// UnitOf is what a field is merged with; empty for what is no part of a campaign.
func UnitOf(name string) string {
	for _, whole := range []string{"rules", "variants", "goal"} {
		if strings.HasPrefix(name, whole+".") {
			return whole
		}
	}
	if lines, _, found := strings.Cut(name, ".does."); found {
		return lines + ".does"
	}
	if name == "version" || name == "do" || strings.HasPrefix(name, "new_") || strings.HasPrefix(name, "preview_") {
		return ""
	}
	return name
}

// Changes puts the difference of two versions into words, with amounts and times as the form has them. only says
// which fields; nil is all.
func Changes(
	zone *time.Location, loc i18n.Localizer, before, after campaign.Campaign, only func(unit string) bool,
) []FieldChange {
	was, is := Values(before, zone), Values(after, zone)
	var all []FieldChange
	for _, name := range slices.Sorted(maps.Keys(mapOfAll(was, is))) {
		if (only == nil || only(UnitOf(name))) && !slices.Equal(was[name], is[name]) {
			all = append(all, FieldChange{
				FieldInWords(loc, name), typedInWords(zone, loc, was[name]), typedInWords(zone, loc, is[name]),
			})
		}
	}
	return all
}

// typedInWords writes what stands in a field as people read it: times with the month's name, pictures without digests.
func typedInWords(zone *time.Location, loc i18n.Localizer, values []string) string {
	all := slices.Clone(values)
	for n, value := range all {
		if at, err := time.ParseInLocation(typedTime, value, zone); err == nil {
			all[n] = screen.StampIn(zone, at).Text()
		}
		if digest.MatchString(value) {
			all[n] = loc.Say("campaigns.a_picture")
		}
	}
	return strings.Join(all, ", ")
}

// digest is how a form names a picture.
var digest = regexp.MustCompile(`^[0-9a-f]{64}$`)
