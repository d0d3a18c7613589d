package web

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"
)

func TestPicturesAreServedForEver(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	var body bytes.Buffer
	if err := png.Encode(&body, image.NewGray(image.Rect(0, 0, 300, 200))); err != nil {
		t.Fatal(err)
	}
	p, err := h.Media.Add(t.Context(), "portrait", &body)
	if err != nil {
		t.Fatal(err)
	}
	r := h.newReader()
	for _, address := range []string{p.Path(96), p.Path(384)} {
		got := r.get(address)
		for header, want := range map[string]string{
			"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "cross-origin",
			"Cache-Control": "public, max-age=31536000, immutable", "Content-Security-Policy": "default-src 'none'",
		} {
			if got.status != 200 || got.header.Get(header) != want {
				t.Errorf("%s: %d, %s is %q", address, got.status, header, got.header.Get(header))
			}
		}
	}
	for _, address := range []string{
		"/media/" + p.Digest + "/768", "/media/" + p.Digest + "/97", "/media/" + p.Digest + "/x", "/media/" + p.Digest + "/0",
		"/media/" + strings.ToUpper(p.Digest), "/media/" + strings.Repeat("0", 64), "/media/x",
	} {
		if got := r.get(address); got.status != 404 {
			t.Errorf("%s: %d", address, got.status)
		}
	}
}
