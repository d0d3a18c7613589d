package engine

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"readerfund/internal/testkit"
)

// sideBySide puts the engines' pictures of some pages beside each other, as artifacts/engines/{page}-{width}.png.
func sideBySide(t *testing.T, pattern string, sizes ...screen) {
	t.Helper()
	root := testkit.Root(t, "artifacts", "engines")
	for _, s := range sizes {
		pages, err := filepath.Glob(filepath.Join(root, fmt.Sprintf("%s-%d", engines()[0].name, s.width), pattern))
		if err != nil || len(pages) == 0 {
			t.Fatalf("no pictures in %s: %v", root, err)
		}
		for _, p := range pages {
			var all []image.Image
			for _, e := range engines() {
				picture, err := readPNG(filepath.Join(root, fmt.Sprintf("%s-%d", e.name, s.width), filepath.Base(p)))
				if err != nil {
					t.Error(err)
					continue
				}
				all = append(all, picture)
			}
			name := fmt.Sprintf("%s-%d.png", filepath.Base(p[:len(p)-len(".png")]), s.width)
			if err := writePNG(filepath.Join(root, name), sheet(all)); err != nil {
				t.Error(err)
			}
		}
	}
}

// sheet is pictures in a row, with some space between them.
func sheet(all []image.Image) image.Image {
	const space = 16
	width, height := -space, 0
	for _, p := range all {
		width, height = width+p.Bounds().Dx()+space, max(height, p.Bounds().Dy())
	}
	s := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(s, s.Bounds(), image.NewUniform(color.Gray{Y: 0x80}), image.Point{}, draw.Src)
	at := 0
	for _, p := range all {
		draw.Draw(s, p.Bounds().Add(image.Pt(at, 0)), p, p.Bounds().Min, draw.Src)
		at += p.Bounds().Dx() + space
	}
	return s
}

func readPNG(name string) (image.Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return png.Decode(f)
}

func writePNG(name string, p image.Image) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, p), f.Close())
}
