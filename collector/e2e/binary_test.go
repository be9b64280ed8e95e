package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// root is the folder of the module.
var root = func() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}()

// heddleBinary returns the path of the heddle to test.
var heddleBinary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("HEDDLE_BINARY"); path != "" {
		if path, err := filepath.Abs(path); err == nil {
			if _, err := os.Stat(path); err == nil {
				return path, nil
			}
		}
		// Tests run in their package's folder; people name paths from the root.
		return filepath.Join(root, path), nil
	}
	out := filepath.Join(scratch(), "heddle")
	cmd := exec.Command("go", "build", "-o", out, ".")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building heddle: %w\n%s", err, text)
	}
	return out, nil
})

// run runs heddle to its end and returns what it wrote and its exit code.
func run(t *testing.T, dir string, args ...string) (output string, code int) {
	t.Helper()
	p, err := start(dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.kill()
	select {
	case <-p.done:
	case <-deadline():
		t.Fatalf("heddle %v did not end:\n%s", args, p.output)
	}
	return p.output.String(), p.cmd.ProcessState.ExitCode()
}
