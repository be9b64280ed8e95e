package columnar

import (
	"fmt"

	"github.com/heddle-io/heddle/storage"
)

// Upper bounds of what a record takes beside its text: fixed columns, codes,
// offsets, hash table slots, its share of shapes and ranks, a new column.
const (
	recordCost = 192
	attrCost   = 64
	childCost  = 96
)

// reserve admits a write of about size bytes, or refuses it before anything
// is taken. Unless it fails, release must follow.
func (s *Store) reserve(size int64) error {
	if s.opts.WhenFull != Refuse {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// A sixteenth is kept free for the spare capacity of growing columns.
	room := s.opts.MaxBytes - s.opts.MaxBytes/16 - s.bytes() - s.reserved
	if size > room {
		return fmt.Errorf("columnar: the write needs about %d bytes, %d are left of MaxBytes %d (when full: %s): %w",
			size, max(room, 0), s.opts.MaxBytes, s.opts.WhenFull, storage.ErrOverloaded)
	}
	s.reserved += size
	return nil
}

func (s *Store) release(size int64) {
	if s.opts.WhenFull != Refuse {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved -= size
}

// makeRoom evicts until size more bytes fit, as far as that is possible.
// Callers hold mu.
func (s *Store) makeRoom(size int64) {
	if s.opts.WhenFull != Evict {
		return
	}
	for s.bytes()+size > s.opts.MaxBytes && s.evictOldest() {
	}
}

// settle seals the builders that are full and restores the bound. Callers
// hold mu.
func (s *Store) settle() {
	for _, h := range s.heads() {
		if h.full(s.opts) {
			s.seal(h)
		}
	}
	s.makeRoom(0)
}

// evictOldest drops the table that was sealed first; false: there is none.
func (s *Store) evictOldest() bool {
	spans, logs := s.spans.oldest(), s.logs.oldest()
	switch {
	case spans == 0 && logs == 0:
		return false
	case logs == 0 || spans != 0 && spans < logs:
		s.stats.EvictedSpans += uint64(s.spans.evict())
	default:
		s.stats.EvictedLogs += uint64(s.logs.evict())
	}
	return true
}

// full says whether the builder should be sealed.
func (h *head[T, B]) full(o Options) bool {
	return h.open.len() >= o.SealRows || int64(h.open.bytes()) >= o.builderBytes()
}

// count adds the outcome of a write to the statistics of a signal.
func count(out storage.Outcome, accepted, repaired *uint64, rejected map[storage.Reason]uint64) {
	*accepted += uint64(out.Accepted)
	*repaired += uint64(out.Repaired)
	for _, r := range out.Rejected {
		rejected[r.Reason] += uint64(r.Count)
	}
}
