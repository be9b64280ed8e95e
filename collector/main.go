package collector

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
)

// Main runs the command line of the process and exits with its code: 0 ok, 1
// failure, 2 usage, 3 nothing was found.
func Main() {
	collectOften()
	os.Exit(Run(context.Background(), os.Args[1:]))
}

// Run runs the command line and returns the exit code.
func Run(ctx context.Context, args []string) int {
	root := NewCommand(Components)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(root.ErrOrStderr(), "heddle: "+err.Error())
	if errors.As(err, new(usageError)) {
		fmt.Fprintln(root.ErrOrStderr(), `Run "heddle --help" to see what there is.`)
		return 2
	}
	if errors.As(err, new(nothingFoundError)) {
		return 3
	}
	return 1
}

// gcPercent is how much the heap grows between two garbage collections. Most
// of what heddle holds are a few large slices without pointers, so that a
// collection is cheap, and half the usual growth saves a quarter of the memory
// for some hundredths of the CPU time.
const gcPercent = 50

// collectOften sets gcPercent unless the environment says otherwise.
func collectOften() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// usageError is an error in the command line itself.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }
