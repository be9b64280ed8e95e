package trace

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// However a store spreads traces over chunks, they are rebuilt the same.
func TestBuildChunks(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 3))
		all := storage.NewSpansBuilder(0)
		chunks := make([]*storage.SpansBuilder, 1+rng.IntN(4))
		for i := range chunks {
			chunks[i] = storage.NewSpansBuilder(0)
		}
		for n := range 1 + rng.IntN(6) {
			s := randomSpans(rng, 1+rng.IntN(20), 0.2)
			for row := range s.TraceIDs {
				s.TraceIDs[row] = storage.TraceID{14: 1, 15: byte(n)}
			}
			all.AddSpans(s, nil)
			home, scatter := rng.IntN(len(chunks)), rng.IntN(2) == 0
			for row := range s.Len() {
				to := home
				if scatter {
					to = rng.IntN(len(chunks))
				}
				chunks[to].AddSpans(s, func(r int) bool { return r == row })
			}
		}
		var parts []*storage.Spans
		for _, c := range chunks {
			parts = append(parts, c.Spans())
		}
		got, want := buildChunks(parts), Build(all.Spans())
		if len(got) != len(want) {
			t.Fatalf("seed %d: %d traces, want %d", seed, len(got), len(want))
		}
		for _, w := range want {
			i := slices.IndexFunc(got, func(g *Trace) bool { return g.ID == w.ID })
			if i < 0 || treeText(got[i]) != treeText(w) {
				t.Fatalf("seed %d: trace %s differs", seed, w.ID)
			}
		}
	}
	if got := buildChunks(nil); got != nil {
		t.Errorf("no chunks make %v", got)
	}
}
