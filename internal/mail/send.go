package mail

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail"

	"readerfund/internal/queue"
)

const (
	// connections is how many are open at once, and perConnection how many mails justify opening one more.
	connections   = 4
	perConnection = 25
	// marked is how many mails are marked in one statement, and marksWithin how long the first of them waits for the
	// others. These are the mails that may be sent twice when a process is killed. Each statement costs a commit, so
	// two or three at a time would be too few.
	marked      = 20
	marksWithin = 50 * time.Millisecond
)

// Send sends the mails that are due until none is left, and those that a person waits for before the rest. It is a job
// of the queue, for one process at a time; if two run it all the same, each mail is claimed by one of them. The error
// is queue.At while the mail server must not be asked.
func (s *Service) Send(ctx context.Context) error { return s.send(ctx, prompt, patient) }

// SendPrompt sends only the mails that a person waits for, while Send may be busy with a renewal day's receipts: a link
// that is valid for half an hour must not queue behind thousands of them. Neither delays the other: each has
// connections of its own.
func (s *Service) SendPrompt(ctx context.Context) error { return s.send(ctx, prompt) }

// send sends the mails that are due until none is left. It takes some of each lane in turn, so that no lane starves
// another.
func (s *Service) send(ctx context.Context, lanes ...lane) error {
	if !s.On() {
		return s.switchOff(ctx)
	}
	for sent := 1; sent > 0; {
		sent = 0
		for _, l := range lanes {
			n, err := s.sendSome(ctx, l)
			if err != nil {
				return err
			}
			sent += n
		}
	}
	return nil
}

// sendSome sends the mails that one statement claims of a lane, and returns how many they are.
func (s *Service) sendSome(ctx context.Context, l lane) (int, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if until, wait := s.waiting(); wait {
		return 0, queue.At(until)
	}
	views, err := s.current()
	if err != nil {
		return 0, err
	}
	mails, err := s.claim(ctx, l, s.cfg.Now())
	if err != nil || len(mails) == 0 {
		return 0, err
	}
	return len(mails), s.sendAll(ctx, views, mails, l.held/2)
}

// run sends what one statement claimed, over several connections.
type run struct {
	*Service
	views views
	mails chan queued
	ends  chan ending
	until time.Time // mails not sent by then are put back, before another process claims them

	unmarked atomic.Bool // the outcomes of mails could not be saved

	mu   sync.Mutex
	shut time.Time // the server takes no mail until then; zero while it does
	why  string    // why it takes none
}

func (s *Service) sendAll(ctx context.Context, views views, mails []queued, within time.Duration) error {
	r := &run{
		Service: s, views: views, mails: make(chan queued, len(mails)), ends: make(chan ending, marked),
		until: time.Now().Add(within),
	}
	for _, q := range mails {
		r.mails <- q
	}
	close(r.mails)
	var working sync.WaitGroup
	for range min(connections, 1+len(mails)/perConnection) {
		working.Go(func() { r.work(ctx) })
	}
	go func() {
		working.Wait()
		close(r.ends)
	}()
	return r.mark(ctx)
}

// mark saves the outcomes of mails while others are being sent. If that fails, no more mails are sent: they would be
// sent again once the claim has expired.
func (r *run) mark(ctx context.Context) error {
	var problems []error
	for e := range r.ends {
		some, enough := []ending{e}, time.After(marksWithin)
	gather:
		for len(some) < marked {
			select {
			case e, more := <-r.ends:
				if !more {
					break gather
				}
				some = append(some, e)
			case <-enough:
				break gather
			}
		}
		if err := r.write(ctx, some); err != nil {
			r.unmarked.Store(true)
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// work sends mails over one connection at a time. If a connection that has carried some mails breaks, it opens another,
// because servers close a connection after a number of mails. If the first connection fails, the server is away.
func (r *run) work(ctx context.Context) {
	var c *connection
	defer func() {
		if c != nil {
			c.close()
		}
	}()
	for q := range r.mails {
		now := r.cfg.Now()
		switch until, why := r.shutUntil(); {
		case q.Expires != nil && !now.Before(*q.Expires):
			r.ends <- outcome{state: Expired}.ending(q, now, 0)
			continue
		case ctx.Err() != nil, r.unmarked.Load(), time.Now().After(r.until):
			r.putBack(q, now, "")
			continue
		case !until.IsZero():
			r.putBack(q, until, why)
			continue
		}
		m, utf8, err := r.make(q)
		if err == nil && c == nil {
			if c, err = r.connect(ctx); err != nil {
				until := r.close(ctx, err)
				r.putBack(q, until, err.Error())
				continue
			}
		}
		if err == nil {
			err = c.send(m, utf8)
		}
		if r.end(ctx, q, c, judge(err)) {
			c.close()
			c = nil
		}
	}
}

// end records the outcome of an attempt. It reports whether the connection is unusable now.
func (r *run) end(ctx context.Context, q queued, c *connection, o outcome) (broken bool) {
	o.answer = q.withoutAddress(o.answer)
	r.log(ctx, q, o)
	switch {
	case o.state == Sent:
		r.reached()
	case c == nil: // it could not even be composed
	case o.shut || o.lost && c.sent == 0:
		until := r.close(ctx, errors.New(o.answer))
		if o.shut {
			r.putBack(q, until, o.answer)
			return true
		}
		broken = true
	case o.lost || c.reset() != nil:
		broken = true
	}
	r.ends <- o.ending(q, r.cfg.Now(), mathrand.Float64()) //nolint:gosec // jitter, not a secret
	return broken
}

// make composes a mail.
func (r *run) make(q queued) (m *mail.Msg, utf8 bool, err error) {
	to, utf8, err := address(q.Recipient)
	if err != nil {
		return nil, false, err
	}
	rendered, err := r.views.render(r.cfg.House, q.Kind, q.Locale, q.Name, q.Args)
	if err != nil {
		return nil, false, err
	}
	m, err = r.compose(q, rendered, to)
	return m, utf8, err
}

// putBack reschedules a mail for later; this does not count as an attempt.
func (r *run) putBack(q queued, due time.Time, answer string) {
	due = due.UTC()
	r.ends <- ending{ID: q.ID, State: Queued, Answer: short(answer), Due: &due, Back: 1}
}

// close stops all workers, because the server takes no mail at the moment, and returns when to try it again.
func (r *run) close(ctx context.Context, why error) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shut.IsZero() {
		r.shut, r.why = r.missed(), why.Error()
		r.cfg.Log.WarnContext(ctx, "the mail server takes no mail; trying again", "at", r.shut, "error", why)
	}
	return r.shut
}

func (r *run) shutUntil() (time.Time, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.shut, r.why
}

// log names the mail and the server's code, but not the recipient.
func (r *run) log(ctx context.Context, q queued, o outcome) {
	log := r.cfg.Log.With("mail", q.ID, "kind", q.Kind, "try", q.Tries)
	switch {
	case o.state == Failed:
		log.WarnContext(ctx, "a mail was refused", "code", o.code)
	case o.state == Queued && o.code == 0 && !o.lost:
		log.ErrorContext(ctx, "a mail cannot be made; it is tried again", "error", fmt.Sprint(o.answer))
	case o.state == Queued:
		log.InfoContext(ctx, "a mail was not taken; it is tried again", "code", o.code, "lost", o.lost)
	}
}
