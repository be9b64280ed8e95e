package catalog

import (
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// ServiceFact is a service that was seen.
type ServiceFact struct {
	Name       string
	LastSeenNs int64  // the beginning of the hour
	Count      uint64 // spans
	Operations int    // how many are known
}

// OperationFact is an operation of a service.
type OperationFact struct {
	Name       string
	Kind       int32 // an OTLP SpanKind
	LastSeenNs int64 // the beginning of the hour
	Count      uint64
}

// KeyFact is a key that was seen.
type KeyFact struct {
	Key        storage.Key
	Types      []TypeFact // by type, ascending
	LastSeenNs int64      // the beginning of the hour
	Count      uint64     // values, of all types
}

// TypeFact is a type that values of a key had.
type TypeFact struct {
	Type       storage.Type
	LastSeenNs int64
	Count      uint64
}

// Services returns the services seen in the hour of sinceNs or later, by name.
func (v Vocabulary) Services(sinceNs int64) (list []ServiceFact, err error) {
	err = v.read("list services", func(t *transaction) error {
		return t.scan(tenantKey(prefixService, v.tenant), withValues, func(rest, value []byte) error {
			d := decode("service", value)
			s, operations := decodeServiceHead(d)
			if s.hour >= hourOf(sinceNs) && d.err == nil {
				list = append(list, ServiceFact{string(rest), hourStart(s.hour), s.count, operations})
			}
			return d.err
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Operations returns the operations of a service seen in the hour of sinceNs
// or later, by name and kind; none when the service is not known.
func (v Vocabulary) Operations(service string, sinceNs int64) (list []OperationFact, err error) {
	err = v.read("list operations", func(t *transaction) error {
		b, err := t.get(serviceKey(v.tenant, service))
		if b == nil || err != nil {
			return err
		}
		s, err := decodeService(service, b)
		if err != nil {
			return err
		}
		for _, op := range s.operations {
			if op.hour >= hourOf(sinceNs) {
				list = append(list, OperationFact{op.name, op.kind, hourStart(op.hour), op.count})
			}
		}
		return nil
	})
	return list, err
}

// Keys returns the keys and types seen in the hour of sinceNs or later, by
// scope and name.
func (v Vocabulary) Keys(sinceNs int64) (list []KeyFact, err error) {
	since := hourOf(sinceNs)
	err = v.read("list keys", func(t *transaction) error {
		return t.scan(tenantKey(prefixKey, v.tenant), withValues, func(rest, value []byte) error {
			key, err := parseAttribute(rest)
			if err != nil {
				return err
			}
			k, err := decodeKey(value)
			if err != nil {
				return err
			}
			k.types = slices.DeleteFunc(k.types, func(t typeRecord) bool { return t.hour < since })
			if len(k.types) == 0 {
				return nil
			}
			fact := KeyFact{Key: key, LastSeenNs: hourStart(k.hour()), Count: k.count()}
			for _, t := range k.types {
				fact.Types = append(fact.Types, TypeFact{t.typ, hourStart(t.hour), t.count})
			}
			list = append(list, fact)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Losses returns what this vocabulary did not take or gave up since the
// catalog was opened.
func (v Vocabulary) Losses() (l Losses, err error) {
	err = v.read("losses", func(*transaction) error {
		v.c.memory.RLock()
		defer v.c.memory.RUnlock()
		l = v.c.losses[v.tenant]
		return nil
	})
	return l, err
}

func (v Vocabulary) read(what string, f func(*transaction) error) error {
	if err := checkTenant(v.tenant); err != nil {
		return describe(what, err)
	}
	return v.c.read(what, f)
}
