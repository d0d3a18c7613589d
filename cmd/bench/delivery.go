package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// measureBytes is what the appeal weighs over the wire, in the coding that browsers ask for.
func (b *bench) measureBytes(ctx context.Context, p *pair) error {
	for _, f := range []struct {
		what, path string
		most       float64 // bytes; 0 is no aim
	}{
		{"cta.js, compressed", "/embed/cta.js", 5 << 10},
		{"choose.js, compressed", "/embed/choose.js", 0},
		{"CTA fragment, compressed", fragmentPath, 4 << 10},
	} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.service.address+f.path, nil)
		if err != nil {
			return err
		}
		request.Header.Set("Accept-Encoding", "gzip, deflate, br")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		sent, err := io.Copy(io.Discard, answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Encoding") == "" {
			return fmt.Errorf("%s: %s, coded %q", f.path, answer.Status, answer.Header.Get("Content-Encoding"))
		}
		b.add(compare(f.what, "bytes", "-", []float64{float64(sent)}, nothing(1), 0).figureAtMost(f.most))
	}
	return nil
}

// measureHits is how much of the load reaches the service behind nginx's cache, with nothing of nginx set but that it
// caches, goes on with what it has while it asks, and asks once.
func (b *bench) measureHits(ctx context.Context, p *pair) (err error) {
	const what = "CTA fragment behind nginx's cache: hits"
	program, missing := exec.LookPath("nginx")
	if missing != nil {
		b.add(compare(what, "%", "nginx is not installed", nothing(1), nothing(1), 0))
		return nil
	}
	proxy, err := b.startProxy(ctx, program, p.service.address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, proxy.stop()) }()
	if err := proxy.ready(ctx); err != nil {
		return err
	}
	var requests [][]byte
	for _, lang := range []string{"en", "de", "fr", "ar"} { // pages in four languages, whatever the article
		requests = append(requests, fmt.Appendf(nil, "GET %s?origin=%s&lang=%s HTTP/1.1\r\nHost: readerfund.example\r\n"+
			"Accept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nOrigin: https://news.example.org\r\n\r\n",
			fragmentPath, url.QueryEscape("https://news.example.org"), lang))
	}
	before, err := appealsAnswered(ctx, p.admin)
	if err != nil {
		return err
	}
	length := max(b.turn, time.Second) * 3
	began := time.Now()
	rate, err := load{address: proxy.address, connections: fragmentClients, status: http.StatusOK,
		next: func(buf []byte, i int) ([]byte, bool) { return append(buf, requests[i%len(requests)]...), true },
	}.drive(ctx, length)
	if err != nil {
		return err
	}
	sent := rate * time.Since(began).Seconds()
	after, err := appealsAnswered(ctx, p.admin)
	if err != nil {
		return err
	}
	hits := 100 * (1 - (after-before)/sent)
	b.add(compare(what, "%", "-", []float64{hits}, nothing(1), 0).figureAtLeast(99))
	return nil
}

// startProxy starts nginx before a service.
func (b *bench) startProxy(ctx context.Context, program, service string) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.house.dir, "nginx")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // its workers write into our folder
	}
	config := strings.NewReplacer("USER", user, "DIR", dir, "LISTEN", address, "SERVICE", service).Replace(`
USER daemon off; worker_processes 1; pid DIR/pid; error_log stderr warn;
events { worker_connections 512; }
http {
    access_log off;
    keepalive_requests 10000000;
    client_body_temp_path DIR/body; proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/fastcgi;
    uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
    proxy_cache_path DIR/cache keys_zone=appeal:1m;
    server {
        listen LISTEN;
        location / {
            proxy_pass http://SERVICE;
            proxy_set_header Host readerfund.example;
            proxy_cache appeal;
            proxy_cache_lock on;
            proxy_cache_background_update on;
            proxy_cache_use_stale updating error timeout http_500 http_502 http_503;
        }
    }
}
`)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	proxy, err := launch(program, filepath.Join(b.house.dir, "nginx.log"), []string{"-p", dir, "-c", file}, nil, nil)
	if err != nil {
		return nil, err
	}
	proxy.address = address
	return proxy, nil
}

// appealsAnswered is how many requests for an appeal the service has answered, as its metrics say.
func appealsAnswered(ctx context.Context, admin string) (float64, error) {
	return counted(ctx, admin, `readerfund_http_request_seconds_count{route="/embed/{campaign}"`)
}

// counted adds up the metrics of the service whose lines begin so.
func counted(ctx context.Context, admin, prefix string) (n float64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, prefix) {
			count, err := strconv.ParseFloat(line[strings.LastIndex(line, " ")+1:], 64)
			if err != nil {
				return 0, err
			}
			n += count
		}
	}
	return n, lines.Err()
}
