package columnar

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// earlierIndex gives a part an index as an earlier version wrote it, which does not
// say that its edges count every call that failed. They are wrong by far, so that
// an answer shows whether they were used.
func earlierIndex(t *testing.T, p *livePart) {
	t.Helper()
	file, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	s := newSummary()
	for number := range p.zones {
		rows := file.spanRows(number)
		table := rows.load(rows.all())
		if err := rows.err(); err != nil {
			t.Fatal(err)
		}
		to := make([]int32, table.n)
		for i := range to {
			to[i] = int32(i)
		}
		part := newSpanPart()
		part.addTable(table)
		part.define()
		s.addSpans(part.group([]*spanTable{table}, &arrangement{n: table.n, to: [][]int32{to}}), nil)
	}
	c := s.finish()
	c.Filters = nil // the columns were not written, which is when their values are hashed
	c.Edges.AllFailed = false
	for i := range c.Edges.List {
		c.Edges.List[i].Calls += wrongCalls
	}
	var b bytes.Buffer
	if err := sidecar.Write(&b, c); err != nil {
		t.Fatal(err)
	}
	if p.index, err = sidecar.Open(bytes.NewReader(b.Bytes()), int64(b.Len())); err != nil {
		t.Fatal(err)
	}
}

const wrongCalls = 1_000_000

// TestEdgesOfEarlierParts: what an earlier version counted is not taken for more
// than it is. The calls of parts in which spans say that they failed are found
// anew, until merging has counted them.
func TestEdgesOfEarlierParts(t *testing.T) {
	for name, fails := range map[string]bool{"spans say that they failed": true, "none does": false} {
		t.Run(name, func(t *testing.T) {
			o, now := diskOptions(), testClock
			o.now = func() time.Time { return now }
			o.still, o.SealRows, o.GroupRows, o.PartRows = true, 4096, 4096, 65_536 // traces are not split
			disk := openDisk(t, o)
			defer disk.Close()
			memory, err := Open(Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer memory.Close()
			rng := rand.New(rand.NewPCG(3, 1))
			var late ptrace.Traces
			for i, td := range newMesh().requests(4) {
				shift(td, rng.Int64N(300e9))
				for _, rs := range td.ResourceSpans().All() {
					for _, s := range rs.ScopeSpans().At(0).Spans().All() {
						s.Attributes().Remove(storage.KeyError.Name)
						if fails && rng.IntN(5) == 0 {
							s.Attributes().PutStr(storage.KeyError.Name, "true")
						}
					}
				}
				if i > 0 { // some traces go on in the next part
					late.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
				}
				late = ptrace.NewTraces()
				if i < 3 {
					td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
						if rng.IntN(30) > 0 {
							return false
						}
						rs.CopyTo(late.ResourceSpans().AppendEmpty())
						return true
					})
				}
				for _, s := range []*Store{disk, memory} {
					if _, err := s.Spans().WriteSpans(t.Context(), td); err != nil {
						t.Fatal(err)
					}
				}
				(flushed{disk}).flush()
			}
			parts := disk.disk.current.spans
			if len(parts) != 4 {
				t.Fatalf("%d parts, want 4", len(parts))
			}
			earlierIndex(t, parts[0])
			earlierIndex(t, parts[2])
			if !fails {
				edges, err := disk.Spans().Edges(t.Context(), storage.AllTime())
				if err != nil {
					t.Fatal(err)
				}
				counted := uint64(0)
				for _, e := range edges {
					counted += e.Calls
				}
				if counted < wrongCalls {
					t.Errorf("what a part without the attribute has counted was not used")
				}
				return
			}
			compare := func() {
				t.Helper()
				first := memory.Stats().OldestSpanNs
				failed := uint64(0)
				for i := range 40 {
					w := storage.AllTime()
					if i > 0 {
						w.FromNs = first - 30e9 + rng.Int64N(300e9)
						w.ToNs = w.FromNs + rng.Int64N(300e9)
					}
					got, err1 := disk.Spans().Edges(t.Context(), w)
					want, err2 := memory.Spans().Edges(t.Context(), w)
					if err1 != nil || err2 != nil || !reflect.DeepEqual(got, want) {
						t.Fatalf("edges in %+v: %v, %v\ngot  %v\nwant %v", w, err1, err2, got, want)
					}
					for _, e := range got {
						failed += e.Errors
					}
				}
				if failed == 0 {
					t.Error("no call failed")
				}
			}
			compare()
			now = now.Add(3 * time.Hour) // so that a few parts are worth merging
			mergeAll(t, disk)
			if n := len(disk.disk.current.spans); n != 1 {
				t.Fatalf("%d parts after merging, want 1", n)
			}
			for _, p := range disk.disk.current.spans {
				index, _, err := p.openIndex()
				if err != nil {
					t.Fatal(err)
				}
				if edges, err := index.Edges(); err != nil || !edges.AllFailed {
					t.Errorf("part %s: %v; merging did not count anew", p.ID, err)
				}
			}
			compare()
		})
	}
}
