package columnar

import (
	"sync/atomic"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
)

// tombstone is an order to delete records that is not carried out everywhere.
//
// It covers the records that came before it. Each table and part knows the log
// positions of what it holds, and a deletion seals the open builders, so that
// a table is either wholly before it or wholly after. Merging applies it to
// the parts that it covers, and notes in the new part that it was applied.
type tombstone struct {
	id, lsn uint64

	createdNs, deadlineNs int64

	spans   bool
	logs    bool
	where   storage.Predicate
	trace   uint64 // fingerprint, when byTrace
	byTrace bool
	hash    uint64 // of the value in filters, when byHash
	byHash  bool
	deleted atomic.Uint64 // rows that merging left out for it, since the store was opened
}

func newTombstone(t catalog.Tombstone) *tombstone {
	d := &tombstone{id: t.ID, lsn: t.LSN, createdNs: t.CreatedNs, deadlineNs: t.DeadlineNs, spans: t.Signals&catalog.SignalSpans != 0, logs: t.Signals&catalog.SignalLogs != 0}
	if t.TraceID != nil {
		d.where = storage.Compare{Key: storage.KeyTraceID, Op: storage.Equal, Value: storage.Bytes(t.TraceID[:])}
		d.trace, d.byTrace = fingerprint(*t.TraceID), true
		d.hash, d.byHash = hashText(hashKey(storage.KeyTraceID, storage.TypeBytes), viewString(t.TraceID[:])), true
		return d
	}
	c := storage.Compare{Key: t.Where.Key, Op: storage.Equal, Value: t.Where.Value}
	d.where = c
	d.hash, d.byHash = filterHash(c)
	return d
}

// covers says whether it applies to records of a signal up to a position of
// the log, to which tombstones up to purgedTo were applied.
func (d *tombstone) covers(signal storage.Signal, maxLSN, purgedTo uint64) bool {
	return maxLSN <= d.lsn && purgedTo < d.id && (d.spans && signal == storage.SignalSpans || d.logs && signal == storage.SignalLogs)
}

// covering returns those that apply, nil when there are none.
func covering(all []*tombstone, signal storage.Signal, maxLSN, purgedTo uint64) (list []*tombstone) {
	for _, d := range all {
		if d.covers(signal, maxLSN, purgedTo) {
			list = append(list, d)
		}
	}
	return list
}

// misses says whether the index rules out that a row group has such records.
func (d *tombstone) misses(p *livePart, group int, failed *error) bool {
	index, _, err := p.openIndex()
	if err != nil {
		*failed = err
		return true
	}
	if d.byTrace && d.spans && storage.Signal(p.Signal) == storage.SignalSpans {
		runs, err := index.Lookup(d.trace)
		if err != nil {
			*failed = err
			return true
		}
		for _, r := range runs {
			if int(r.Group) == group {
				return false
			}
		}
		return true
	}
	if !d.byHash {
		return false
	}
	may, err := index.MayContain(group, d.hash)
	if err != nil {
		*failed = err
	}
	return !may
}
