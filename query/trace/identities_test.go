package trace

import (
	"math/rand/v2"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// Shown ids are those of the spans but for the server halves of shared ones,
// of which each has a free one; parents are named by the ids that they are
// shown under.
func TestIdentities(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	separated := 0
	for range 200 {
		for _, tr := range Build(randomSpans(rng, 2+rng.IntN(60), 0.5)) {
			stored := map[storage.SpanID]bool{}
			for _, row := range tr.Rows {
				stored[tr.Spans.SpanIDs[row]] = true
			}
			ids := tr.Identities()
			given := map[storage.SpanID]bool{}
			for p, row := range tr.Rows {
				id := ids.Span(int32(p))
				if id != tr.Spans.SpanIDs[row] {
					kind := tr.Spans.Kinds[row]
					if tr.Flags[p]&SharedID == 0 || kind != kindServer && kind != kindConsumer || stored[id] || given[id] {
						t.Fatalf("seed %d: position %d is shown under %v", seed, p, id)
					}
					given[id] = true
					separated++
				}
				want := tr.Spans.ParentIDs[row]
				if parent := tr.Parents[p]; parent >= 0 {
					want = ids.Span(parent)
				} else if tr.Flags[p]&Cycle != 0 {
					want = storage.SpanID{}
				}
				if got := ids.Parent(int32(p)); got != want {
					t.Fatalf("seed %d: the parent of position %d is shown as %v, want %v", seed, p, got, want)
				}
			}
		}
	}
	if separated == 0 {
		t.Fatal("no id was shared")
	}
}
