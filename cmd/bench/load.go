package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load is requests to one address over a number of connections that stay open.
//
// The client is as cheap as can be, because it shares the processors with what is measured: a net/http client costs as
// much as a net/http server, and would pull every ratio towards 1.
type load struct {
	address     string // host:port
	connections int
	status      int // the one that counts as an answer
	// next appends the i-th request of this turn to buf; false: there are no more.
	next func(buf []byte, i int) ([]byte, bool)
	took *[]time.Duration // receives how long each answer took, in no order; may be nil
}

// drive sends for as long as the turn is, and gives the answers per second. One wrong answer makes the turn an error:
// what fails fast must not look fast.
func (l load) drive(ctx context.Context, turn time.Duration) (float64, error) {
	senders := make([]*sender, l.connections)
	defer func() {
		for _, s := range senders {
			if s != nil {
				_ = s.conn.Close() // we are done with it
			}
		}
	}()
	for i := range senders {
		var err error
		if senders[i], err = dial(ctx, l.address); err != nil {
			return 0, err
		}
	}
	var (
		crew     sync.WaitGroup
		taken    atomic.Int64
		took     = make([][]time.Duration, l.connections)
		problems = make([]error, l.connections)
		began    = time.Now()
		end      = began.Add(turn)
	)
	for i, s := range senders {
		crew.Go(func() {
			var buf []byte
			for now := began; ctx.Err() == nil && now.Before(end); {
				request, more := l.next(buf[:0], int(taken.Add(1)-1))
				if !more {
					return
				}
				sent := time.Now()
				if problems[i] = s.exchange(request, l.status); problems[i] != nil {
					return
				}
				now, buf = time.Now(), request
				took[i] = append(took[i], now.Sub(sent))
			}
		})
	}
	crew.Wait()
	length := time.Since(began)
	if err := errors.Join(append(problems, ctx.Err())...); err != nil {
		return 0, err
	}
	all := slices.Concat(took...)
	if l.took != nil {
		*l.took = all
	}
	return float64(len(all)) / length.Seconds(), nil
}

// sender is one connection.
type sender struct {
	conn net.Conn
	in   *bufio.Reader
}

// answerTimeout is far beyond what any answer takes.
const answerTimeout = 30 * time.Second

func dial(ctx context.Context, address string) (*sender, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &sender{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// exchange sends a request and reads its answer away.
func (s *sender) exchange(request []byte, want int) error {
	if err := s.conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	if _, err := s.conn.Write(request); err != nil {
		return err
	}
	status, length, err := s.head()
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if status != want {
		body, _ := io.ReadAll(io.LimitReader(s.in, int64(min(length, 500)))) // only for the message
		return fmt.Errorf("answered %d instead of %d: %s", status, want, bytes.TrimSpace(body))
	}
	_, err = s.in.Discard(length)
	return err
}

// head reads an answer's status and length. All that answer here say how long their answer is.
func (s *sender) head() (status, length int, err error) {
	line, err := s.in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, 0, fmt.Errorf("no HTTP: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	if length = -1; status == http.StatusNoContent {
		length = 0 // and no header says so
	}
	for {
		if line, err = s.in.ReadSlice('\n'); err != nil {
			return 0, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(": ")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, 0, err
			}
		}
	}
	if length < 0 {
		return 0, 0, errors.New("the answer does not say how long it is")
	}
	return status, length, nil
}
