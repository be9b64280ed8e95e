package trace

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// randomSpans makes n spans of one trace: mostly a tree, with the faults of
// real ones at the given rate.
func randomSpans(rng *rand.Rand, n int, faults float64) *storage.Spans {
	b := storage.NewSpansBuilder(n)
	scope := b.AddScope(storage.InstrumentationScope{Name: b.Intern("test")})
	var resources []uint32
	for i := range 8 {
		resources = append(resources, b.AddResource(storage.Resource{Attributes: b.AddAttrs(
			b.Attr("service.name", storage.String(fmt.Sprint("svc", i))),
			b.Attr("host.name", storage.String(fmt.Sprint("host", i/2))))}))
	}
	ids := make([]storage.SpanID, n)
	for i := range ids {
		binary.BigEndian.PutUint64(ids[i][:], rng.Uint64()|1)
	}
	for i := range n {
		f := storage.SpanFields{
			TraceID: storage.TraceID{15: 1}, SpanID: ids[i], Name: fmt.Sprint("op", i%13), Kind: uint8(rng.IntN(6)),
			StartNs: int64(i) * 1000, DurationNs: int64(rng.IntN(n * 1000)), Resource: resources[rng.IntN(8)], Scope: scope,
		}
		if i > 0 {
			f.ParentID = ids[rng.IntN(i)]
		}
		if rng.Float64() < faults {
			switch rng.IntN(5) {
			case 0:
				f.ParentID = storage.SpanID{1}
			case 1:
				f.SpanID = ids[rng.IntN(n)]
			case 2:
				f.ParentID = ids[rng.IntN(n)]
			case 3:
				f.DurationNs = -f.DurationNs
			case 4:
				f.ParentID = f.SpanID
			}
		}
		b.AddSpan(f)
		b.SetAttributes(b.Attr("i", storage.Int(int64(i%7))), b.Attr("component", storage.String("x")))
		if rng.Float64() < faults {
			b.AddSpan(f)
			b.SetAttributes(b.Attr("i", storage.Int(int64(i%7))), b.Attr("component", storage.String("x")))
		}
	}
	return b.Spans()
}

// shuffled returns the spans in another order, in other tables.
func shuffled(rng *rand.Rand, s *storage.Spans) *storage.Spans {
	b := storage.NewSpansBuilder(s.Len())
	for _, row := range rng.Perm(s.Len()) {
		b.AddSpans(s, func(r int) bool { return r == row })
	}
	return b.Spans()
}

func TestBuildInvariants(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := randomSpans(rng, 1+rng.IntN(60), 0.2)
		tr := Build(s)[0]
		if err := checkInvariants(tr, s.Len()); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		again := Build(shuffled(rng, s))[0]
		if got, want := treeText(again), treeText(tr); got != want {
			t.Fatalf("seed %d: the tree depends on the order of arrival:\n%s\nwant\n%s", seed, got, want)
		}
	}
}

func checkInvariants(tr *Trace, stored int) error {
	n := tr.Len()
	if n+tr.Duplicates != stored {
		return fmt.Errorf("%d spans and %d duplicates of %d stored", n, tr.Duplicates, stored)
	}
	rows := slices.Sorted(slices.Values(tr.Rows))
	if len(slices.Compact(rows)) != n {
		return fmt.Errorf("a row stands twice")
	}
	roots, orphans := 0, 0
	for p := range n {
		parent := tr.Parents[p]
		if parent >= int32(p) {
			return fmt.Errorf("position %d stands before its parent %d", p, parent)
		}
		if parent >= 0 && (int32(p) >= tr.Ends[parent] || tr.Ends[p] > tr.Ends[parent]) {
			return fmt.Errorf("position %d is not inside of the subtree of %d", p, parent)
		}
		if tr.Ends[p] <= int32(p) {
			return fmt.Errorf("position %d has no subtree", p)
		}
		if top := tr.Flags[p]&(Root|Orphan|Cycle) != 0; top != (parent < 0) {
			return fmt.Errorf("position %d: parent %d, flags%s", p, parent, flagText(tr.Flags[p]))
		}
		if p > 0 && tr.Parents[p] != int32(p-1) { // not a first child: the preceding sibling started no later
			prev := p - 1
			for tr.Parents[prev] != parent {
				prev = int(tr.Parents[prev])
			}
			if tr.Spans.StartsNs[tr.Rows[prev]] > tr.Spans.StartsNs[tr.Rows[p]] {
				return fmt.Errorf("position %d starts before its preceding sibling %d", p, prev)
			}
		}
		if tr.Flags[p]&Root != 0 {
			roots++
		}
		if tr.Flags[p]&Orphan != 0 {
			orphans++
		}
	}
	if roots != tr.Roots || orphans != tr.Orphans {
		return fmt.Errorf("%d roots and %d orphans, said are %d and %d", roots, orphans, tr.Roots, tr.Orphans)
	}
	return nil
}

func treeText(tr *Trace) (text string) {
	for p, row := range tr.Rows {
		text += fmt.Sprintf("%d %d %s %d %d%s\n", p, tr.Parents[p], tr.Spans.SpanIDs[row], tr.Spans.StartsNs[row], tr.Spans.DurationsNs[row], flagText(tr.Flags[p]))
	}
	return text
}

// A million spans in one chain, and a million with one id, are what broken
// clients send. Neither may overflow a stack or take quadratic time; the
// latter would not end within the test's deadline.
func TestBuildHuge(t *testing.T) {
	const n = 1_000_000
	shapes := map[string]func(i int, f *storage.SpanFields){
		"chain": func(i int, f *storage.SpanFields) {
			binary.BigEndian.PutUint64(f.SpanID[:], uint64(i+1))
			binary.BigEndian.PutUint64(f.ParentID[:], uint64(i))
		},
		"one id": func(_ int, f *storage.SpanFields) { f.SpanID, f.ParentID = storage.SpanID{7: 1}, storage.SpanID{7: 2} },
		"one id, its own parent": func(_ int, f *storage.SpanFields) {
			f.SpanID, f.ParentID = storage.SpanID{7: 1}, storage.SpanID{7: 1}
		},
		"loop": func(i int, f *storage.SpanFields) {
			binary.BigEndian.PutUint64(f.SpanID[:], uint64(i+1))
			binary.BigEndian.PutUint64(f.ParentID[:], uint64((i+1)%n+1))
		},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			b := storage.NewSpansBuilder(n)
			resource, scope := b.AddResource(storage.Resource{}), b.AddScope(storage.InstrumentationScope{})
			for i := range n {
				f := storage.SpanFields{TraceID: storage.TraceID{1}, StartNs: int64(i), DurationNs: 1, Resource: resource, Scope: scope}
				shape(i, &f)
				b.AddSpan(f)
			}
			tr := Build(b.Spans())[0]
			if err := checkInvariants(tr, n); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{50, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := randomSpans(rand.New(rand.NewPCG(1, 1)), n, 0)
			b.ReportAllocs()
			for b.Loop() {
				Build(s)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/span")
		})
	}
}
