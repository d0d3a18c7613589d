package main

import (
	"context"
	"net/url"
	"time"
)

const (
	fragmentClients = 32
	fragmentPath    = "/embed/support" // the default campaign's
)

// fragmentOnArticle is how a server asks that includes it.
var fragmentOnArticle = fragmentPath + "?article=" +
	url.QueryEscape("https://news.example.org/2026/03/the-river-and-the-harbour")

// measureFragment holds the call to action against a handler that writes the same bytes and headers.
func (b *bench) measureFragment(ctx context.Context) error {
	return b.house.withPair(ctx, "fragment", func(p *pair) error {
		for _, f := range []struct {
			what, path string
			aim        float64
		}{
			{"CTA fragment", fragmentPath, 0.95},
			{"CTA fragment on an article", fragmentOnArticle, 0.95}, // the bare handler does not read the article's address
		} {
			request := []byte("GET " + f.path + " HTTP/1.1\r\nHost: readerfund.example\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n")
			get := func(address string) func(context.Context, time.Duration) (float64, error) {
				return load{
					address: address, connections: fragmentClients, status: 200,
					next: func(buf []byte, _ int) ([]byte, bool) { return append(buf, request...), true },
				}.drive
			}
			results, err := contest(ctx, b.plan,
				contestant{name: "service", turn: b.profiled(p.admin, "fragment", get(p.service.address))},
				contestant{name: "bare net/http handler", turn: get(p.reference.address)})
			if err != nil {
				return err
			}
			b.add(compare(f.what, "requests/s", "bare net/http handler", results[0], results[1], f.aim))
		}
		if err := b.measureBytes(ctx, p); err != nil {
			return err
		}
		return b.measureHits(ctx, p)
	})
}
