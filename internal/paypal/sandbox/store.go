package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// journal keeps the state as lines of JSON: the last line about a thing is what holds. Lines are written by a goroutine
// of its own, so that nobody who holds a lock waits for the disk. There is no fsync: it is a test tool.
type journal struct {
	mu      sync.Mutex
	filled  sync.Cond
	buffer  []byte
	closing bool
	failed  error
	file    *os.File
	done    chan struct{}
}

// line is one entry of the journal as it is written.
type line struct {
	Kind string `json:"k"`
	ID   string `json:"id"`
	Gone bool   `json:"gone,omitempty"`
	V    any    `json:"v,omitempty"`
}

// readLine is one entry as it is read.
type readLine struct {
	line
	V json.RawMessage `json:"v"`
}

// openJournal loads what DataDir holds, rewrites it without what is out of date, and goes on from there.
func (s *Server) openJournal() (*journal, error) {
	if s.opts.DataDir == "" {
		return nil, nil
	}
	path := filepath.Join(s.opts.DataDir, "journal.jsonl")
	pending, err := s.load(path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: file, done: make(chan struct{})}
	j.filled.L = &j.mu
	s.journal = j
	s.snapshot(pending)
	go j.write()
	if err := os.Rename(path+".new", path); err != nil {
		return nil, errors.Join(err, j.close())
	}
	for _, d := range pending {
		s.post.enqueue(d)
	}
	return j, nil
}

// put notes the present state of a thing.
func (j *journal) put(kind, id string, v any) {
	if j == nil {
		return
	}
	j.append(line{Kind: kind, ID: id, V: v})
}

// remove notes that a thing is gone.
func (j *journal) remove(kind, id string) {
	if j != nil {
		j.append(line{Kind: kind, ID: id, Gone: true})
	}
}

func (j *journal) append(l line) {
	text, err := json.Marshal(l)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.failed = errors.Join(j.failed, err)
		return
	}
	j.buffer = append(append(j.buffer, text...), '\n')
	j.filled.Signal()
}

// write moves the buffer to the file until the journal closes.
func (j *journal) write() {
	defer close(j.done)
	for {
		j.mu.Lock()
		for len(j.buffer) == 0 && !j.closing {
			j.filled.Wait()
		}
		batch, last := j.buffer, j.closing
		j.buffer = nil
		j.mu.Unlock()
		if _, err := j.file.Write(batch); err != nil {
			j.mu.Lock()
			j.failed = errors.Join(j.failed, err)
			j.mu.Unlock()
		}
		if last {
			return
		}
	}
}

// close writes the rest; it gives the first things that went wrong.
func (j *journal) close() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	if j.closing {
		j.mu.Unlock()
		return nil
	}
	j.closing = true
	j.mu.Unlock()
	j.filled.Signal()
	<-j.done
	return errors.Join(j.failed, j.file.Close())
}

// load reads a journal into the books, and gives the deliveries still to be made. A line cut off at the end, as a kill
// leaves it, is skipped.
func (s *Server) load(path string) ([]*delivery, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	pending := map[string]deliveryRecord{}
	reader := bufio.NewReader(file)
	for {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return s.loaded(pending), nil
		}
		if err != nil {
			return nil, err
		}
		var l readLine
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("%s is damaged: %w", path, err)
		}
		if err := s.apply(l, pending); err != nil {
			return nil, fmt.Errorf("%s: %s %s: %w", path, l.Kind, l.ID, err)
		}
	}
}
