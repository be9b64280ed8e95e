package red

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

func stores(t testing.TB) map[string]storage.Store {
	t.Helper()
	memory, err := columnar.Open(columnar.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	options := columnar.DefaultDiskOptions()
	options.Dir, options.SealRows, options.Retention = t.TempDir(), 300, columnar.Retention{}
	disk, err := columnar.OpenDisk(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]storage.Store{"memory": memory, "disk": disk}
	for _, s := range all {
		t.Cleanup(func() { s.Close() })
	}
	return all
}

func write(t testing.TB, store storage.Store, td ptrace.Traces) {
	t.Helper()
	if outcome, err := store.Spans().WriteSpans(t.Context(), td); err != nil || outcome.RejectedCount() > 0 {
		t.Fatalf("write: %+v, %v", outcome, err)
	}
}

// traffic makes n random traces over an hour's millisecond-sized steps, with
// everything that makes edges hard: shared ids, retries, missing parents,
// several spans with the id of the parent.
func traffic(rng *rand.Rand, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	for range n {
		var id pcommon.TraceID
		binary.BigEndian.PutUint64(id[8:], rng.Uint64()|1)
		begin := rng.IntN(3_600_000)
		for i := range 1 + rng.IntN(8) {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", fmt.Sprint("s", rng.IntN(5)))
			s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			s.SetTraceID(id)
			s.SetSpanID(pcommon.SpanID{7: byte(1 + max(0, i-rng.IntN(2)))})
			if i > 0 {
				s.SetParentSpanID(pcommon.SpanID{7: byte(rng.IntN(i + 2))})
			}
			s.SetName(fmt.Sprint("op", rng.IntN(3)))
			s.SetKind(ptrace.SpanKind(rng.IntN(6)))
			start := uint64(begin + rng.IntN(1000))
			s.SetStartTimestamp(pcommon.Timestamp(start * 1e6))
			s.SetEndTimestamp(pcommon.Timestamp(start*1e6 + uint64(rng.ExpFloat64()*1e7)))
			switch rng.IntN(8) {
			case 0:
				s.Status().SetCode(ptrace.StatusCodeError)
			case 1:
				s.Attributes().PutStr("error", "true")
			case 2:
				s.Attributes().PutStr("db.system", "postgresql")
			}
			if rng.IntN(10) == 0 {
				s.CopyTo(rs.ScopeSpans().At(0).Spans().AppendEmpty())
			}
		}
	}
	return td
}

var hour = storage.Window{FromNs: 600_000e6, ToNs: 3_000_000e6}

func search(t testing.TB, r storage.SpanReader, where storage.Predicate, query string) *selection.Search {
	t.Helper()
	sel := selection.Selection{Where: where}
	if query != "" {
		q, err := traceql.Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		sel.Query = q
	}
	s, err := selection.New(r, sel, hour, selection.Budget{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What the store aggregates and what is scanned must be the same.
func TestRatesOfBothWays(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 3))
			for range 3 {
				write(t, store, traffic(rng, 150))
			}
			for _, by := range [][]storage.Key{nil, {storage.KeyService}, {storage.KeyService, storage.KeyName}, {{Scope: storage.ScopeSpan, Name: "db.system"}}} {
				for _, step := range []int64{0, 60e9, 7e9} {
					for _, query := range []string{"", `{ name = "op1" }`} {
						q := Query{By: by, StepNs: step}
						fast, err := Rates(t.Context(), search(t, store.Spans(), nil, query), q)
						if err != nil || fast.Scanned || len(fast.Groups) == 0 {
							t.Fatalf("%v %d: scanned %v, %d groups, %v", by, step, fast.Scanned, len(fast.Groups), err)
						}
						q.Exemplars = 2
						slow, err := Rates(t.Context(), search(t, store.Spans(), nil, query), q)
						if err != nil || !slow.Scanned {
							t.Fatal(err)
						}
						for i := range slow.Groups {
							if n := len(slow.Groups[i].Exemplars); n == 0 || n > 2 {
								t.Errorf("%d exemplars", n)
							}
							slow.Groups[i].Exemplars = nil
						}
						if got, want := text(fast.Groups), text(slow.Groups); got != want {
							t.Fatalf("%v, step %d, %q:\n%s\nscanned:\n%s", by, step, query, got, want)
						}
					}
				}
			}
		})
	}
}

// Cells begin at multiples of the step whatever the window cuts off, and have the
// spans that a window of the cell alone has.
func TestRatesOfCutCells(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(4, 4))
			for range 3 {
				write(t, store, traffic(rng, 150))
			}
			whole := search(t, store.Spans(), nil, "")
			for range 40 {
				w := storage.Window{FromNs: rng.Int64N(3_000_000e6)}
				w.ToNs = w.FromNs + 1 + rng.Int64N(1_500_000e6)
				q := Query{StepNs: []int64{60e9, 300e9, 77e9}[rng.IntN(3)], Exemplars: rng.IntN(2)}
				s := *whole
				s.Window = w
				r, err := Rates(t.Context(), &s, q)
				if err != nil {
					t.Fatal(err)
				}
				if r.FirstNs%q.StepNs != 0 || r.FirstNs > w.FromNs || r.FirstNs+q.StepNs <= w.FromNs {
					t.Fatalf("%v, step %d: the first cell begins at %d", w, q.StepNs, r.FirstNs)
				}
				if len(r.Groups) == 0 {
					continue
				}
				cells := r.Groups[0].Cells
				for i := range cells {
					from := r.FirstNs + int64(i)*q.StepNs
					s := *whole
					s.Window = storage.Window{FromNs: max(from, w.FromNs), ToNs: min(from+q.StepNs, w.ToNs)}
					one, err := Rates(t.Context(), &s, Query{Exemplars: 1})
					if err != nil {
						t.Fatal(err)
					}
					want := Cell{}
					if len(one.Groups) > 0 {
						want = one.Groups[0].Total()
					}
					if got := cells[i]; got.Spans != want.Spans || got.Errors != want.Errors || got.MaxNs != want.MaxNs {
						t.Fatalf("%v, step %d, cell %d: %+v, want %+v", w, q.StepNs, i, got, want)
					}
				}
				if last := r.FirstNs + int64(len(cells))*q.StepNs; last < w.ToNs || last-q.StepNs >= w.ToNs {
					t.Fatalf("%v, step %d: %d cells from %d", w, q.StepNs, len(cells), r.FirstNs)
				}
			}
		})
	}
}

// text shows groups with sums rounded: they are added in another order.
func text(groups []Group) string {
	var w strings.Builder
	for _, g := range groups {
		fmt.Fprintln(&w, g.Values)
		for i, c := range g.Cells {
			if c.Spans > 0 {
				fmt.Fprintf(&w, " %d: %d/%d %.6g %v-%v %+v\n", i, c.Spans, c.Errors, c.SumNs, c.MinNs, c.MaxNs, *c.Durations)
			}
		}
	}
	return w.String()
}

func TestRatesBounds(t *testing.T) {
	store := stores(t)["memory"]
	write(t, store, traffic(rand.New(rand.NewPCG(3, 3)), 100))
	for _, q := range []Query{
		{StepNs: 1}, {By: make([]storage.Key, MaxBy+1)}, {By: []storage.Key{storage.KeyService}, MaxGroups: 2},
		{By: []storage.Key{storage.KeyService}, MaxGroups: 2, Exemplars: 1},
	} {
		if _, err := Rates(t.Context(), search(t, store.Spans(), nil, ""), q); !errors.Is(err, storage.ErrTooLarge) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestRatesOfAStructuralQuery(t *testing.T) {
	store := stores(t)["memory"]
	write(t, store, traffic(rand.New(rand.NewPCG(3, 3)), 200))
	r, err := Rates(t.Context(), search(t, store.Spans(), nil, `{ name = "op0" } > { name = "op1" }`), Query{By: []storage.Key{storage.KeyName}})
	if err != nil || !r.Scanned || len(r.Groups) != 1 || r.Groups[0].Values[0] != storage.String("op1") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPicker(t *testing.T) {
	p := picker{most: 4}
	for i := range int64(20) {
		p.offer(Exemplar{DurationNs: (i * 7) % 20, Error: i%10 == 3})
	}
	var got []string
	for _, e := range p.exemplars() {
		got = append(got, fmt.Sprint(e.DurationNs, e.Error))
	}
	if want := "[11 true 1 true 19 false 18 false]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// The services-only graph of the store's counts and that of a scan must be the
// same.
func TestGraphOfBothWays(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(5, 5))
			for range 3 {
				write(t, store, traffic(rng, 200))
			}
			q := GraphQuery{Window: hour, By: storage.KeyService, ServicesOnly: true}
			fast, err := DependencyGraph(t.Context(), store.Spans(), q)
			if err != nil || fast.Scanned != 0 {
				t.Fatal(fast.Scanned, err)
			}
			slow, err := scannedGraph(t.Context(), store.Spans(), q)
			if err != nil || slow.Scanned == 0 || slow.Partial != "" {
				t.Fatal(slow.Partial, err)
			}
			if got, want := graphText(fast, false), graphText(slow, false); got != want {
				t.Errorf("counted:\n%s\nscanned:\n%s", got, want)
			}
			if len(fast.Edges) < 10 {
				t.Errorf("only %d edges", len(fast.Edges))
			}
		})
	}
}

func graphText(g Graph, durations bool) string {
	var w strings.Builder
	for _, n := range g.Nodes {
		fmt.Fprintf(&w, "%s %s spans=%d/%d served=%d/%d", n.Kind, n.Name, n.Spans, n.Errors, n.Served.Spans, n.Served.Errors)
		if h := n.Served.Durations; h != nil {
			fmt.Fprintf(&w, " p50=%.3g", h.Quantile(0.5))
		}
		w.WriteByte('\n')
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&w, "%s -> %s calls=%d/%d", g.Nodes[e.Caller].Name, g.Nodes[e.Callee].Name, e.Calls, e.Errors)
		if durations {
			fmt.Fprintf(&w, " ms=%g clientOnly=%d", e.Latency.SumNs/1e6, e.ClientOnly)
			for _, x := range e.Exemplars {
				fmt.Fprintf(&w, " %x", x.SpanID[7])
			}
		}
		w.WriteByte('\n')
	}
	return w.String()
}

type span struct {
	trace, id, parent byte
	service           string
	kind              ptrace.SpanKind
	startMs, ms       uint64
	failed            bool
	attributes        string // k=v, comma separated
}

func spans(list ...span) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, one := range list {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", one.service)
		rs.Resource().Attributes().PutStr("zone", "z-"+one.service[:1])
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{15: one.trace})
		s.SetSpanID(pcommon.SpanID{7: one.id})
		s.SetParentSpanID(pcommon.SpanID{7: one.parent})
		s.SetKind(one.kind)
		s.SetStartTimestamp(pcommon.Timestamp(one.startMs * 1e6))
		s.SetEndTimestamp(pcommon.Timestamp((one.startMs + one.ms) * 1e6))
		if one.failed {
			s.Status().SetCode(ptrace.StatusCodeError)
		}
		for kv := range strings.SplitSeq(one.attributes, ",") {
			if k, v, ok := strings.Cut(kv, "="); ok {
				s.Attributes().PutStr(k, v)
			}
		}
	}
	return td
}

func TestGraph(t *testing.T) {
	const (
		server, client, producer, consumer = ptrace.SpanKindServer, ptrace.SpanKindClient, ptrace.SpanKindProducer, ptrace.SpanKindConsumer
	)
	for _, c := range []struct {
		name  string
		spans []span
		want  string
	}{
		{"a call is measured by its client", []span{
			{1, 1, 0, "web", server, 1000, 50, false, ""}, {1, 2, 1, "web", client, 1001, 40, false, "peer.service=cart"}, {1, 3, 2, "cart", server, 1002, 30, true, ""},
		}, "service cart spans=1/1 served=1/1\nservice web spans=2/0 served=1/0\nweb -> cart calls=1/1 ms=40 clientOnly=0 2\n"},
		{"without a client span by its server", []span{
			{1, 1, 0, "web", server, 1000, 50, false, ""}, {1, 3, 1, "cart", server, 1002, 30, false, ""},
		}, "service cart spans=1/0 served=1/0\nservice web spans=1/0 served=1/0\nweb -> cart calls=1/0 ms=30 clientOnly=0 3\n"},
		{"a parent before the window", []span{
			{1, 1, 0, "web", client, 10, 5000, false, ""}, {1, 3, 1, "cart", server, 1002, 30, false, ""},
		}, "service cart spans=1/0 served=1/0\nservice web spans=0/0 served=0/0\nweb -> cart calls=1/0 ms=5000 clientOnly=0 1\n"},
		{"databases", []span{
			{1, 1, 0, "web", client, 1000, 5, true, "db.system.name=postgresql,db.namespace=orders"}, {1, 2, 0, "web", client, 1000, 6, false, "db.system=redis"},
		}, "service web spans=2/1 served=0/0\ndatabase orders spans=1/1 served=1/1\ndatabase redis spans=1/0 served=1/0\n" +
			"web -> orders calls=1/1 ms=5 clientOnly=0 1\nweb -> redis calls=1/0 ms=6 clientOnly=0 2\n"},
		{"others without spans", []span{
			{1, 1, 0, "web", client, 1000, 5, false, "server.address=api.example.com"}, {1, 2, 0, "web", client, 1000, 6, false, "net.peer.name=legacy.svc"},
			{1, 3, 0, "web", client, 1000, 7, false, "peer.service=mail,server.address=api.example.com"}, {1, 4, 0, "web", client, 1000, 8, false, "server.address=10.1.2.3"},
			{1, 5, 0, "web", client, 1000, 9, false, ""}, {1, 6, 0, "web", server, 1000, 9, false, "server.address=web.example.com"},
		}, "service web spans=6/0 served=1/0\nuninstrumented 10.1.2.3 spans=1/0 served=1/0\nuninstrumented legacy.svc spans=1/0 served=1/0\nuninstrumented mail spans=1/0 served=1/0\nexternal api.example.com spans=1/0 served=1/0\n" +
			"web -> 10.1.2.3 calls=1/0 ms=8 clientOnly=0 4\nweb -> legacy.svc calls=1/0 ms=6 clientOnly=0 2\nweb -> mail calls=1/0 ms=7 clientOnly=0 3\nweb -> api.example.com calls=1/0 ms=5 clientOnly=0 1\n"},
		{"a known service whose span is lost", []span{
			{1, 1, 0, "web", client, 1000, 5, false, "peer.service=cart"}, {2, 1, 0, "cart", server, 1000, 5, false, ""},
		}, "service cart spans=1/0 served=1/0\nservice web spans=1/0 served=0/0\nweb -> cart calls=0/0 ms=0 clientOnly=1\n"},
		{"a message goes over its topic", []span{
			{1, 1, 0, "web", producer, 1000, 5, false, "messaging.system=kafka,messaging.destination.name=orders"},
			{1, 2, 1, "ship", consumer, 1500, 7, true, "messaging.system=kafka,messaging.destination.name=orders"},
			{2, 9, 8, "bill", consumer, 1500, 9, false, "messaging.system=kafka,messaging.destination=orders"},
			{3, 1, 0, "shop", producer, 1500, 2, false, ""},
			{3, 2, 1, "ship", consumer, 1500, 3, false, "messaging.system=kafka"},
			{4, 1, 0, "shop", producer, 1500, 4, false, ""},
			{4, 2, 1, "ship", consumer, 1500, 5, false, ""},
		}, "service bill spans=1/0 served=1/0\nservice ship spans=3/1 served=3/1\nservice shop spans=2/0 served=0/0\nservice web spans=1/0 served=0/0\nmessaging kafka spans=0/0 served=0/0\nmessaging orders spans=1/0 served=1/0\n" +
			"shop -> ship calls=1/0 ms=4 clientOnly=0 1\nshop -> kafka calls=1/0 ms=2 clientOnly=0 1\nweb -> orders calls=1/0 ms=5 clientOnly=0 1\n" +
			"kafka -> ship calls=1/0 ms=3 clientOnly=0 2\norders -> bill calls=1/0 ms=9 clientOnly=0 9\norders -> ship calls=1/1 ms=7 clientOnly=0 2\n"},
		{"Zipkin's shared ids", []span{
			{1, 1, 0, "web", server, 1000, 50, false, ""}, {1, 2, 1, "web", client, 1001, 40, false, "peer.service=cart"}, {1, 2, 1, "cart", server, 1002, 30, false, ""},
		}, "service cart spans=1/0 served=1/0\nservice web spans=2/0 served=1/0\nweb -> cart calls=1/0 ms=30 clientOnly=0 2\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := stores(t)["memory"]
			write(t, store, spans(c.spans...))
			g, err := DependencyGraph(t.Context(), store.Spans(), GraphQuery{Window: storage.Window{FromNs: 500e6, ToNs: 5000e6}})
			if err != nil || g.Partial != "" {
				t.Fatal(g.Partial, err)
			}
			if got := withoutQuantiles(graphText(g, true)); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func withoutQuantiles(text string) string {
	var w strings.Builder
	for line := range strings.Lines(text) {
		if before, _, ok := strings.Cut(line, " p50="); ok {
			line = before + "\n"
		}
		w.WriteString(line)
	}
	return w.String()
}

func TestGraphByAttribute(t *testing.T) {
	store := stores(t)["memory"]
	write(t, store, spans(
		span{1, 1, 0, "web", ptrace.SpanKindServer, 1000, 50, false, ""}, span{1, 2, 1, "wall", ptrace.SpanKindServer, 1001, 40, false, ""},
		span{1, 3, 2, "cart", ptrace.SpanKindServer, 1002, 30, false, ""}))
	g, err := DependencyGraph(t.Context(), store.Spans(), GraphQuery{Window: storage.AllTime(), By: storage.Key{Scope: storage.ScopeResource, Name: "zone"}, ServicesOnly: true})
	if err != nil || len(g.Nodes) != 2 || len(g.Edges) != 1 || g.Nodes[0].Name != "z-c" || g.Edges[0].Calls != 1 {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestGraphOfSelectedTraces(t *testing.T) {
	store := stores(t)["memory"]
	write(t, store, spans(
		span{1, 1, 0, "web", ptrace.SpanKindServer, 700_000, 50, false, ""}, span{1, 2, 1, "cart", ptrace.SpanKindServer, 700_001, 40, true, ""},
		span{2, 1, 0, "web", ptrace.SpanKindServer, 700_000, 50, false, ""}, span{2, 2, 1, "mail", ptrace.SpanKindServer, 700_001, 40, false, ""}))
	g, err := DependencyGraph(t.Context(), store.Spans(), GraphQuery{Window: hour, ServicesOnly: true, Of: search(t, store.Spans(), nil, "{ status = error }")})
	if err != nil || len(g.Nodes) != 2 || len(g.Edges) != 1 || g.Nodes[0].Name != "cart" || g.Nodes[1].Spans != 1 || g.Scanned == 0 {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestGraphBounds(t *testing.T) {
	store := stores(t)["memory"]
	write(t, store, traffic(rand.New(rand.NewPCG(5, 5)), 500))
	g, err := DependencyGraph(t.Context(), store.Spans(), GraphQuery{Window: hour, MaxDuration: 1})
	if err != nil || !strings.Contains(g.Partial, "the time limit") {
		t.Errorf("%q, %v", g.Partial, err)
	}
	defer func(n int) { maxGraphEdges = n }(maxGraphEdges)
	maxGraphEdges = 3
	g, err = DependencyGraph(t.Context(), store.Spans(), GraphQuery{Window: hour})
	if err != nil || !strings.Contains(g.Partial, "more than 3 edges") {
		t.Errorf("%q, %v", g.Partial, err)
	}
	empty, err := DependencyGraph(t.Context(), store.Spans(), GraphQuery{Window: storage.Window{FromNs: 1, ToNs: 2}})
	if err != nil || !reflect.DeepEqual(empty, Graph{Nodes: []Node{}, Edges: []Edge{}}) {
		t.Errorf("%+v, %v", empty, err)
	}
}

// BenchmarkGraph draws graphs of traffic in memory, and in parts on disk.
func BenchmarkGraph(b *testing.B) {
	memory, err := columnar.Open(columnar.DefaultOptions())
	if err != nil {
		b.Fatal(err)
	}
	defer memory.Close()
	options := columnar.DefaultDiskOptions()
	options.Dir, options.Retention, options.SealRows = b.TempDir(), columnar.Retention{}, 20_000
	disk, err := columnar.OpenDisk(b.Context(), options)
	if err != nil {
		b.Fatal(err)
	}
	defer disk.Close()
	rng := rand.New(rand.NewPCG(5, 5))
	for range 20 {
		td := remoteTraffic(rng, 2000)
		write(b, memory, td)
		write(b, disk, td)
	}
	for _, store := range []struct {
		name string
		storage.Store
	}{{"memory", memory}, {"disk", disk}} {
		n := store.Stats().Spans
		for name, q := range map[string]GraphQuery{
			"services": {ServicesOnly: true}, "all": {}, "all-known": {Cache: NewGraphCache(1 << 24)},
		} {
			q.Window = storage.AllTime()
			b.Run(store.name+"/"+name, func(b *testing.B) {
				if q.Cache != nil {
					if _, err := DependencyGraph(b.Context(), store.Spans(), q); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := DependencyGraph(b.Context(), store.Spans(), q); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/span")
			})
		}
	}
}

func BenchmarkRates(b *testing.B) {
	store := stores(b)["memory"]
	rng := rand.New(rand.NewPCG(5, 5))
	for range 20 {
		write(b, store, traffic(rng, 2000))
	}
	n := store.Stats().Spans
	for _, q := range []Query{{By: []storage.Key{storage.KeyService}, StepNs: 60e9}, {By: []storage.Key{storage.KeyService}, StepNs: 60e9, Exemplars: 3}} {
		b.Run(fmt.Sprint("exemplars=", q.Exemplars), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Rates(b.Context(), search(b, store.Spans(), nil, ""), q); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/span")
		})
	}
}
