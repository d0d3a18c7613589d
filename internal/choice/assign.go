package choice

import "readerfund/internal/campaign"

// Assign is the name of the variant that a reader sees of a campaign: campaign.Holdout for that many percent of
// readers, else one of the variants by their weights, or "" where the campaign has none. The same reader gets the same
// answer in every process and browser, for as long as the variants stay as they are: it is computed from the reader's
// id, a random text that the reader's browser made, and kept nowhere. choose.js computes the same.
//
// A variant without weight is given to nobody; where none has any, everybody gets the first.
func Assign(reader, slug string, variants []campaign.Variant, holdout int) string {
	if below(reader, slug, campaign.Holdout, 100) < uint64(max(holdout, 0)) {
		return campaign.Holdout
	}
	if len(variants) == 0 {
		return ""
	}
	var all uint64
	for _, v := range variants {
		all += uint64(max(v.Weight, 0))
	}
	at := below(reader, slug, "variant", all)
	for _, v := range variants {
		if w := uint64(max(v.Weight, 0)); at < w {
			return v.Name
		} else {
			at -= w
		}
	}
	return variants[0].Name
}

// below draws a number from 0 to n-1. Purpose makes the draws for one reader independent of each other, so that the
// readers in the holdout come from all variants alike.
func below(reader, slug, purpose string, n uint64) uint64 {
	return uint64(hash(reader+" "+slug+" "+purpose)) * n >> 32
}

// hash is FNV-1a of 32 bits, of which every bit is then spread over all others by the last steps of MurmurHash3: FNV
// alone leaves the upper bits of texts that differ at their end alike.
func hash(text string) uint32 {
	h := uint32(2166136261)
	for i := range len(text) {
		h = (h ^ uint32(text[i])) * 16777619
	}
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}
