package sidecar

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// span is what a sidecar keeps of one.
type span struct {
	series     Series
	start, dur int64
}

const meshStart = 1_700_000_000_000_000_000

// mesh makes the part that a service mesh of 40 services with ten operations
// each leaves in a time: traces of 33 spans on average, durations from 0.3 to
// 130 ms, 2 % errors, row groups of 64k rows with one hash to filter for per row.
func mesh(rows int, lengthNs int64, seed uint64) (*Contents, []span) {
	r := rand.New(rand.NewPCG(seed, 1))
	c := &Contents{Extra: map[string][]byte{}}
	var red REDBuilder
	spans := make([]span, 0, rows)
	var hashes []uint64
	edges := map[Edge]int{}
	for i := range 40 {
		c.Edges.Names = append(c.Edges.Names, fmt.Sprintf("\x01shop-service-%02d", i))
	}
	const groupRows = 64 << 10
	for first := 0; first < rows; first += groupRows {
		n := min(groupRows, rows-first)
		zone := Zone{uint32(n), math.MaxInt64, math.MinInt64, math.MaxInt64, math.MinInt64}
		hashes = hashes[:0]
		for row := 0; row < n; {
			size := min(1+r.IntN(65), n-row)
			t := Trace{r.Uint64(), Run{uint32(first / groupRows), uint32(row), uint32(size)}}
			c.Traces = append(c.Traces, t)
			if r.IntN(10) == 0 {
				c.Edges.Excluded = append(c.Edges.Excluded, t.Fingerprint)
			}
			start, caller := meshStart+r.Int64N(lengthNs), uint32(r.IntN(40))
			for range size {
				service, status := uint32(r.IntN(40)), uint8(0)
				if r.IntN(50) == 0 {
					status = 2
				}
				s := span{Series{c.Edges.Names[service], fmt.Sprintf("GET /api/v1/resource-%d/{id}", r.IntN(10)), uint8(1 + service&1), status},
					start, duration(r)}
				start += r.Int64N(3e6)
				spans = append(spans, s)
				red.Observe(red.Series(s.series), s.start, s.dur)
				zone.MinStartNs, zone.MaxStartNs = min(zone.MinStartNs, s.start), max(zone.MaxStartNs, s.start)
				zone.MinDurationNs, zone.MaxDurationNs = min(zone.MinDurationNs, s.dur), max(zone.MaxDurationNs, s.dur)
				hashes = append(hashes, r.Uint64())
				if callee := (caller*7 + uint32(r.IntN(4))) % 40; callee != caller {
					edges[Edge{Caller: caller, Callee: callee, Minute: MinuteOf(s.start)}]++
					caller = callee
				}
			}
			row += size
		}
		c.Zones = append(c.Zones, zone)
		c.Filters = append(c.Filters, NewFilter(hashes, 0, 0))
	}
	for e, calls := range edges {
		e.Calls, e.Errors = uint64(calls), uint64(calls/40)
		c.Edges.List = append(c.Edges.List, e)
	}
	for i := range 90 {
		c.Keys = append(c.Keys, Key{storage.Scope(1 + i%3), fmt.Sprintf("http.request.header.x-%d", i), storage.Type(1 + i%4), uint64(rows) / uint64(i+1)})
	}
	c.RED = red.Contents()
	slices.SortFunc(c.Traces, compareTraces)
	return c, spans
}

// duration has no floating point in it: it must be the same everywhere.
func duration(r *rand.Rand) int64 {
	octave := int64(1) << (18 + r.IntN(5) + r.IntN(5))
	return octave + r.Int64N(octave)
}

// sample is a small part with a bit of everything, and something special in
// every section.
func sample() *Contents {
	c, _ := mesh(700, 100e9, 7)
	c.Zones = append(c.Zones, Zone{Rows: 70_000, MinStartNs: math.MinInt64, MaxStartNs: math.MaxInt64, MinDurationNs: -5}, Zone{})
	c.Filters = append(c.Filters, nil, NewFilter(nil, 0, 0))
	for i := range 600 { // over several blocks
		c.Traces = append(c.Traces, Trace{1 << 63, Run{1, uint32(i * 3), 3}})
	}
	c.Traces = append(c.Traces, Trace{0, Run{1, 69_999, 1}}, Trace{math.MaxUint64, Run{1, 0, 70_000}}, Trace{0, Run{0, 4, 1}})
	c.Keys = append(c.Keys, Key{storage.ScopeSpan, "", storage.TypeEmpty, 0}, Key{200, "\xff", 201, math.MaxUint64})
	b := REDBuilder{}
	for i, s := range c.RED.Series {
		if n := b.Series(s); int(n) != i {
			panic("series twice")
		}
	}
	for i, durations := range [][]int64{{5}, {-5, -5}, {0, 7}, {1, 2, 3}, {9, 9, 9, 9}, {math.MinInt64, math.MaxInt64}, {1, math.MaxInt64, 1 << 60}, {1 << 62, 1 << 61, 5, 1 << 61, -7}} {
		for _, d := range durations {
			b.Observe(b.Series(Series{"", "odd", 200, uint8(i)}), math.MinInt64+int64(i), d)
		}
	}
	odd := b.Contents()
	c.RED.Series, c.RED.Cells = odd.Series, append(c.RED.Cells, odd.Cells...)
	c.Edges.List = append(c.Edges.List, Edge{39, 39, math.MinInt64, math.MaxUint64, 1}, Edge{0, 39, math.MaxInt64, 1, 0})
	c.Edges.AllFailed = true
	c.Extra["catalog"], c.Extra[""] = []byte("anything"), nil
	return c
}

func encode(t testing.TB, c *Contents) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, b []byte) *Index {
	t.Helper()
	x, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
