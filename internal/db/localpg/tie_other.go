//go:build unix && !linux

package localpg

import "os/exec"

// startTied starts the server and closes done when it has ended. Without Linux's parent-death signal a killed program
// leaves it running; the next Start on the same folder stops it.
func startTied(cmd *exec.Cmd, done chan<- struct{}) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = cmd.Wait() // how it ended stands in its log
		close(done)
	}()
	return nil
}
