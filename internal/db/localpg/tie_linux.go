package localpg

import (
	"os/exec"
	"runtime"
	"syscall"
)

// startTied starts the server so that it shuts down when this program ends, even when it is killed. It closes done when
// the server has ended.
//
// Linux sends the signal when the *thread* that started the child ends; so that thread is kept for as long.
func startTied(cmd *exec.Cmd, done chan<- struct{}) error {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended stands in its log
			close(done)
		}
	}()
	return <-started
}
