package appearance

import (
	"math"

	"github.com/lucasb-eyer/go-colorful"

	"readerfund/internal/fault"
)

// The contrasts that WCAG 2.2 asks for at level AA: of text (1.4.3), and of what shows a control (1.4.11).
const (
	textContrast    = 4.5
	controlContrast = 3
)

// comfortable is the contrast of links in the dark where the newsroom names no colour for them.
const comfortable = 5.5

// house is Readerfund's own colour, where the newsroom has none.
const house = "#8a1c2b"

// What the colours stand on: the page, cards, and the appeal's card, in templates/static/site.css and cta.css.
var (
	lightSurfaces = []string{"#faf8f4", "#ffffff", "#fffdf9"}
	darkSurfaces  = []string{"#161412", "#201d1a"}
)

// Palette is what is made of the newsroom's colour for a light page, or for a dark one. All are "#rrggbb".
type Palette struct {
	Accent     string // of links and of what is chosen: legible on every surface
	AccentDeep string // the same under the pointer
	Tint       string // behind what is chosen
	Fill       string // of the main button: the newsroom's colour itself
	FillDeep   string // the same under the pointer
	OnFill     string // of the button's text
}

// palettes makes both palettes of a colour, and of the one for links in the dark, which may be empty: then it is the
// colour itself, as much lighter as it has to be. The error has a fault for each colour that cannot be read, or is not
// legible.
func palettes(accent, accentDark string) (light, dark Palette, err error) {
	own, err := parse("accent", accent)
	if err != nil {
		return Palette{}, Palette{}, err
	}
	under := func(c colorful.Color) []colorful.Color { return append(surfaces(lightSurfaces), lightTint(c)) }
	if err := legible("accent", own, darker, under); err != nil {
		return Palette{}, Palette{}, err
	}
	tint := own.BlendOkLab(colour(darkSurfaces[1]), .82).Clamped()
	under = func(colorful.Color) []colorful.Color { return append(surfaces(darkSurfaces), tint) }
	links := until(own, lighter, comfortable, under)
	if accentDark != "" {
		if links, err = parse("accent_dark", accentDark); err != nil {
			return Palette{}, Palette{}, err
		}
		if err := legible("accent_dark", links, lighter, under); err != nil {
			return Palette{}, Palette{}, err
		}
	}
	return lightPalette(own), darkPalette(own, links, tint), nil
}

func lightTint(own colorful.Color) colorful.Color {
	return own.BlendOkLab(colour("#ffffff"), .92).Clamped()
}

func lightPalette(own colorful.Color) Palette {
	deep := step(own, -.09)
	return Palette{
		Accent: own.Hex(), AccentDeep: deep.Hex(), Tint: lightTint(own).Hex(),
		Fill: own.Hex(), FillDeep: deep.Hex(), OnFill: "#ffffff",
	}
}

// darkPalette keeps the button in the newsroom's own colour, lighter only where it would not show against the page.
func darkPalette(own, links, tint colorful.Color) Palette {
	fill := until(own, lighter, controlContrast, func(colorful.Color) []colorful.Color { return surfaces(darkSurfaces) })
	text, under := colour("#ffffff"), -.07
	if contrast(colour("#000000"), fill) > contrast(text, fill) {
		text, under = colour("#000000"), .07
	}
	return Palette{
		Accent: links.Hex(), AccentDeep: step(links, .07).Hex(), Tint: tint.Hex(),
		Fill: fill.Hex(), FillDeep: step(fill, under).Hex(), OnFill: text.Hex(),
	}
}

func parse(field, typed string) (colorful.Color, error) {
	c, err := colorful.Hex(typed)
	if err != nil {
		return c, fault.Input(field, "appearance.not_a_colour")
	}
	return c, nil
}

// legible refuses a colour whose text cannot be read on one of the surfaces, and names the nearest that can. What a
// colour stands on may be made of itself.
func legible(field string, c colorful.Color, direction float64, under func(colorful.Color) []colorful.Color) error {
	least := lowest(c, under(c))
	if least >= textContrast {
		return nil
	}
	return fault.Input(field, "appearance.not_legible", fault.Args{
		"colour": c.Hex(), "contrast": math.Floor(least*10) / 10, "least": textContrast,
		"nearest": until(c, direction, textContrast, under).Hex(),
	})
}

// lowest is a colour's lowest contrast on some surfaces.
func lowest(c colorful.Color, under []colorful.Color) float64 {
	least := math.Inf(1)
	for _, s := range under {
		least = min(least, contrast(c, s))
	}
	return least
}

// Directions of until.
const (
	darker  = -.005
	lighter = .005
)

// until moves a colour's lightness (OKLCH, CSS Color 4) until it has a contrast on each surface. Hue stays, and
// saturation as far as a screen can show it.
func until(
	c colorful.Color, direction, least float64, under func(colorful.Color) []colorful.Color,
) colorful.Color {
	moved := c
	for n := 1; n <= 200 && lowest(moved, under(moved)) < least; n++ {
		moved = colour(step(c, direction*float64(n)).Hex()) // as it is written, rounded
	}
	return moved
}

// step is a colour with another lightness.
func step(c colorful.Color, by float64) colorful.Color {
	l, chroma, hue := c.OkLch()
	return colorful.OkLch(max(0, min(1, l+by)), chroma, hue).Clamped()
}

// contrast is the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
func contrast(a, b colorful.Color) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + .05) / (min(la, lb) + .05)
}

func luminance(c colorful.Color) float64 {
	r, g, b := c.LinearRgb()
	return .2126*r + .7152*g + .0722*b
}

func surfaces(all []string) []colorful.Color {
	made := make([]colorful.Color, len(all))
	for n, s := range all {
		made[n] = colour(s)
	}
	return made
}

// colour reads a colour that is written in this file, or was written by colorful.
func colour(s string) colorful.Color {
	c, err := colorful.Hex(s)
	if err != nil {
		panic(err)
	}
	return c
}
