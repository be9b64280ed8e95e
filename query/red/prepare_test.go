package red

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// asking counts the parts of which readings ask whether they are known.
type asking struct {
	storage.SpanReader
	asked, known int
}

func (a *asking) ReadTraces(ctx context.Context, q storage.TraceScan) (storage.TraceReading, error) {
	if known := q.Known; known != nil {
		q.Known = func(p storage.TracePart) bool {
			yes := known(p)
			if a.asked++; yes {
				a.known++
			}
			return yes
		}
	}
	return a.SpanReader.ReadTraces(ctx, q)
}

func goOn(context.Context) error { return nil }

func preparing(t *testing.T, spans int) storage.SpanReader {
	t.Helper()
	least, together := preparedSpans, preparedTogether
	preparedSpans, preparedTogether = spans, 500
	t.Cleanup(func() { preparedSpans, preparedTogether = least, together })
	store := stores(t)["disk"]
	rng := rand.New(rand.NewPCG(8, 8))
	for range 6 {
		write(t, store, remoteTraffic(rng, 300))
	}
	return store.Spans()
}

// eventually tries until it is so: parts are sealed and merged meanwhile.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: ", what)
		}
	}
}

func TestPrepare(t *testing.T) {
	r := preparing(t, 1)
	cache := NewGraphCache(1 << 22)
	p := NewPreparer(cache, r)
	prepare := func() {
		t.Helper()
		if err := p.Prepare(t.Context(), goOn); err != nil {
			t.Fatal(err)
		}
	}
	if prepare(); len(cache.tallies) > 0 {
		t.Error("parts are prepared that may just be written")
	}
	q := GraphQuery{Window: storage.AllTime(), By: storage.KeyService, Cache: cache}
	eventually(t, "a graph that finds everything prepared", func() bool {
		prepare()
		a := &asking{SpanReader: r}
		checkGraph(t, a, q, nil)
		return a.asked > 0 && a.known == a.asked
	})
	// What is stale goes.
	cache.mu.Lock()
	cache.tallies[graphCacheKey{part: "merged long ago", by: q.By}] = &cachedTally{newTally(&q, nil), 1}
	cache.bytes++
	cache.mu.Unlock()
	prepare()
	bytes := 0
	for key, kept := range cache.tallies {
		if bytes += kept.bytes; key.part == "merged long ago" {
			t.Error("a tally of a part that is no more is kept")
		}
	}
	if bytes != cache.bytes {
		t.Errorf("the tallies take %d bytes, the cache says %d", bytes, cache.bytes)
	}
}

func TestPrepareLeavesOut(t *testing.T) {
	most := maxGraphEdges
	defer func() { maxGraphEdges = most }()
	for name, c := range map[string]struct{ least, room, edges int }{
		"small parts":               {1 << 20, 1 << 22, most},
		"what there is no room for": {1, 1, most},
		"graphs that are too large": {1, 1 << 22, -1},
	} {
		t.Run(name, func(t *testing.T) {
			r := preparing(t, c.least)
			maxGraphEdges = c.edges
			cache := NewGraphCache(c.room)
			p := NewPreparer(cache, r)
			rests := 0
			eventually(t, "nothing to prepare", func() bool {
				before := len(p.parts)
				rests = 0
				for range 2 {
					if err := p.Prepare(t.Context(), func(context.Context) error { rests++; return nil }); err != nil {
						t.Fatal(err)
					}
				}
				return before > 0 && rests == 0
			})
			// A part that is read at once is whole, whatever its size.
			if len(cache.tallies) > 0 && name != "graphs that are too large" {
				t.Errorf("%d parts are prepared", len(cache.tallies))
			}
		})
	}
}

func TestPrepareEnds(t *testing.T) {
	r := preparing(t, 1)
	p := NewPreparer(NewGraphCache(1<<22), r)
	stop := errors.New("stop")
	eventually(t, "a rest", func() bool {
		err := p.Prepare(t.Context(), func(context.Context) error { return stop })
		if err != nil && !errors.Is(err, stop) {
			t.Fatal(err)
		}
		return err != nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Prepare(ctx, goOn); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
