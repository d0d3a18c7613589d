package web

import (
	"readerfund/internal/appearance"
	"readerfund/internal/campaign"
	"readerfund/internal/web/page"
)

// lookOf is what pages show of the appearance.
func lookOf(store *appearance.Store) func() page.Look {
	return func() page.Look {
		a := store.Current()
		return page.Look{
			Stylesheet: a.Stylesheet().Path, Appeal: a.AppealStylesheet().Path, Logo: imageOf(a.Logo),
			LogoDark: imageOf(a.LogoDark),
		}
	}
}

// logoWidth is the widest that a logo is shown, in pixels of a screen with two in a point.
const logoWidth = 480

func imageOf(p *campaign.Picture) *page.Image {
	if p == nil {
		return nil
	}
	return &page.Image{Address: p.Path(logoWidth), Srcset: p.Srcset(""), Width: p.Width, Height: p.Height}
}
