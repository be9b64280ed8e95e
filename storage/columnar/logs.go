package columnar

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/heddle-io/heddle/storage"
)

// logTable is a set of log records that does not change any more.
type logTable struct {
	rows
	observed   []int64
	severities []uint8
	rare       []uint32 // into rares
	rares      []rareLog
	text       dict  // of rares
	body       attrs // one attribute a row, its key is ""
}

// rareLog holds what is the same for most records.
type rareLog struct {
	severityText, eventName uint32 // into logTable.text
	flags, dropped          uint32
}

func (t *logTable) base() *rows { return &t.rows }

func (t *logTable) bytes() int {
	return int(unsafe.Sizeof(*t)) + t.fixedBytes() + t.attrs.bytes() + t.body.bytes() + t.origins.bytes() + t.text.bytes()
}

func (t *logTable) fixedBytes() int {
	return 16*cap(t.traceIDs) + 8*(cap(t.spanIDs)+cap(t.times)+cap(t.observed)) + cap(t.severities) +
		4*(cap(t.origin)+cap(t.rare)) + cap(t.rares)*int(unsafe.Sizeof(rareLog{}))
}

func (t *logTable) seal() {
	t.traceIDs, t.spanIDs, t.times, t.observed = trim(t.traceIDs), trim(t.spanIDs), trim(t.times), trim(t.observed)
	t.severities, t.origin, t.rare, t.rares = trim(t.severities), trim(t.origin), trim(t.rare), trim(t.rares)
	t.attrs.seal()
	t.body.seal()
	t.text.seal()
}

// checkLogKey refuses keys that log records do not have.
func checkLogKey(k storage.Key) error {
	switch k.Scope {
	case storage.ScopeResource, storage.ScopeInstrumentation, storage.ScopeLog:
		return nil
	case storage.ScopeIntrinsic:
		switch k {
		case storage.KeyTraceID, storage.KeySpanID, storage.KeyScopeName, storage.KeyScopeVersion,
			storage.KeyTime, storage.KeySeverity, storage.KeySeverityText, storage.KeyBody, storage.KeyEventName:
			return nil
		}
	}
	return fmt.Errorf("columnar: log records have no key %s: %w", k, errors.ErrUnsupported)
}

func (t *logTable) vector(k storage.Key) vector {
	if k.Scope == storage.ScopeLog {
		return newAttrVector(&t.attrs, k.Name)
	}
	switch k {
	case storage.KeyTime:
		return intVector(t.times)
	case storage.KeySeverity:
		return byteVector(t.severities)
	case storage.KeySeverityText:
		return t.rareVector(func(r rareLog) uint32 { return r.severityText })
	case storage.KeyEventName:
		return t.rareVector(func(r rareLog) uint32 { return r.eventName })
	case storage.KeyBody:
		return newAttrVector(&t.body, "")
	}
	return t.rows.vector(k)
}

func (t *logTable) rareVector(text func(rareLog) uint32) vector {
	v := tableVector{codes: t.rare, values: make([]storage.Value, len(t.rares))}
	for i, r := range t.rares {
		v.values[i] = storage.String(t.text.at(text(r)))
	}
	return v
}
