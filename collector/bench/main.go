// Command bench measures a heddle binary from outside, over its sockets: what
// taking spans in costs, what it keeps of them in memory and on disk, and how
// long questions about them take. `make bench` runs it on two binaries in
// turns; it needs nothing of the one it measures but the embedded
// configuration, so that binaries of other commits can be measured, too.
//
// The result is in the format of Go's benchmarks, for benchstat.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings say what to measure.
type settings struct {
	binary  string
	spans   int           // at least as many are sent
	rate    float64       // traces per second of simulated time
	gather  int           // spans that a request has at least
	seed    uint64        // of what is sent
	idle    time.Duration // how long the idle process is watched
	quiet   time.Duration // how long it must do nothing to have settled
	settle  time.Duration // how long that may take
	repeats int           // of each question, at least
	most    time.Duration // that the calls of a question may take together
	only    string        // regular expression of the questions to ask
	older   bool          // questions that are refused are left out
	dir     string        // where the data directory is made; "": the system's place
	keep    string        // a directory whose data are asked, and stay; "": none
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	var s settings
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&s.binary, "binary", "bin/heddle", "the heddle to measure")
	f.IntVar(&s.spans, "spans", 1_000_000, "spans to send")
	f.Float64Var(&s.rate, "rate", 1000, "traces per second of simulated time: how much the traces of a batch overlap")
	f.IntVar(&s.gather, "gather", 0, "put requests together until they have so many spans, as a collector does that stands between (default: every process sends for itself)")
	f.Uint64Var(&s.seed, "seed", 1, "decides what is sent")
	f.DurationVar(&s.idle, "idle", 10*time.Second, "how long the idle process is watched")
	f.DurationVar(&s.quiet, "quiet", 12*time.Second, "how long it must do nothing to have settled; longer than the store waits before it seals what is old")
	f.DurationVar(&s.settle, "settle", 10*time.Minute, "how long settling may take")
	f.IntVar(&s.repeats, "repeats", 20, "how often each question is asked; up to ten times as often while that takes less than half a second")
	f.DurationVar(&s.most, "most", 20*time.Second, "a question that takes longer is asked less often, but five times")
	f.StringVar(&s.only, "only", "", "regular expression of the names of questions to ask (default: all)")
	f.BoolVar(&s.older, "older", false, "leave out questions that the binary refuses, and say so")
	f.StringVar(&s.keep, "keep", "", "directory whose data are asked, after they are sent when there are none; they stay")
	f.StringVar(&s.dir, "dir", "", "where the data directory is made (default: the system's directory for temporary files)")
	if err := f.Parse(args); err != nil {
		return err
	}
	if s.spans < 1 || s.repeats < 1 {
		return fmt.Errorf("-spans %d and -repeats %d: use numbers of at least 1", s.spans, s.repeats)
	}
	only, err := regexp.Compile(s.only)
	if err != nil {
		return fmt.Errorf("-only %q: %w", s.only, err)
	}
	list, failed := measure(ctx, s, only, log)
	for i := range list {
		list[i].name = fmt.Sprintf("spans=%d/%s", s.spans, list[i].name)
	}
	return errors.Join(failed, writeResults(out, list))
}
