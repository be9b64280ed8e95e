package columnar

import (
	"errors"
	"fmt"

	"github.com/heddle-io/heddle/storage"
)

// checkSpanKey refuses keys that spans do not have.
func checkSpanKey(k storage.Key) error {
	switch k.Scope {
	case storage.ScopeResource, storage.ScopeInstrumentation, storage.ScopeSpan, storage.ScopeEvent, storage.ScopeLink:
		return nil
	case storage.ScopeIntrinsic:
		switch k {
		case storage.KeyTraceID, storage.KeySpanID, storage.KeyParentID, storage.KeyName, storage.KeyKind, storage.KeyStatus,
			storage.KeyStatusMessage, storage.KeyTraceState, storage.KeyStart, storage.KeyDuration,
			storage.KeyScopeName, storage.KeyScopeVersion, storage.KeyEventName:
			return nil
		}
	}
	return fmt.Errorf("columnar: spans have no key %s: %w", k, errors.ErrUnsupported)
}

func (t *spanTable) vector(k storage.Key) vector {
	switch k.Scope {
	case storage.ScopeSpan:
		return newAttrVector(&t.attrs, k.Name)
	case storage.ScopeEvent:
		return newChildVector(&t.events.children, newAttrVector(&t.events.attrs, k.Name))
	case storage.ScopeLink:
		return newChildVector(&t.links.children, newAttrVector(&t.links.attrs, k.Name))
	}
	switch k {
	case storage.KeyParentID:
		return idVector[storage.SpanID](t.parents)
	case storage.KeyName:
		return textVector{t.names, &t.name}
	case storage.KeyKind:
		return byteVector(t.kinds)
	case storage.KeyStatus:
		return byteVector(t.statuses)
	case storage.KeyStatusMessage:
		return t.rareVector(func(r rare) uint32 { return r.statusMessage })
	case storage.KeyTraceState:
		return t.rareVector(func(r rare) uint32 { return r.traceState })
	case storage.KeyStart:
		return intVector(t.times)
	case storage.KeyDuration:
		return intVector(t.durations)
	case storage.KeyEventName:
		return newChildVector(&t.events.children, textVector{t.events.names, &t.events.name})
	}
	return t.rows.vector(k)
}

// vector gives access to what spans and log records have in common.
func (r *rows) vector(k storage.Key) vector {
	switch k {
	case storage.KeyTraceID:
		return idVector[storage.TraceID](r.traceIDs)
	case storage.KeySpanID:
		return idVector[storage.SpanID](r.spanIDs)
	}
	of, ok := r.origins.valuesOf(k)
	if !ok {
		panic("columnar: unchecked key " + k.String())
	}
	if of.values == nil {
		return absentVector{}
	}
	v := tableVector{codes: r.origin, values: make([]storage.Value, len(of.pairs))}
	for i, pair := range of.pairs {
		v.values[i] = of.values[of.index(pair)]
	}
	return v
}

func (t *spanTable) rareVector(text func(rare) uint32) vector {
	v := tableVector{codes: t.rare, values: make([]storage.Value, len(t.rares))}
	for i, r := range t.rares {
		v.values[i] = storage.String(t.text.at(text(r)))
	}
	return v
}

func newChildVector(of *children, inner vector) vector {
	if _, absent := inner.(absentVector); absent {
		return inner
	}
	return &childVector{of, inner}
}
