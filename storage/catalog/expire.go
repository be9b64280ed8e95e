package catalog

import "slices"

// Expired counts what Expire forgot.
type Expired struct {
	Services, Operations, Keys, Values int
	Damaged                            int // records that could not be read
}

// Expire forgets what was last seen in an hour before that of beforeNs, and
// records that cannot be read. It is meant to be called once an hour.
func (v Vocabulary) Expire(beforeNs int64) (e Expired, err error) {
	if err := checkTenant(v.tenant); err != nil {
		return Expired{}, describe("expire", err)
	}
	before := hourOf(beforeNs)
	err = v.c.update("expire", split, func(t *transaction) error {
		u, err := t.usageOf(v.tenant)
		if err != nil {
			return err
		}
		changes, err := v.expireServices(t, before, &e)
		if err != nil {
			return err
		}
		more, err := v.expireKeys(t, before, &e)
		if err != nil {
			return err
		}
		for _, c := range append(changes, more...) {
			if c.value != nil {
				err = t.set(c.key, c.value)
			} else {
				err = t.delete(c.key)
			}
			if err != nil {
				return err
			}
			if c.gone != nil {
				*c.gone(u)--
			}
		}
		return nil
	})
	if err != nil {
		return Expired{}, err
	}
	return e, nil
}

// change is a record to be written, or deleted when it has no value.
type change struct {
	key, value []byte
	gone       func(*usage) *int // what there is one less of; nil: nothing
}

func (v Vocabulary) expireServices(t *transaction, before uint32, e *Expired) (changes []change, err error) {
	gone := func(u *usage) *int { return &u.services }
	err = t.scan(tenantKey(prefixService, v.tenant), withValues, func(rest, value []byte) error {
		key := serviceKey(v.tenant, string(rest))
		s, err := decodeService(string(rest), value)
		switch {
		case err != nil:
			e.Damaged++
			changes = append(changes, change{key: key, gone: gone})
		case s.hour < before:
			e.Services++
			changes = append(changes, change{key: key, gone: gone})
		default:
			n := len(s.operations)
			if s.expire(before) {
				e.Operations += n - len(s.operations)
				changes = append(changes, change{key: key, value: s.encode()})
			}
		}
		return nil
	})
	return changes, err
}

func (v Vocabulary) expireKeys(t *transaction, before uint32, e *Expired) (changes []change, err error) {
	gone := func(u *usage) *int { return &u.keys }
	dead := map[string]bool{} // keys whose values go with them
	prefix := tenantKey(prefixKey, v.tenant)
	err = t.scan(prefix, withValues, func(rest, value []byte) error {
		key := slices.Concat(prefix, rest)
		k, err := decodeKey(value)
		changed := err == nil && k.expire(before)
		switch {
		case err != nil:
			e.Damaged++
		case len(k.types) == 0:
			e.Keys++
		case changed:
			changes = append(changes, change{key: key, value: k.encode()})
			return nil
		default:
			return nil
		}
		dead[string(rest)] = true
		changes = append(changes, change{key: key, gone: gone})
		return nil
	})
	if err != nil {
		return nil, err
	}
	prefix = tenantKey(prefixValues, v.tenant)
	err = t.scan(prefix, withValues, func(rest, value []byte) error {
		key := slices.Concat(prefix, rest)
		r, err := decodeValues(value)
		switch {
		case dead[string(rest)]:
			changes = append(changes, change{key: key})
		case err != nil:
			e.Damaged++
			changes = append(changes, change{key: key})
		default:
			n := len(r.values)
			if !r.expire(before) {
				return nil
			}
			e.Values += n - len(r.values)
			c := change{key: key}
			if len(r.values) > 0 {
				c.value = r.encode()
			}
			changes = append(changes, c)
		}
		return nil
	})
	return changes, err
}
