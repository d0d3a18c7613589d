package page

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how often, at most, an operator's own files are checked for changes.
const lookEvery = time.Second

// reload watches an operator's own templates (TEMPLATES_DIR): when one of the files changed, all are parsed again. A
// set with an error is logged once, and the last good set stays in use until the next change.
type reload struct {
	dir string
	log *slog.Logger
	now func() time.Time

	looked  atomic.Int64 // when, in nanoseconds
	looking sync.Mutex
	seen    string // what the files were like; under looking
}

// follow checks for a change and parses, unless another request is doing so now, or did within the last second.
func (l *reload) follow(v *views) {
	if l.early() || !l.looking.TryLock() {
		return
	}
	defer l.looking.Unlock()
	if l.early() {
		return
	}
	l.looked.Store(l.now().UnixNano())
	state := l.state()
	if state == l.seen {
		return
	}
	l.seen = state
	if err := l.parse(v); err != nil {
		l.log.Error("TEMPLATES_DIR is broken; the last good templates stay in use", "dir", l.dir, "error", err)
		return
	}
	l.log.Info("templates read again", "dir", l.dir)
}

// early reports whether it is too early to check again. A clock that was set back does not delay the next check.
func (l *reload) early() bool {
	since := time.Duration(l.now().UnixNano() - l.looked.Load())
	return since >= 0 && since < lookEvery
}

// parse parses every view again. A missing folder is an error: the operator did not ask for our own files back.
func (l *reload) parse(v *views) error {
	if at, err := os.Stat(l.dir); err != nil {
		return err
	} else if !at.IsDir() {
		return fmt.Errorf("%s is not a folder", l.dir)
	}
	return v.parse()
}

// state describes the operator's files, by name, size and time of change. It follows links: of files mounted from a
// Kubernetes ConfigMap only the link targets change.
func (l *reload) state() string {
	var b strings.Builder
	files := os.DirFS(l.dir)
	for _, dir := range append([]string{".", "partials", "static"}, viewDirs...) {
		entries, err := fs.ReadDir(files, dir)
		if err != nil {
			fmt.Fprintf(&b, "%v\n", err)
		}
		for _, e := range entries {
			name := dir + "/" + e.Name()
			at, err := fs.Stat(files, strings.TrimPrefix(name, "./"))
			if err != nil {
				fmt.Fprintf(&b, "%v\n", err)
			} else if !at.IsDir() {
				fmt.Fprintf(&b, "%s %d %d\n", name, at.Size(), at.ModTime().UnixNano())
			}
		}
	}
	return b.String()
}
