package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long anything may take before a test gives up. It is no
// expectation: what a test waits for usually takes milliseconds.
const patience = 60 * time.Second

func deadline() <-chan time.Time { return time.After(patience) }

// process is a running child.
type process struct {
	cmd    *exec.Cmd
	output *output
	done   chan struct{} // closed when it has ended
}

// start runs heddle in dir, which is made if it is missing.
func start(dir string, args ...string) (*process, error) {
	path, err := heddleBinary()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(path, args...), output: new(output), done: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	started := make(chan error)
	go func() {
		// The parent whose death endWithParent speaks of is this thread.
		runtime.LockOSThread()
		endWithParent(p.cmd)
		err := p.cmd.Start()
		started <- err
		if err == nil {
			// What it ended with is read from ProcessState.
			_ = p.cmd.Wait()
			close(p.done)
		}
	}()
	return p, <-started
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// terminate asks the process to stop and says what was wrong about how it did.
func (p *process) terminate() error {
	if p.ended() {
		return fmt.Errorf("it had ended before it was asked to, with %v:\n%s", p.cmd.ProcessState, p.output)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.wait()
}

// wait waits for the end and demands exit code 0 and a log without panics.
func (p *process) wait() error {
	select {
	case <-p.done:
	case <-deadline():
		p.kill()
		return fmt.Errorf("it did not stop:\n%s", p.output)
	}
	text := p.output.String()
	switch {
	case p.cmd.ProcessState.ExitCode() != 0:
		return fmt.Errorf("it ended with %v:\n%s", p.cmd.ProcessState, text)
	case strings.Contains(text, "panic") || strings.Contains(text, "DATA RACE"):
		return errors.New("its log tells of a panic or a race:\n" + text)
	}
	return nil
}

// kill ends the process if it still runs.
func (p *process) kill() {
	// It may have ended by itself.
	_ = p.cmd.Process.Kill()
	<-p.done
}

// output collects what a process writes.
type output struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if os.Getenv("HEDDLE_E2E_LOG") != "" {
		os.Stderr.Write(b)
	}
	return o.text.Write(b)
}

// String returns the end of what was written, which is where the reasons are.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	const most = 16 << 10
	if text := o.text.String(); len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return o.text.String()
}
