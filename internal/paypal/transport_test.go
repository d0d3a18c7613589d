package paypal_test

import (
	"io"
	"net/http"
	"strings"
)

// transport answers in place of a network.
type transport func(*http.Request) (status int, body string)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := f(r)
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r, ProtoMajor: 1,
		ProtoMinor: 1,
	}, nil
}
