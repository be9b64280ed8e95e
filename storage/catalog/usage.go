package catalog

// usage is how much of its bounds a tenant uses.
type usage struct {
	services, keys, settings int
	objects                  int
	objectBytes              int64
}

// usageOf returns the usage of a tenant for the holder of Catalog.write to
// keep up to date. It is counted when it is first needed; after a change that
// failed it is counted anew.
func (t *transaction) usageOf(tenant string) (*usage, error) {
	if u := t.c.tenants[tenant]; u != nil {
		return u, nil
	}
	u := &usage{}
	for prefix, n := range map[byte]*int{prefixService: &u.services, prefixKey: &u.keys, prefixSetting: &u.settings} {
		err := t.scan(tenantKey(prefix, tenant), keysOnly, func(_, _ []byte) error {
			*n++
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	err := t.scan(tenantKey(prefixObject, tenant), withValues, func(_, value []byte) error {
		u.objects++
		u.objectBytes += int64(len(value))
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.c.tenants[tenant] = u
	return u, nil
}
