package harness

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes a child end with us, even when we are killed.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
