package page

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"readerfund/internal/fault"
)

// upload posts a form with files of so many bytes, and gives what ReadUpload read of it.
func upload(t *testing.T, fields map[string]string, files map[string]int) (Upload, error) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, size := range files {
		part, err := form.CreateFormFile(name, "picture.jpg")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(bytes.Repeat([]byte{'x'}, size))
	}
	for name, text := range fields { // behind the files: that is where what was typed would be lost
		if err := form.WriteField(name, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return ReadUpload(httptest.NewRecorder(), r, 1<<20)
}

func TestAFileThatIsTooLargeLeavesTheRestOfTheForm(t *testing.T) {
	t.Parallel()
	u, err := upload(t, map[string]string{"heading": "Read <b>on</b>"}, map[string]int{"logo": 50 << 20,
		"portrait": 1 << 20, "empty": 0})
	if err != nil || u.Get("heading") != "Read <b>on</b>" {
		t.Fatalf("%q, %v", u.Get("heading"), err)
	}
	if _, err := u.File("logo"); fault.KindOf(err) != fault.Invalid || fault.All(err)[0].Field != "logo" {
		t.Errorf("50 MB: %v", err)
	}
	for field, size := range map[string]int64{"portrait": 1 << 20, "empty": 0} {
		file, err := u.File(field)
		if err != nil || file == nil {
			t.Fatalf("%s: %v", field, err)
		}
		if n, err := io.Copy(io.Discard, file); n != size || err != nil {
			t.Errorf("%s has %d bytes, %v", field, n, err)
		}
	}
	if file, err := u.File("picture"); file != nil || err != nil {
		t.Errorf("a file that was not chosen: %v, %v", file, err)
	}
}

func TestAnUploadIsBounded(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for n := range maxParts {
		many[strings.Repeat("n", n+1)] = ""
	}
	for name, c := range map[string]struct {
		fields map[string]string
		files  map[string]int
		want   fault.Kind
	}{
		"a larger body": {nil, map[string]int{"logo": maxUpload + 1}, fault.TooLarge},
		"a longer text": {map[string]string{"a": strings.Repeat("x", maxTyped/2+1), "b": strings.Repeat("x", maxTyped/2)},
			nil, fault.TooLarge},
		"more fields": {many, nil, fault.Internal},
	} {
		if _, err := upload(t, c.fields, c.files); err == nil || fault.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnUploadThatBreaksOffIsRefused(t *testing.T) {
	t.Parallel()
	for contentType, body := range map[string]string{
		"multipart/form-data; boundary=b":               "--b\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"a\"\r\n\r\nxx",
		"multipart/form-data":                           "xx",
		"text/plain":                                    "a=b",
		"multipart/form-data; boundary=" + "b" + "\x00": "--b--",
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		if _, err := ReadUpload(httptest.NewRecorder(), r, 1<<20); err == nil {
			t.Errorf("%s is read", contentType)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("heading=Read+on"))
	r.Header.Set("Content-Type", FormType)
	if u, err := ReadUpload(httptest.NewRecorder(), r, 1<<20); err != nil || u.Get("heading") != "Read on" {
		t.Errorf("a form without files: %v, %v", u, err)
	}
}
