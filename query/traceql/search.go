package traceql

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// DefaultSpansPerSpanset is how many spans of a spanset a result has when the
// request does not say.
const DefaultSpansPerSpanset = 3

// SearchOptions say what a search looks at and how much it returns.
type SearchOptions struct {
	// Window selects matches by the start of their spans: a trace is found when
	// one of the spans that the query selects starts in it. All other spans of
	// the trace count too, wherever they lie.
	Window          storage.Window
	Limit           int // most traces to return; must be positive
	SpansPerSpanset int // most spans of a spanset to return; 0: DefaultSpansPerSpanset
	// Wanted says of a trace that matches whether it is to be in the answer; nil:
	// all are.
	Wanted func(*trace.Trace) bool
	Budget Budget
}

// SearchResult is the answer to a search.
type SearchResult struct {
	Traces []TraceResult // the one with the newest matching span in the window first
	More   bool          // there may be further traces that match
	Stats  Stats
}

// ErrWrongKind is returned for a metrics query where a search is needed, and
// the other way round.
var ErrWrongKind = errors.New("traceql: wrong kind of query")

// Search returns the Limit traces with the newest matches. The choice is
// exact: no matching trace that was left out has a newer match, unless
// Stats.Partial says that the search was cut short.
func Search(ctx context.Context, r storage.SpanReader, q *Query, o SearchOptions) (SearchResult, error) {
	var all SearchResult
	for step, err := range Stream(ctx, r, q, o) {
		if err != nil {
			return SearchResult{}, err
		}
		all.Traces = append(all.Traces, step.Traces...)
		all.More, all.Stats = step.More, step.Stats
	}
	return all, nil
}

// Stream answers like Search in steps: each has the traces that have become
// certain since the one before, in the order of the answer, and the cost so
// far. Steps may have no trace: one comes at least about four times a second.
// The last one tells More and Partial. The sequence is single use; an error is
// its last element.
func Stream(ctx context.Context, r storage.SpanReader, q *Query, o SearchOptions) iter.Seq2[SearchResult, error] {
	return func(yield func(SearchResult, error) bool) {
		s, err := newSearcher(ctx, r, q, o)
		if err == nil {
			err = s.run(yield)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(SearchResult{}, err)
		}
	}
}

// errStopped: the consumer does not want any more.
var errStopped = errors.New("stopped")

// searcher finds traces by their newest match.
//
// The store scans for spans that every match must satisfy (boundStages), with
// the newest roughly first. Their starts bound from above when the newest
// match of a trace can be: candidates are evaluated in the order of that bound,
// as soon as nothing that is still to be scanned can exceed it. A trace whose
// newest match is no older than all bounds that are left is certain to come
// next in the answer.
type searcher struct {
	ctx    context.Context
	reader storage.SpanReader
	o      SearchOptions
	engine *engine
	shape  resultShape
	where  bound
	needs  func() ([]storage.Predicate, error)
	meter  meter

	pending candidates                   // seen and not evaluated, and not in done
	bounds  map[storage.TraceID]int64    // of pending
	done    map[storage.TraceID]struct{} // evaluated
	having  map[storage.TraceID]struct{} // traces that satisfy needs; nil: not known
	found   []TraceResult                // not yet certain, newest match first
	emitted int
	misses  int // evaluated traces that did not match
	probed  bool
	yielded time.Time // the last step
}

// stepEvery is how long a consumer waits for a step at most, about.
const stepEvery = 250 * time.Millisecond

func newSearcher(ctx context.Context, r storage.SpanReader, q *Query, o SearchOptions) (*searcher, error) {
	if q.IsMetrics() {
		return nil, fmt.Errorf("%w: it computes metrics, ask for them with Range or Instant", ErrWrongKind)
	}
	if o.Limit <= 0 {
		return nil, fmt.Errorf("traceql: limit %d: must be positive", o.Limit)
	}
	if o.SpansPerSpanset < 0 {
		return nil, fmt.Errorf("traceql: %d spans per spanset: must not be negative", o.SpansPerSpanset)
	}
	if o.SpansPerSpanset == 0 {
		o.SpansPerSpanset = DefaultSpansPerSpanset
	}
	stages := q.spans.stages
	keys, err := keysFor(ctx, r, o.Window, func(f func(field)) { eachField(stages, f) })
	if err != nil {
		return nil, err
	}
	return &searcher{
		ctx: ctx, reader: r, o: o,
		engine: newEngine(stages),
		shape:  shapeOf(stages, o),
		where:  boundStages(stages, typesOf(keys)),
		needs: func() ([]storage.Predicate, error) {
			keys, err := keysFor(ctx, r, storage.AllTime(), func(f func(field)) { eachField(stages, f) })
			return needsOf(stages, typesOf(keys)), err
		},
		meter: newMeter(o.Budget), yielded: time.Now(),
		bounds: map[storage.TraceID]int64{},
		done:   map[storage.TraceID]struct{}{},
	}, nil
}

// keysFor lists the stored keys if one of the fields is an attribute: the
// bounds of conditions on attributes depend on the types that are stored.
func keysFor(ctx context.Context, r storage.SpanReader, w storage.Window, fields func(func(field))) ([]storage.KeyInfo, error) {
	needed := false
	fields(func(f field) { needed = needed || f.intrinsic == notIntrinsic })
	if !needed {
		return nil, nil
	}
	return r.Keys(ctx, w)
}

// run finds and yields. It returns errStopped when the consumer stopped.
func (s *searcher) run(yield func(SearchResult, error) bool) error {
	ctx := s.ctx
	var cancel context.CancelFunc
	s.ctx, cancel = s.meter.bounded(ctx)
	defer cancel()
	left, err := s.find(yield)
	if err != nil && !s.meter.ended(ctx, err) {
		return err
	}
	last := SearchResult{More: len(s.bounds) > 0 || len(s.found) > 0 || left != storage.NoneLeft, Stats: s.meter.read()}
	if s.meter.over() { // what is not certain is the best there is
		n := min(len(s.found), s.o.Limit-s.emitted)
		last.Traces, last.More = s.found[:n], true
	}
	if !yield(last, nil) {
		return errStopped
	}
	return nil
}

// find scans and yields what is certain. left is the newest start that a span
// may have that was not scanned.
func (s *searcher) find(yield func(SearchResult, error) bool) (left int64, err error) {
	left = storage.NoneLeft
	if ids, ok := wantedTraces(s.where.where); ok && !s.where.none && !s.o.Window.Empty() {
		for _, id := range ids { // no need to look for them
			s.see(id, s.o.Window.ToNs)
		}
	} else if !s.where.none && !s.o.Window.Empty() {
		for batch, err := range s.reader.Scan(s.ctx, storage.Scan{Window: s.o.Window, Where: s.where.where}) {
			if err != nil {
				return left, err
			}
			s.meter.stats.SpansScanned += batch.Scanned
			left = batch.NewestLeftNs
			for row, id := range batch.TraceIDs {
				s.see(id, batch.StartsNs[row])
			}
			full, err := s.settle(left, yield)
			if err != nil {
				return left, err
			}
			if full || s.meter.over() {
				break
			}
		}
	}
	if s.emitted < s.o.Limit && !s.meter.over() {
		left = storage.NoneLeft
		if _, err := s.settle(left, yield); err != nil {
			return left, err
		}
	}
	return left, nil
}

// see notes a span that may be a match.
func (s *searcher) see(id storage.TraceID, startNs int64) {
	if _, ok := s.done[id]; ok {
		return
	}
	old, ok := s.bounds[id]
	if ok && old >= startNs {
		return
	}
	// An older entry of the trace stays in the heap and is skipped later.
	s.bounds[id] = startNs
	heap.Push(&s.pending, candidate{id, startNs})
}

// settle evaluates the candidates that nothing still to be scanned can
// exceed, and yields what has become certain. It says whether the answer is
// full.
func (s *searcher) settle(leftNs int64, yield func(SearchResult, error) bool) (full bool, err error) {
	for {
		next := leftNs
		if top, ok := s.top(); ok {
			next = max(next, top.boundNs)
		}
		certain := 0
		for certain < len(s.found) && (s.found[certain].NewestMatchNs > next || next == storage.NoneLeft) {
			certain++
		}
		if certain = min(certain, s.o.Limit-s.emitted); certain > 0 {
			step := SearchResult{Traces: s.found[:certain:certain], More: true, Stats: s.meter.read()}
			s.found = s.found[certain:]
			s.emitted += certain
			s.yielded = time.Now()
			if !yield(step, nil) {
				return false, errStopped
			}
		}
		if s.emitted == s.o.Limit {
			return true, nil
		}
		if time.Since(s.yielded) > stepEvery {
			s.yielded = time.Now()
			if !yield(SearchResult{More: true, Stats: s.meter.read()}, nil) {
				return false, errStopped
			}
		}
		ids, taken := s.takeChunk(leftNs)
		if !taken || s.meter.over() {
			return false, nil
		}
		if err := s.evaluate(ids); err != nil {
			return false, err
		}
	}
}

// top is the candidate with the highest bound.
func (s *searcher) top() (candidate, bool) {
	for len(s.pending) > 0 {
		c := s.pending[0]
		if bound, ok := s.bounds[c.id]; ok && bound == c.boundNs {
			return c, true
		}
		heap.Pop(&s.pending) // it was seen again with a higher bound, or evaluated
	}
	return candidate{}, false
}

// takeChunk takes the next candidates with bounds above leftNs, those that
// cannot match anyway among them, and returns the others: few at first, in
// order to stop early, and more when many did not match.
func (s *searcher) takeChunk(leftNs int64) (ids []storage.TraceID, taken bool) {
	want := max(4, min(s.meter.chunk, s.o.Limit-s.emitted-len(s.found)+s.misses/2))
	if len(s.bounds) < want && leftNs != storage.NoneLeft {
		return nil, false // wait for what the scan finds next
	}
	for len(ids) < want {
		c, ok := s.top()
		if !ok || c.boundNs <= leftNs && leftNs != storage.NoneLeft {
			break
		}
		heap.Pop(&s.pending)
		delete(s.bounds, c.id)
		s.done[c.id] = struct{}{}
		taken = true
		if s.having != nil {
			if _, ok := s.having[c.id]; !ok {
				continue
			}
		}
		ids = append(ids, c.id)
	}
	return ids, taken
}

func (s *searcher) evaluate(ids []storage.TraceID) error {
	if len(ids) == 0 {
		return nil
	}
	traces, err := trace.Fetch(s.ctx, s.reader, ids)
	if err != nil {
		return err
	}
	s.meter.fetched(traces)
	matched := 0
	for _, t := range traces {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		sets, err := s.engine.evaluate(t)
		if err != nil {
			return err
		}
		if newest, ok := newestIn(t, sets, s.o.Window); ok && (s.o.Wanted == nil || s.o.Wanted(t)) {
			s.insert(s.shape.result(&s.engine.v, sets, newest))
			matched++
		}
	}
	s.misses += len(ids) - matched
	return s.probe()
}

// newestIn is the newest start of a matched span in the window.
func newestIn(t *trace.Trace, sets []spans, w storage.Window) (newest int64, ok bool) {
	for _, set := range sets {
		for _, p := range set.positions {
			if at := t.Spans.StartsNs[t.Rows[p]]; w.Contains(at) && (!ok || at > newest) {
				newest, ok = at, true
			}
		}
	}
	return newest, ok
}

// insert keeps found in the order of the answer.
func (s *searcher) insert(r TraceResult) {
	at, _ := slices.BinarySearchFunc(s.found, r, compareResults)
	s.found = slices.Insert(s.found, at, r)
}

func compareResults(a, b TraceResult) int {
	return compareCandidates(candidate{a.ID, a.NewestMatchNs}, candidate{b.ID, b.NewestMatchNs})
}

const (
	probeMisses = 512       // traces read in vain before probe is worth a scan
	maxHaving   = 4_000_000 // traces that probe may remember, some 200 MB
)

// probe looks, once, for the traces that have all that the query needs,
// wherever in time, when reading whole traces mostly finds that something is
// missing: { rare } && { } matches few of the traces that its spans are in.
func (s *searcher) probe() error {
	if s.probed || s.misses < probeMisses || s.misses < 8*(s.emitted+len(s.found)) {
		return nil
	}
	s.probed = true
	needs, err := s.needs()
	if err != nil {
		return err
	}
	for _, where := range needs {
		having := map[storage.TraceID]struct{}{}
		for batch, err := range s.reader.Scan(s.ctx, storage.Scan{Window: storage.AllTime(), Where: where}) {
			if err != nil {
				return err
			}
			s.meter.stats.SpansScanned += batch.Scanned
			for _, id := range batch.TraceIDs {
				if s.having != nil {
					if _, ok := s.having[id]; !ok {
						continue
					}
				}
				having[id] = struct{}{}
			}
			if len(having) > maxHaving || s.meter.over() {
				having = nil
				break
			}
		}
		if having != nil {
			s.having = having
		}
	}
	return nil
}
