package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"readerfund/internal/fault"
)

// maxForm is the most we read of a form or a JSON body, in bytes; the longest honest one is a few kilobytes.
const maxForm = 64 << 10

// mediaType is the body's declared type in lower case, without parameters; empty when there is none or it is garbled.
func mediaType(r *http.Request) string {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

const (
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
	jsonType      = "application/json"
	problemType   = "application/problem+json"
)

// isForm reports whether a body of this type is a form.
func isForm(mediaType string) bool { return mediaType == formType || mediaType == multipartType }

// readForm reads a form in either of the two ways a browser sends one. Files in it are left aside.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if !isForm(mediaType(r)) {
		return nil, &httpError{http.StatusUnsupportedMediaType, "Send the form of this page."}
	}
	body, err := readBody(w, r, maxForm)
	if err != nil {
		return nil, err
	}
	v, err := formValues(r, body)
	if err != nil {
		return nil, &httpError{http.StatusBadRequest,
			"The form came garbled. Please load the page again and send it once more."}
	}
	return v, nil
}

func formValues(r *http.Request, body []byte) (url.Values, error) {
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	if mediaType(r) == formType {
		return url.ParseQuery(string(body))
	}
	form, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).ReadForm(maxForm)
	if err != nil {
		return nil, err
	}
	return form.Value, form.RemoveAll()
}

// checkBody refuses by its headers a body that says it is longer or encoded: an encoded body could unpack to anything,
// and nobody honest sends one here.
func checkBody(r *http.Request, limit int64) error {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return &httpError{http.StatusUnsupportedMediaType, "Send the body as it is, without a Content-Encoding."}
	}
	if r.ContentLength > limit {
		return fault.TooLargef("At most %d bytes are read here.", limit)
	}
	return nil
}

// readBody reads at most limit bytes, however the body comes, and refuses what checkBody refuses.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if err := checkBody(r, limit); err != nil {
		return nil, err
	}
	body, err := readAll(r, http.MaxBytesReader(w, r.Body, limit))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return nil, fault.TooLargef("At most %d bytes are read here.", limit)
	}
	if err != nil {
		return nil, &httpError{http.StatusBadRequest, "The body broke off before its end."}
	}
	return body, nil
}

// expected is how long a body may say it is and have the room for it at once; who says more has to send it first.
const expected = 16 << 10

// readAll reads to the end, without growing a buffer on the way when the length is known.
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
