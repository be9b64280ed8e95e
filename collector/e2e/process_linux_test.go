package e2e

import (
	"os/exec"
	"syscall"
)

// endWithParent makes the kernel end a child whose test binary dies, as one
// that panics or runs out of time does without cleaning up.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
