package media

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"

	"github.com/bep/imagemeta"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
)

const (
	// maxPixels is the largest picture that is decoded. A progressive JPEG takes up to 16 bytes a pixel on the way, so
	// this is 400 MB at the most.
	maxPixels = 25_000_000
	// maxSide is the longer side of the largest file that is kept, in pixels: 768 points on a screen with two in each.
	maxSide = 1536
	// quality is JPEG's, from 1 to 100: photographs lose nothing at it that a reader sees.
	quality = 82
)

// format is a kind of file that is read.
type format struct {
	config func(body []byte) (image.Config, error)
	decode func(body []byte) (image.Image, error)
	meta   imagemeta.ImageFormat
}

// formats are found by what a file begins with, never by its name or what the browser calls it.
var formats = map[string]format{
	"image/jpeg": {config: reading(jpeg.DecodeConfig), decode: reading(jpeg.Decode), meta: imagemeta.JPEG},
	"image/png":  {config: reading(png.DecodeConfig), decode: reading(png.Decode), meta: imagemeta.PNG},
	"image/webp": {config: reading(webp.DecodeConfig), decode: reading(webp.Decode), meta: imagemeta.WebP},
}

// rendition is a file with its size.
type rendition struct {
	File
	width, height int
}

// render makes a picture anew, in each width, the largest last.
func render(field string, body []byte) ([]rendition, error) {
	kind := http.DetectContentType(body)
	f, ok := formats[kind]
	if !ok {
		return nil, fault.Input(field, "media.not_a_picture")
	}
	// The size stands at the file's beginning, and is read before its pixels are unpacked: a bomb is not.
	config, err := f.config(body)
	if err != nil {
		return nil, damaged(field, err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return nil, fault.Input(field, "media.too_many_pixels", fault.Args{
			"width": config.Width, "height": config.Height, "max": maxPixels / 1_000_000,
		})
	}
	decoded, err := f.decode(body)
	if err != nil {
		return nil, damaged(field, err)
	}
	full := upright(shrink(decoded, maxSide), orientation(body, f.meta))
	return renditions(full, kind == "image/jpeg")
}

// damaged is the fault of a picture that cannot be decoded.
func damaged(field string, cause error) error {
	wrong := fault.Input(field, "media.damaged")
	wrong.Err = cause
	return wrong
}

func renditions(full *image.RGBA, photo bool) ([]rendition, error) {
	var all []rendition
	own := full.Bounds().Dx()
	for _, w := range append(campaign.Widths[:len(campaign.Widths):len(campaign.Widths)], own) {
		if w > own || w == own && len(all) > 0 && all[len(all)-1].width == own {
			continue
		}
		sized := full
		if w < own {
			sized = scale(full, w, max(1, full.Bounds().Dy()*w/own))
		}
		file, err := encode(sized, photo)
		if err != nil {
			return nil, err
		}
		all = append(all, rendition{file, sized.Bounds().Dx(), sized.Bounds().Dy()})
	}
	return all, nil
}

// encode writes a photograph as JPEG, what is transparent somewhere as PNG, and anything else as the shorter of both.
func encode(m *image.RGBA, photo bool) (File, error) {
	var asJPEG, asPNG bytes.Buffer
	opaque := m.Opaque()
	if opaque {
		if err := jpeg.Encode(&asJPEG, m, &jpeg.Options{Quality: quality}); err != nil {
			return File{}, fmt.Errorf("write a picture: %w", err)
		}
		if photo {
			return File{"image/jpeg", asJPEG.Bytes()}, nil
		}
	}
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&asPNG, m); err != nil {
		return File{}, fmt.Errorf("write a picture: %w", err)
	}
	if opaque && asJPEG.Len() < asPNG.Len() {
		return File{"image/jpeg", asJPEG.Bytes()}, nil
	}
	return File{"image/png", asPNG.Bytes()}, nil
}

// shrink makes a picture fit into a square of that side.
func shrink(m image.Image, side int) *image.RGBA {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	switch longer := max(w, h); {
	case longer <= side:
	case w >= h:
		w, h = side, max(1, h*side/w)
	default:
		w, h = max(1, w*side/h), side
	}
	return scale(m, w, h)
}

func scale(m image.Image, width, height int) *image.RGBA {
	sized := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(sized, sized.Bounds(), m, m.Bounds(), draw.Src, nil)
	return sized
}

// reading makes a decoder of readers one of bytes.
func reading[T any](decode func(io.Reader) (T, error)) func([]byte) (T, error) {
	return func(body []byte) (T, error) { return decode(bytes.NewReader(body)) }
}
