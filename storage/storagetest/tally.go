package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/heddle-io/heddle/storage"
)

// groupOf puts a span in one of n groups by what every batch tells.
func groupOf(marks uint8, startNs, durationNs int64, n int) uint32 {
	return uint32((uint64(marks) + uint64(startNs)/7 + uint64(durationNs)) % uint64(n))
}

// tally counts into lines, sorted: the spans by their columns, and the values by
// group.
func (e *env) tally(q storage.Tally, n int) (lines []string) {
	e.Helper()
	type valueOf struct {
		key, group int
		value      string
	}
	var mu sync.Mutex // guards counts, spans and lines
	counts := map[valueOf]uint64{}
	spans, scanned := 0, 0
	beginning := false
	err := e.spans.Tally(context.Background(), q, func() func(storage.TallyBatch) bool {
		if beginning {
			e.Error("begin is called by one goroutine after the other")
		}
		beginning = true
		defer func() { beginning = false }()
		var busy atomic.Bool
		return func(b storage.TallyBatch) bool {
			if busy.Swap(true) {
				e.Error("what begin returned is called with one batch after the other")
			}
			defer busy.Store(false)
			starts, durations, marks := b.StartsNs(), b.DurationsNs(), b.Marks()
			if len(starts) != b.Len() || len(durations) != b.Len() || len(marks) != b.Len() {
				e.Errorf("TallyBatch: %d spans have %d starts, %d durations, %d marks", b.Len(), len(starts), len(durations), len(marks))
				return false
			}
			groups := make([]uint32, b.Len())
			mu.Lock()
			defer mu.Unlock()
			spans, scanned = spans+b.Len(), scanned+b.Scanned()
			for i := range groups {
				groups[i] = groupOf(marks[i], starts[i], durations[i], n)
				lines = append(lines, fmt.Sprintf("start %d duration %d marks %b", starts[i], durations[i], marks[i]))
			}
			once := map[int]bool{}
			last := -1
			b.Count(groups, n, func(key int, v storage.Value, group int, spans uint64) {
				if key != last && once[key] {
					e.Errorf("Count: the calls for one key follow each other: %s came again", q.Keys[key])
				}
				once[key], last = true, key
				if v.Type() == storage.TypeAbsent || spans == 0 {
					e.Errorf("Count: add is called for values that are there: %s, %d spans", show(v), spans)
				}
				counts[valueOf{key, group, show(v)}] += spans
			})
			return true
		}
	})
	if err != nil {
		e.Fatalf("Tally: %v", err)
	}
	if scanned < spans {
		e.Errorf("TallyBatch.Scanned counts all rows looked at: %d scanned, %d found", scanned, spans)
	}
	for of, n := range counts {
		lines = append(lines, fmt.Sprintf("%d %s=%s group %d: %d", of.key, q.Keys[of.key], of.value, of.group, n))
	}
	return sorted(lines)
}

// tally is the reference.
func (m *model) tally(q storage.Tally, n int) (lines []string) {
	counts := map[string]int{}
	m.rows(q.Window, q.Where, func(r row) {
		var marks uint8
		for i, p := range q.Marks {
			if r.satisfies(p) {
				marks |= 1 << i
			}
		}
		start, duration := r.s.StartsNs[r.i], r.s.DurationsNs[r.i]
		lines = append(lines, fmt.Sprintf("start %d duration %d marks %b", start, duration, marks))
		group := groupOf(marks, start, duration, n)
		for i, k := range q.Keys { // a key may be there twice
			if v := r.value(k); v.Type() != storage.TypeAbsent {
				counts[fmt.Sprintf("%d %s=%s group %d", i, k, show(v), group)]++
			}
		}
	})
	for line, n := range counts {
		lines = append(lines, fmt.Sprintf("%s: %d", line, n))
	}
	return sorted(lines)
}

func testTally(e *env) {
	want := e.fill(1200)
	check := func(q storage.Tally, n int) {
		e.same(fmt.Sprintf("Tally of %v in %d groups, %d marks, where %s", q.Keys, n, len(q.Marks), describe(q.Where)), e.tally(q, n), want.tally(q, n))
	}
	check(storage.Tally{Window: anyTime, Keys: everyKey}, 1)
	check(storage.Tally{Window: anyTime, Keys: everyKey, Marks: []storage.Predicate{nil, storage.Exists{Key: storage.KeyEventName}}}, 5000)
	for range 80 {
		q := storage.Tally{Window: e.randomWindow(), Where: e.randomPredicate(2)}
		for range e.rng.IntN(5) {
			q.Keys = append(q.Keys, pick(e.rng, everyKey))
		}
		for range e.rng.IntN(storage.MaxMarks + 1) {
			q.Marks = append(q.Marks, e.randomPredicate(1))
		}
		check(q, pick(e.rng, []int{1, 2, 40, 3000, 200_000}))
	}
}

func testTallyStops(e *env) {
	e.fill(1200)
	var batches atomic.Int64
	none := func() func(storage.TallyBatch) bool {
		return func(storage.TallyBatch) bool { batches.Add(1); return true }
	}
	if err := e.spans.Tally(context.Background(), storage.Tally{Window: anyTime}, none); err != nil || batches.Load() == 0 {
		e.Fatalf("Tally without keys shows spans: %d batches, %v", batches.Load(), err)
	}
	var refused atomic.Bool
	err := e.spans.Tally(context.Background(), storage.Tally{Window: anyTime}, func() func(storage.TallyBatch) bool {
		stopped := false
		return func(storage.TallyBatch) bool {
			if stopped {
				refused.Store(true)
			}
			stopped = true
			return false
		}
	})
	if err != nil || refused.Load() {
		e.Errorf("when a call returns false no more batches are shown and Tally returns nil: %v, more after it: %v", err, refused.Load())
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err = e.spans.Tally(ctx, storage.Tally{Window: anyTime, Keys: everyKey}, func() func(storage.TallyBatch) bool {
		return func(b storage.TallyBatch) bool {
			cancel()
			b.Count(make([]uint32, b.Len()), 1, func(int, storage.Value, int, uint64) {})
			return true
		}
	})
	if !errors.Is(err, context.Canceled) {
		e.Errorf("Tally stops soon after its context is cancelled: got %v", err)
	}
	many := make([]storage.Predicate, storage.MaxMarks+1)
	if err := e.spans.Tally(context.Background(), storage.Tally{Window: anyTime, Marks: many}, none); err == nil {
		e.Errorf("more than %d marks are refused", storage.MaxMarks)
	}
}
