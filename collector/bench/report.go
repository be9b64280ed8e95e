package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// result is a line of Go's benchmark format: what was measured, how often, and
// figures with their units. benchstat reads ns and B in a unit and scales them.
type result struct {
	name    string
	n       int
	figures []figure
}

type figure struct {
	value float64
	unit  string
}

// writeResults writes results as `go test -bench` does.
func writeResults(out io.Writer, list []result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: heddle/server\n", runtime.GOOS, runtime.GOARCH)
	for _, r := range list {
		fmt.Fprintf(&b, "BenchmarkServer/%s\t%d", r.name, r.n)
		for _, f := range r.figures {
			fmt.Fprintf(&b, "\t%s %s", strconv.FormatFloat(f.value, 'f', digits(f.value), 64), f.unit)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// digits is how many decimals leave four significant ones.
func digits(v float64) int {
	if v == 0 {
		return 0
	}
	return min(max(3-int(math.Floor(math.Log10(math.Abs(v)))), 0), 6)
}

// latencies summarizes how long a question took.
func latencies(name string, took []time.Duration) result {
	slices.Sort(took)
	return result{name, len(took), []figure{
		{float64(quantile(took, 0.5)), "p50-ns"},
		{float64(quantile(took, 0.95)), "p95-ns"},
	}}
}

// quantile is the smallest of the ascending values that is not below the share
// q of them.
func quantile(took []time.Duration, q float64) time.Duration {
	return took[max(int(math.Ceil(q*float64(len(took))))-1, 0)]
}
