package main

import (
	"os/exec"
	"runtime"
	"syscall"
)

// startTied starts a child that ends when this program does, even when we are killed, and closes done when it has
// ended.
//
// Linux sends the signal when the *thread* that started the child ends; so that thread is kept for as long.
func startTied(cmd *exec.Cmd, done chan<- struct{}) error {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
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
