package faults

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// F1: a process dies while PayPal makes an order, just before or just after it did.
func killedAtTheOrder(h *fixture) {
	for range 2 {
		h.killAt("/v2/checkout/orders", oneOf(h, "before", "after"))
	}
}

// F2: a process dies while PayPal captures; then an entry cannot be booked for a while.
func killedAtTheCapture(h *fixture) {
	h.killAt("/v2/checkout/orders/*/capture", oneOf(h, "before", "after"))
	h.killAt("/v2/checkout/orders/*/capture", "after")
	h.mustExec(`ALTER TABLE ledger_entry ADD CONSTRAINT trouble CHECK (amount_minor % 2 = 0) NOT VALID`)
	time.Sleep(500 * time.Millisecond)
	h.mustExec(`ALTER TABLE ledger_entry DROP CONSTRAINT trouble`)
}

// killAt kills a process the next time that one of them asks PayPal for something, and starts it again.
func (h *fixture) killAt(path, when string) {
	h.T.Helper()
	v := h.anyProcess()
	h.PayPal.Fault(
		testkit.Fields{
			"kind":  "kill",
			"when":  when,
			"pid":   v.PID(),
			"times": 1,
			"match": testkit.Fields{"method": "POST", "path": path},
		},
	)
	select {
	case <-v.Done:
	case <-time.After(harness.RetryFor):
		h.T.Errorf("nobody came by %s", path)
	}
	h.clearFaults()
	v.Restart()
}

func (h *fixture) mustExec(statement string, args ...any) {
	h.T.Helper()
	testkit.Exec(h.T, h.DB, statement, args...)
}

// F23: a process stands still for as long as it takes others to take over what it had begun, and then goes on.
func suspended(h *fixture) {
	for range 2 {
		v := h.anyProcess()
		if err := v.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			h.T.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		h.expireAll()
		time.Sleep(400 * time.Millisecond)
		if err := v.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
			h.T.Fatal(err)
		}
		h.struck++
		time.Sleep(200 * time.Millisecond)
	}
}

// slowGift begins a gift, and returns once it is written down and PayPal is being asked.
func slowGift(s *harness.Fixture, v *harness.Process) <-chan harness.Result {
	s.T.Helper()
	before := s.Count("contribution WHERE message = 'slow'")
	done, visitor := make(chan harness.Result, 1), harness.NewClient(s.T, v.BaseURL)
	go func() {
		got, err := visitor.Send(
			"POST",
			"/contributions",
			`{"campaign":"support","amount":"7.77","currency":"EUR","frequency":"once","message":"slow"}`,
			"Content-Type",
			"application/json",
		)
		done <- harness.Result{Response: got, Err: err}
	}()
	testkit.Eventually(s.T, time.Minute, "the slow gift is under way", func() (bool, string) {
		return s.Count("contribution WHERE message = 'slow'") > before, "it is not written down"
	})
	return done
}

// F22: the clocks of the processes are minutes apart. The real program has no setting for its clock, and is linked
// statically, so that libfaketime does not reach it: here the same service runs inside the test, with a clock of its
// own.
func skewedProcesses(h *fixture) {
	for n := range h.round.processes {
		skew := time.Duration(h.draw.IntN(600)-300) * time.Second
		if n == 0 {
			skew = oneOf(h, -5*time.Minute, 5*time.Minute)
		}
		h.struck++
		h.addProcess(h.serveInside(skew))
	}
}

func skewedClocks(h *fixture) { h.waitForGifts(h.load.Given() + 10) }

// serveInside runs the service in this process with a clock that is off.
func (h *fixture) serveInside(skew time.Duration) *harness.Process {
	h.T.Helper()
	settings := config.Settings{}
	h.Settings["LISTEN_ADDR"] = "127.0.0.1:0"
	parser, err := kong.New(&settings, kong.Exit(func(int) {}))
	if err != nil {
		h.T.Fatal(err)
	}
	var args []string
	for name, value := range h.Settings {
		args = append(args, flagOf(name)+"="+value)
	}
	if _, err := parser.Parse(args); err != nil {
		h.T.Fatal(err)
	}
	cfg, err := settings.Parse(config.NeedServe)
	if err != nil {
		h.T.Fatal(err)
	}
	out := &harness.Log{}
	log := slog.New(slog.NewTextHandler(out, nil))
	service0, err := app.New(
		h.T.Context(),
		cfg,
		app.Options{Log: log, Now: func() time.Time { return time.Now().Add(skew) }},
	)
	if err != nil {
		h.T.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service0.Run(ctx) }()
	h.T.Cleanup(func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			h.T.Error(err)
		}
		if h.T.Failed() {
			h.T.Log(out.String())
		}
	})
	v := &harness.Process{
		Child:   &harness.Child{Name: fmt.Sprintf("inside, %s off", skew), Output: out, Done: make(chan struct{})},
		Fixture: h.Fixture,
		BaseURL: "http://" + service0.Addr(),
		Log:     out,
	}
	if err := v.Ready(settleTimeout); err != nil {
		h.T.Fatal(err)
	}
	return v
}

// flagOf is a setting's name as a flag.
func flagOf(setting string) string {
	flag := []byte("--" + setting)
	for i, c := range flag {
		switch {
		case c == '_':
			flag[i] = '-'
		case 'A' <= c && c <= 'Z':
			flag[i] = c + 'a' - 'A'
		}
	}
	return string(flag)
}
