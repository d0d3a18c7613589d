package appearance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Sheet is a stylesheet, and where it is served, below the service's own address. Both are empty where nothing was
// chosen that it says.
type Sheet struct {
	Path string // "/appearance/1f0c9e52d1.css"
	CSS  []byte
}

// sheets are the stylesheet of our own pages, which comes after site.css and sets its custom properties on :root; and
// that of appeals, after cta.css: other sites' pages load it, so it says nothing outside of .rf-cta.
type sheets struct{ site, appeal Sheet }

// Stylesheet is that of our own pages.
func (a *Appearance) Stylesheet() Sheet { return a.sheets.site }

// AppealStylesheet is that of appeals.
func (a *Appearance) AppealStylesheet() Sheet { return a.sheets.appeal }

// Palettes are the colours on a light page and in the dark.
func (c Content) Palettes() (light, dark Palette, err error) {
	accent := c.Accent
	if accent == "" {
		accent = house
	}
	return palettes(accent, c.AccentDark)
}

// newSheets writes the stylesheets. The error is that of Palettes.
func newSheets(c Content) (sheets, error) {
	light, dark, err := c.Palettes()
	if err != nil {
		return sheets{}, err
	}
	faces, coloured := faces(c), c.Accent != "" || c.AccentDark != ""
	site, appeal := families(c, "--"), families(c, "--rf-")
	var ofSite, ofAppeal strings.Builder
	if coloured {
		site, appeal = light.properties("--")+site, light.properties("--rf-")+appeal
	}
	if site != "" {
		fmt.Fprintf(&ofSite, "%s:root{%s}\n", faces, site)
		fmt.Fprintf(&ofAppeal, "%s.rf-cta{%s}\n", faces, appeal)
	}
	if coloured {
		fmt.Fprintf(&ofSite, "@media screen and (prefers-color-scheme:dark){:root{%s}}\n", dark.properties("--"))
		// An appeal is dark where the page around it is, which light-dark() asks about; an old browser leaves it light.
		fmt.Fprintf(&ofAppeal, "@supports (color:light-dark(#000,#fff)){.rf-cta{%s}}\n", both(light, dark))
	}
	return sheets{newSheet(ofSite.String()), newSheet(ofAppeal.String())}, nil
}

func newSheet(css string) Sheet {
	if css == "" {
		return Sheet{}
	}
	sum := sha256.Sum256([]byte(css))
	return Sheet{Path: "/appearance/" + hex.EncodeToString(sum[:5]) + ".css", CSS: []byte(css)}
}

// names are the custom properties of a palette, in the order of values.
var names = []string{"accent", "accent-deep", "tint", "fill", "fill-deep", "on-fill"}

func (p Palette) values() []string {
	return []string{p.Accent, p.AccentDeep, p.Tint, p.Fill, p.FillDeep, p.OnFill}
}

func (p Palette) properties(prefix string) string {
	var b strings.Builder
	for n, value := range p.values() {
		fmt.Fprintf(&b, "%s%s:%s;", prefix, names[n], value)
	}
	return b.String()
}

// both are an appeal's properties for a light page and a dark one.
func both(light, dark Palette) string {
	var b strings.Builder
	for n := range names {
		fmt.Fprintf(&b, "--rf-%s:light-dark(%s,%s);", names[n], light.values()[n], dark.values()[n])
	}
	return b.String()
}

// faces declares the typefaces. One that is not there when the page is first drawn is left out of it, and is there on
// the next page: text that jumps is worse than another face.
func faces(c Content) string {
	var b strings.Builder
	face := func(family, weight string, f *Font) {
		if f == nil {
			return
		}
		if f.Variable {
			weight = "100 900"
		}
		fmt.Fprintf(&b, "@font-face{font-family:%q;src:url(\"%s\") format(\"woff2\");font-weight:%s;font-display:optional}\n",
			family, f.Path(), weight)
	}
	face(headingsFamily, "100 900", c.Headings)
	face(textFamily, "400", c.Text)
	if c.Text != nil && !c.Text.Variable {
		face(textFamily, "700", c.Bold)
	}
	return b.String()
}

// The names of the typefaces. They are no words of a page, and no names that another site's stylesheet has.
const (
	headingsFamily = "readerfund-headings"
	textFamily     = "readerfund-text"
)

// families are the properties that name the typefaces.
func families(c Content, prefix string) string {
	var all string
	if c.Headings != nil {
		all += fmt.Sprintf("%sserif:%q,serif;", prefix, headingsFamily)
	}
	if c.Text != nil {
		all += fmt.Sprintf("%ssans:%q,system-ui,sans-serif;", prefix, textFamily)
	}
	return all
}
