package trace

import (
	"cmp"
	"context"
	"encoding/binary"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// batches is a reader of nothing but these.
type batches struct {
	storage.SpanReader
	list []*storage.Batch
	read int
}

func (b *batches) Scan(context.Context, storage.Scan) iter.Seq2[*storage.Batch, error] {
	return func(yield func(*storage.Batch, error) bool) {
		for _, batch := range b.list {
			b.read++
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// randomBatches are in order of time, or may have anything left to scan after
// each.
func randomBatches(r *rand.Rand, traces, rows, perBatch int, sorted bool) *batches {
	starts := make([]int64, rows)
	for i := range starts {
		starts[i] = r.Int64N(int64(rows)) // equal ones occur
	}
	if sorted {
		slices.SortFunc(starts, func(a, b int64) int { return cmp.Compare(b, a) })
	}
	reader := &batches{}
	for chunk := range slices.Chunk(starts, perBatch) {
		b := &storage.Batch{NewestLeftNs: math.MaxInt64, StartsNs: chunk}
		if sorted {
			b.NewestLeftNs = chunk[len(chunk)-1]
		}
		for range chunk {
			var id storage.TraceID
			binary.BigEndian.PutUint32(id[12:], 1+r.Uint32N(uint32(traces)))
			b.TraceIDs = append(b.TraceIDs, id)
		}
		reader.list = append(reader.list, b)
	}
	return reader
}

func (b *batches) newestTraces() []storage.TraceID {
	at := map[storage.TraceID]int64{}
	for _, batch := range b.list {
		for row, id := range batch.TraceIDs {
			if known, ok := at[id]; !ok || batch.StartsNs[row] > known {
				at[id] = batch.StartsNs[row]
			}
		}
	}
	ids := make([]storage.TraceID, 0, len(at))
	for id := range at {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y storage.TraceID) int {
		return cmp.Or(cmp.Compare(at[y], at[x]), slices.Compare(x[:], y[:]))
	})
	return ids
}

func TestFindIDsChoosesTheNewest(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		sorted := seed%2 == 0
		reader := randomBatches(r, 1+r.IntN(20_000), 20_000, 1+r.IntN(3000), sorted)
		limit := 1 + r.IntN(1500)
		want := reader.newestTraces()
		ids, more, err := FindIDs(t.Context(), reader, Query{Window: storage.AllTime(), Limit: limit})
		if err != nil || more != (len(want) > limit) || !slices.Equal(ids, want[:min(limit, len(want))]) {
			t.Errorf("seed %d, limit %d of %d: %d ids, more %v, error %v", seed, limit, len(want), len(ids), more, err)
		}
		if sorted && limit < len(want)/4 && reader.read == len(reader.list) && len(reader.list) > 8 {
			t.Errorf("seed %d: read all of %d batches for %d of %d traces", seed, reader.read, limit, len(want))
		}
	}
}

// What is kept in mind depends on the limit, not on how many traces match.
func TestFindIDsKeepsFewTraces(t *testing.T) {
	reader := randomBatches(rand.New(rand.NewPCG(1, 2)), 200_000, 200_000, 5000, false)
	newest := newestTraces{keep: 21, at: map[storage.TraceID]int64{}, floorNs: math.MinInt64}
	for _, b := range reader.list {
		newest.add(b)
		if n := len(newest.at); n > newest.keep+slack {
			t.Fatalf("%d traces are kept to choose %d", n, newest.keep)
		}
	}
	if got, want := newest.sorted()[:21], reader.newestTraces()[:21]; !slices.Equal(got, want) {
		t.Error("others were chosen")
	}
}
