package catalog

import (
	"unicode/utf8"

	"github.com/heddle-io/heddle/storage"
)

// Bounds of what is known about a tenant. Beyond one, what was seen longest
// ago gives way, among those of one hour what is rarest; Losses counts it.
const (
	MaxServices   = 10_000
	MaxOperations = 500 // of a service
	MaxKeys       = 10_000
)

// Observation is what a sealed part had. Things may be named more than once,
// their counts add up. The memory stays the caller's.
type Observation struct {
	// SeenNs is when the records arrived. It counts by the hour, and one ahead
	// of the clock counts as now: what a wrong clock made would never be
	// forgotten otherwise.
	SeenNs   int64
	Services []ServiceSeen
	Keys     []KeySeen
}

// ServiceSeen is a service with its operations. A service without a name is
// no service: it is left out.
type ServiceSeen struct {
	Name       string
	Operations []OperationSeen
}

// OperationSeen is a span name with its OTLP SpanKind.
type OperationSeen struct {
	Name  string
	Kind  int32
	Count uint64 // spans
}

// KeySeen is a key with one of its types.
type KeySeen struct {
	Key   storage.Key
	Type  storage.Type
	Count uint64 // values under the key, of this type
}

// Losses counts what a vocabulary did not take or gave up since the catalog
// was opened, because of the bounds.
type Losses struct {
	Services   uint64
	Operations uint64
	Keys       uint64
	Names      uint64 // seen, and not usable: longer than MaxNameBytes or not UTF-8
}

// observed is an Observation without repetitions and unusable names.
type observed struct {
	hour     uint32
	services map[string]map[operation]uint64
	keys     map[storage.Key]map[storage.Type]uint64
	unusable uint64
}

// operation identifies an operation of a service.
type operation struct {
	name string
	kind int32
}

func usable(name string) bool { return len(name) <= MaxNameBytes && utf8.ValidString(name) }

func (o Observation) normalise(nowNs int64) observed {
	n := observed{
		hour:     hourOf(min(o.SeenNs, nowNs)),
		services: make(map[string]map[operation]uint64, len(o.Services)),
		keys:     make(map[storage.Key]map[storage.Type]uint64, len(o.Keys)),
	}
	for _, s := range o.Services {
		if s.Name == "" {
			continue
		}
		if !usable(s.Name) {
			n.unusable++
			continue
		}
		operations := n.services[s.Name]
		if operations == nil {
			operations = make(map[operation]uint64, len(s.Operations))
			n.services[s.Name] = operations
		}
		for _, op := range s.Operations {
			if !usable(op.Name) {
				n.unusable++
				continue
			}
			at := operation{op.Name, op.Kind}
			operations[at] = add(operations[at], op.Count)
		}
	}
	for _, k := range o.Keys {
		n.addKey(k)
	}
	return n
}

func (n *observed) addKey(k KeySeen) {
	if k.Key.Name == "" || !usable(k.Key.Name) || !knownType(k.Type) || k.Key.Scope > storage.ScopeLog {
		n.unusable++
		return
	}
	types := n.keys[k.Key]
	if types == nil {
		types = map[storage.Type]uint64{}
		n.keys[k.Key] = types
	}
	types[k.Type] = add(types[k.Type], k.Count)
}

// knownType says whether values can have the type.
func knownType(t storage.Type) bool { return t > storage.TypeAbsent && t <= storage.TypeEmpty }
