package catalog

import (
	"cmp"
	"slices"
	"strings"

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
	ManyValues bool       // it has more values than TopValues knows
}

// TypeFact is a type that values of a key had.
type TypeFact struct {
	Type       storage.Type
	LastSeenNs int64
	Count      uint64
}

// TopValues are the most frequent values of a key.
type TopValues struct {
	Values     []ValueFact // most frequent first
	More       bool        // more than the limit have the prefix
	ManyValues bool        // the key has values that are not known here
	// UnseenCount is how often a value that is not known here occurred at
	// most, and by how much the count of one that is may fall short, as far as
	// the parts told all values they had.
	UnseenCount uint64
}

// ValueFact is a value of a key.
type ValueFact struct {
	Value      storage.Value
	LastSeenNs int64
	Count      uint64 // at least; 0 of one that is listed as an example
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
			fact := KeyFact{Key: key, LastSeenNs: hourStart(k.hour()), Count: k.count(), ManyValues: k.manyHour != 0}
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

// TopValues returns the most frequent values of a key whose text begins with
// prefix; limit 0 returns all that are known. A key that is not known has none.
func (v Vocabulary) TopValues(key storage.Key, prefix string, limit int) (top TopValues, err error) {
	err = v.read("list values", func(t *transaction) error {
		b, err := t.get(attributeKey(prefixKey, v.tenant, key))
		if b == nil || err != nil {
			return err
		}
		k, err := decodeKey(b)
		if err != nil {
			return err
		}
		top.ManyValues = k.manyHour != 0
		b, err = t.get(attributeKey(prefixValues, v.tenant, key))
		if b == nil || err != nil {
			return err
		}
		values, err := decodeValues(b)
		if err != nil {
			return err
		}
		top.UnseenCount = values.floor
		for _, value := range values.values {
			if strings.HasPrefix(value.value.Text(), prefix) {
				top.Values = append(top.Values, ValueFact{value.value, hourStart(value.hour), value.count})
			}
		}
		return nil
	})
	if err != nil {
		return TopValues{}, err
	}
	slices.SortStableFunc(top.Values, func(a, b ValueFact) int { return cmp.Compare(b.Count, a.Count) })
	if limit > 0 && len(top.Values) > limit {
		top.Values, top.More = top.Values[:limit], true
	}
	return top, nil
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
