package screen

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"readerfund/internal/audit"
	"readerfund/internal/fault"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/words"
)

const (
	// exportsAtOnce is how many exports one process makes at the same time; each keeps a page of rows in memory.
	exportsAtOnce = 4
	// exportTime is how long the download of an export may take, and chunkTime how long the client may take for each few
	// kilobytes of it: a slow line passes, and a client that stopped reading gives its place to others.
	exportTime = 15 * time.Minute
	chunkTime  = 30 * time.Second
)

// Exporter makes downloads, a limited number at a time, and records each in the audit log.
type Exporter struct {
	pages     *page.Renderer
	audit     *audit.Log
	log       *slog.Logger
	places    chan struct{} // for exports being made
	chunkTime time.Duration // how long a client may take for each few kilobytes
}

// NewExporter makes downloads for all pages that share it: they are limited together.
func NewExporter(pages *page.Renderer, log *audit.Log, logger *slog.Logger) *Exporter {
	return &Exporter{
		pages: pages, audit: log, log: logger, places: make(chan struct{}, exportsAtOnce), chunkTime: chunkTime,
	}
}

// enter takes a place, or returns an error if there is none.
func (s *Exporter) enter() (leave func(), err error) {
	select {
	case s.places <- struct{}{}:
		return func() { <-s.places }, nil
	default:
		return nil, fault.New(fault.Unavailable, "api.downloads_busy")
	}
}

// Download sends a CSV file while it is written. An error before the first byte becomes an ordinary answer; a later one
// cuts the connection, so that half a file is not taken for a whole one.
func (s *Exporter) Download(
	w http.ResponseWriter, r *http.Request, name string, days DateRange, write func(io.Writer) error,
) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	name += days.inName()
	out := &downloadWriter{
		w: w, control: http.NewResponseController(w), filename: name + ".csv",
		chunkTime: s.chunkTime, end: time.Now().Add(exportTime),
	}
	if r.Method == http.MethodHead {
		out.header()
		return nil
	}
	err = write(out)
	switch {
	case err == nil || !out.begun:
		return err
	case errors.Is(err, errNotTaken):
		s.log.InfoContext(r.Context(), "export broke off", "request", page.RequestID(r.Context()), "export", name, "error",
			err)
	default:
		s.pages.LogFailure(r, http.StatusInternalServerError, fmt.Errorf("export %s broke off: %w", name, err))
	}
	panic(http.ErrAbortHandler)
}

// downloaded is the audit log's action for a download. The subject is the list's name.
const downloaded audit.Action = "staff.export"

// Record writes a download to the audit log before its first byte is sent: the account, the list, its days and filter,
// and how many rows it has. If that fails, there is no download.
func (s *Exporter) Record(r *http.Request, name string, days DateRange, filter url.Values, rows int64) error {
	detail := map[string]string{
		"days": days.InWords(words.English), "rows": strconv.FormatInt(rows, 10), "separator": "comma",
	}
	for field := range filter {
		if field != "from" && field != "to" {
			detail[field] = filter.Get(field)
		}
	}
	if separator := r.URL.Query().Get("separator"); separator != "" {
		detail["separator"] = separator
	}
	by := AccountOf(r)
	return s.audit.Record(r.Context(), audit.Entry{
		StaffID: by.ID, Actor: by.Email, Action: downloaded, Subject: name, Detail: detail,
	})
}

// errNotTaken is the error of a client that does not read, reads too slowly or has left.
var errNotTaken = errors.New("the client did not take it")

// downloadWriter sends the header with the first byte, and gives the client chunkTime for every chunk.
type downloadWriter struct {
	w         http.ResponseWriter
	control   *http.ResponseController
	filename  string
	chunkTime time.Duration
	end       time.Time
	begun     bool
}

func (d *downloadWriter) header() {
	d.begun = true
	h := d.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+d.filename+`"`)
	h.Set("Cache-Control", "no-store")
	d.w.WriteHeader(http.StatusOK)
}

// Write implements io.Writer.
func (d *downloadWriter) Write(b []byte) (int, error) {
	if !d.begun {
		d.header()
	}
	chunkEnd := time.Now().Add(d.chunkTime)
	if chunkEnd.After(d.end) {
		chunkEnd = d.end
	}
	// A server whose deadlines cannot be changed keeps its own.
	_ = d.control.SetWriteDeadline(chunkEnd)
	n, err := d.w.Write(b)
	if err != nil {
		err = fmt.Errorf("%w: %w", errNotTaken, err)
	}
	return n, err
}
