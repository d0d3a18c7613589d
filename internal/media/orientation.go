package media

import (
	"bytes"
	"image"
	"strings"

	"github.com/bep/imagemeta"
)

// orientation is how a camera was held, by Exif's tag 0x0112: 1 to 8, where 1 is upright. A file that does not say it,
// or says it wrongly, is upright.
func orientation(body []byte, f imagemeta.ImageFormat) int {
	held := 1
	_, err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(body), ImageFormat: f, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool {
			return strings.EqualFold(tag.Tag, "orientation") && tag.Namespace == "IFD0"
		},
		HandleTag: func(tag imagemeta.TagInfo) error {
			if n, ok := tag.Value.(uint16); ok && n >= 1 && n <= 8 {
				held = int(n)
			}
			return imagemeta.ErrStopWalking
		},
	})
	if err != nil {
		return 1 // the pixels are good, whatever stands beside them
	}
	return held
}

// upright turns a picture as its orientation asks for (Exif 2.32, section 4.6.5.1, Orientation).
func upright(m *image.RGBA, held int) *image.RGBA {
	if held == 1 {
		return m
	}
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	turned := image.NewRGBA(image.Rect(0, 0, w, h))
	if held >= 5 { // rows are columns
		turned = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := place(held, x, y, w, h)
			turned.SetRGBA(tx, ty, m.RGBAAt(x, y))
		}
	}
	return turned
}

// place is where a pixel comes to.
func place(held, x, y, w, h int) (int, int) {
	switch held {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	default:
		return x, y
	}
}
