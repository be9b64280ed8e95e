package facet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

var (
	keyTenant = storage.Key{Scope: storage.ScopeSpan, Name: "tenant"}
	keyCode   = storage.Key{Scope: storage.ScopeSpan, Name: "code"}
)

// batches makes n spans as a scan returns them: a text and a typed column.
func batches(rng *rand.Rand, w storage.Window, n, rows int) iter.Seq2[*storage.Batch, error] {
	return func(yield func(*storage.Batch, error) bool) {
		for from := 0; from < n; from += rows {
			b := &storage.Batch{Columns: make([]storage.Column, 4)}
			for i := range 40 {
				b.Columns[0].Dict = append(b.Columns[0].Dict, fmt.Sprint("t", (i+from)%50))
			}
			b.Columns[3].Dict = []string{"true", "false"}
			for range min(rows, n-from) {
				b.TraceIDs = append(b.TraceIDs, storage.TraceID{1})
				b.SpanIDs = append(b.SpanIDs, storage.SpanID{1})
				b.StartsNs = append(b.StartsNs, w.FromNs+rng.Int64N(w.ToNs-w.FromNs))
				b.DurationsNs = append(b.DurationsNs, int64(math.Exp(rng.Float64()*20))-2)
				add := func(i int, typ storage.Type, bits uint64) {
					b.Columns[i].Types = append(b.Columns[i].Types, typ)
					b.Columns[i].Bits = append(b.Columns[i].Bits, bits)
				}
				add(0, storage.TypeString, uint64(min(rng.IntN(40), rng.IntN(40))))
				switch rng.IntN(4) {
				case 0:
					add(1, storage.TypeAbsent, 0)
				case 1:
					add(1, storage.TypeInt, uint64(200+rng.IntN(5)))
				case 2:
					add(1, storage.TypeFloat, math.Float64bits(2.5))
				case 3:
					add(1, storage.TypeBool, 1)
				}
				add(2, storage.TypeInt, uint64(rng.IntN(3)))
				add(3, storage.Type(rng.IntN(2)), uint64(rng.IntN(2)))
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// shown shows batches as a store does, on some goroutines. The columns of the keys
// come first, then those of trace.ErrorKeys.
type shown struct {
	batches iter.Seq2[*storage.Batch, error]
	// sets are the first bits of the marks of a span, of the batch at a place.
	sets func(batch int) uint8
	bits int // of sets
}

func (s shown) Tally(_ context.Context, keys []storage.Key, marks []storage.Predicate, begin func() func(storage.TallyBatch) bool) error {
	if len(marks) != 1 {
		return errors.New("what failed is the only mark that is known here")
	}
	work := make(chan *shownBatch)
	var ended sync.WaitGroup
	for range 3 {
		visit := begin()
		ended.Add(1)
		go func() {
			defer ended.Done()
			for b := range work {
				visit(b)
			}
		}()
	}
	defer ended.Wait()
	defer close(work)
	number := 0
	for batch, err := range s.batches {
		if err != nil {
			return err
		}
		b := &shownBatch{batch, len(keys), make([]uint8, batch.Len())}
		for row := range b.marks {
			if s.sets != nil {
				b.marks[row] = s.sets(number)
			}
			if trace.ErrorAt(&batch.Columns[len(keys)], &batch.Columns[len(keys)+1], row) {
				b.marks[row] |= 1 << s.bits
			}
		}
		work <- b
		number++
	}
	return nil
}

type shownBatch struct {
	batch *storage.Batch
	keys  int
	marks []uint8
}

func (b *shownBatch) Len() int             { return b.batch.Len() }
func (b *shownBatch) Scanned() int         { return b.batch.Len() }
func (b *shownBatch) Marks() []uint8       { return b.marks }
func (b *shownBatch) StartsNs() []int64    { return b.batch.StartsNs }
func (b *shownBatch) DurationsNs() []int64 { return b.batch.DurationsNs }
func (b *shownBatch) Count(groups []uint32, n int, add func(key int, v storage.Value, group int, spans uint64)) {
	var t storage.ColumnTally
	for key := range b.keys {
		t.Count(&b.batch.Columns[key], groups, n, func(v storage.Value, group int, spans uint64) { add(key, v, group, spans) })
	}
}

// naive counts as one would by hand.
func naive(q Query, seq iter.Seq2[*storage.Batch, error]) (total Count, values []map[storage.Value]Count) {
	for range q.Keys {
		values = append(values, map[storage.Value]Count{})
	}
	for b := range seq {
		for row := range b.Len() {
			one := Count{Spans: 1}
			if b.Columns[2].Value(row) == storage.Int(2) || b.Columns[3].Value(row).Text() == "true" {
				one.Errors = 1
			}
			total.add(one)
			for i := range q.Keys {
				c := values[i][b.Columns[i].Value(row)]
				c.add(one)
				values[i][b.Columns[i].Value(row)] = c
			}
		}
	}
	return total, values
}

func TestComputeCountsEverySpanOnce(t *testing.T) {
	for seed := range uint64(30) {
		w := storage.Window{FromNs: 1000, ToNs: 1000 + 1 + int64(seed)*977}
		n := 5000
		q := Query{Window: w, Keys: []storage.Key{keyTenant, keyCode}, Values: 1 + int(seed), Columns: 1 + int(seed*7), Rows: 2 + int(seed)}
		seq := func() iter.Seq2[*storage.Batch, error] { return batches(rand.New(rand.NewPCG(seed, 1)), w, n, 700) }
		r, err := Compute(t.Context(), q, shown{batches: seq()})
		if err != nil {
			t.Fatal(err)
		}
		total, values := naive(q, seq())
		if r.Spans != total.Spans || r.Errors != total.Errors {
			t.Fatalf("seed %d: %d spans and %d errors, want %+v", seed, r.Spans, r.Errors, total)
		}
		for i, f := range r.Facets {
			sum := f.Absent
			sum.add(f.Other)
			for j, v := range f.Values {
				sum.add(v.Count)
				if v.Count != values[i][v.Value] {
					t.Fatalf("seed %d: %s=%v has %+v, want %+v", seed, f.Key, v.Value, v.Count, values[i][v.Value])
				}
				if j > 0 && f.Values[j-1].Spans < v.Spans {
					t.Fatalf("seed %d: %v stands before %v", seed, f.Values[j-1], v)
				}
			}
			if sum != total || len(f.Values) > q.Values {
				t.Fatalf("seed %d: facet %s adds up to %+v, want %+v", seed, f.Key, sum, total)
			}
		}
		h := r.Heatmap
		var sum Count
		for i := range h.Spans {
			sum.add(Count{uint64(h.Spans[i]), uint64(h.Errors[i])})
		}
		if sum != total || len(h.Spans) != h.Columns*len(h.BoundsNs) || len(h.BoundsNs) > q.Rows || h.Columns > q.Columns || !slices.IsSorted(h.BoundsNs) {
			t.Fatalf("seed %d: heatmap of %d×%d adds up to %+v, want %+v", seed, h.Columns, len(h.BoundsNs), sum, total)
		}
	}
}

func TestHeatmapCells(t *testing.T) {
	b := &storage.Batch{
		TraceIDs: make([]storage.TraceID, 5), SpanIDs: make([]storage.SpanID, 5),
		StartsNs: []int64{100, 149, 150, 199, 150}, DurationsNs: []int64{0, 1000, 1024, 1279, -5},
		Columns: []storage.Column{
			{Types: make([]storage.Type, 5), Bits: make([]uint64, 5)},
			{Types: make([]storage.Type, 5), Bits: make([]uint64, 5)},
		},
	}
	b.Columns[0].Types[3], b.Columns[0].Bits[3] = storage.TypeInt, 2
	one := func(yield func(*storage.Batch, error) bool) { yield(b, nil) }
	r, err := Compute(t.Context(), Query{Window: storage.Window{FromNs: 100, ToNs: 200}, Columns: 2, Rows: 100}, shown{batches: one})
	if err != nil {
		t.Fatal(err)
	}
	h := r.Heatmap
	last, beforeLast := len(h.BoundsNs)-1, len(h.BoundsNs)-2
	if h.StepNs != 50 || h.BoundsNs[0] != 0 || h.BoundsNs[last] != 1024 || h.BoundsNs[beforeLast] != 896 {
		t.Fatalf("%+v", h)
	}
	cell := func(column, row int) [2]uint32 {
		return [2]uint32{h.Spans[column*len(h.BoundsNs)+row], h.Errors[column*len(h.BoundsNs)+row]}
	}
	if cell(0, 0) != [2]uint32{1, 0} || cell(1, 0) != [2]uint32{1, 0} || cell(0, beforeLast) != [2]uint32{1, 0} || cell(1, last) != [2]uint32{2, 1} {
		t.Fatalf("%+v", h)
	}
}

// Every duration lies between the bounds of its step.
func TestScale(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	check := func(ns int64) {
		step := scaleStep(ns)
		if scaleBound(step) > ns || step+1 < scaleSteps && scaleBound(step+1) <= ns {
			t.Fatalf("%d ns is in step %d, from %d to %d", ns, step, scaleBound(step), scaleBound(step+1))
		}
	}
	for ns := range int64(5000) {
		check(ns)
	}
	for range 10_000 {
		check(rng.Int64() >> rng.IntN(63))
	}
	check(math.MaxInt64)
	if scaleStep(math.MinInt64) != 0 {
		t.Error("negative durations are not in step 0")
	}
}

func TestNothing(t *testing.T) {
	r, err := Compute(t.Context(), Query{Window: storage.AllTime(), Keys: []storage.Key{keyCode}, Columns: 100}, shown{batches: func(func(*storage.Batch, error) bool) {}})
	if err != nil || r.Spans != 0 || len(r.Facets) != 1 || len(r.Heatmap.Spans) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestManyValues(t *testing.T) {
	r, err := Compute(t.Context(), Query{Window: storage.AllTime(), Keys: []storage.Key{keyCode}, Values: 5}, shown{batches: func(yield func(*storage.Batch, error) bool) {
		for from := range 30 {
			b := &storage.Batch{Columns: make([]storage.Column, 3)}
			for i := range 1000 {
				b.TraceIDs = append(b.TraceIDs, storage.TraceID{1})
				for c := range b.Columns {
					b.Columns[c].Types = append(b.Columns[c].Types, storage.TypeInt)
					b.Columns[c].Bits = append(b.Columns[c].Bits, uint64(1000*from+i))
				}
			}
			if !yield(b, nil) {
				return
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Facets[0]; !f.Truncated || f.Distinct != maxDistinctOfKey || f.Other.Spans+5 != 30_000 {
		t.Errorf("%+v", f)
	}
}

func BenchmarkCompute(b *testing.B) {
	const n = 1_000_000
	w := storage.Window{FromNs: 0, ToNs: 3_600_000_000_000}
	var made []*storage.Batch
	for batch := range batches(rand.New(rand.NewPCG(1, 1)), w, n, 4096) {
		made = append(made, batch)
	}
	seq := func(yield func(*storage.Batch, error) bool) {
		for _, batch := range made {
			if !yield(batch, nil) {
				return
			}
		}
	}
	for name, q := range map[string]Query{
		"heatmap":         {Window: w, Columns: 200, Keys: []storage.Key{keyTenant, keyCode}[:0]},
		"facets":          {Window: w, Keys: []storage.Key{keyTenant, keyCode}},
		"facets, heatmap": {Window: w, Keys: []storage.Key{keyTenant, keyCode}, Columns: 200},
	} {
		b.Run(name, func(b *testing.B) {
			from := seq
			if len(q.Keys) == 0 {
				from = func(yield func(*storage.Batch, error) bool) {
					for _, batch := range made {
						only := *batch
						only.Columns = batch.Columns[2:]
						if !yield(&only, nil) {
							return
						}
					}
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compute(b.Context(), q, shown{batches: from}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/span")
		})
	}
}
