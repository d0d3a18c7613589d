package paypal

import (
	"context"
	"errors"
	"html"
	"net/url"
	"strings"
	"time"
)

// page is one page of a list: its rows, and the links that lead on.
type page[T any] struct {
	rows  []T
	links []linkJSON
}

// eachPage reads a list page by page and hands on every row, in PayPal's order. It ends with the first error of each's,
// which it gives back as it is: what PayPal has on the pages after it was not looked at.
func eachPage[T any](
	ctx context.Context, c *Client, k call, read func([]byte) (page[T], error), each func(T) error,
) error {
	list, _, _ := strings.Cut(k.path, "?")
	seen := map[string]bool{}
	for {
		seen[k.path] = true
		var got page[T]
		k.read = func(body []byte) (err error) {
			got, err = read(body)
			return err
		}
		if err := c.do(ctx, k); err != nil {
			return err
		}
		for _, row := range got.rows {
			if err := each(row); err != nil {
				return err
			}
		}
		next, err := c.base.next(got.links, list)
		switch {
		case err != nil:
			return &Error{Operation: k.operation, Err: err}
		case next == "":
			return nil
		case seen[next]:
			return &Error{Operation: k.operation, Err: errors.New("the pages lead round in a circle")}
		}
		k.path = next
	}
}

// next is the path and query of the page after this one, empty after the last. The host of the link is checked and not
// used: PayPal names api.paypal.com where we talk to api-m.paypal.com. Its lists of events write the path with a slash
// at the end, and in places "&amp;" for "&".
func (b base) next(links []linkJSON, list string) (string, error) {
	for _, l := range links {
		if l.Rel != "next" {
			continue
		}
		u, err := url.Parse(html.UnescapeString(l.Href))
		if err != nil || !b.api(u) || strings.TrimSuffix(u.Path, "/") != list {
			return "", errors.New("the next page is not one of the same list")
		}
		return list + "?" + u.RawQuery, nil
	}
	return "", nil
}

// api reports whether an address is of the API that we talk to.
func (b base) api(u *url.URL) bool {
	if u.User != nil || u.Opaque != "" {
		return false
	}
	if b.world == elsewhere {
		return u.Scheme+"://"+u.Host == b.url
	}
	world, known := apiHosts[u.Host]
	return known && world == b.world && u.Scheme == "https"
}

// writeTime is for queries: RFC 3339 in UTC, with milliseconds only where there are some.
func writeTime(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.999Z07:00")
}
