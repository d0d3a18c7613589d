package appearance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// sheet is a stylesheet, and where it is served.
type sheet struct {
	path string // "/appearance/1f0c9e52d1.css"; empty where there is nothing in it
	css  []byte
}

// Stylesheet is where the stylesheet is, below the service's own address; empty where nothing was chosen that it says.
// It comes after site.css and cta.css, whose custom properties it sets.
func (a *Appearance) Stylesheet() string { return a.sheet.path }

// CSS is the stylesheet.
func (a *Appearance) CSS() []byte { return a.sheet.css }

// Palettes are the colours on a light page and in the dark.
func (c Content) Palettes() (light, dark Palette, err error) {
	accent := c.Accent
	if accent == "" {
		accent = house
	}
	return palettes(accent, c.AccentDark)
}

// newSheet writes the stylesheet. The error is that of Palettes.
func newSheet(c Content) (sheet, error) {
	light, dark, err := c.Palettes()
	if err != nil {
		return sheet{}, err
	}
	var b strings.Builder
	writeFaces(&b, c)
	site, cta := families(c)
	if c.Accent != "" || c.AccentDark != "" {
		site, cta = light.properties("--")+site, light.properties("--rf-")+cta
	}
	if site == "" {
		return sheet{}, nil
	}
	fmt.Fprintf(&b, ":root{%s}\n.rf-cta{%s}\n", site, cta)
	if c.Accent != "" || c.AccentDark != "" {
		fmt.Fprintf(&b, "@media screen and (prefers-color-scheme:dark){:root{%s}}\n", dark.properties("--"))
		// An appeal is dark where the page around it is, which light-dark() asks about; an old browser leaves it light.
		fmt.Fprintf(&b, "@supports (color:light-dark(#000,#fff)){.rf-cta{%s}}\n", both(light, dark))
	}
	css := b.String()
	sum := sha256.Sum256([]byte(css))
	return sheet{path: "/appearance/" + hex.EncodeToString(sum[:5]) + ".css", css: []byte(css)}, nil
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

// writeFaces declares the typefaces. One that is not there when the page is first drawn is left out of it, and is there
// on the next page: text that jumps is worse than another face.
func writeFaces(b *strings.Builder, c Content) {
	face := func(family, weight string, f *Font) {
		if f == nil {
			return
		}
		if f.Variable {
			weight = "100 900"
		}
		fmt.Fprintf(b, "@font-face{font-family:%q;src:url(\"%s\") format(\"woff2\");font-weight:%s;font-display:optional}\n",
			family, f.Path(), weight)
	}
	face("house-headings", "100 900", c.Headings)
	face("house-text", "400", c.Text)
	if c.Text != nil && !c.Text.Variable {
		face("house-text", "700", c.Bold)
	}
}

// families are the properties that name the typefaces, for our pages and for an appeal.
func families(c Content) (site, cta string) {
	add := func(name, family, generic string) {
		site += fmt.Sprintf("--%s:%q,%s;", name, family, generic)
		cta += fmt.Sprintf("--rf-%s:%q,%s;", name, family, generic)
	}
	if c.Headings != nil {
		add("serif", "house-headings", "serif")
	}
	if c.Text != nil {
		add("sans", "house-text", "system-ui,sans-serif")
	}
	return site, cta
}
