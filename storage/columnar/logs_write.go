package columnar

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/heddle-io/heddle/storage"
)

// logStore is the log side of a Store.
type logStore struct{ s *Store }

var _ storage.LogStore = logStore{}

func (w logStore) WriteLogs(ctx context.Context, ld plog.Logs) (storage.Outcome, error) {
	if err := w.s.enter(); err != nil {
		return storage.Outcome{}, err
	}
	defer w.s.calls.Done()
	if err := ctx.Err(); err != nil {
		return storage.Outcome{}, err
	}
	var out storage.Outcome
	groups, total := w.s.admitLogs(ld, &out)
	if err := w.s.reserve(total); err != nil {
		return storage.Outcome{}, err
	}
	defer w.s.release(total)
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	w.s.appendLogs(groups, &out)
	count(out, &w.s.stats.AcceptedLogs, &w.s.stats.RepairedLogs, w.s.stats.RejectedLogs)
	return out, nil
}

// logGroup is what one ScopeLogs has to store.
type logGroup struct {
	resource, scope *encodedEntity
	records         plog.LogRecordSlice
	sizes           []int32 // about what each takes at most; 0: not admitted
}

// admitLogs looks at every record without storing any. total is about what
// the admitted ones take at most.
func (s *Store) admitLogs(ld plog.Logs, out *storage.Outcome) (groups []logGroup, total int64) {
	limits := s.opts.Limits
	for _, rl := range ld.ResourceLogs().All() {
		if reason, detail, ok := limits.CheckAttributes(rl.Resource().Attributes()); !ok {
			for _, sl := range rl.ScopeLogs().All() {
				rejectAll(out, sl.LogRecords().Len(), reason, "resource: "+detail)
			}
			continue
		}
		resource := new(encodedEntity)
		resource.resource(rl.Resource(), rl.SchemaUrl())
		for _, sl := range rl.ScopeLogs().All() {
			if reason, detail, ok := limits.CheckAttributes(sl.Scope().Attributes()); !ok {
				rejectAll(out, sl.LogRecords().Len(), reason, "scope: "+detail)
				continue
			}
			scope := new(encodedEntity)
			scope.scope(sl.Scope(), sl.SchemaUrl())
			g := logGroup{resource: resource, scope: scope, records: sl.LogRecords(), sizes: make([]int32, 0, sl.LogRecords().Len())}
			shared := int64(3 * (len(resource.bytes) + len(scope.bytes)))
			total += shared
			for _, r := range sl.LogRecords().All() {
				size := int32(0)
				if reason, detail, ok := limits.CheckLog(r); !ok {
					out.Reject(reason, detail)
				} else if n := logSize(r) + shared; n > s.opts.recordBytes() {
					out.Reject(storage.ReasonTooLarge, fmt.Sprintf("a log record takes about %d bytes, the limit is %d, a sixteenth of MaxBytes", n, s.opts.recordBytes()))
				} else {
					size = int32(n)
					total += n
				}
				g.sizes = append(g.sizes, size)
			}
			groups = append(groups, g)
		}
	}
	return groups, total
}

// logSize is about the most that a record takes.
func logSize(r plog.LogRecord) int64 {
	n := recordCost + len(r.SeverityText()) + len(r.EventName()) + attrCost + mapSize(r.Attributes())
	switch r.Body().Type() {
	case pcommon.ValueTypeStr:
		n += len(r.Body().Str())
	case pcommon.ValueTypeBytes, pcommon.ValueTypeSlice, pcommon.ValueTypeMap:
		n += storage.AnyValueSize(r.Body())
	}
	return int64(n)
}

// appendLogs stores the admitted records. The caller holds mu, which is given
// up between chunks.
func (s *Store) appendLogs(groups []logGroup, out *storage.Outcome) {
	c := chunk{s: s, head: s.logs}
	for _, g := range groups {
		repairs := g.resource.repaired || g.scope.repaired
		var in *logBuilder // the builder that origin belongs to
		var origin uint32
		for i, size := range g.sizes {
			if size == 0 {
				continue
			}
			c.next(int64(size))
			if in != s.logs.open {
				in = s.logs.open
				origin = in.origins.add(g.resource, g.scope)
			}
			repaired := in.append(g.records.At(i), origin)
			out.Accepted++
			if repaired || repairs {
				out.Repaired++
			}
		}
	}
	c.end()
}
