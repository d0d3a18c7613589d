package sandbox

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"time"
)

// disturb lets the faults act on PayPal's own addresses.
func (s *Server) disturb(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := s.faults.take(r.Method, r.URL.Path, requestKinds...)
		if f == nil {
			next.ServeHTTP(w, r)
			return
		}
		s.log.Info("fault", "id", f.ID, "kind", f.Kind, "method", r.Method, "path", r.URL.Path)
		switch f.Kind {
		case kindDelay:
			if pause(r, f.Delay) {
				next.ServeHTTP(w, r)
			}
		case kindStatus:
			s.answerInstead(w, r, f, next)
		case kindResetBefore:
			reset(w)
		case kindResetAfter:
			next.ServeHTTP(newHeldAnswer(), r)
			reset(w)
		case kindTimeoutAfter:
			s.delayAnswer(w, r, f, next)
		case kindKill:
			s.kill(w, r, f, next)
		default: // the other kinds disturb deliveries and captures, not requests
		}
	})
}

// answerInstead gives the fault's own answer: PayPal's error for the status, if it says nothing else.
func (s *Server) answerInstead(w http.ResponseWriter, r *http.Request, f *fault, next http.Handler) {
	if f.When == "after" {
		next.ServeHTTP(newHeldAnswer(), r)
	}
	for name, value := range f.Headers {
		w.Header().Set(name, value)
	}
	var text string
	switch {
	case f.Body == nil && f.Status == http.StatusUnauthorized:
		writeJSON(w, f.Status, oauthError{"invalid_token", "Token signature verification failed"})
	case f.Body == nil && f.Status >= 400:
		p := statusProblem(f.Status)
		s.writeProblem(w, p)
	case f.Body == nil:
		w.WriteHeader(f.Status)
	case json.Unmarshal(f.Body, &text) == nil: // a string stands for itself, so that HTML or nonsense can be sent
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(text)) // the caller may have gone: it is a fault after all
	default:
		writeJSON(w, f.Status, f.Body)
	}
}

// delayAnswer carries the request out, and answers only after the fault's delay; without one, never while the caller
// waits.
func (s *Server) delayAnswer(w http.ResponseWriter, r *http.Request, f *fault, next http.Handler) {
	held := newHeldAnswer()
	next.ServeHTTP(held, r)
	if f.Delay == 0 {
		<-r.Context().Done()
		return
	}
	if pause(r, f.Delay) {
		held.send(w)
	}
}

// kill ends a process, usually the caller, at the worst moment: after its request was carried out, or before.
func (s *Server) kill(w http.ResponseWriter, r *http.Request, f *fault, next http.Handler) {
	if f.When != "before" {
		next.ServeHTTP(newHeldAnswer(), r)
	}
	process, err := os.FindProcess(f.PID)
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		s.log.Warn("process not killed", "pid", f.PID, "err", err)
	}
	reset(w)
}

// pause waits, and says whether the caller is still there afterwards.
func pause(r *http.Request, d duration) bool {
	timer := time.NewTimer(time.Duration(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// reset cuts the connection with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, or a test's recorder: the server drops the stream
	}
	if tcp, isTCP := conn.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0) // without it the caller sees an end instead of a reset: as good as any fault
	}
	_ = conn.Close()
}

// heldAnswer keeps an answer instead of sending it.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newHeldAnswer() *heldAnswer { return &heldAnswer{header: http.Header{}, status: http.StatusOK} }

func (h *heldAnswer) Header() http.Header         { return h.header }
func (h *heldAnswer) WriteHeader(status int)      { h.status = status }
func (h *heldAnswer) Write(b []byte) (int, error) { return h.body.Write(b) }

func (h *heldAnswer) send(w http.ResponseWriter) {
	for name, values := range h.header {
		w.Header()[name] = values
	}
	w.WriteHeader(h.status)
	_, _ = w.Write(h.body.Bytes()) // likewise
}
