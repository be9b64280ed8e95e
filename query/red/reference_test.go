package red

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// refSpan is a span as the reference knows it: all that a graph uses.
type refSpan struct {
	id, parent          storage.SpanID
	service             string
	kind                uint8
	failed, statusError bool
	startNs, durationNs int64
	remote              remote
	names               bool // remote is set
}

// reference draws a graph the slow and sure way: span by span, from whole
// traces. It returns what referenceText shows of a Graph.
func reference(t *testing.T, r storage.SpanReader, q GraphQuery, of storage.Predicate) string {
	t.Helper()
	traces := map[storage.TraceID][]refSpan{}
	wanted := map[storage.TraceID]bool{}
	var ids []storage.TraceID
	for b, err := range r.Scan(t.Context(), storage.Scan{Window: storage.AllTime()}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, b.TraceIDs...)
	}
	for s, err := range r.Traces(t.Context(), ids) {
		if err != nil {
			t.Fatal(err)
		}
		for row, id := range s.TraceIDs {
			by, err := trace.FirstValue(s, row, q.By)
			if err != nil {
				t.Fatal(err)
			}
			x := refSpan{
				id: s.SpanIDs[row], parent: s.ParentIDs[row], service: by.Text(), kind: s.Kinds[row], statusError: s.Statuses[row] == statusError,
				startNs: s.StartsNs[row], durationNs: s.DurationsNs[row],
			}
			x.failed = x.statusError || s.Lookup(s.Attributes[row], "error").Text() == "true"
			text := func(key int) string { return s.Lookup(s.Attributes[row], remoteKeys[key].Name).Text() }
			if n, ok := namingOf(func(key int) bool { return text(key) != "" }); ok && x.kind >= kindClient && !q.ServicesOnly {
				x.remote, x.names = n.remote(text(n.key)), true
			}
			traces[id] = append(traces[id], x)
			matches, err := trace.Matches(s, row, of)
			if err != nil {
				t.Fatal(err)
			}
			if q.Window.Contains(x.startNs) && matches {
				wanted[id] = true
			}
		}
	}
	type counts struct{ calls, errors, latencyNs int64 }
	nodes, served, edges, clientOnly := map[string]*counts{}, map[string]*counts{}, map[string]*counts{}, map[string]int64{}
	add := func(to map[string]*counts, name string, ns int64, failed bool) {
		if to[name] == nil {
			to[name] = &counts{}
		}
		to[name].calls++
		to[name].latencyNs += ns
		if failed {
			to[name].errors++
		}
	}
	service := func(name string) string { return "service " + name }
	other := func(r remote) string { return r.kind.String() + " " + r.name }
	node := func(name string) string {
		if nodes[name] == nil {
			nodes[name] = &counts{}
		}
		return name
	}
	edge := func(from, to string, ns int64, failed bool) { add(edges, node(from)+" -> "+node(to), ns, failed) }
	var outwards []refSpan
	for id, all := range traces {
		if !wanted[id] {
			continue
		}
		counted := func(s *refSpan) bool { return q.Of != nil || q.Window.Contains(s.startNs) }
		once := slices.Clone(all)
		slices.SortFunc(once, func(a, b refSpan) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		once = slices.Compact(once)
		own := all
		if q.Of != nil {
			own = once
		}
		for i := range own {
			if s := &own[i]; counted(s) {
				add(nodes, service(s.service), 0, s.failed)
				if serves(s.kind) {
					add(served, service(s.service), s.durationNs, s.failed)
				}
			}
		}
		called := make([]bool, len(once))
		for i := range once {
			s := &once[i]
			var parents []int
			for p := range once {
				if !s.parent.IsEmpty() && once[p].id == s.parent {
					parents = append(parents, p)
				}
			}
			own := slices.ContainsFunc(parents, func(p int) bool { return once[p].service == s.service })
			isMessage := s.names && s.remote.kind == Messaging
			if own || len(parents) == 0 {
				if len(parents) == 0 && s.kind == kindConsumer && isMessage && counted(s) {
					edge(other(s.remote), service(s.service), s.durationNs, s.failed)
				}
				continue
			}
			slices.SortFunc(parents, func(a, b int) int { return before(&once[a], &once[b]) })
			p := &once[parents[0]]
			topic, known := p.remote, p.names && p.remote.kind == Messaging
			if !known && isMessage {
				topic, known = s.remote, true
			}
			if s.kind == kindConsumer && p.kind == kindProducer && known {
				if !(p.names && p.remote.kind == Messaging) {
					called[parents[0]] = true
					if counted(s) {
						edge(service(p.service), other(topic), p.durationNs, p.failed)
					}
				}
				if counted(s) {
					edge(other(topic), service(s.service), s.durationNs, s.failed)
				}
				continue
			}
			called[parents[0]] = true
			if !counted(s) {
				continue
			}
			if calls(p.kind) {
				edge(service(p.service), service(s.service), p.durationNs, s.failed)
			} else {
				edge(service(p.service), service(s.service), s.durationNs, s.failed)
			}
		}
		for i := range once {
			s := &once[i]
			shared := slices.ContainsFunc(once, func(o refSpan) bool { return o.id == s.id && o != *s && serves(o.kind) })
			if calls(s.kind) && s.names && !called[i] && !shared && counted(s) {
				outwards = append(outwards, *s)
			}
		}
	}
	for _, s := range outwards {
		if _, ok := nodes[service(s.remote.name)]; ok && s.remote.kind == Uninstrumented {
			if s.remote.name != s.service {
				clientOnly[service(s.service)+" -> "+service(s.remote.name)]++
			}
		}
	}
	for _, s := range outwards {
		if _, ok := nodes[service(s.remote.name)]; ok && s.remote.kind == Uninstrumented {
			continue
		}
		add(nodes, other(s.remote), 0, s.failed)
		add(served, other(s.remote), s.durationNs, s.failed)
		edge(service(s.service), other(s.remote), s.durationNs, s.failed)
	}
	var lines []string
	for name, n := range nodes {
		s := served[name]
		if s == nil {
			s = &counts{}
		}
		lines = append(lines, fmt.Sprintf("%s: %d spans, %d failed; served %d, %d failed, %d ns", name, n.calls, n.errors, s.calls, s.errors, s.latencyNs))
	}
	for name := range clientOnly {
		if edges[name] == nil {
			edges[name] = &counts{}
		}
	}
	for name, e := range edges {
		lines = append(lines, fmt.Sprintf("%s: %d calls, %d failed, %d ns, %d known from clients", name, e.calls, e.errors, e.latencyNs, clientOnly[name]))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// before is which of two spans with the same id is taken for the caller.
func before(a, b *refSpan) int {
	yesFirst := func(a, b bool) int {
		if a == b {
			return 0
		}
		if a {
			return -1
		}
		return 1
	}
	return cmp.Or(yesFirst(serves(a.kind), serves(b.kind)), cmp.Compare(a.service, b.service), cmp.Compare(b.kind, a.kind),
		cmp.Compare(b.durationNs, a.durationNs), yesFirst(a.failed, b.failed), yesFirst(a.names, b.names),
		cmp.Compare(a.remote.kind, b.remote.kind), cmp.Compare(a.remote.name, b.remote.name), yesFirst(a.statusError, b.statusError), cmp.Compare(a.startNs, b.startNs))
}

func referenceText(g Graph) string {
	var lines []string
	name := func(n int) string { return g.Nodes[n].Kind.String() + " " + g.Nodes[n].Name }
	for i, n := range g.Nodes {
		lines = append(lines, fmt.Sprintf("%s: %d spans, %d failed; served %d, %d failed, %.0f ns", name(i), n.Spans, n.Errors, n.Served.Spans, n.Served.Errors, n.Served.SumNs))
	}
	for _, e := range g.Edges {
		lines = append(lines, fmt.Sprintf("%s -> %s: %d calls, %d failed, %.0f ns, %d known from clients", name(e.Caller), name(e.Callee), e.Calls, e.Errors, e.Latency.SumNs, e.ClientOnly))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// remoteTraffic is traffic whose spans name all kinds of others, in all kinds of
// ways.
func remoteTraffic(rng *rand.Rand, n int) ptrace.Traces {
	td := traffic(rng, n)
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				for range rng.IntN(3) {
					key := remoteKeys[rng.IntN(len(remoteKeys))].Name
					switch rng.IntN(5) {
					case 0:
						s.Attributes().PutInt(key, int64(rng.IntN(2)))
					case 1:
						s.Attributes().PutStr(key, "")
					default:
						s.Attributes().PutStr(key, []string{"s1", "s2", "x", "api.example.com", "10.0.0.1"}[rng.IntN(5)])
					}
				}
			}
		}
	}
	return td
}

// TestGraphIsReference: in memory, in parts and in mixtures of both, with
// windows that cut traces, conditions, and queries that only whole traces answer.
func TestGraphIsReference(t *testing.T) {
	seed, questions := rand.Uint64(), 12
	if testing.Short() {
		questions = 4
	}
	t.Log("seed", seed)
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 5))
			var late ptrace.Traces
			for range 4 {
				td := remoteTraffic(rng, 150)
				if late != (ptrace.Traces{}) {
					late.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
				}
				// Some spans come with the next request.
				late = ptrace.NewTraces()
				td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
					if rng.IntN(20) > 0 {
						return false
					}
					rs.CopyTo(late.ResourceSpans().AppendEmpty())
					return true
				})
				write(t, store, td)
			}
			r := store.Spans()
			cache := NewGraphCache(1 << 20)
			for i := range questions {
				from := rng.Int64N(3_600e9)
				q := GraphQuery{Window: storage.Window{FromNs: from, ToNs: from + rng.Int64N(3_000e9)}, By: storage.KeyService, ServicesOnly: i%4 == 3}
				if i == 0 {
					q.Window = storage.AllTime()
				}
				if i%5 == 4 {
					q.By = storage.KeyName
				}
				checkGraph(t, r, q, nil)
				q.Cache = cache
				checkGraph(t, r, q, nil)
				if i == 0 && name == "disk" { // parts are written in the background
					eventually(t, "the cache knows a part", func() bool {
						checkGraph(t, r, q, nil)
						return len(cache.tallies) > 0
					})
				}
				q.Cache = nil
				for _, where := range []storage.Predicate{
					storage.Compare{Key: storage.KeyStatus, Op: storage.Equal, Value: storage.Int(statusError)},
					storage.Exists{Key: remoteKeys[1]},
				} {
					q.Window = hour
					q.Of = search(t, r, where, "")
					checkGraph(t, r, q, where)
					// Nothing but whole traces tells that this is true of all of them.
					q.Of = search(t, r, where, `{ traceDuration >= 0s }`)
					checkGraph(t, r, q, where)
				}
			}
		})
	}
}

func checkGraph(t *testing.T, r storage.SpanReader, q GraphQuery, of storage.Predicate) {
	t.Helper()
	g, err := scannedGraph(t.Context(), r, q)
	if err != nil || g.Partial != "" {
		t.Fatal(g.Partial, err)
	}
	if got, want := referenceText(g), reference(t, r, q, of); got != want {
		t.Fatalf("%+v:\ngot\n%s\nwant\n%s", q, got, want)
	}
	for _, e := range g.Edges {
		if len(e.Exemplars) == 0 && e.Calls > 0 || len(e.Exemplars) > edgeExemplars {
			t.Fatalf("an edge of %d calls has %d exemplars", e.Calls, len(e.Exemplars))
		}
		for _, x := range e.Exemplars {
			found := false
			for s, err := range r.Traces(t.Context(), []storage.TraceID{x.TraceID}) {
				if err != nil {
					t.Fatal(err)
				}
				for row, id := range s.SpanIDs {
					found = found || id == x.SpanID && s.StartsNs[row] == x.StartNs && s.DurationsNs[row] == x.DurationNs
				}
			}
			if !found {
				t.Fatalf("there is no span of the exemplar %+v", x)
			}
		}
	}
}
