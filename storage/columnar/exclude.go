package columnar

import (
	"github.com/heddle-io/heddle/storage"
)

// excluder is a table that may know without looking at its rows that none of
// them satisfies a predicate.
type excluder interface {
	excludes(p storage.Predicate) bool
}

// selectRows returns the rows of t in the window that satisfy the predicate; nil:
// none.
func selectRows(t table, w storage.Window, where storage.Predicate) bitmap {
	if x, ok := t.(excluder); ok && where != nil && x.excludes(where) {
		return nil
	}
	sel := t.inWindow(w)
	filter(t, where, sel)
	return sel
}

// excludes asks the filter of a row group.
func (v *view[T]) excludes(p storage.Predicate) bool {
	if v.part == nil || v.failed != nil {
		return false
	}
	index, _, err := v.part.openIndex()
	if err != nil {
		v.failed = err
		return false
	}
	return excluded(p, func(hash uint64) bool {
		may, err := index.MayContain(v.group, hash)
		if err != nil && v.failed == nil {
			v.failed = err
		}
		return may || err != nil
	})
}

// excluded says whether no row can satisfy p when mayContain is false of all
// values that the rows do not have.
func excluded(p storage.Predicate, mayContain func(hash uint64) bool) bool {
	switch p := p.(type) {
	case storage.And:
		for _, one := range p {
			if excluded(one, mayContain) {
				return true
			}
		}
		return false
	case storage.Or:
		for _, one := range p {
			if !excluded(one, mayContain) {
				return false
			}
		}
		return true
	case storage.Compare:
		hash, ok := filterHash(p)
		return ok && !mayContain(hash)
	}
	return false
}

// filterHash is the hash of the only value that satisfies a comparison, if
// there is one and filters have its kind. They have no numbers: an equality
// of numbers is satisfied by ints and floats, and scanning those is fast.
func filterHash(c storage.Compare) (hash uint64, ok bool) {
	if c.Op != storage.Equal || c.AsText || !filtered(c.Key) {
		return 0, false
	}
	switch t := c.Value.Type(); t {
	case storage.TypeString, storage.TypeBytes, storage.TypeArray, storage.TypeMap:
		return hashText(hashKey(c.Key, t), c.Value.Str()), true
	}
	return 0, false
}

// filtered says whether filters have the values under a key.
func filtered(k storage.Key) bool {
	return k.Scope != storage.ScopeIntrinsic || k == storage.KeyName
}
