package catalog

import "slices"

// Expired counts what Expire forgot.
type Expired struct {
	Services, Operations, Keys int
	Damaged                    int // records that could not be read
}

// Expire forgets what was last seen in an hour before that of beforeNs, and
// records that cannot be read. It reads all there is: once an hour is enough.
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
			if c.value == nil {
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
	gone       func(*usage) *int // what there is one less of without it
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
	prefix := tenantKey(prefixKey, v.tenant)
	err = t.scan(prefix, withValues, func(rest, value []byte) error {
		c := change{key: slices.Concat(prefix, rest), gone: gone}
		k, err := decodeKey(value)
		switch {
		case err != nil:
			e.Damaged++
		case !k.expire(before):
			return nil
		case len(k.types) == 0:
			e.Keys++
		default:
			c.value = k.encode()
		}
		changes = append(changes, c)
		return nil
	})
	return changes, err
}
