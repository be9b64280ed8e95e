package jaeger

import (
	"container/heap"
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/expressionv1"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// spanSearch is a search whose answer is the matching spans themselves.
type spanSearch struct {
	window storage.Window
	filter *filter.Filter // nil: every span
	order  spanOrder
	size   int // of the page; 0: 100
	token  string
}

const defaultSpans = 100

// set takes what a message has beyond its window.
func (s *spanSearch) set(call *expressionv1.Call, order []sortTerm, p page) (err error) {
	var f *filter.Filter
	if call != nil {
		if f, err = filter.Parse("filter", call); err != nil {
			return badRequestError{err}
		}
	}
	return s.setParsed(f, order, p)
}

func (s *spanSearch) setParsed(f *filter.Filter, order []sortTerm, p page) (err error) {
	s.filter = f
	if p != nil {
		s.size, s.token = int(min(p.GetPageSize(), 1<<30)), p.GetPageToken()
	}
	if s.window.Empty() {
		return badRequestError{errors.New("invalid parameter: start time must be before end time")}
	}
	s.order, err = newSpanOrder(order)
	return err
}

func (s *spanSearch) fingerprint() uint64 {
	text := ""
	if s.filter != nil {
		text = s.filter.String()
	}
	return fingerprint("spans", s.window, text, s.order)
}

func (s *spanSearch) matches(spans *storage.Spans, row int) bool {
	return s.window.Contains(spans.StartsNs[row]) && (s.filter == nil || s.filter.Matches(spans, row))
}

// spanCursor is the last span of a page: the Seen-th of those with its key.
type spanCursor struct {
	Key  spanKey
	Seen uint32
}

// spansFinding is a search for spans under way.
type spansFinding struct {
	h *Handler
	spanSearch
	// next is the token of the page that follows, "" where none does. It is known
	// when all spans were yielded.
	next string
}

// spansAt are rows of one Spans, in the order of the answer.
type spansAt struct {
	spans *storage.Spans
	rows  []int
}

// findSpans yields the spans of a search in its order, as they are stored. An
// error is the last element.
func (h *Handler) findSpans(ctx context.Context, s spanSearch) (*spansFinding, iter.Seq2[spansAt, error]) {
	if s.size == 0 {
		s.size = defaultSpans
	}
	s.size = min(s.size, h.MaxSpans) // the token tells that there are more
	f := &spansFinding{h: h, spanSearch: s}
	return f, func(yield func(spansAt, error) bool) {
		question := f.fingerprint()
		after, err := readPageToken[spanCursor](f.token, question)
		if err != nil {
			yield(spansAt{}, err)
			return
		}
		keys, err := f.keys(ctx, after)
		if err != nil {
			yield(spansAt{}, err)
			return
		}
		left, last := f.size, after
		for some := range groupsOfTraces(keys) {
			found, err := f.rows(ctx, some)
			if err != nil {
				yield(spansAt{}, err)
				return
			}
			for _, key := range some {
				at := found[key]
				seen := 0
				if after != nil && key == after.Key {
					seen = min(int(after.Seen), len(at.rows))
				}
				rest := at.rows[seen:]
				if len(rest) == 0 { // all were on the last page, or the store gave them up
					continue
				}
				if left == 0 {
					f.next = newPageToken(question, *last)
					return
				}
				rest = rest[:min(left, len(rest))]
				left -= len(rest)
				last = &spanCursor{key, uint32(seen + len(rest))}
				if !yield(spansAt{at.spans, rest}, nil) {
					return
				}
				if seen+len(rest) < len(at.rows) {
					f.next = newPageToken(question, *last)
					return
				}
			}
		}
		if len(keys) == f.most() { // of which the store gave some up meanwhile
			if end := keys[len(keys)-1]; last == nil || last.Key != end {
				last = &spanCursor{Key: end}
			}
			f.next = newPageToken(question, *last)
		}
	}
}

// most is how many keys are needed to fill a page and to know whether another
// one follows: the first may be that of the last page's last span.
func (f *spansFinding) most() int { return f.size + 2 }

// groupsOfTraces yields runs of keys that are of few traces.
func groupsOfTraces(keys []spanKey) iter.Seq[[]spanKey] {
	return func(yield func([]spanKey) bool) {
		for len(keys) > 0 {
			traces := map[storage.TraceID]struct{}{}
			n := 0
			for ; n < len(keys); n++ {
				if _, ok := traces[keys[n].Trace]; !ok && len(traces) == fetchedAtOnce {
					break
				}
				traces[keys[n].Trace] = struct{}{}
			}
			if !yield(keys[:n]) {
				return
			}
			keys = keys[n:]
		}
	}
}

// rows fetches the spans with some keys that match.
func (f *spansFinding) rows(ctx context.Context, keys []spanKey) (map[spanKey]spansAt, error) {
	wanted := make(map[spanKey]spansAt, len(keys))
	var ids []storage.TraceID
	for _, key := range keys {
		wanted[key] = spansAt{}
		ids = append(ids, key.Trace)
	}
	slices.SortFunc(ids, func(a, b storage.TraceID) int { return slices.Compare(a[:], b[:]) })
	traces, err := trace.Fetch(ctx, f.h.Spans, slices.Compact(ids))
	for _, t := range traces {
		for _, row := range t.Rows { // identical ones are folded there
			key := keyOf(t.Spans, int(row))
			if at, ok := wanted[key]; ok && f.matches(t.Spans, int(row)) {
				wanted[key] = spansAt{t.Spans, append(at.rows, int(row))}
			}
		}
	}
	return wanted, err
}

// keys returns the keys of the first spans of the answer, in order, from that of
// the cursor on.
func (f *spansFinding) keys(ctx context.Context, after *spanCursor) ([]spanKey, error) {
	scan := storage.Scan{Window: f.window}
	exact := true
	if f.filter != nil {
		scan.Where, exact = f.filter.Where()
	}
	if after != nil {
		scan.Window = f.order.from(scan.Window, after.Key)
	}
	first := firstKeys{order: f.order, most: f.most(), known: map[spanKey]struct{}{}}
	var doubtful []spanKey
	settle := func() (err error) {
		err = f.settle(ctx, &first, doubtful)
		doubtful = doubtful[:0]
		return err
	}
	for batch, err := range f.h.Spans.Scan(ctx, scan) {
		if err != nil {
			return nil, err
		}
		for row := range batch.TraceIDs {
			key := spanKey{batch.StartsNs[row], batch.DurationsNs[row], batch.TraceIDs[row], batch.SpanIDs[row]}
			switch {
			case after != nil && f.order.compare(key, after.Key) < 0, !first.wants(key):
			case exact:
				first.add(key)
			default:
				if doubtful = append(doubtful, key); len(doubtful) >= doubtfulAtOnce {
					if err := settle(); err != nil {
						return nil, err
					}
				}
			}
		}
		if !f.order.newestFirst() || first.Len()+len(doubtful) < first.most {
			continue
		}
		if err := settle(); err != nil {
			return nil, err
		}
		// What follows cannot displace spans that start after all of it.
		if first.Len() == first.most && first.keys[0].StartNs > batch.NewestLeftNs {
			break
		}
	}
	if err := settle(); err != nil {
		return nil, err
	}
	slices.SortFunc(first.keys, f.order.compare)
	return first.keys, nil
}

// doubtfulAtOnce bounds how many spans wait for being read.
const doubtfulAtOnce = 4096

// settle reads spans that may match, those first that come first, and adds those
// that do.
func (f *spansFinding) settle(ctx context.Context, first *firstKeys, doubtful []spanKey) error {
	slices.SortFunc(doubtful, f.order.compare)
	for some := range groupsOfTraces(slices.Compact(doubtful)) {
		if !first.wants(some[0]) {
			return nil // nor any that follows
		}
		found, err := f.rows(ctx, some)
		if err != nil {
			return err
		}
		for _, key := range some {
			if len(found[key].rows) > 0 && first.wants(key) {
				first.add(key)
			}
		}
	}
	return nil
}

// firstKeys are the first of the keys that were added, the last of them on top
// of the heap.
type firstKeys struct {
	order spanOrder
	most  int
	keys  []spanKey
	known map[spanKey]struct{}
}

func (k *firstKeys) Len() int           { return len(k.keys) }
func (k *firstKeys) Less(i, j int) bool { return k.order.compare(k.keys[i], k.keys[j]) > 0 }
func (k *firstKeys) Swap(i, j int)      { k.keys[i], k.keys[j] = k.keys[j], k.keys[i] }
func (k *firstKeys) Push(x any)         { k.keys = append(k.keys, x.(spanKey)) }
func (k *firstKeys) Pop() any {
	last := k.keys[len(k.keys)-1]
	k.keys = k.keys[:len(k.keys)-1]
	return last
}

// wants says whether a key would be among the first.
func (k *firstKeys) wants(key spanKey) bool {
	return len(k.keys) < k.most || k.order.compare(key, k.keys[0]) < 0
}

func (k *firstKeys) add(key spanKey) {
	if _, ok := k.known[key]; ok {
		return
	}
	if len(k.keys) == k.most {
		delete(k.known, heap.Pop(k).(spanKey))
	}
	k.known[key] = struct{}{}
	heap.Push(k, key)
}
