package storagetest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/heddle-io/heddle/storage"
)

// readTraces reads whole traces and returns their spans as text, sorted, copies
// once: a backend may keep one.
func (e *env) readTraces(q storage.TraceScan) (lines []string) {
	e.Helper()
	ctx := context.Background()
	reading, err := e.spans.ReadTraces(ctx, q)
	if err != nil {
		e.Fatalf("ReadTraces: %v", err)
	}
	defer reading.Close()
	type span struct {
		storage.SpanRef
		parent *storage.SpanRef
		twins  []storage.SpanRef
		trace  int
		id     storage.TraceID
		line   string
	}
	var mu sync.Mutex
	var spans []span
	traces := 0
	busy := map[int]bool{}
	err = reading.Each(ctx, func(worker int, b *storage.TraceBatch) bool {
		mu.Lock()
		if busy[worker] || worker < 0 || worker >= reading.Workers() {
			e.Errorf("calls with the same worker, %d of %d, come one after the other", worker, reading.Workers())
		}
		busy[worker] = true
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			busy[worker] = false
		}()
		columns := make([]storage.Column, len(q.Columns))
		for i := range columns {
			b.Columns.Column(i, b.Rows, &columns[i])
			if n := len(columns[i].Types); n != 0 && n != len(b.Rows) {
				e.Errorf("Column %s has %d values for %d rows", q.Columns[i], n, len(b.Rows))
				return false
			}
		}
		ids := b.Columns.TraceIDs(b.Rows, nil)
		if len(b.Ends) == 0 || int(b.Ends[len(b.Ends)-1]) != len(b.Rows) || len(ids) != len(b.Rows) {
			e.Errorf("a batch of %d rows ends at %v and has %d ids", len(b.Rows), b.Ends, len(ids))
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		from := uint32(0)
		for _, end := range b.Ends {
			rows := b.Rows[from:end]
			if !slices.IsSorted(rows) {
				e.Errorf("rows of a trace do not ascend: %v", rows)
			}
			for n, row := range rows {
				s := span{SpanRef: b.Columns.Ref(row), trace: traces, id: ids[int(from)+n]}
				s.line = fmt.Sprintf("start %d lasts %d kind %d status %d", b.Columns.StartsNs()[row], b.Columns.DurationsNs()[row], b.Columns.Kinds()[row], b.Columns.Statuses()[row])
				s.line += fmt.Sprintf(" selected %v", b.Selected == nil || b.Selected[row])
				for i := range columns {
					value := storage.Value{}
					if len(columns[i].Types) > 0 {
						value = columns[i].Value(int(from) + n)
					}
					s.line += " " + q.Columns[i].String() + "=" + show(value)
				}
				if p := b.Parents[row]; p >= 0 {
					if !slices.Contains(rows, uint32(p)) {
						e.Errorf("the parent of row %d, %d, is not in its trace %v", row, p, rows)
					}
					ref := b.Columns.Ref(uint32(p))
					s.parent = &ref
				}
				for at := int32(row); b.Twins != nil; {
					s.twins = append(s.twins, b.Columns.Ref(uint32(at)))
					if at = b.Twins[at]; at == int32(row) || len(s.twins) > len(rows) {
						break
					}
				}
				spans = append(spans, s)
			}
			traces++
			from = end
		}
		return true
	})
	if err != nil {
		e.Fatalf("Each: %v", err)
	}
	var refs []storage.SpanRef
	for _, s := range spans {
		refs = append(refs, s.SpanRef)
	}
	heads, err := reading.Spans(ctx, refs)
	if err != nil || len(heads) != len(refs) {
		e.Fatalf("Spans: %d of %d, %v", len(heads), len(refs), err)
	}
	byRef := map[storage.SpanRef]storage.SpanHead{}
	traceOf := map[storage.TraceID]int{}
	twins := map[storage.TraceID]map[storage.SpanID]int{}
	for i, s := range spans {
		h := heads[i]
		byRef[s.SpanRef] = h
		if h.TraceID != s.id {
			e.Errorf("a reference is to trace %x, its batch says %x", h.TraceID, s.id)
		}
		if at, ok := traceOf[h.TraceID]; ok && at != s.trace {
			e.Errorf("trace %x was visited twice", h.TraceID)
		}
		traceOf[h.TraceID] = s.trace
		if twins[h.TraceID] == nil {
			twins[h.TraceID] = map[storage.SpanID]int{}
		}
		twins[h.TraceID][h.SpanID]++
	}
	for i, s := range spans {
		h := heads[i]
		line := fmt.Sprintf("%x %x %s parent ", h.TraceID, h.SpanID, s.line)
		if s.parent != nil {
			line += fmt.Sprintf("%x", byRef[*s.parent].SpanID)
		}
		lines = append(lines, line)
		if n := twins[h.TraceID][h.SpanID]; n != max(1, len(s.twins)) {
			e.Errorf("%d spans have the id %x in trace %x, the ring has %d", n, h.SpanID, h.TraceID, len(s.twins))
		}
		for _, ref := range s.twins {
			if byRef[ref].SpanID != h.SpanID {
				e.Errorf("a twin of %x has the id %x", h.SpanID, byRef[ref].SpanID)
			}
		}
	}
	return slices.Compact(sorted(lines))
}

// wholeTraces is what readTraces should find.
func (m *model) wholeTraces(q storage.TraceScan) (lines []string) {
	selected := map[storage.TraceID]bool{}
	m.rows(q.Window, q.Where, func(r row) { selected[r.s.TraceIDs[r.i]] = true })
	type id struct {
		trace storage.TraceID
		span  storage.SpanID
	}
	stored := map[id]bool{}
	all := func(f func(r row)) {
		for _, s := range m.all {
			for i := range s.Len() {
				if selected[s.TraceIDs[i]] {
					f(row{s, i})
				}
			}
		}
	}
	all(func(r row) { stored[id{r.s.TraceIDs[r.i], r.s.SpanIDs[r.i]}] = true })
	all(func(r row) {
		s, i := r.s, r.i
		line := fmt.Sprintf("%x %x start %d lasts %d kind %d status %d selected %v", s.TraceIDs[i], s.SpanIDs[i], s.StartsNs[i], s.DurationsNs[i], s.Kinds[i], s.Statuses[i],
			q.Window.Contains(s.StartsNs[i]) && r.satisfies(q.Where))
		for _, k := range q.Columns {
			line += " " + k.String() + "=" + show(r.value(k))
		}
		line += " parent "
		if p := s.ParentIDs[i]; !p.IsEmpty() && stored[id{s.TraceIDs[i], p}] {
			line += fmt.Sprintf("%x", p)
		}
		lines = append(lines, line)
	})
	return slices.Compact(sorted(lines))
}

// testReadTraces: traces of one request and those of many, with shared ids,
// copies, spans that name themselves and parents that are not stored.
func testReadTraces(e *env) {
	m := &model{}
	for n := range 8 {
		td := randomTraces(e.rng, 100)
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if id := s.TraceID(); id[1] >= 6 { // of this request only
						id[2] = byte(n + 1)
						s.SetTraceID(id)
					}
					if e.rng.IntN(30) == 0 {
						s.SetParentSpanID(s.SpanID())
					}
					if e.rng.IntN(3) > 0 { // mostly ids that are there once
						s.SetSpanID(pcommon.SpanID{2, byte(e.rng.IntN(45)), byte(e.rng.IntN(200)), 1})
					}
				}
			}
		}
		m.add(td)
		e.write(td)
	}
	for i := range Fewer(40) {
		q := storage.TraceScan{Window: e.randomWindow()}
		if i%3 > 0 {
			q.Where = e.randomPredicate(2)
		}
		for range e.rng.IntN(4) {
			q.Columns = append(q.Columns, pick(e.rng, everyKey))
		}
		e.same(fmt.Sprintf("ReadTraces in %v where %s", q.Window, describe(q.Where)), e.readTraces(q), m.wholeTraces(q))
	}
}

// testStopReadingTraces: a visitor that has enough ends the visits.
func testStopReadingTraces(e *env) {
	e.fill(600)
	reading, err := e.spans.ReadTraces(context.Background(), storage.TraceScan{Window: anyTime})
	if err != nil {
		e.Fatal(err)
	}
	defer reading.Close()
	var mu sync.Mutex
	visits := 0
	if err := reading.Each(context.Background(), func(int, *storage.TraceBatch) bool {
		mu.Lock()
		defer mu.Unlock()
		visits++
		return false
	}); err != nil || visits > reading.Workers() {
		e.Errorf("%d visits, %v", visits, err)
	}
}

// testKnownParts: what is known is not visited, everything else is, also when
// more has been written since.
func testKnownParts(e *env) {
	known := map[string]map[storage.TraceID]bool{} // traces by part
	next := byte(1)
	for range 4 {
		td := randomTraces(e.rng, 200)
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if id := s.TraceID(); id[1] >= 3 { // of this request only
						id[2] = next
						s.SetTraceID(id)
					}
				}
			}
		}
		next++
		e.write(td)
		all := map[storage.TraceID]bool{}
		e.visitTraces(storage.TraceScan{}, func(_ *storage.TracePart, id storage.TraceID) { all[id] = true })
		inParts := map[storage.TraceID]bool{}
		e.visitTraces(storage.TraceScan{PartsOnly: true, Known: func(storage.TracePart) bool { return false }}, func(p *storage.TracePart, id storage.TraceID) {
			if p == nil {
				e.Errorf("trace %x of no part is visited", id)
			}
			inParts[id] = true
		})
		got := map[storage.TraceID]bool{}
		found := map[string]map[storage.TraceID]bool{}
		e.visitTraces(storage.TraceScan{Known: func(p storage.TracePart) bool {
			for id := range known[p.ID] {
				if got[id] || !all[id] {
					e.Errorf("trace %x is in two parts, or in none", id)
				}
				got[id] = true
			}
			return known[p.ID] != nil
		}}, func(p *storage.TracePart, id storage.TraceID) {
			if got[id] {
				e.Errorf("trace %x is known and visited", id)
			}
			got[id] = true
			if p == nil {
				if inParts[id] {
					e.Errorf("trace %x is visited without its part", id)
				}
				return
			}
			if found[p.ID] == nil {
				found[p.ID] = map[storage.TraceID]bool{}
			}
			found[p.ID][id] = true
		})
		if len(got) != len(all) {
			e.Errorf("%d traces are known or visited, there are %d", len(got), len(all))
		}
		for id, traces := range found {
			known[id] = traces
		}
	}
}

// visitTraces calls f with every trace that is visited, one after the other.
func (e *env) visitTraces(q storage.TraceScan, f func(*storage.TracePart, storage.TraceID)) {
	e.Helper()
	ctx := context.Background()
	batches := map[storage.TracePart]int{}
	q.Window = anyTime
	known := q.Known
	spans := map[string]int{}
	if known != nil {
		q.Known = func(p storage.TracePart) bool {
			yes := known(p)
			if _, again := batches[p]; again || p.ID == "" {
				e.Errorf("asked again or for nothing: %+v", p)
			}
			if p.Spans <= 0 || p.Batches <= 0 {
				e.Errorf("an empty part: %+v", p)
			}
			spans[p.ID] = p.Spans
			if batches[p] = 0; yes {
				batches[p] = p.Batches
			}
			return yes
		}
	}
	reading, err := e.spans.ReadTraces(ctx, q)
	if err != nil {
		e.Fatal(err)
	}
	defer reading.Close()
	var mu sync.Mutex
	if err := reading.Each(ctx, func(_ int, b *storage.TraceBatch) bool {
		mu.Lock()
		defer mu.Unlock()
		if b.Part != nil {
			batches[*b.Part]++
			spans[b.Part.ID] -= len(b.Rows)
			starts := b.Columns.StartsNs()
			for _, row := range b.Rows {
				if starts[row] > b.Part.NewestNs {
					e.Errorf("part %+v has a span at %d", b.Part, starts[row])
				}
			}
			if spans[b.Part.ID] < 0 {
				e.Errorf("part %+v has %d spans more", b.Part, -spans[b.Part.ID])
			}
			if ref := b.Columns.Ref(b.Rows[0]); known == nil || b.Selected != nil || ref.Table < b.Part.Table {
				e.Errorf("a batch of the part %+v with selection %v and the reference %+v", b.Part, b.Selected, ref)
			}
		}
		last := storage.TraceID{}
		for i, id := range b.Columns.TraceIDs(b.Rows, nil) {
			if i == 0 || id != last {
				f(b.Part, id)
			}
			last = id
		}
		return true
	}); err != nil {
		e.Fatal(err)
	}
	for p, n := range batches {
		if n != p.Batches {
			e.Errorf("part %+v has %d batches", p, n)
		}
	}
}
