package trace

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// Matches evaluates a predicate on one stored span, as storage.Predicate
// defines it. It fails on a predicate or an intrinsic key that spans do not
// have.
func Matches(s *storage.Spans, row int, where storage.Predicate) (bool, error) {
	switch p := where.(type) {
	case nil:
		return true, nil
	case storage.And:
		for _, q := range p {
			if ok, err := Matches(s, row, q); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	case storage.Or:
		for _, q := range p {
			if ok, err := Matches(s, row, q); err != nil || ok {
				return ok, err
			}
		}
		return false, nil
	case storage.Not:
		ok, err := Matches(s, row, p.Of)
		return !ok && err == nil, err
	case storage.Exists:
		return anyValue(s, row, p.Key, func(storage.Value) bool { return true })
	case storage.Compare:
		return anyValue(s, row, p.Key, p.Holds)
	}
	return false, fmt.Errorf("trace: predicate %T is not defined", where)
}

// ServiceIs is true of the spans of a service. It compares as a string, which
// stores answer from an index, unless the name may also be the text of a number,
// a boolean, an array or a map.
func ServiceIs(name string) storage.Predicate {
	_, notNumber := strconv.ParseFloat(name, 64)
	asText := notNumber == nil || name == "" || name == "true" || name == "false" || strings.HasPrefix(name, "[") || strings.HasPrefix(name, "{")
	return storage.Compare{Key: storage.KeyService, Op: storage.Equal, Value: storage.String(name), AsText: asText}
}

// anyValue says whether a value that the span has under the key satisfies ok.
func anyValue(s *storage.Spans, row int, key storage.Key, ok func(storage.Value) bool) (bool, error) {
	inList := func(r storage.Range) bool {
		v := s.Lookup(r, key.Name) // the first, where the list has the key twice
		return v.Type() != storage.TypeAbsent && ok(v)
	}
	switch key.Scope {
	case storage.ScopeResource:
		return inList(s.ResourceTable[s.Resources[row]].Attributes), nil
	case storage.ScopeInstrumentation:
		return inList(s.ScopeTable[s.Scopes[row]].Attributes), nil
	case storage.ScopeSpan:
		return inList(s.Attributes[row]), nil
	case storage.ScopeEvent:
		for _, e := range s.EventsOf(row) {
			if inList(e.Attributes) {
				return true, nil
			}
		}
		return false, nil
	case storage.ScopeLink:
		for _, l := range s.LinksOf(row) {
			if inList(l.Attributes) {
				return true, nil
			}
		}
		return false, nil
	case storage.ScopeIntrinsic:
		if key == storage.KeyEventName {
			for _, e := range s.EventsOf(row) {
				if ok(storage.String(s.Strings[e.Name])) {
					return true, nil
				}
			}
			return false, nil
		}
		v, err := intrinsic(s, row, key)
		return err == nil && ok(v), err
	}
	return false, fmt.Errorf("trace: spans have no key %s", key)
}

func intrinsic(s *storage.Spans, row int, key storage.Key) (storage.Value, error) {
	switch key {
	case storage.KeyTraceID:
		return storage.Bytes(s.TraceIDs[row][:]), nil
	case storage.KeySpanID:
		return storage.Bytes(s.SpanIDs[row][:]), nil
	case storage.KeyParentID:
		return storage.Bytes(s.ParentIDs[row][:]), nil
	case storage.KeyName:
		return storage.String(s.Name(row)), nil
	case storage.KeyKind:
		return storage.Int(int64(s.Kinds[row])), nil
	case storage.KeyStatus:
		return storage.Int(int64(s.Statuses[row])), nil
	case storage.KeyStatusMessage:
		return storage.String(s.Strings[s.StatusMessages[row]]), nil
	case storage.KeyTraceState:
		return storage.String(s.Strings[s.TraceStates[row]]), nil
	case storage.KeyStart:
		return storage.Int(s.StartsNs[row]), nil
	case storage.KeyDuration:
		return storage.Int(s.DurationsNs[row]), nil
	case storage.KeyScopeName:
		return storage.String(s.Strings[s.ScopeTable[s.Scopes[row]].Name]), nil
	case storage.KeyScopeVersion:
		return storage.String(s.Strings[s.ScopeTable[s.Scopes[row]].Version]), nil
	}
	return storage.Value{}, fmt.Errorf("trace: spans have no key %s", key)
}
