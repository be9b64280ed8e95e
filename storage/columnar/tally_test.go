package columnar

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// countedKeys are intrinsics of every way in which columns are kept, and the
// attributes of odd spans.
func countedKeys() []storage.Key {
	keys := []storage.Key{
		storage.KeyTraceID, storage.KeySpanID, storage.KeyParentID, storage.KeyName, storage.KeyKind, storage.KeyStatus, storage.KeyStatusMessage,
		storage.KeyTraceState, storage.KeyStart, storage.KeyDuration, storage.KeyScopeName, storage.KeyScopeVersion, storage.KeyEventName,
	}
	for _, name := range append([]string{"service.name", "k8s.label.3", "nobody.has.this", twice}, oddKeys...) {
		for scope := storage.ScopeResource; scope <= storage.ScopeLink; scope++ {
			keys = append(keys, storage.Key{Scope: scope, Name: name})
		}
	}
	return keys
}

type valueInGroup struct {
	key   int
	value storage.Value
	group int
}

// talliedValues adds up what Count tells.
type talliedValues map[valueInGroup]uint64

func (t talliedValues) add(key int, v storage.Value, group int, spans uint64) {
	t[valueInGroup{key, cloneValue(v), group}] += spans
}

// Counting by codes and by origin finds what gathering finds, of any rows in any
// groups.
func TestTallyOfRowGroups(t *testing.T) {
	for _, columns := range []int{1000, 12, 0} {
		t.Run(fmt.Sprint("columns=", columns), func(t *testing.T) {
			seed := rand.Uint64()
			rng := rand.New(rand.NewPCG(seed, 5))
			t.Logf("seed %d", seed)
			s := open(t, Options{SealRows: 1 << 20})
			s.spans.begin = func() *spanBuilder {
				b := newSpanBuilder()
				*b.columns = columns
				return b
			}
			s.spans.open = s.spans.begin()
			for range 4 {
				if _, err := s.Spans().WriteSpans(context.Background(), oddTraces(rng, 700, 60)); err != nil {
					t.Fatal(err)
				}
			}
			f := openFile(t, spanFile(t, s.spans.open.seal(), 128))
			keys := countedKeys()
			counted := 0
			for range 25 {
				b := tallyBatch{ctx: context.Background(), table: f.spanRows(0), q: &storage.Tally{Keys: keys}}
				b.rows = someRows(rng, b.table.len())
				b.runs = runsOf(b.rows)
				n := pickOne(rng, []int{1, 2, 70, 30_000})
				groups := make([]uint32, len(b.rows))
				for i := range groups {
					groups[i] = uint32(rng.IntN(n))
				}
				got := talliedValues{}
				b.Count(groups, n, got.add)
				if err := b.table.err(); err != nil {
					t.Fatal(err)
				}
				want := talliedValues{}
				plain := f.spanRows(0)
				var out gathered
				for i, key := range keys {
					plain.vector(key).gather(b.rows, &out)
					column := out.column()
					for row := range b.rows {
						if v := column.Value(row); v.Type() != storage.TypeAbsent {
							want.add(i, v, int(groups[row]), 1)
						}
					}
				}
				counted += len(want)
				if maps.Equal(got, want) {
					continue
				}
				for of, spans := range want {
					if got[of] != spans {
						t.Errorf("%d rows, %d groups: %s=%v in group %d: %d, want %d", len(b.rows), n, keys[of.key], of.value, of.group, got[of], spans)
					}
				}
				for of := range got {
					if want[of] == 0 {
						t.Errorf("%d rows, %d groups: %s=%v in group %d: nobody has it", len(b.rows), n, keys[of.key], of.value, of.group)
					}
				}
				return
			}
			if counted == 0 {
				t.Error("nothing was counted")
			}
		})
	}
}

// someRows are all rows, one run of them, or any.
func someRows(rng *rand.Rand, n int) []uint32 {
	rows := allRows(n)
	switch rng.IntN(4) {
	case 0:
		return rows
	case 1:
		from := rng.IntN(n)
		return rows[from : from+1+rng.IntN(n-from)]
	}
	share := rng.IntN(100)
	return slices.DeleteFunc(rows, func(uint32) bool { return rng.IntN(100) > share })
}

// BenchmarkTally counts in a row group whose dictionaries are not decoded yet.
func BenchmarkTally(b *testing.B) {
	p := meshPart(b)
	var every []storage.Key
	counter := newKeyCounter()
	p.spanRows(0).countKeys(counter, fullBitmap(meshTable().n))
	for _, info := range counter.list() {
		if info.Key.Scope == storage.ScopeSpan || info.Key.Scope == storage.ScopeResource {
			every = append(every, info.Key)
		}
	}
	failed := storage.Compare{Key: storage.KeyStatus, Op: storage.Equal, Value: storage.Int(2)}
	for _, c := range []struct {
		name   string
		keys   []storage.Key
		groups int
	}{
		{"overview", []storage.Key{storage.KeyService, storage.KeyName, storage.KeyKind, storage.KeyStatus}, 2},
		{"every attribute", every, 2},
		{"every attribute, 100 groups", every, 100},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			n := uint64(0)
			groups := make([]uint32, 0, meshTable().n)
			w := tallyWorker{visit: func(t storage.TallyBatch) bool {
				groups = groups[:0]
				for i, marks := range t.Marks() {
					groups = append(groups, uint32(marks&1)+2*uint32(i*(c.groups/2)/t.Len()))
				}
				t.Count(groups, c.groups, func(_ int, _ storage.Value, _ int, spans uint64) { n += spans })
				return true
			}}
			q := &storage.Tally{Window: storage.AllTime(), Keys: c.keys, Marks: []storage.Predicate{failed}}
			for b.Loop() {
				if err := w.show(context.Background(), p.spanRows(0), q); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*meshTable().n*len(c.keys)), "ns/span/key")
			b.ReportMetric(float64(len(c.keys)), "keys")
		})
	}
}
