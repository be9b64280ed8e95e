package red

import (
	"sync"

	"github.com/heddle-io/heddle/storage"
)

// GraphCache keeps what graphs found in parts of a store that do not change, so
// that asking again, for the same or another window, reads only what is new and
// what a window cuts. It takes some 200 kB for a part of half a million spans
// with a hundred edges. It is safe for concurrent use.
type GraphCache struct {
	mu       sync.Mutex // guards what follows
	maxBytes int
	bytes    int
	tallies  map[graphCacheKey]*cachedTally
}

type graphCacheKey struct {
	part         string
	by           storage.Key
	servicesOnly bool
}

type cachedTally struct {
	*tally // nobody changes it
	bytes  int
}

// NewGraphCache makes an empty cache.
func NewGraphCache(maxBytes int) *GraphCache {
	return &GraphCache{maxBytes: maxBytes, tallies: map[graphCacheKey]*cachedTally{}}
}

func (q *GraphQuery) cacheKey(p storage.TracePart) graphCacheKey {
	return graphCacheKey{p.ID, q.By, q.ServicesOnly}
}

// get returns nil where nothing is known.
func (c *GraphCache) get(key graphCacheKey) *tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.tallies[key]; known != nil {
		return known.tally
	}
	return nil
}

// retain drops the tallies of all but some parts.
func (c *GraphCache) retain(parts map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, t := range c.tallies {
		if _, ok := parts[key.part]; !ok {
			delete(c.tallies, key)
			c.bytes -= t.bytes
		}
	}
}

// hasRoom says whether there is some that queries need not fight for.
func (c *GraphCache) hasRoom() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes < c.maxBytes/4*3
}

// put keeps a tally, whose references count tables from the first of the part.
// Where there is no room any others go: a query over more than there is room for
// would find nothing of itself if the oldest went.
func (c *GraphCache) put(key graphCacheKey, t *tally) {
	t.q, t.batch = nil, nil
	for _, table := range t.tables() {
		table.recent = nil
	}
	entry := &cachedTally{t, t.size()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tallies[key] != nil || entry.bytes > c.maxBytes {
		return
	}
	for other, old := range c.tallies {
		if c.bytes+entry.bytes <= c.maxBytes {
			break
		}
		delete(c.tallies, other)
		c.bytes -= old.bytes
	}
	c.tallies[key] = entry
	c.bytes += entry.bytes
}

func (t *tally) tables() []*edgeTable {
	return []*edgeTable{&t.between, &t.toTopic, &t.fromTopic, &t.outwards}
}

// size is about what a tally takes in memory.
func (t *tally) size() int {
	const perName, perEdge, perExemplar = 200, 300, 88
	n := 1000
	for i := range t.own {
		n += perName + len(t.own[i].Name) + t.own[i].Served.size()
	}
	for _, r := range t.remotes {
		n += perName + len(r.name)
	}
	for _, table := range t.tables() {
		for _, e := range table.byEnds {
			n += perEdge + e.Latency.size() + perExemplar*(cap(e.picked.failed)+cap(e.picked.fine))
		}
	}
	return n
}

func (c *Cell) size() int {
	if c.Durations == nil {
		return 0
	}
	return 64 + 8*cap(c.Durations.Counts)
}
