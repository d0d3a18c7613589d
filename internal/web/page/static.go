package page

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"readerfund/internal/i18n"
)

// asset is a static file under an address that names its content, so that it may be cached for ever.
type asset struct {
	address     string // "/static/site.1f0c9e52d1.css"
	contentType string
	*Encoded
}

// assets are the static files by name ("site.css") and by the last part of their address.
type assets struct {
	byName map[string]asset
	byHash map[string]asset
}

// readAssets reads and hashes templates/static. Scripts and stylesheets become smaller, and scripts speak the
// catalogue's languages.
func readAssets(files fs.FS, catalogue *i18n.Catalogue) (assets, error) {
	all := assets{byName: map[string]asset{}, byHash: map[string]asset{}}
	entries, err := fs.ReadDir(files, "static")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return assets{}, fmt.Errorf("list static files: %w", err)
	}
	for _, e := range entries {
		body, err := fs.ReadFile(files, "static/"+e.Name())
		if err != nil {
			return assets{}, fmt.Errorf("read static file: %w", err)
		}
		ext := path.Ext(e.Name())
		if ext == ".js" {
			if body, err = speak(catalogue, body); err != nil {
				return assets{}, fmt.Errorf("%s: %w", e.Name(), err)
			}
		}
		body = shrink(ext, body)
		sum := sha256.Sum256(body)
		hashed := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:5]) + ext
		a := asset{address: "/static/" + hashed, contentType: contentType(ext), Encoded: NewEncoded(body)}
		all.byName[e.Name()], all.byHash[hashed] = a, a
	}
	return all, nil
}

// contentType asks the standard library, except where its answer depends on the machine's own tables.
func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".ico":
		return "image/x-icon"
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}

// address is the hashed address of a static file; a view that names a file we do not have fails to render.
func (a assets) address(name string) (string, error) {
	f, ok := a.byName[name]
	if !ok {
		return "", fmt.Errorf("no static file %q", name)
	}
	return f.address, nil
}

// Script answers with a script whose address cannot carry a hash, because other people's pages link to it: a short
// max-age and an ETag keep it fresh.
func (p *Renderer) Script(name string) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		script := p.Templates().static.byName[name]
		etag := `"` + script.address + `"`
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Allow-Origin", "*") // as a module it comes by CORS
		h.Set("ETag", etag)
		h.Set("Vary", "Accept-Encoding")
		if NotModified(r, etag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		script.write(w, r)
		return nil
	}
}

// Static answers for the static file that the path value "file" names.
func (p *Renderer) Static(w http.ResponseWriter, r *http.Request) error {
	f, ok := p.Templates().static.byHash[r.PathValue("file")]
	if !ok {
		return NotFound()
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	// The call to action's stylesheet is loaded by other sites' pages.
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "*")
	f.write(w, r)
	return nil
}

func (a asset) write(w http.ResponseWriter, r *http.Request) {
	h, body := w.Header(), a.For(r)
	h.Set("Vary", "Accept-Encoding")
	if body.Encoding != nil {
		h["Content-Encoding"] = body.Encoding
	}
	Write(w, http.StatusOK, a.contentType, body.Bytes)
}
