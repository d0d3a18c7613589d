package engine

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"time"
)

// onDisplay is the wire of a browser whose pictures are taken from its display, which Xvfb keeps in a file (-fbdir):
// WebKitWebDriver's own screenshot sometimes does not return on a busy machine. The page fills the window, and the
// window stands in the display's upper left corner.
type onDisplay struct {
	*overHTTP

	file   string // in the format of xwd
	size   []int  // the page's, as it was last
	silent bool   // the driver answers no more
}

func (w *onDisplay) call(ctx context.Context, c command, params map[string]any) (json.RawMessage, error) {
	if c != screenshot {
		return w.overHTTP.call(ctx, c, params)
	}
	if !w.silent {
		if err := w.painted(ctx); err != nil {
			return nil, err
		}
	}
	picture, err := w.atRest(ctx, image.Rect(0, 0, w.size[0], w.size[1]))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return nil, err
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(b.Bytes()))
}

// moment is how long nothing has to change before a picture is taken: the engine paints when it likes.
const moment = 300 * time.Millisecond

// painted waits until the page was painted twice, and notes its size.
func (w *onDisplay) painted(ctx context.Context) error {
	const twice = `window.readerfundPainted ??= (requestAnimationFrame(() => requestAnimationFrame(() => {
		window.readerfundPainted = true;
	})), false);
	return window.readerfundPainted ? [innerWidth, innerHeight] : [];`
	for {
		answer, err := w.overHTTP.call(ctx, script, map[string]any{"script": twice, "args": []any{}})
		if err != nil {
			return err
		}
		var size []int
		if err := json.Unmarshal(answer, &size); err != nil {
			return fmt.Errorf("the page's size is %s: %w", answer, err)
		}
		if len(size) == 2 {
			w.size = size
			return nil
		}
		time.Sleep(moment / 10)
	}
}

// atRest is a part of the display once it is the same for a moment, but for a blinking caret.
func (w *onDisplay) atRest(ctx context.Context, part image.Rectangle) (image.Image, error) {
	var last *image.RGBA
	for {
		now, err := readXWD(w.file, part)
		if err != nil {
			return nil, err
		}
		if last != nil && differing(now, last) <= 100 {
			return now, nil
		}
		last = now
		select {
		case <-ctx.Done():
			return nil, errors.Join(errors.New("the page does not come to rest"), ctx.Err())
		case <-time.After(moment):
		}
	}
}

// differing counts the bytes in which two pictures of one size differ.
func differing(a, b *image.RGBA) (n int) {
	for at := range a.Pix {
		if a.Pix[at] != b.Pix[at] {
			n++
		}
	}
	return n
}

// xwdHeader begins a file of xwd, in big-endian order (X11/XWDFile.h).
type xwdHeader struct {
	HeaderSize, FileVersion, PixmapFormat, PixmapDepth, PixmapWidth, PixmapHeight, XOffset, ByteOrder, BitmapUnit,
	BitmapBitOrder, BitmapPad, BitsPerPixel, BytesPerLine, VisualClass, RedMask, GreenMask, BlueMask, BitsPerRGB,
	ColormapEntries, Colors uint32
}

// readXWD reads a part of a picture in the format that Xvfb writes: 24 bits of colour in 32, the lowest byte first.
func readXWD(name string, part image.Rectangle) (*image.RGBA, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var h xwdHeader
	if err := binary.Read(bytes.NewReader(raw), binary.BigEndian, &h); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	const version, bytesOfColour = 7, 12
	pixels := int(h.HeaderSize + h.Colors*bytesOfColour)
	if h.FileVersion != version || h.BitsPerPixel != 32 || h.ByteOrder != 0 ||
		len(raw) < pixels+int(h.BytesPerLine*h.PixmapHeight) {
		return nil, fmt.Errorf("%s is in another format: %+v", name, h)
	}
	part = part.Intersect(image.Rect(0, 0, int(h.PixmapWidth), int(h.PixmapHeight)))
	picture := image.NewRGBA(part)
	draw.Draw(picture, part, image.NewUniform(color.Black), image.Point{}, draw.Src) // without transparency
	for y := part.Min.Y; y < part.Max.Y; y++ {
		line := raw[pixels+y*int(h.BytesPerLine):]
		for x := part.Min.X; x < part.Max.X; x++ {
			blue, green, red := line[4*x], line[4*x+1], line[4*x+2]
			copy(picture.Pix[picture.PixOffset(x, y):], []byte{red, green, blue})
		}
	}
	return picture, nil
}
