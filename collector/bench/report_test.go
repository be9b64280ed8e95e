package main

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestResultsAreGoBenchmarks(t *testing.T) {
	var b strings.Builder
	err := writeResults(&b, []result{
		{"spans=10/ingest", 12, []figure{{4901.234, "cpu-ns/span"}, {51.6, "disk-B/span"}, {349_000_123, "peak-rss-B"}, {0, "cpu-ns/s"}, {0.00123456, "x"}}},
		{"spans=10/start", 1, []figure{{35592334, "start-ns"}}},
	})
	want := "goos: " + runtime.GOOS + "\ngoarch: " + runtime.GOARCH + "\npkg: heddle/server\n" +
		"Unit budget-p95-ns assume=exact\n" +
		"BenchmarkServer/spans=10/ingest\t12\t4901 cpu-ns/span\t51.60 disk-B/span\t349000123 peak-rss-B\t0 cpu-ns/s\t0.001235 x\n" +
		"BenchmarkServer/spans=10/start\t1\t35592334 start-ns\n"
	if err != nil || b.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, &b, want)
	}
}

func TestLatencies(t *testing.T) {
	for _, c := range []struct {
		n        int // 1 to n ms, out of order
		p50, p95 float64
	}{
		{1, 1e6, 1e6}, {2, 1e6, 2e6}, {20, 10e6, 19e6}, {40, 20e6, 38e6},
	} {
		var took []time.Duration
		for i := c.n; i > 0; i-- {
			took = append(took, time.Duration(i)*time.Millisecond)
		}
		r := latencies("q", asked{took, time.Duration(c.n) * time.Second}, 0)
		if r.n != c.n || !slices.Equal(r.figures, []figure{{c.p50, "p50-ns"}, {c.p95, "p95-ns"}, {1e9, "cpu-ns/op"}}) {
			t.Errorf("of %d: %+v, want %v and %v", c.n, r, c.p50, c.p95)
		}
	}
}

func TestTable(t *testing.T) {
	for want, r := range map[string]result{
		"| trace | 2 | 1.23 | 2.35 | 4.00 | 5.00 |\n": latencies("query=trace", asked{[]time.Duration{1_234_567, 2_345_678}, 8_000_000}, 5*time.Millisecond),
		"| all | 1 | 2000 | 2000 | 1000 |  |\n":       latencies("query=all", asked{[]time.Duration{2 * time.Second}, time.Second}, 0),
	} {
		if got := r.tableRow(); got != want || strings.Count(got, "|") != strings.Count(tableHeader, "|")/2 {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
