package trace

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
)

func TestCriticalPath(t *testing.T) {
	for _, c := range []struct{ name, spans, want string }{
		{"alone", "a - web server 0s+10ms", "a 0s+10ms"},
		{"one child", `
			a - web server 0s+10ms
			b a db client 2ms+5ms`, "a 0s+2ms, b 2ms+5ms, a 7ms+3ms"},
		{"of concurrent children the last", `
			a - web server 0s+10ms
			b a x client 1ms+8ms
			c a y client 2ms+5ms`, "a 0s+1ms, b 1ms+8ms, a 9ms+1ms"},
		{"what overlaps held nobody up", `
			a - web server 0s+10ms
			b a x client 1ms+5ms
			c a y client 4ms+5ms`, "a 0s+4ms, c 4ms+5ms, a 9ms+1ms"},
		{"one after the other", `
			a - web server 0s+10ms
			b a x client 1ms+3ms
			c a y client 4ms+5ms`, "a 0s+1ms, b 1ms+3ms, c 4ms+5ms, a 9ms+1ms"},
		{"a child that goes on is cut", `
			a - web server 0s+10ms
			b a x client 8ms+50ms`, "a 0s+8ms, b 8ms+2ms"},
		{"a consumer is not waited for", `
			a - web producer 0s+10ms
			b a x consumer 2ms+50ms`, "a 0s+10ms"},
		{"through the levels", `
			a - web server 0s+10ms
			b a x client 1ms+8ms
			c b y server 3ms+4ms`, "a 0s+1ms, b 1ms+2ms, c 3ms+4ms, b 7ms+2ms, a 9ms+1ms"},
		{"skew is corrected", `
			a - web client 0s+10ms host=h1
			b a x server 1s+4ms host=h2`, "a 0s+3ms, b 3ms+4ms, a 7ms+3ms"},
		{"backwards", "a - web server 10ms+-5ms", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := Build(parseSpans(t, c.spans))[0]
			path := tr.CriticalPath()
			var got []string
			for _, s := range path.Segments {
				id := tr.Spans.SpanIDs[tr.Rows[s.Position]]
				got = append(got, fmt.Sprintf("%s %v+%v", strings.Trim(string(id[:]), "\x00"), time.Duration(s.StartNs-epoch), time.Duration(s.DurationNs)))
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
}

func TestCriticalPathCoversTheRoot(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 2))
		tr := Build(randomSpans(rng, 1+rng.IntN(80), 0.2))[0]
		path := tr.CriticalPath()
		at := path.StartNs
		for _, s := range path.Segments {
			if s.StartNs != at || s.DurationNs <= 0 {
				t.Fatalf("seed %d: a segment of %d ns at %d, want it at %d", seed, s.DurationNs, s.StartNs, at)
			}
			at += s.DurationNs
		}
		if at != path.EndNs {
			t.Fatalf("seed %d: the path ends at %d, the root at %d", seed, at, path.EndNs)
		}
		var sum int64
		for _, ns := range path.SelfNs() {
			sum += ns
		}
		if want := max(tr.Spans.DurationsNs[tr.Rows[tr.First()]], 0); sum != want {
			t.Fatalf("seed %d: the path lasts %d, the root %d", seed, sum, want)
		}
	}
}

// A chain of a million spans must neither overflow a stack nor take
// quadratic time.
func TestCriticalPathOfAChain(t *testing.T) {
	tr := Build(chain(1_000_000))[0]
	path := tr.CriticalPath()
	if len(path.Segments) == 0 || path.EndNs-path.StartNs != tr.DurationNs() {
		t.Fatalf("%d segments, %d ns", len(path.Segments), path.EndNs-path.StartNs)
	}
	tree := NewCallTree(100)
	tree.Add(tr)
	if len(tree.Nodes) != 100 || tree.Folded != tr.Len()-100 {
		t.Errorf("%d nodes and %d spans folded", len(tree.Nodes), tree.Folded)
	}
}

func chain(n int) *storage.Spans {
	b := storage.NewSpansBuilder(n)
	resource, scope := b.AddResource(storage.Resource{}), b.AddScope(storage.InstrumentationScope{})
	for i := range n {
		b.AddSpan(storage.SpanFields{
			TraceID: storage.TraceID{1}, SpanID: counted(i + 1), ParentID: counted(i), Name: "op",
			StartNs: int64(i), DurationNs: int64(2*n - 2*i), Resource: resource, Scope: scope,
		})
	}
	return b.Spans()
}

func counted(i int) (id storage.SpanID) {
	for b := range 8 {
		id[7-b] = byte(i >> (8 * b))
	}
	return id
}

// fan is a root that calls n-1 children, one after the other.
func fan(n int) *storage.Spans {
	b := storage.NewSpansBuilder(n)
	resource, scope := b.AddResource(storage.Resource{}), b.AddScope(storage.InstrumentationScope{})
	for i := range n {
		f := storage.SpanFields{
			TraceID: storage.TraceID{1}, SpanID: counted(i + 1), ParentID: counted(1), Name: "op",
			StartNs: int64(10 * i), DurationNs: 8, Resource: resource, Scope: scope,
		}
		if i == 0 {
			f.ParentID, f.DurationNs = storage.SpanID{}, int64(10*n)
		}
		b.AddSpan(f)
	}
	return b.Spans()
}

// In these shapes every span is on the path.
func BenchmarkCriticalPath(b *testing.B) {
	for name, s := range map[string]*storage.Spans{"chain": chain(100_000), "fan": fan(100_000)} {
		b.Run(name, func(b *testing.B) {
			tr := Build(s)[0]
			b.ReportAllocs()
			for b.Loop() {
				tr.CriticalPath()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tr.Len()), "ns/span")
		})
	}
}
