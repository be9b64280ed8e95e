package columnar

import (
	"container/list"
	"sync"
)

// dictCache keeps decoded dictionaries of parts, those used last within a
// bound. A query for one trace needs most dictionaries of a row group and few
// of its pages, so that decoding them would be most of its cost.
type dictCache struct {
	mu       sync.Mutex // guards what follows
	maxBytes int
	bytes    int
	byKey    map[dictKey]*list.Element
	order    list.List // of *cachedDict, used last comes first
}

type dictKey struct {
	part          *partFile
	group, column int
}

type cachedDict struct {
	key   dictKey
	entry *dictEntry
}

// dictEntry is a decoded dictionary. It does not change.
type dictEntry struct {
	text  dict
	nums  []uint64
	fixed []byte
}

func (e *dictEntry) bytes() int { return 160 + e.text.bytes() + 8*cap(e.nums) + cap(e.fixed) }

func newDictCache(maxBytes int) *dictCache {
	return &dictCache{maxBytes: maxBytes, byKey: map[dictKey]*list.Element{}}
}

// get returns the dictionary, which read makes when it is not there. A nil
// cache keeps nothing.
func (c *dictCache) get(key dictKey, read func() (*dictEntry, error)) (*dictEntry, error) {
	if c == nil {
		return read()
	}
	c.mu.Lock()
	if e, ok := c.byKey[key]; ok {
		c.order.MoveToFront(e)
		c.mu.Unlock()
		return e.Value.(*cachedDict).entry, nil
	}
	c.mu.Unlock()
	entry, err := read()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[key]; !ok {
		c.byKey[key] = c.order.PushFront(&cachedDict{key, entry})
		c.bytes += entry.bytes()
		for c.bytes > c.maxBytes && c.order.Len() > 1 {
			c.drop(c.order.Back())
		}
	}
	return entry, nil
}

func (c *dictCache) drop(e *list.Element) {
	d := c.order.Remove(e).(*cachedDict)
	delete(c.byKey, d.key)
	c.bytes -= d.entry.bytes()
}

// forget drops the dictionaries of a part that is no longer read.
func (c *dictCache) forget(part *partFile) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.byKey {
		if key.part == part {
			c.drop(e)
		}
	}
}
