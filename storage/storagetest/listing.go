package storagetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

func testKeys(e *env) {
	want := e.fill(800)
	for range 5 {
		w := e.randomWindow()
		inside := map[storage.Key]map[storage.Type]bool{}
		want.rows(w, nil, func(r row) {
			each := func(scope storage.Scope, list storage.Range) {
				for _, a := range r.s.List(list) {
					k := storage.Key{Scope: scope, Name: r.s.Strings[a.Key]}
					if inside[k] == nil {
						inside[k] = map[storage.Type]bool{}
					}
					inside[k][a.Type] = true
				}
			}
			each(storage.ScopeSpan, r.s.Attributes[r.i])
			each(storage.ScopeResource, r.s.ResourceTable[r.s.Resources[r.i]].Attributes)
			each(storage.ScopeInstrumentation, r.s.ScopeTable[r.s.Scopes[r.i]].Attributes)
			for _, ev := range r.s.EventsOf(r.i) {
				each(storage.ScopeEvent, ev.Attributes)
			}
			for _, l := range r.s.LinksOf(r.i) {
				each(storage.ScopeLink, l.Attributes)
			}
		})
		got, err := e.spans.Keys(context.Background(), w)
		if err != nil {
			e.Fatal(err)
		}
		if !slices.IsSortedFunc(got, func(a, b storage.KeyInfo) int {
			return cmp.Or(cmp.Compare(a.Key.Scope, b.Key.Scope), strings.Compare(a.Key.Name, b.Key.Name))
		}) {
			e.Errorf("Keys are ordered by scope and name: %v", got)
		}
		for _, info := range got {
			for t := range inside[info.Key] {
				if !slices.Contains(info.Types, t) {
					e.Errorf("Keys tells every type under a key: %s lacks %s", info.Key, t)
				}
			}
			if !slices.IsSorted(info.Types) || len(info.Types) == 0 || info.Count == 0 {
				e.Errorf("Keys tells types, ascending, and a count: %+v", info)
			}
			delete(inside, info.Key)
		}
		if len(inside) > 0 {
			e.Errorf("Keys never leaves out a key inside the window: %v lack", inside)
		}
	}
}

func testValues(e *env) {
	want := e.fill(1000)
	for range Fewer(60) {
		q := storage.ValuesQuery{Window: e.randomWindow(), Key: pick(e.rng, everyKey), Where: e.randomPredicate(1)}
		if e.rng.IntN(3) == 0 {
			q.Prefix = pick(e.rng, words)
		}
		if e.rng.IntN(3) == 0 {
			q.Limit = 1 + e.rng.IntN(4)
		}
		got, err := e.spans.Values(context.Background(), q)
		if err != nil {
			e.Fatalf("Values %+v: %v", q, err)
		}
		clause := fmt.Sprintf("Values of %s prefix %q limit %d where %s", q.Key, q.Prefix, q.Limit, describe(q.Where))
		ref := want.countValues(q)
		if limit := cmp.Or(q.Limit, 1000); len(ref) > limit {
			if !got.More {
				e.Errorf("%s: More says that there are more than Limit", clause)
			}
			ref = ref[:limit]
		} else if got.More {
			e.Errorf("%s: More although there are no more", clause)
		}
		var lines []string
		for _, v := range got.Values {
			lines = append(lines, fmt.Sprint(v.Count, " ", show(v.Value)))
		}
		e.same(clause, lines, ref)
	}
}

// countValues is the reference, in the order that Values promises.
func (m *model) countValues(q storage.ValuesQuery) (lines []string) {
	counts := map[storage.Value]uint64{}
	m.rows(q.Window, q.Where, func(r row) {
		seen := map[storage.Value]bool{}
		for _, v := range r.values(q.Key) {
			if !seen[v] && strings.HasPrefix(v.Text(), q.Prefix) {
				seen[v] = true
				counts[v]++
			}
		}
	})
	var list []storage.ValueCount
	for v, n := range counts {
		list = append(list, storage.ValueCount{Value: v, Count: n})
	}
	slices.SortFunc(list, func(a, b storage.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value.Text(), b.Value.Text()), cmp.Compare(a.Value.Type(), b.Value.Type()), strings.Compare(show(a.Value), show(b.Value)))
	})
	for _, v := range list {
		lines = append(lines, fmt.Sprint(v.Count, " ", show(v.Value)))
	}
	return lines
}

func testEdges(e *env) {
	want := e.fill(1500)
	for range Fewer(12) {
		w := e.randomWindow()
		e.same("Edges", e.edges(w), want.edges(w))
	}
}

func (e *env) edges(w storage.Window) (lines []string) {
	e.Helper()
	list, err := e.spans.Edges(context.Background(), w)
	if err != nil {
		e.Fatalf("Edges: %v", err)
	}
	if !slices.IsSortedFunc(list, func(a, b storage.Edge) int {
		return cmp.Or(strings.Compare(a.Caller, b.Caller), strings.Compare(a.Callee, b.Callee))
	}) {
		e.Errorf("Edges are ordered by caller, then callee: %v", list)
	}
	for _, edge := range list {
		lines = append(lines, fmt.Sprintf("%q->%q calls %d errors %d", edge.Caller, edge.Callee, edge.Calls, edge.Errors))
	}
	return lines
}

// edges is the reference: every child against every span that has the id.
func (m *model) edges(w storage.Window) (lines []string) {
	type spanID struct {
		trace storage.TraceID
		span  storage.SpanID
	}
	seen := map[string]bool{}
	counts := map[[2]string]*storage.Edge{}
	having := map[spanID][]row{}
	m.rows(storage.AllTime(), nil, func(r row) {
		id := spanID{r.s.TraceIDs[r.i], r.s.SpanIDs[r.i]}
		having[id] = append(having[id], r)
	})
	m.rows(w, nil, func(child row) {
		d := m.dump(child)
		if child.s.ParentIDs[child.i].IsEmpty() || seen[d] {
			return
		}
		seen[d] = true
		var serving, others []string
		callee := child.s.Service(child.i)
		for _, p := range having[spanID{child.s.TraceIDs[child.i], child.s.ParentIDs[child.i]}] {
			service := p.s.Service(p.i)
			if service == callee {
				return
			}
			if k := ptrace.SpanKind(p.s.Kinds[p.i]); k == ptrace.SpanKindServer || k == ptrace.SpanKindConsumer {
				serving = append(serving, service)
			} else {
				others = append(others, service)
			}
		}
		if len(serving) == 0 {
			serving = others
		}
		if len(serving) == 0 {
			return
		}
		key := [2]string{slices.Min(serving), callee}
		if counts[key] == nil {
			counts[key] = &storage.Edge{Caller: key[0], Callee: key[1]}
		}
		counts[key].Calls++
		if child.satisfies(storage.Failed()) {
			counts[key].Errors++
		}
	})
	keys := make([][2]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	})
	for _, k := range keys {
		lines = append(lines, fmt.Sprintf("%q->%q calls %d errors %d", k[0], k[1], counts[k].Calls, counts[k].Errors))
	}
	return lines
}

// testSharedIDEdges has a call whose client and server span share an id, as
// Zipkin's do, written far apart in time and in different requests.
func testSharedIDEdges(e *env) {
	span := func(service string, id, parent byte, kind ptrace.SpanKind, start int64) {
		td := ptrace.NewTraces()
		s := simpleSpan(td, pcommon.TraceID{1}, 0, start)
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", service)
		s.SetSpanID(pcommon.SpanID{id})
		s.SetParentSpanID(pcommon.SpanID{parent})
		s.SetKind(kind)
		e.write(td)
	}
	span("a", 1, 0, ptrace.SpanKindServer, epoch-hour) // outside of the window
	span("a", 2, 1, ptrace.SpanKindClient, epoch)
	span("b", 2, 1, ptrace.SpanKindServer, epoch)
	span("b", 3, 2, ptrace.SpanKindInternal, epoch) // inside b although a has the id, too
	span("c", 4, 2, ptrace.SpanKindServer, epoch)   // called by b, which serves
	span("c", 4, 2, ptrace.SpanKindServer, epoch)   // sent twice
	span("d", 5, 9, ptrace.SpanKindServer, epoch)   // its parent is not stored
	e.same("Edges of shared ids", e.edges(storage.Window{FromNs: epoch, ToNs: epoch + 1}),
		[]string{`"a"->"b" calls 1 errors 0`, `"b"->"c" calls 1 errors 0`})
}

// testFailedEdges has calls that failed by their status and by what they say, with
// values that mean it and others.
func testFailedEdges(e *env) {
	td := ptrace.NewTraces()
	n := 0
	call := func(callee string, set func(ptrace.Span)) {
		n++
		for _, service := range []string{"a", callee} {
			one := ptrace.NewTraces()
			s := simpleSpan(one, pcommon.TraceID{byte(n)}, 0, epoch+int64(n)*hour/200) // over minutes
			one.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", service)
			s.SetSpanID(pcommon.SpanID{1})
			if service == "a" {
				s.Status().SetCode(ptrace.StatusCodeError) // the caller's does not count
				s.Attributes().PutBool("error", true)
			} else {
				s.SetSpanID(pcommon.SpanID{2})
				s.SetParentSpanID(pcommon.SpanID{1})
				set(s)
			}
			one.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
		}
	}
	status := func(code ptrace.StatusCode) func(ptrace.Span) {
		return func(s ptrace.Span) { s.Status().SetCode(code) }
	}
	says := func(set func(pcommon.Map)) func(ptrace.Span) { return func(s ptrace.Span) { set(s.Attributes()) } }
	call("status", status(ptrace.StatusCodeError))
	call("status", status(ptrace.StatusCodeOk))
	call("status", status(ptrace.StatusCodeUnset))
	call("text", says(func(m pcommon.Map) { m.PutStr("error", "true") }))
	call("text", says(func(m pcommon.Map) { m.PutStr("error", "TRUE") }))
	call("text", says(func(m pcommon.Map) { m.PutStr("error", "false") }))
	call("bool", says(func(m pcommon.Map) { m.PutBool("error", true) }))
	call("bool", says(func(m pcommon.Map) { m.PutBool("error", false) }))
	call("number", says(func(m pcommon.Map) { m.PutInt("error", 1) }))
	call("both", func(s ptrace.Span) {
		s.Status().SetCode(ptrace.StatusCodeError)
		s.Attributes().PutBool("error", true)
	})
	call("both", func(s ptrace.Span) { // the status that says otherwise is no denial
		s.Status().SetCode(ptrace.StatusCodeOk)
		s.Attributes().PutStr("error", "true")
	})
	call("elsewhere", func(s ptrace.Span) {
		s.Events().AppendEmpty().Attributes().PutBool("error", true)
	})
	e.write(td)
	e.same("Edges of failed calls", e.edges(storage.AllTime()), []string{
		`"a"->"bool" calls 2 errors 1`, `"a"->"both" calls 2 errors 2`, `"a"->"elsewhere" calls 1 errors 0`,
		`"a"->"number" calls 1 errors 0`, `"a"->"status" calls 3 errors 1`, `"a"->"text" calls 3 errors 1`,
	})
	e.same("Edges of failed calls in a part of a minute", e.edges(storage.Window{FromNs: epoch, ToNs: epoch + 4*hour/200 + 1}), []string{
		`"a"->"status" calls 3 errors 1`, `"a"->"text" calls 1 errors 1`,
	})
}
