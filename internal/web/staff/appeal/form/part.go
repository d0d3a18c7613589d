package form

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"readerfund/internal/campaign"
)

// Change adds a part to the form, or takes one out.
func Change(v url.Values, act, about string) {
	row, _ := strconv.Atoi(about)
	switch act {
	case "add-language":
		v.Add("lang", v.Get("new_language"))
	case "drop-language":
		v["lang"] = slices.DeleteFunc(v["lang"], func(lang string) bool { return lang == about })
	case "add-currency":
		v.Add("offered", v.Get("new_currency"))
	case "drop-currency":
		v["offered"] = slices.DeleteFunc(v["offered"], func(c string) bool { return c == about })
	case "add-rule":
		v.Set("rules."+strconv.Itoa(rowsIn(v, "rules", ".kind"))+".kind", v.Get("new_rule"))
	case "drop-rule":
		dropRow(v, "rules", row)
	case "add-variant":
		addVariant(v)
	case "drop-variant":
		dropRow(v, "variants", row)
	case "drop-picture":
		v.Del(about)
	}
}

// addVariant adds one that differs in nothing yet. The first two come together: one alone is no test.
func addVariant(v url.Values) {
	n := rowsIn(v, "variants", ".weight")
	last := n
	if n == 0 {
		last = 1
	}
	for ; n <= last && n < campaign.MostVariants; n++ {
		prefix := "variants." + strconv.Itoa(n)
		v.Set(prefix+".name", strings.ToLower(VariantLetter(n)))
		v.Set(prefix+".weight", "1")
	}
}
