package main

import (
	"runtime"
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
		r := latencies("q", took)
		if r.n != c.n || r.figures[0] != (figure{c.p50, "p50-ns"}) || r.figures[1] != (figure{c.p95, "p95-ns"}) {
			t.Errorf("of %d: %+v, want %v and %v", c.n, r, c.p50, c.p95)
		}
	}
}

func TestAnswered(t *testing.T) {
	for text, want := range map[string]int{`{"data":[{"traceID":"1"},{"traceID":"2"}]}`: 2, `{"data":["a"]}`: 1, `{"data":[]}`: 0, `{"data":null}`: 0, `<html>`: -1} {
		n, err := answered([]byte(text))
		if (err != nil) != (want < 0) || err == nil && n != want {
			t.Errorf("%s: %d, %v, want %d", text, n, err, want)
		}
	}
}
