package media_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/media"
	"readerfund/internal/testkit"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func newStore(t *testing.T) *media.Store {
	t.Helper()
	return media.New(dbtest.New(t), func() time.Time { return noon })
}

// photo is a picture whose upper left quarter is red, with noise, so that no format is much shorter than another.
func photo(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	dice := rand.New(rand.NewPCG(1, 2))
	for y := range height {
		for x := range width {
			c := color.RGBA{uint8(x * 150 / width), uint8(y * 255 / height), uint8(dice.IntN(64)), 255}
			if x < width/2 && y < height/2 {
				c = color.RGBA{230, 10, 10, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func asJPEG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif puts an APP1 segment behind a JPEG's first marker: how the camera was held, and where it was.
func exif(body []byte, held uint16) []byte {
	tiff := []byte("MM\x00*\x00\x00\x00\x08")
	tiff = binary.BigEndian.AppendUint16(tiff, 2)
	tiff = append(tiff, 1, 0x0e, 0, 2, 0, 0, 0, 20, 0, 0, 0, 38) // ImageDescription: 20 bytes at 38
	tiff = append(tiff, 1, 0x12, 0, 3, 0, 0, 0, 1, byte(held>>8), byte(held), 0, 0)
	tiff = append(tiff, 0, 0, 0, 0)
	tiff = append(tiff, "at home, 52.5 13.4\x00\x00"...)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	marker := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(segment)+2))
	return bytes.Join([][]byte{body[:2], marker, segment, body[2:]}, nil)
}

func decode(t *testing.T, f media.File) image.Image {
	t.Helper()
	m, format, err := image.Decode(bytes.NewReader(f.Bytes))
	if err != nil || "image/"+format != f.Type {
		t.Fatalf("%s that is called %s: %v", format, f.Type, err)
	}
	return m
}

func TestAPictureIsKeptInSeveralWidths(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	p, err := s.Add(t.Context(), "portrait", bytes.NewReader(asJPEG(t, photo(2000, 1000))))
	if err != nil {
		t.Fatal(err)
	}
	if p.Width != 1536 || p.Height != 768 {
		t.Errorf("kept as %d × %d", p.Width, p.Height)
	}
	for _, width := range append([]int{0}, campaign.Widths...) {
		f, err := s.File(t.Context(), p.Digest, width)
		if err != nil {
			t.Fatalf("width %d: %v", width, err)
		}
		want := width
		if width == 0 {
			want = p.Width
		}
		if m := decode(t, f); m.Bounds().Dx() != want || m.Bounds().Dy() != want/2 || f.Type != "image/jpeg" {
			t.Errorf("width %d: %v, %s", width, m.Bounds(), f.Type)
		}
	}
	if got := p.Path(200); got != "/media/"+p.Digest+"/384" {
		t.Errorf("200 pixels are at %s", got)
	}
	if got := p.Path(1000); got != "/media/"+p.Digest {
		t.Errorf("1000 pixels are at %s", got)
	}
	if got := p.Srcset("https://give.example"); strings.Count(got, "https://give.example/media/") != 5 ||
		!strings.HasSuffix(got, p.Digest+" 1536w") {
		t.Errorf("srcset %s", got)
	}
	found, err := s.Find(t.Context(), "portrait", p.Digest)
	if err != nil || found != p {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestASmallPictureIsNotMadeLarger(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	p, err := s.Add(t.Context(), "portrait", bytes.NewReader(asPNG(t, photo(96, 120))))
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Add(t.Context(), "portrait", bytes.NewReader(asPNG(t, photo(96, 120))))
	if err != nil || again != p {
		t.Errorf("the same picture is another one: %v, %v", again, err)
	}
	if p.Width != 96 || p.Height != 120 || p.Path(96) != "/media/"+p.Digest {
		t.Errorf("%+v at %s", p, p.Path(96))
	}
	if _, err := s.File(t.Context(), p.Digest, 192); !fault.Is(err, fault.NotFound) {
		t.Errorf("a wider one: %v", err)
	}
	if _, err := s.File(t.Context(), strings.Repeat("0", 64), 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("another picture: %v", err)
	}
	if _, err := s.Find(t.Context(), "logo", strings.Repeat("0", 64)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("another picture in a form: %v", err)
	}
}

func TestALogoStaysTransparent(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	logo := image.NewNRGBA(image.Rect(0, 0, 300, 100))
	for x := range 150 {
		logo.SetNRGBA(x, 50, color.NRGBA{10, 60, 120, 200})
	}
	p, err := s.Add(t.Context(), "logo", bytes.NewReader(asPNG(t, logo)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.File(t.Context(), p.Digest, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, alpha := decode(t, f).At(299, 99).RGBA(); f.Type != "image/png" || alpha != 0 {
		t.Errorf("%s with alpha %d", f.Type, alpha)
	}
}

// A phone writes a picture as its sensor lay, and beside it how it was held and where.
func TestACameraPictureIsUprightAndSaysNotWhereItWasTaken(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for held := uint16(1); held <= 8; held++ {
		body := exif(asJPEG(t, photo(160, 80)), held)
		if !bytes.Contains(body, []byte("at home")) {
			t.Fatal("the test's picture does not say where it was taken")
		}
		p, err := s.Add(t.Context(), "portrait", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.File(t.Context(), p.Digest, 0)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(f.Bytes, []byte("at home")) || bytes.Contains(f.Bytes, []byte("Exif")) {
			t.Errorf("held as %d, it still says where", held)
		}
		m := decode(t, f)
		w, h := m.Bounds().Dx(), m.Bounds().Dy()
		if upright := held < 5; upright != (w > h) {
			t.Errorf("held as %d: %d × %d", held, w, h)
		}
		// The corner in which the red quarter is, as Exif defines the eight.
		want := map[uint16]image.Point{
			1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1},
		}[held]
		for _, corner := range []image.Point{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
			r, g, b, _ := m.At(w/8+corner.X*w*3/4, h/8+corner.Y*h*3/4).RGBA()
			if red := r>>8 > 200 && g>>8 < 60 && b>>8 < 60; red != (corner == want) {
				t.Errorf("held as %d: corner %v is red: %v", held, corner, red)
			}
		}
	}
}

// bomb is a PNG of a few bytes that claims to be of that size.
func bomb(t *testing.T, width, height uint32) []byte {
	t.Helper()
	body := asPNG(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	binary.BigEndian.PutUint32(body[16:], width)
	binary.BigEndian.PutUint32(body[20:], height)
	binary.BigEndian.PutUint32(body[29:], crc32.ChecksumIEEE(body[12:29]))
	return body
}

func TestWhatIsNoPictureIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	s := media.New(d, func() time.Time { return noon })
	whole := asJPEG(t, photo(100, 100))
	for name, c := range map[string]struct {
		body []byte
		key  string
	}{
		"nothing":         {nil, "media.not_a_picture"},
		"a program":       {append([]byte("MZ\x90\x00"), make([]byte, 500)...), "media.not_a_picture"},
		"another program": {[]byte("\x7fELF\x02\x01\x01\x00"), "media.not_a_picture"},
		"SVG with a script": {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
			"media.not_a_picture"},
		"a page":           {[]byte("<!doctype html><script>alert(1)</script>"), "media.not_a_picture"},
		"GIF":              {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "media.not_a_picture"},
		"half a picture":   {whole[:len(whole)/2], "media.damaged"},
		"only a beginning": {whole[:12], "media.damaged"},
		"WebP of nothing":  {[]byte("RIFF\x1a\x00\x00\x00WEBPVP8 "), "media.damaged"},
		"a bomb":           {bomb(t, 60_000, 60_000), "media.too_many_pixels"},
		"a narrow bomb":    {bomb(t, 1<<31-1, 1), "media.too_many_pixels"},
		"50 MB":            {append(whole, make([]byte, 50<<20)...), "media.too_large"},
	} {
		_, err := s.Add(t.Context(), "portrait", bytes.NewReader(c.body))
		all := fault.All(err)
		if len(all) != 1 || all[0].Kind != fault.Invalid || all[0].Field != "portrait" || all[0].Message.Key != c.key {
			t.Errorf("%s: %v, want %s", name, err, c.key)
		}
	}
	if n := testkit.Count(t, d, "image"); n != 0 {
		t.Errorf("%d of them were kept", n)
	}
}

// What stands behind a picture's end is not served: a file can be two things at once.
func TestWhatIsServedWasWrittenHere(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	p, err := s.Add(t.Context(), "portrait", bytes.NewReader(append(asJPEG(t, photo(100, 100)),
		"<script>alert(1)</script>"...)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.File(t.Context(), p.Digest, 0)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(f.Bytes, []byte("script")) {
		t.Error("the upload itself is served")
	}
}

func TestAPictureIsServedWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	s := media.New(d, func() time.Time { return noon })
	p, err := s.Add(t.Context(), "portrait", bytes.NewReader(asJPEG(t, photo(100, 100))))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.File(t.Context(), p.Digest, 96); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.File(t.Context(), p.Digest, 96); err != nil {
		t.Errorf("one that was asked for before: %v", err)
	}
	if _, err := s.File(t.Context(), p.Digest, 0); err == nil {
		t.Error("one that was not is there without a database")
	}
}
