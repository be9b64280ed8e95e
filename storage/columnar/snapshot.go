package columnar

import (
	"context"

	"github.com/heddle-io/heddle/storage"
)

// snapshot is what a store holds at one moment. done ends its use.
type snapshot struct {
	spans      []placed[*spanTable] // in memory, the newest arrivals first
	logs       []placed[*logTable]
	version    *version // nil without a disk
	tombstones []*tombstone
	done       func()
}

// snapshot starts a reading call. Unless it fails, the call must end with done.
func (s *Store) snapshot(ctx context.Context) (*snapshot, error) {
	return s.snapshotWith(ctx, func(*snapshot) {})
}

// snapshotWith calls with under the lock.
func (s *Store) snapshotWith(ctx context.Context, with func(*snapshot)) (*snapshot, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	snap := &snapshot{spans: s.spans.view(), logs: s.logs.view(), done: s.calls.Done}
	if d := s.disk; d != nil {
		v := d.current.hold()
		snap.version, snap.tombstones = v, d.tombstones
		snap.done = func() {
			v.release()
			s.calls.Done()
		}
	}
	with(snap)
	return snap, nil
}

// covering are the deletions that apply to a table in memory.
func (s *snapshot) covering(signal storage.Signal, maxLSN uint64) []*tombstone {
	return covering(s.tombstones, signal, maxLSN, 0)
}

// groupRef is a row group of a part.
type groupRef struct {
	part   *livePart
	number int
	rows   int
	zone   zone
}

// groups lists the row groups of the parts that may have rows in the window.
func (s *snapshot) groups(w storage.Window, signal storage.Signal) (list []groupRef, err error) {
	if s.version == nil {
		return nil, nil
	}
	parts := s.version.spans
	if signal == storage.SignalLogs {
		parts = s.version.logs
	}
	for i := len(parts) - 1; i >= 0; i-- {
		p := parts[i]
		if p.MaxNs < w.FromNs || w.ToNs <= p.MinNs {
			continue
		}
		_, zones, err := p.openIndex()
		if err != nil {
			return nil, err
		}
		for number := len(zones) - 1; number >= 0; number-- {
			z := zones[number]
			if z.maxNs < w.FromNs || w.ToNs <= z.minNs {
				continue
			}
			list = append(list, groupRef{p, number, p.rowsOf(number), z})
		}
	}
	return list, nil
}

func groupView[T table](s *snapshot, g groupRef) view[T] {
	return view[T]{
		n: g.rows, zone: g.zone, part: g.part, group: g.number,
		tombstones: covering(s.tombstones, storage.Signal(g.part.Signal), g.part.MaxLSN, g.part.PurgedTo),
	}
}
