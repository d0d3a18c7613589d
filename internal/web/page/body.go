package page

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"readerfund/internal/fault"
)

// MaxForm is the most we read of a form or a JSON body, in bytes; the longest honest one is a few kilobytes.
const MaxForm = 64 << 10

// MediaType is the body's declared type in lower case, without parameters; empty when there is none or it is garbled.
func MediaType(r *http.Request) string {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// Media types of bodies and answers.
const (
	FormType      = "application/x-www-form-urlencoded"
	MultipartType = "multipart/form-data"
	JSONType      = "application/json"
	ProblemType   = "application/problem+json"
)

// IsForm reports whether a body of this type is a form.
func IsForm(mediaType string) bool { return mediaType == FormType || mediaType == MultipartType }

// ReadForm reads a form in either of the two ways a browser sends one. Files in it are left aside.
func ReadForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if !IsForm(MediaType(r)) {
		return nil, NewError(http.StatusUnsupportedMediaType, "web.send_the_form")
	}
	body, err := ReadBody(w, r, MaxForm)
	if err != nil {
		return nil, err
	}
	v, err := formValues(r, body)
	if err != nil {
		return nil, NewError(http.StatusBadRequest, "web.form_garbled")
	}
	return v, nil
}

func formValues(r *http.Request, body []byte) (url.Values, error) {
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	if MediaType(r) == FormType {
		return url.ParseQuery(string(body))
	}
	form, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).ReadForm(MaxForm)
	if err != nil {
		return nil, err
	}
	return form.Value, form.RemoveAll()
}

// CheckBody refuses a body by its headers if it declares itself too long or encoded: an encoded body could unpack to
// any size, and no honest client sends one here.
func CheckBody(r *http.Request, limit int64) error {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return NewError(http.StatusUnsupportedMediaType, "api.body_encoded")
	}
	if r.ContentLength > limit {
		return fault.New(fault.TooLarge, "web.too_large", fault.Args{"max": limit})
	}
	return nil
}

// ReadBody reads at most limit bytes, with or without a declared length, and refuses what CheckBody refuses.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if err := CheckBody(r, limit); err != nil {
		return nil, err
	}
	body, err := readAll(r, http.MaxBytesReader(w, r.Body, limit))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return nil, fault.New(fault.TooLarge, "web.too_large", fault.Args{"max": limit})
	}
	if err != nil {
		return nil, NewError(http.StatusBadRequest, "web.body_broke_off")
	}
	return body, nil
}

// expected is the largest declared length for which a buffer is allocated at once; a longer body has to arrive first.
const expected = 16 << 10

// readAll reads to the end, without growing the buffer on the way if the length is known.
func readAll(r *http.Request, from io.Reader) ([]byte, error) {
	if r.ContentLength <= 0 || r.ContentLength > expected {
		return io.ReadAll(from)
	}
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(from, body); err != nil {
		return nil, err
	}
	return body, nil
}

// PathID reads the id in the address, and accepts only the spelling that we write; any other is a NotFound error.
func PathID(r *http.Request) (uuid.UUID, error) {
	text := r.PathValue("id")
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return uuid.UUID{}, NotFound()
	}
	return id, nil
}
