package e2e

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
)

// F1: a process dies while PayPal makes an order, just before or just after it did.
func killedAtTheOrder(h *house) {
	for range 2 {
		h.killAt("/v2/checkout/orders", either(h, "before", "after"))
	}
}

// F2: a process dies while PayPal captures; then an entry cannot be booked for a while, whoever tries.
func killedAtTheCapture(h *house) {
	h.killAt("/v2/checkout/orders/*/capture", either(h, "before", "after"))
	h.killAt("/v2/checkout/orders/*/capture", "after")
	h.mustExec(`ALTER TABLE ledger_entry ADD CONSTRAINT trouble CHECK (amount_minor % 2 = 0) NOT VALID`)
	time.Sleep(500 * time.Millisecond)
	h.mustExec(`ALTER TABLE ledger_entry DROP CONSTRAINT trouble`)
}

// killAt kills a process the next time that one of them asks PayPal for something, and starts it again.
func (h *house) killAt(path, when string) {
	h.t.Helper()
	v := h.any()
	h.bank.fault(fields{"kind": "kill", "when": when, "pid": v.pid(), "times": 1, "match": fields{"method": "POST", "path": path}})
	select {
	case <-v.done:
	case <-time.After(patience):
		h.t.Errorf("nobody came by %s", path)
	}
	h.calm()
	v.restart()
}

func (h *house) mustExec(statement string, args ...any) {
	h.t.Helper()
	if _, err := h.db.ExecContext(h.t.Context(), statement, args...); err != nil {
		h.t.Fatalf("%s: %v", statement, err)
	}
}

// F23: a process stands still for as long as it takes others to take over what it had begun, and then goes on.
func sleepers(h *house) {
	for range 2 {
		v := h.any()
		if err := v.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			h.t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		h.timePasses()
		time.Sleep(400 * time.Millisecond)
		if err := v.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			h.t.Fatal(err)
		}
		h.struck++
		time.Sleep(200 * time.Millisecond)
	}
}

// slowGift begins a gift, and returns once it is written down and PayPal is being asked.
func (s *scene) slowGift(v *service) <-chan attempt {
	s.t.Helper()
	before := s.count("contribution WHERE message = 'slow'")
	done, visitor := make(chan attempt, 1), newVisitor(s.t, v.base)
	go func() {
		got, err := visitor.send("POST", "/contributions", `{"campaign":"support","amount":"7.77","currency":"EUR","frequency":"once","message":"slow"}`, "Content-Type", "application/json")
		done <- attempt{got, err}
	}()
	eventually(s.t, 10*time.Second, "the slow gift is under way", func() (bool, string) {
		return s.count("contribution WHERE message = 'slow'") > before, "it is not written down"
	})
	return done
}

// F22: the clocks of the processes are minutes apart. The real program has no setting for its clock, and is linked
// statically, so that libfaketime does not reach it: here the same service runs inside the test, with a clock of its own.
func skewedProcesses(h *house) {
	for n := range h.round.processes {
		skew := time.Duration(h.draw.IntN(600)-300) * time.Second
		if n == 0 {
			skew = either(h, -5*time.Minute, 5*time.Minute)
		}
		h.struck++
		h.enlist(h.serveInside(skew))
	}
}

func skewedClocks(h *house) { h.givenAtLeast(h.crowd.gave() + 10) }

// serveInside runs the service in this process with a clock that is off.
func (h *house) serveInside(skew time.Duration) *service {
	h.t.Helper()
	settings := config.Settings{}
	h.settings["LISTEN_ADDR"] = "127.0.0.1:0"
	parser, err := kong.New(&settings, kong.Exit(func(int) {}))
	if err != nil {
		h.t.Fatal(err)
	}
	var args []string
	for name, value := range h.settings {
		args = append(args, flagOf(name)+"="+value)
	}
	if _, err := parser.Parse(args); err != nil {
		h.t.Fatal(err)
	}
	cfg, err := settings.Parse(config.NeedServe)
	if err != nil {
		h.t.Fatal(err)
	}
	out := &record{}
	log := slog.New(slog.NewTextHandler(out, nil))
	service0, err := app.New(h.t.Context(), cfg, app.Options{Log: log, Now: func() time.Time { return time.Now().Add(skew) }})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service0.Run(ctx) }()
	h.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			h.t.Error(err)
		}
		if h.t.Failed() {
			h.t.Log(out.String())
		}
	})
	v := &service{child: &child{name: fmt.Sprintf("inside, %s off", skew), out: out, done: make(chan struct{})}, scene: h.scene, base: "http://" + service0.Addr(), log: out}
	if err := v.ready(settling); err != nil {
		h.t.Fatal(err)
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
