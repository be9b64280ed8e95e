package columnar

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// heavySpans makes requests of spans that take much more than others.
type heavySpans struct {
	rng        *rand.Rand
	number     int
	valueBytes int  // of an attribute
	events     int  // of a span
	dense      bool // values cannot be compressed
	trace      int  // spans of a trace
}

func (h *heavySpans) request(spans int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "heavy")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	value, bits := make([]byte, h.valueBytes), uint64(0)
	for range spans {
		h.number++
		s := list.AppendEmpty()
		trace := h.number / h.trace
		s.SetTraceID(pcommon.TraceID{1, byte(trace >> 16), byte(trace >> 8), byte(trace)})
		s.SetSpanID(pcommon.SpanID{1, byte(h.number >> 16), byte(h.number >> 8), byte(h.number)})
		s.SetName("heavy")
		s.SetStartTimestamp(pcommon.Timestamp(modelEpoch + int64(h.number)*1e6))
		for i := range value {
			if i%8 == 0 && (i == 0 || h.dense) {
				bits = h.rng.Uint64()
			} else if i == 8 {
				bits = 0
			}
			value[i] = byte(' ' + bits%64)
			bits >>= 8
		}
		if len(value) > 0 {
			s.Attributes().PutStr("value", string(value))
		}
		s.Events().EnsureCapacity(h.events)
		for n := range h.events {
			e := s.Events().AppendEmpty()
			e.SetName("event")
			e.SetTimestamp(pcommon.Timestamp(modelEpoch + int64(n)))
		}
	}
	return td
}

func (h *heavySpans) body(tb testing.TB, spans int) []byte {
	tb.Helper()
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(h.request(spans))
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// TestDecodedBytes compares what the footer says with what decoding takes.
func TestDecodedBytes(t *testing.T) {
	storagetest.Long(t)
	mesh := newMesh()
	rng := rand.New(rand.NewPCG(1, 1))
	for name, td := range map[string]ptrace.Traces{
		"mesh":          mesh.request(256, 32),
		"large values":  (&heavySpans{rng: rng, valueBytes: 16 << 10, trace: 8}).request(1000),
		"many events":   (&heavySpans{rng: rng, events: 4000, trace: 8}).request(40),
		"small records": (&heavySpans{rng: rng, trace: 8}).request(5000),
	} {
		p := openFile(t, spanFile(t, spanTableOf(t, td), 0))
		estimate := p.decodedBytes(0)
		heap := func() int64 {
			var m runtime.MemStats
			for range 5 { // what pools had is gone after some
				runtime.GC()
			}
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		const times = 4
		var tables []*spanTable
		before := heap()
		for range times {
			rows := p.spanRows(0)
			tables = append(tables, rows.load(rows.all()))
			if rows.failed != nil {
				t.Fatal(rows.failed)
			}
		}
		took := (heap() - before) / times
		runtime.KeepAlive(p)
		t.Logf("%s: %d rows take %d bytes, estimated %d", name, tables[0].n, took, estimate)
		if estimate < took*9/10 || estimate > took*2 {
			t.Errorf("%s: decoding took %d bytes, the estimate was %d", name, took, estimate)
		}
	}
}

func TestSourceCacheIsBoundedInBytes(t *testing.T) {
	sizes := []int64{10, 10, 10, 10, 10, 50, 100, 10}
	loads := []int(nil)
	c := sourceCache[int]{limit: 4, most: 60, bytes: func(s int) int64 { return sizes[s] }, load: func(s int) (int, error) {
		loads = append(loads, s)
		return s, nil
	}}
	for _, step := range []struct {
		get  int
		held string
	}{
		{0, "0"}, {1, "0 1"}, {2, "0 1 2"}, {3, "0 1 2 3"}, {0, "1 2 3 0"}, {4, "2 3 0 4"}, {5, "4 5"}, {6, "6"}, {7, "7"}, {5, "7 5"}, {7, "5 7"},
	} {
		if v, err := c.get(step.get); v != step.get || err != nil {
			t.Fatalf("get(%d): %d, %v", step.get, v, err)
		}
		var held []string
		for _, h := range c.held {
			held = append(held, fmt.Sprint(h.source))
		}
		if got := strings.Join(held, " "); got != step.held {
			t.Errorf("after %d it has %q, want %q", step.get, got, step.held)
		}
	}
	if !slices.Equal(loads, []int{0, 1, 2, 3, 4, 5, 6, 7, 5}) {
		t.Errorf("loaded %v", loads)
	}
}

func TestChunked(t *testing.T) {
	for _, c := range []struct {
		list  []int64
		most  int
		bytes int64
		want  string
	}{
		{nil, 3, 10, "[]"},
		{[]int64{1, 1, 1, 1}, 3, 10, "[[1 1 1] [1]]"},
		{[]int64{5, 5, 5}, 3, 10, "[[5 5] [5]]"},
		{[]int64{50, 1, 50}, 3, 10, "[[50] [1] [50]]"},
		{[]int64{1, 9, 1}, 100, 10, "[[1 9] [1]]"},
	} {
		got := fmt.Sprint(chunked(c.list, c.most, c.bytes, func(n int64) int64 { return n }))
		if got != c.want {
			t.Errorf("%v in %d and %d: %s, want %s", c.list, c.most, c.bytes, got, c.want)
		}
	}
}

// TestMemoryOfMergesOfHeavySpans merges parts of few rows that take many bytes.
// Counted in rows, all of them would fit into one row group.
func TestMemoryOfMergesOfHeavySpans(t *testing.T) {
	storagetest.Long(t)
	for _, c := range []struct {
		name     string
		spans    heavySpans
		requests int
		each     int // spans of a request
	}{
		{"large values that compress well", heavySpans{valueBytes: 64 << 10, trace: 8}, 160, 16},
		{"large values that do not", heavySpans{valueBytes: 64 << 10, dense: true, trace: 8}, 80, 16},
		{"one long trace of large values", heavySpans{valueBytes: 64 << 10, trace: 1 << 20}, 80, 16},
		{"many events", heavySpans{events: 4000, trace: 8}, 300, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Unix(0, modelEpoch)
			o := realOptions(t, filepath.Join(t.TempDir(), "store"))
			o.MaxMemoryBytes, o.now = 8<<20, func() time.Time { return now }
			c.spans.rng = rand.New(rand.NewPCG(1, 2))
			s := openDisk(t, o)
			to := s.Spans().(storage.OTLPWriter)
			for range c.requests {
				if _, err := to.WriteOTLP(t.Context(), storage.OTLPRequest{Body: c.spans.body(t, c.each)}); err != nil {
					t.Fatal(err)
				}
				if s.disk.s.spans.openRows() == 0 { // it was sealed
					flushed{s}.flush()
				}
			}
			flushed{s}.flush()
			before, all := len(s.disk.current.spans), int64(0)
			for _, p := range s.disk.current.spans {
				all += p.weight()
			}
			now = now.Add(3 * time.Hour)
			grew := peakLive(func() { mergeAll(t, s) })
			limit := s.disk.opts.mergeBytes()
			t.Logf("%d spans in %d parts that take %d MiB decoded: the heap grew by %d MiB, the bound for inputs is %d MiB; %d parts are left",
				c.requests*c.each, before, all>>20, grew>>20, limit>>20, len(s.disk.current.spans))
			small := 0
			for _, p := range s.disk.current.spans {
				p.decoded.Store(0) // what its own footer says
				if p.weight() > limit*5/4 {
					t.Errorf("a part takes %d MiB decoded", p.weight()>>20)
				}
				if p.weight() <= limit/2 {
					small++
				}
				f, err := p.open()
				if err != nil {
					t.Fatal(err)
				}
				for number := range f.file.RowGroups() {
					if n := f.decodedBytes(number); n > s.disk.opts.groupBytes()*5/4 {
						t.Errorf("a row group takes %d MiB decoded", n>>20)
					}
				}
			}
			if small > 1 {
				t.Errorf("%d small parts were not merged", small)
			}
			if n := scanned(t, s, nil); n != c.requests*c.each {
				t.Errorf("%d spans are there, want %d", n, c.requests*c.each)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if grew > 3*limit && !raced {
				t.Errorf("the heap grew by %d MiB", grew>>20)
			}
		})
	}
}

// TestMemoryOfRecoveryOfHeavySpans is TestMemoryOfRecovery with requests of a
// mebibyte, and a log of many times what the store may keep.
func TestMemoryOfRecoveryOfHeavySpans(t *testing.T) {
	storagetest.Long(t)
	const requests = 128
	h := heavySpans{rng: rand.New(rand.NewPCG(1, 3)), valueBytes: 64 << 10, dense: true, trace: 8}
	var bodies [][]byte
	for range requests {
		bodies = append(bodies, h.body(t, 16))
	}
	dir := filepath.Join(t.TempDir(), "killed")
	spans := unflushed(t, dir, bodies, 0)
	bodies = nil
	o := realOptions(t, dir)
	o.MaxMemoryBytes = 8 << 20
	var s *Store
	grew := peakLive(func() { s = openDisk(t, o) })
	t.Logf("%d requests of 1 MiB: the heap grew by %d MiB, the store may keep %d MiB", requests, grew>>20, o.MaxMemoryBytes>>20)
	if n := scanned(t, s, nil); n != spans {
		t.Errorf("%d spans are there, want %d", n, spans)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if grew > 8*o.MaxMemoryBytes && !raced {
		t.Errorf("the heap grew by %d MiB", grew>>20)
	}
}
