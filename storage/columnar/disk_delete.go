package columnar

import (
	"context"
	"errors"
	"fmt"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
)

// Delete orders a deletion. When it returns nil the order is durable, the
// records are not shown any more, and they are gone from disk by the deadline.
func (s *Store) Delete(ctx context.Context, d storage.Deletion) (storage.DeletionStatus, error) {
	if s.disk == nil {
		return storage.DeletionStatus{}, fmt.Errorf("columnar: a store in memory deletes nothing on demand: %w", errors.ErrUnsupported)
	}
	if err := s.begin(ctx); err != nil {
		return storage.DeletionStatus{}, err
	}
	defer s.calls.Done()
	return s.disk.delete(d)
}

// Deletions lists the deletions that were ordered, the newest first.
func (s *Store) Deletions(ctx context.Context) ([]storage.DeletionStatus, error) {
	if s.disk == nil {
		return nil, fmt.Errorf("columnar: a store in memory deletes nothing on demand: %w", errors.ErrUnsupported)
	}
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.calls.Done()
	list, err := s.disk.catalog.Tombstones().List(defaultTenant)
	if err != nil {
		return nil, err
	}
	out := make([]storage.DeletionStatus, len(list))
	for i, t := range list {
		out[len(list)-1-i] = deletionStatus(t)
	}
	return out, nil
}

func deletionStatus(t catalog.Tombstone) storage.DeletionStatus {
	st := storage.DeletionStatus{ID: t.ID, CreatedNs: t.CreatedNs, DeadlineNs: t.DeadlineNs, DoneNs: t.DoneNs, RowsDeleted: t.RowsDeleted}
	st.Reason = t.Reason
	if t.TraceID != nil {
		st.TraceID = *t.TraceID
	} else {
		st.Key, st.Value = t.Where.Key, t.Where.Value
	}
	return st
}

func (d *disk) delete(order storage.Deletion) (storage.DeletionStatus, error) {
	t := catalog.Tombstone{Tenant: defaultTenant, Reason: order.Reason, DeadlineNs: d.opts.now().Add(d.opts.DeleteWithin).UnixNano()}
	switch {
	case !order.TraceID.IsEmpty() && order.Key == storage.Key{}:
		t.TraceID, t.Signals = &order.TraceID, catalog.SignalBoth
	case order.TraceID.IsEmpty() && order.Key != storage.Key{}:
		t.Where = &catalog.Match{Key: order.Key, Value: order.Value}
		spans, logs := checkSpanKey(order.Key), checkLogKey(order.Key)
		if spans == nil {
			t.Signals |= catalog.SignalSpans
		}
		if logs == nil {
			t.Signals |= catalog.SignalLogs
		}
		if t.Signals == 0 {
			return storage.DeletionStatus{}, spans
		}
	default:
		return storage.DeletionStatus{}, fmt.Errorf("%w: a deletion names either a trace or a key with a value", errBadQuery)
	}
	// No part may appear between taking the position and making the deletion
	// known: a merge that does not know it yet would mix rows before the position
	// with rows behind it. And deletions must become known in the order of their
	// ids, by which parts note what was applied to them.
	d.editing.Lock()
	defer d.editing.Unlock()
	// The position must be one between two tables. New ones may come between
	// this and the lock below: they are behind the position.
	d.s.mu.Lock()
	d.s.sealAll()
	t.LSN = d.log.Stats().LastLSN
	d.s.mu.Unlock()
	d.poke(d.flush)
	stored, err := d.catalog.Tombstones().Add(t)
	if err != nil {
		return storage.DeletionStatus{}, fmt.Errorf("columnar: %w", err)
	}
	d.s.mu.Lock()
	d.tombstones = append(d.tombstones[:len(d.tombstones):len(d.tombstones)], newTombstone(stored))
	d.s.mu.Unlock()
	d.poke(d.merge)
	return deletionStatus(stored), nil
}

// finishTombstones notes which deletions are carried out: no table, no part and
// no segment of the log has anything that they cover.
func (d *disk) finishTombstones(list []*tombstone) error {
	for _, t := range list {
		if !d.carriedOut(t) {
			continue
		}
		if err := d.catalog.Tombstones().Finish(t.id, t.deleted.Load()); err != nil {
			return fmt.Errorf("columnar: %w", err)
		}
		d.s.mu.Lock()
		var left []*tombstone
		for _, other := range d.tombstones {
			if other.id != t.id {
				left = append(left, other)
			}
		}
		d.tombstones = left
		d.s.mu.Unlock()
		d.counts.purges.Add(1)
	}
	return nil
}

func (d *disk) carriedOut(t *tombstone) bool {
	d.s.mu.RLock()
	done := true
	for _, h := range d.s.heads() {
		first := h.firstLSN()
		done = done && (first == 0 || first > t.lsn)
	}
	d.current.each(func(p *livePart) {
		done = done && !t.covers(storage.Signal(p.Signal), p.MaxLSN, p.PurgedTo)
	})
	d.s.mu.RUnlock()
	if !done {
		return false
	}
	// What the log still has of it goes with the segment.
	if err := d.log.Rotate(); err != nil {
		return false
	}
	d.s.mu.RLock()
	release := d.releasable()
	d.s.mu.RUnlock()
	d.log.Release(release)
	return true
}
