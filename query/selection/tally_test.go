package selection

import (
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// counted says how many spans that bear marks have a value under a key; those
// of no key are all.
type counted map[struct {
	marks uint8
	key   int
	value storage.Value
}]int

func (c counted) add(marks uint8, key int, v storage.Value, n int) {
	c[struct {
		marks uint8
		key   int
		value storage.Value
	}{marks, key, trace.OwnValue(v)}] += n
}

// tallied is what a tally shows and counts.
func tallied(t *testing.T, tally func(begin func() func(storage.TallyBatch) bool) error) counted {
	t.Helper()
	var mu sync.Mutex
	c := counted{}
	err := tally(func() func(storage.TallyBatch) bool {
		return func(b storage.TallyBatch) bool {
			mu.Lock()
			defer mu.Unlock()
			groups := make([]uint32, b.Len())
			for i, marks := range b.Marks() {
				groups[i] = uint32(marks)
				c.add(marks, -1, storage.Value{}, 1)
			}
			b.Count(groups, 256, func(key int, v storage.Value, group int, spans uint64) { c.add(uint8(group), key, v, int(spans)) })
			return true
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var tallyKeys = []storage.Key{storage.KeyName, storage.KeyService, {Scope: storage.ScopeSpan, Name: "n"}, {Scope: storage.ScopeSpan, Name: "list"}}

// selectedSpans finds the selected spans one by one, and whether they failed.
func selectedSpans(t *testing.T, s *Search) map[storage.SpanHead][]storage.Value {
	t.Helper()
	spans := map[storage.SpanHead][]storage.Value{}
	for m, err := range s.Each(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Spans {
			row := int(m.Trace.Rows[p])
			failed, err := trace.Matches(m.Trace.Spans, row, trace.IsError())
			if err != nil {
				t.Fatal(err)
			}
			values := []storage.Value{storage.Bool(failed)}
			for _, key := range tallyKeys {
				v, err := trace.FirstValue(m.Trace.Spans, row, key)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, v)
			}
			spans[storage.SpanHead{TraceID: m.Trace.ID, SpanID: m.Trace.Spans.SpanIDs[row]}] = values
		}
	}
	return spans
}

// addSpan counts a span with all of its values.
func (c counted) addSpan(marks uint8, values []storage.Value) {
	if values[0].Bool() {
		marks |= 4
	}
	c.add(marks, -1, storage.Value{}, 1)
	for key, v := range values[1:] {
		if v.Type() != storage.TypeAbsent {
			c.add(marks, key, v, 1)
		}
	}
}

// Two selections, told apart in one pass or in two, are what each is by itself.
func TestPair(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 7))
			for range 4 {
				if _, err := store.Spans().WriteSpans(t.Context(), randomTraces(rng, 60)); err != nil {
					t.Fatal(err)
				}
			}
			w := storage.Window{FromNs: 1_003_000, ToNs: 1_036_000}
			search := func(query string) *Search {
				s, err := New(store.Spans(), selectionOf(t, query, nil), w, Budget{})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			for i, first := range queries {
				for _, second := range []string{"", queries[(i+1)%len(queries)], queries[(i+5)%len(queries)]} {
					ours, theirs := selectedSpans(t, search(first)), selectedSpans(t, search(second))
					want := counted{}
					pair := &Pair{First: search(first), Second: search(second), Within: second == ""}
					_, exact, err := pair.First.Exact(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					_, both, err := pair.Second.Exact(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					once := exact && both
					for id, values := range ours {
						_, too := theirs[id]
						if once && too {
							want.addSpan(firstMark|secondMark, values)
							continue
						}
						want.addSpan(firstMark, values)
					}
					for id, values := range theirs {
						if _, too := ours[id]; !too || !once {
							want.addSpan(secondMark, values)
						}
					}
					got := tallied(t, func(begin func() func(storage.TallyBatch) bool) error {
						return pair.Tally(t.Context(), tallyKeys, []storage.Predicate{trace.IsError()}, begin)
					})
					if !maps.Equal(got, want) {
						t.Fatalf("%q and %q, at once %v:\n%v\nwant\n%v", first, second, once, got, want)
					}
				}
			}
		})
	}
}

// A tally that runs out of its budget says so.
func TestTallyBudget(t *testing.T) {
	store := stores(t)["memory"]
	if _, err := store.Spans().WriteSpans(t.Context(), randomTraces(rand.New(rand.NewPCG(7, 7)), 600)); err != nil {
		t.Fatal(err)
	}
	s, err := New(store.Spans(), selectionOf(t, `{ } >> { }`, nil), storage.AllTime(), Budget{Spans: 100})
	if err != nil {
		t.Fatal(err)
	}
	c := tallied(t, func(begin func() func(storage.TallyBatch) bool) error { return s.Tally(t.Context(), nil, nil, begin) })
	if s.Stats.Partial == "" || len(c) == 0 {
		t.Errorf("%+v, %v", s.Stats, c)
	}
}
