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
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: heddle/server\nUnit "+budgetUnit+" assume=exact\n", runtime.GOOS, runtime.GOARCH)
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

// budgetUnit is that of budgets, which the report repeats beside what they are
// for. They are no measurements.
const budgetUnit = "budget-p95-ns"

// latencies summarizes how long a question took. The budget is 0 where there is none.
func latencies(name string, a asked, budget time.Duration) result {
	slices.Sort(a.took)
	r := result{name, len(a.took), []figure{
		{float64(quantile(a.took, 0.5)), "p50-ns"},
		{float64(quantile(a.took, 0.95)), "p95-ns"},
		{float64(a.cpu) / float64(len(a.took)), "cpu-ns/op"},
	}}
	if budget > 0 {
		r.figures = append(r.figures, figure{float64(budget), budgetUnit})
	}
	return r
}

// tableHeader is above the rows of questions, which are for people; times are
// in milliseconds.
const tableHeader = "| question | asked | median | 95 % | CPU | budget |\n|---|---|---|---|---|---|\n"

func (r result) tableRow() string {
	cells := map[string]string{}
	for _, f := range r.figures {
		ms := f.value / 1e6
		cells[f.unit] = strconv.FormatFloat(ms, 'f', max(digits(ms)-1, 0), 64)
	}
	return fmt.Sprintf("| %s | %d | %s | %s | %s | %s |\n", strings.TrimPrefix(r.name, "query="), r.n, cells["p50-ns"], cells["p95-ns"], cells["cpu-ns/op"], cells[budgetUnit])
}

// quantile is the smallest of the ascending values that is not below the share
// q of them.
func quantile(took []time.Duration, q float64) time.Duration {
	return took[max(int(math.Ceil(q*float64(len(took))))-1, 0)]
}
