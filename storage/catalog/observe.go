package catalog

import (
	"cmp"
	"maps"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// Vocabulary is what there is in a tenant: services with their
// operations, keys with their types. It is a help for people: counts are
// approximate, the lists are bounded, and times are exact to the hour. It has
// no values, which would have to be found and removed again when records with
// them are deleted.
type Vocabulary struct {
	c      *Catalog
	tenant string
}

// Vocabulary returns what there is in a tenant.
func (c *Catalog) Vocabulary(tenant string) Vocabulary { return Vocabulary{c, tenantName(tenant)} }

// Observe merges what a sealed part had, durably. It is meant to be called
// every few seconds: each call reads and writes the records of everything it
// names, in one transaction while they take less than a mebibyte, in several
// beyond that. When it fails, some of it may have been merged; repeating it
// counts that twice, which these approximate counts bear.
func (v Vocabulary) Observe(o Observation) error {
	if err := checkTenant(v.tenant); err != nil {
		return describe("observe", err)
	}
	seen := o.normalise(v.c.now().UnixNano())
	return v.c.update("observe", split, func(t *transaction) error {
		u, err := t.usageOf(v.tenant)
		if err != nil {
			return err
		}
		lost := Losses{Names: seen.unusable}
		if err := v.observeServices(t, u, seen, &lost); err != nil {
			return err
		}
		if err := v.observeKeys(t, u, seen, &lost); err != nil {
			return err
		}
		t.then(func() { v.c.losses[v.tenant] = v.c.losses[v.tenant].plus(lost) })
		return nil
	})
}

func (l Losses) plus(m Losses) Losses {
	return Losses{l.Services + m.Services, l.Operations + m.Operations, l.Keys + m.Keys, l.Names + m.Names}
}

func (v Vocabulary) observeServices(t *transaction, u *usage, seen observed, lost *Losses) error {
	var fresh []candidate
	for _, name := range slices.Sorted(maps.Keys(seen.services)) {
		key := serviceKey(v.tenant, name)
		record, err := t.get(key)
		if err != nil {
			return err
		}
		s := &serviceRecord{}
		if record != nil {
			if s, err = decodeService(name, record); err != nil {
				s = &serviceRecord{} // what is seen again replaces what cannot be read
			}
		}
		lost.Operations += uint64(s.merge(seen.services[name], seen.hour))
		if record == nil {
			fresh = append(fresh, candidate{name: name, hour: s.hour, count: s.count, key: key, value: s.encode()})
			continue
		}
		if err := t.set(key, s.encode()); err != nil {
			return err
		}
	}
	n, err := t.admit(fresh, &u.services, MaxServices, func() ([]candidate, error) { return v.knownServices(t) })
	lost.Services += n
	return err
}

func (v Vocabulary) knownServices(t *transaction) (list []candidate, err error) {
	err = t.scan(tenantKey(prefixService, v.tenant), withValues, func(rest, value []byte) error {
		d := decode("service", value)
		s, _ := decodeServiceHead(d) // of a damaged record: zeros, so that it is the first to go
		name := string(rest)
		list = append(list, candidate{name: name, hour: s.hour, count: s.count, known: true, key: serviceKey(v.tenant, name)})
		return nil
	})
	return list, err
}

func (v Vocabulary) observeKeys(t *transaction, u *usage, seen observed, lost *Losses) error {
	var fresh []candidate
	order := func(a, b storage.Key) int { return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Name, b.Name)) }
	for _, key := range slices.SortedFunc(maps.Keys(seen.keys), order) {
		at := attributeKey(v.tenant, key)
		record, err := t.get(at)
		if err != nil {
			return err
		}
		k := &keyRecord{}
		if record != nil {
			if k, err = decodeKey(record); err != nil {
				k = &keyRecord{}
			}
		}
		k.merge(seen.keys[key], seen.hour)
		if record == nil {
			fresh = append(fresh, candidate{name: string(at), hour: k.hour(), count: k.count(), key: at, value: k.encode()})
			continue
		}
		if err := t.set(at, k.encode()); err != nil {
			return err
		}
	}
	n, err := t.admit(fresh, &u.keys, MaxKeys, func() ([]candidate, error) { return v.knownKeys(t) })
	lost.Keys += n
	return err
}

func (v Vocabulary) knownKeys(t *transaction) (list []candidate, err error) {
	err = t.scan(tenantKey(prefixKey, v.tenant), withValues, func(rest, value []byte) error {
		key, err := parseAttribute(rest)
		if err != nil {
			return err
		}
		k, err := decodeKey(value)
		if err != nil {
			k = &keyRecord{} // the first to go
		}
		at := attributeKey(v.tenant, key)
		list = append(list, candidate{name: string(at), hour: k.hour(), count: k.count(), known: true, key: at})
		return nil
	})
	return list, err
}
