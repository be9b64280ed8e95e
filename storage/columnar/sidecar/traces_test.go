package sidecar

import (
	"bytes"
	"io"
	"math"
	"slices"
	"testing"
)

// countingReader counts reads and bytes.
type countingReader struct {
	io.ReaderAt
	reads, bytes int
}

func (r *countingReader) ReadAt(b []byte, off int64) (int, error) {
	r.reads++
	r.bytes += len(b)
	return r.ReaderAt.ReadAt(b, off)
}

func counting(t testing.TB, b []byte) (*Index, *countingReader) {
	t.Helper()
	r := &countingReader{ReaderAt: bytes.NewReader(b)}
	x, err := Open(r, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if r.reads != 1 {
		t.Errorf("opening took %d reads", r.reads)
	}
	return x, r
}

func TestLookup(t *testing.T) {
	c, _ := mesh(100_000, 10e9, 1)
	x, r := counting(t, encode(t, c))
	must[[]Run](t)(x.Lookup(0))
	for _, trace := range c.Traces {
		r.reads, r.bytes = 0, 0
		runs := must[[]Run](t)(x.Lookup(trace.Fingerprint))
		if len(runs) != 1 || runs[0] != trace.Run {
			t.Fatalf("%x is at %v, found at %v", trace.Fingerprint, trace.Run, runs)
		}
		if r.reads != 1 || r.bytes > 4096 {
			t.Fatalf("%d reads of %d bytes", r.reads, r.bytes)
		}
		if runs := must[[]Run](t)(x.Lookup(trace.Fingerprint + 1)); len(runs) != 0 {
			t.Fatalf("found what is not there at %v", runs)
		}
	}
}

func TestLookupFindsAllRuns(t *testing.T) {
	for _, repeats := range []int{1, 2, 255, 256, 257, 300, 512, 1000} {
		for _, before := range []int{0, 1, 100, 255, 256} {
			c := &Contents{Zones: []Zone{{Rows: 5000}, {Rows: 5000}}}
			for i := range before {
				c.Traces = append(c.Traces, Trace{uint64(i), Run{0, uint32(i), 1}})
			}
			var want []Run
			for i := range repeats {
				run := Run{uint32(i % 2), 1000 + uint32(i), 1 + uint32(i%5)}
				c.Traces = append(c.Traces, Trace{1 << 40, run})
				want = append(want, run)
			}
			c.Traces = append(c.Traces, Trace{math.MaxUint64, Run{1, 0, 1}})
			slices.SortFunc(want, func(a, b Run) int { return compareTraces(Trace{0, a}, Trace{0, b}) })
			x := open(t, encode(t, c))
			if got := must[[]Run](t)(x.Lookup(1 << 40)); !slices.Equal(got, want) {
				t.Errorf("%d runs after %d others: found %d", repeats, before, len(got))
			}
			if got := must[[]Run](t)(x.Lookup(math.MaxUint64)); len(got) != 1 {
				t.Errorf("%d runs after %d others: the last trace is at %v", repeats, before, got)
			}
			if err := x.Verify(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestLookupOfNothingAllocatesNothing(t *testing.T) {
	c, _ := mesh(10_000, 10e9, 1)
	x := open(t, encode(t, c))
	x.Lookup(1)
	if n := testing.AllocsPerRun(100, func() { x.Lookup(12345) }); n > 0 && !raceEnabled {
		t.Errorf("%v allocations", n)
	}
}

func TestPacked(t *testing.T) {
	for width := range uint(65) {
		var w bitWriter
		values := make([]uint64, 77)
		for i := range values {
			values[i] = uint64(i+1) * 0x9E3779B97F4A7C15 & (1<<width - 1)
			w.put(values[i], width)
		}
		if len(w.b) != packedSize(len(values), width) {
			t.Fatalf("width %d takes %d bytes", width, len(w.b))
		}
		p := packed{w.b, width}
		for i, v := range values {
			if got := p.at(i); got != v {
				t.Fatalf("width %d: value %d is %x, want %x", width, i, got, v)
			}
		}
	}
}
