package columnar

import (
	"fmt"
	"maps"
	"sync"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/wal"
)

// Store keeps spans and log records in memory. It implements storage.Store.
type Store struct {
	opts Options
	disk *disk // nil: records are kept in memory only

	// mu guards all that follows, and the builders' insides. Writers hold it
	// for a chunk of records at a time, readers only to take their snapshots.
	mu     sync.RWMutex
	closed bool
	calls  sync.WaitGroup // under way; Add only under mu with closed false
	spans  *head[*spanTable, *spanBuilder]
	logs   *head[*logTable, *logBuilder]
	seals  uint64 // tables sealed so far, the age of a table
	// reserved is what refusing writes under way may still take.
	reserved int64
	stats    storage.Stats // the counters; what is held is computed
}

var _ storage.Store = (*Store)(nil)

// Open returns an empty store. Zero fields of opts have their defaults.
func Open(opts Options) (*Store, error) {
	opts = opts.withDefaults()
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	s := &Store{opts: opts}
	s.stats.RejectedSpans, s.stats.RejectedLogs = map[storage.Reason]uint64{}, map[storage.Reason]uint64{}
	s.drop()
	return s, nil
}

// Spans returns the span store, which shares the life of s.
func (s *Store) Spans() storage.SpanStore { return spanStore{s} }

// Logs returns the log store, which shares the life of s.
func (s *Store) Logs() storage.LogStore { return logStore{s} }

// Capabilities promises logs, and what a disk can give.
func (s *Store) Capabilities() storage.Capabilities {
	return storage.Capabilities{Logs: true, Durable: s.disk != nil && s.disk.opts.Durability == wal.Sync, Delete: s.disk != nil}
}

// Metrics refuses every call.
func (s *Store) Metrics() storage.MetricStore { return storage.UnsupportedMetrics{} }

// Close waits for calls under way. A store in memory drops all records, one on
// disk writes those that are not in parts yet as parts. A consumer must not call
// it from inside a sequence that it is reading. Later calls fail with
// storage.ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return fmt.Errorf("columnar: close: %w", storage.ErrClosed)
	}
	s.closed = true
	s.mu.Unlock()
	s.calls.Wait()
	var err error
	if s.disk != nil {
		err = s.disk.close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop()
	return err
}

// seal ends the open builder of a signal. The caller holds mu.
func (s *Store) seal(h anyHead) {
	s.seals++
	h.seal(s.seals)
}

// sealAll ends the open builders that have records. The caller holds mu.
func (s *Store) sealAll() {
	for _, h := range s.heads() {
		if h.openRows() > 0 {
			s.seal(h)
		}
	}
}

func (s *Store) drop() {
	s.spans, s.logs = newHead[*spanTable](newSpanBuilder), newHead[*logTable](newLogBuilder)
}

func (s *Store) heads() [2]anyHead { return [2]anyHead{s.spans, s.logs} }

// enter starts a call; unless it fails s.calls.Done must follow.
func (s *Store) enter() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return fmt.Errorf("columnar: %w", storage.ErrClosed)
	}
	s.calls.Add(1)
	return nil
}

// Stats tells what the store holds. It works on a closed store, too.
func (s *Store) Stats() storage.Stats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.stats
	st.RejectedSpans, st.RejectedLogs = maps.Clone(st.RejectedSpans), maps.Clone(st.RejectedLogs)
	st.Bytes, st.MaxBytes = uint64(s.bytes()), uint64(s.opts.MaxBytes)
	if n, z := s.spans.held(); n > 0 {
		st.Spans, st.OldestSpanNs, st.NewestSpanNs = uint64(n), z.minNs, z.maxNs
	}
	n, _ := s.logs.held()
	st.Logs = uint64(n)
	if s.disk != nil && !s.closed {
		s.disk.addStats(&st)
	}
	return st
}

// bytes is what all tables and builders take. Callers hold mu.
func (s *Store) bytes() int64 { return s.spans.bytes() + s.logs.bytes() }
