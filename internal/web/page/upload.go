package page

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"readerfund/internal/fault"
)

const (
	// maxUpload is the most that is read of a form with files. A file that is larger than it may be is left aside, and
	// the rest of the form is read, so that what was typed can be shown again beside the error.
	maxUpload = 64 << 20
	// maxTyped is the most that is read of an upload's other fields together.
	maxTyped = 1 << 20
	// maxParts bounds the work on an upload.
	maxParts = 2000
	// uploadTime is how long an upload may take: ten megabytes over a slow line.
	uploadTime = 2 * time.Minute
)

// Upload is a form with files, read.
type Upload struct {
	url.Values

	most  int64             // bytes of a file
	files map[string][]byte // nil stands for one that was too large
}

// File is the file of a field; nil where none was chosen. One that was too large is a fault.Invalid in the field.
func (u Upload) File(field string) (io.Reader, error) {
	body, chosen := u.files[field]
	switch {
	case !chosen:
		return nil, nil //nolint:nilnil // that no file was chosen is an answer
	case body == nil:
		return nil, fault.Input(field, "media.too_large", fault.Args{"max": u.most >> 20})
	default:
		return bytes.NewReader(body), nil
	}
}

// ReadUpload reads a form with files of at most so many bytes, and a form without any in either of the two ways a
// browser sends one.
func ReadUpload(w http.ResponseWriter, r *http.Request, most int64) (Upload, error) {
	if MediaType(r) != MultipartType {
		v, err := ReadForm(w, r)
		return Upload{Values: v}, err
	}
	if err := CheckBody(r, maxUpload); err != nil {
		return Upload{}, err
	}
	// The server's own deadline is for readers' short forms.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime))
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	parts, err := r.MultipartReader()
	if err != nil {
		return Upload{}, NewError(http.StatusBadRequest, "web.form_garbled")
	}
	u := Upload{Values: url.Values{}, most: most, files: map[string][]byte{}}
	return u, u.read(parts)
}

func (u Upload) read(parts *multipart.Reader) error {
	typed := int64(maxTyped)
	for range maxParts {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // the documentation promises it unwrapped
			return nil
		}
		if err == nil && part.FileName() != "" {
			err = u.readFile(part)
		} else if err == nil {
			err = u.readText(part, &typed)
		}
		if err != nil {
			return uploadError(err)
		}
	}
	return NewError(http.StatusBadRequest, "web.form_garbled")
}

func (u Upload) readFile(part *multipart.Part) error {
	body, err := io.ReadAll(io.LimitReader(part, u.most+1))
	if err == nil && int64(len(body)) > u.most {
		body = nil
		_, err = io.Copy(io.Discard, part)
	}
	u.files[part.FormName()] = body
	return err
}

func (u Upload) readText(part *multipart.Part, left *int64) error {
	text, err := io.ReadAll(io.LimitReader(part, *left+1))
	if *left -= int64(len(text)); err == nil && *left < 0 {
		return fault.New(fault.TooLarge, "web.too_large", fault.Args{"max": maxTyped})
	}
	u.Add(part.FormName(), string(text))
	return err
}

func uploadError(err error) error {
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return fault.New(fault.TooLarge, "web.too_large", fault.Args{"max": maxUpload})
	}
	return NewError(http.StatusBadRequest, "web.form_garbled")
}
