package catcher

import (
	_ "embed" // the page
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
)

//go:embed page.html
var page string

// Handler shows the mails: / lists them, /mails/1 is one, /api/mails has all as JSON. It has no access control, so it
// belongs on a loopback address.
func (c *Catcher) Handler() http.Handler {
	pages := template.Must(template.New("page").Parse(page))
	show := func(w http.ResponseWriter, name string, data any) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'")
		_ = pages.ExecuteTemplate(w, name, data) // the reader has gone
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		all := c.Mails()
		slices.Reverse(all)
		show(w, "list", all)
	})
	mux.HandleFunc("GET /mails/{id}", c.one(func(w http.ResponseWriter, m Mail) { show(w, "mail", m) }))
	mux.HandleFunc("GET /mails/{id}/html", c.one(func(w http.ResponseWriter, m Mail) {
		// As a mail program shows it: no scripts, and nothing from elsewhere. A click on a link opens a new page.
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(m.HTML))
	}))
	mux.HandleFunc("GET /mails/{id}/raw", c.one(func(w http.ResponseWriter, m Mail) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(m.Raw)
	}))
	mux.HandleFunc("POST /clear", func(w http.ResponseWriter, r *http.Request) {
		c.Clear()
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /api/mails", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(append([]Mail{}, c.Mails()...))
	})
	mux.HandleFunc("DELETE /api/mails", func(http.ResponseWriter, *http.Request) { c.Clear() })
	mux.HandleFunc("PUT /api/fault", func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.Fail(f)
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

// one finds the mail that an address names.
func (c *Catcher) one(show func(http.ResponseWriter, Mail)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.PathValue("id"))
		all := c.Mails()
		at := slices.IndexFunc(all, func(m Mail) bool { return m.ID == id })
		if at < 0 {
			http.NotFound(w, r)
			return
		}
		show(w, all[at])
	}
}
