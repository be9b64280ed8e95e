package columnar

import (
	"cmp"
	"slices"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// keyCounter counts the values under attribute keys.
type keyCounter struct{ counts map[storage.Key]*keyCount }

type keyCount [storage.TypeEmpty + 1]uint64 // by type

func newKeyCounter() *keyCounter { return &keyCounter{map[storage.Key]*keyCount{}} }

func (k *keyCounter) add(scope storage.Scope, name string, t storage.Type, n uint64) {
	key := storage.Key{Scope: scope, Name: name}
	c := k.counts[key]
	if c == nil {
		c = new(keyCount)
		key.Name = strings.Clone(name)
		k.counts[key] = c
	}
	c[t] += n
}

// addRows counts the attributes of the rows in sel, of their resources and
// of their scopes.
func (k *keyCounter) addRows(r *rows, scope storage.Scope, sel bitmap) {
	origins := make([]uint64, len(r.origins.pairs))
	for _, row := range sel.rows() {
		origins[r.origin[row]]++
	}
	k.addOrigins(&r.origins, origins)
	k.addAttrs(scope, &r.attrs, sel)
}

// addOrigins counts the attributes of resources and scopes, of which counts
// has the records.
func (k *keyCounter) addOrigins(o *origins, counts []uint64) {
	for i, n := range counts {
		if n > 0 {
			k.addEntity(storage.ScopeResource, o.resource(uint32(i)), n)
			k.addEntity(storage.ScopeInstrumentation, o.scope(uint32(i)), n)
		}
	}
}

func (k *keyCounter) addEntity(scope storage.Scope, e *entity, n uint64) {
	for _, a := range e.attrs {
		k.add(scope, a.key, a.value.Type(), n)
	}
}

func (k *keyCounter) addChildren(c *children, scope storage.Scope, sel bitmap) {
	in := newBitmap(len(c.owner))
	for i, owner := range c.owner {
		if sel.has(int(owner)) {
			in.set(i)
		}
	}
	k.addAttrs(scope, &c.attrs, in)
}

func (k *keyCounter) addAttrs(scope storage.Scope, a *attrs, sel bitmap) {
	shapes := make([]uint64, a.shapes.len())
	overflows := false
	for _, row := range sel.rows() {
		shapes[a.shapeOf[row]]++
	}
	columns := make([]uint64, len(a.columns))
	for shape, n := range shapes {
		if n == 0 {
			continue
		}
		for _, id := range a.shapes.at(uint32(shape)) {
			if id == overflowID {
				overflows = true
			} else {
				columns[id] += n
			}
		}
	}
	for i, n := range columns {
		if n > 0 {
			k.add(scope, a.columns[i].key, a.columns[i].typ, n)
		}
	}
	if !overflows {
		return
	}
	at := newCursor(a)
	for _, row := range sel.rows() {
		at.each(int(row), func(id uint16, index uint32) {
			if id == overflowID {
				o := &a.overflow
				k.add(scope, o.key.at(o.keys[index]), o.types[index], 1)
			}
		})
	}
}

func (k *keyCounter) list() []storage.KeyInfo {
	infos := make([]storage.KeyInfo, 0, len(k.counts))
	for key, c := range k.counts {
		info := storage.KeyInfo{Key: key}
		for t, n := range c {
			if n > 0 {
				info.Types = append(info.Types, storage.Type(t))
				info.Count += n
			}
		}
		infos = append(infos, info)
	}
	slices.SortFunc(infos, func(a, b storage.KeyInfo) int {
		return cmp.Or(cmp.Compare(a.Key.Scope, b.Key.Scope), cmp.Compare(a.Key.Name, b.Key.Name))
	})
	return infos
}
