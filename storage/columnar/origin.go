package columnar

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp"
)

// attr is an attribute of a resource or instrumentation scope. There are few
// of those, so they are kept as they are and predicates look at each once.
type attr struct {
	key   string
	value storage.Value
}

// entity is a resource or an instrumentation scope; equal ones are stored
// once a table. Its text shares one string.
type entity struct {
	name, version string // of a scope
	schemaURL     string
	dropped       uint32
	attrs         []attr
	encoding      string // what makes it equal to another
	size          int    // bytes it takes
}

// lookup returns the first value under key, absent when there is none.
func (e *entity) lookup(key string) storage.Value {
	for i := range e.attrs {
		if e.attrs[i].key == key {
			return e.attrs[i].value
		}
	}
	return storage.Value{}
}

// origin is where a record comes from. Rows refer to it by one number.
type origin struct{ resource, scope uint32 }

// origins holds the distinct resources, scopes and pairs of them. Its slices
// only grow; a copy is a snapshot.
type origins struct {
	resources []*entity
	scopes    []*entity
	pairs     []origin
}

// originValues are the values that resources, or scopes, have under a key.
type originValues struct {
	pairs  []origin
	values []storage.Value // of the resources or scopes; nil: none has one
	scope  bool            // they are of the scopes
}

// valuesOf returns the values under a key of resources or scopes; false: it is
// the key of something else.
func (o *origins) valuesOf(k storage.Key) (v originValues, ok bool) {
	v.pairs = o.pairs
	switch {
	case k.Scope == storage.ScopeResource:
		v.values = lookup(o.resources, k.Name)
	case k.Scope == storage.ScopeInstrumentation:
		v.values, v.scope = lookup(o.scopes, k.Name), true
	case k == storage.KeyScopeName, k == storage.KeyScopeVersion:
		v.values, v.scope = make([]storage.Value, len(o.scopes)), true
		for i, e := range o.scopes {
			v.values[i] = storage.String(e.name)
			if k == storage.KeyScopeVersion {
				v.values[i] = storage.String(e.version)
			}
		}
	default:
		return originValues{}, false
	}
	if !slices.ContainsFunc(v.values, func(v storage.Value) bool { return v.Type() != storage.TypeAbsent }) {
		v.values = nil
	}
	return v, true
}

// originCache remembers the values of origins: of all keys that no origin has, and
// of a few that some have. A part has thousands of resources, of each of its row
// groups the same.
type originCache struct {
	mu    sync.Mutex    // guards what follows
	known []knownValues // used last comes first
	asked askedOrigins
	holds []bool // of every origin, whether it satisfies what was asked last
}

type knownValues struct {
	key storage.Key
	v   originValues
	ok  bool // see valuesOf
}

// askedOrigins is a condition on the values under a key.
type askedOrigins struct {
	of      storage.Key
	compare storage.Compare
}

// Bounds of a cache.
const (
	knownKeys     = 16
	knownPerCache = 64 << 10 // values
)

func (c *originCache) valuesOf(o *origins, k storage.Key) (v originValues, ok bool) {
	c.mu.Lock()
	if i := slices.IndexFunc(c.known, func(k2 knownValues) bool { return k2.key == k }); i >= 0 {
		found := c.known[i]
		copy(c.known[1:i+1], c.known[:i])
		c.known[0] = found
		c.mu.Unlock()
		return found.v, found.ok
	}
	c.mu.Unlock()
	v, ok = o.valuesOf(k)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = slices.Insert(c.known, 0, knownValues{k, v, ok})
	total := 0
	for i := range c.known {
		if total += len(c.known[i].v.values); i == knownKeys || i > 0 && total > knownPerCache {
			clear(c.known[i:])
			c.known = c.known[:i]
			break
		}
	}
	return v, ok
}

// holding is v.holding of the origins of a part: a query asks the same of each of
// its row groups.
func (c *originCache) holding(v *originValues, of storage.Key, cond *condition) []bool {
	if cond.exists {
		return v.holding(cond)
	}
	asked := askedOrigins{of, cond.compare}
	c.mu.Lock()
	holds, known := c.holds, c.holds != nil && c.asked == asked
	c.mu.Unlock()
	if known {
		return holds
	}
	holds = v.holding(cond)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked, c.holds = asked, holds
	return holds
}

func lookup(list []*entity, key string) []storage.Value {
	out := make([]storage.Value, len(list))
	for i, e := range list {
		out[i] = e.lookup(key)
	}
	return out
}

func (v *originValues) index(o origin) uint32 {
	if v.scope {
		return o.scope
	}
	return o.resource
}

// holding tells of every origin whether a condition holds.
func (v *originValues) holding(c *condition) []bool {
	one := make([]bool, len(v.values))
	for i := range one {
		one[i] = c.holds(v.values[i])
	}
	holds := make([]bool, len(v.pairs))
	for i, o := range v.pairs {
		holds[i] = one[v.index(o)]
	}
	return holds
}

func (o *origins) resource(of uint32) *entity { return o.resources[o.pairs[of].resource] }
func (o *origins) scope(of uint32) *entity    { return o.scopes[o.pairs[of].scope] }

// originsBuilder interns resources and scopes by their encoding.
type originsBuilder struct {
	view        origins
	resourceIDs map[string]uint32
	scopeIDs    map[string]uint32
	pairIDs     map[origin]uint32
	size        int
}

func newOriginsBuilder() originsBuilder {
	return originsBuilder{resourceIDs: map[string]uint32{}, scopeIDs: map[string]uint32{}, pairIDs: map[origin]uint32{}}
}

// add returns the number of an origin from the encodings of its parts, which
// are copied when new.
func (b *originsBuilder) add(resource, scope *encodedEntity) uint32 {
	pair := origin{
		resource: b.intern(&b.view.resources, b.resourceIDs, resource.bytes),
		scope:    b.intern(&b.view.scopes, b.scopeIDs, scope.bytes),
	}
	id, ok := b.pairIDs[pair]
	if !ok {
		id = uint32(len(b.view.pairs))
		b.view.pairs = append(b.view.pairs, pair)
		b.pairIDs[pair] = id
	}
	return id
}

func (b *originsBuilder) intern(list *[]*entity, ids map[string]uint32, enc []byte) uint32 {
	if id, ok := ids[string(enc)]; ok {
		return id
	}
	text := string(enc)
	e := decodeEntity(text)
	id := uint32(len(*list))
	*list = append(*list, e)
	ids[text] = id
	b.size += e.size
	return id
}

func (b *originsBuilder) bytes() int {
	return b.size + 8*(cap(b.view.resources)+cap(b.view.scopes)+cap(b.view.pairs)) +
		(len(b.resourceIDs)+len(b.scopeIDs))*(20+mapEntry) + len(b.pairIDs)*(12+mapEntry)
}

func (o *origins) bytes() (n int) {
	for _, e := range o.resources {
		n += e.size
	}
	for _, e := range o.scopes {
		n += e.size
	}
	return n + 8*(cap(o.resources)+cap(o.scopes)+cap(o.pairs))
}

// encodedEntity is a resource or scope as one run of bytes: what makes two
// equal, and what is copied out of a request. Text is UTF-8.
type encodedEntity struct {
	bytes    []byte
	repaired bool // some text was not
}

func (e *encodedEntity) resource(m *otlp.Message, r *otlp.Resource) {
	e.start("", "", m.String(r.SchemaURL), r.Dropped)
	e.attrs(m, m.ResourceAttrs(r))
}

func (e *encodedEntity) scope(m *otlp.Message, s *otlp.Scope) {
	e.start(m.String(s.Name), m.String(s.Version), m.String(s.SchemaURL), s.Dropped)
	e.attrs(m, m.ScopeAttrs(s))
}

func (e *encodedEntity) start(name, version, schemaURL string, dropped uint32) {
	e.bytes, e.repaired = e.bytes[:0], false
	e.text(name)
	e.text(version)
	e.text(schemaURL)
	e.bytes = binary.AppendUvarint(e.bytes, uint64(dropped))
}

func (e *encodedEntity) text(s string) {
	s, repaired := validText(s)
	e.repaired = e.repaired || repaired
	e.raw(s)
}

func (e *encodedEntity) attrs(m *otlp.Message, list []otlp.Attr) {
	e.bytes = binary.AppendUvarint(e.bytes, uint64(len(list)))
	for i := range list {
		a := &list[i]
		e.text(m.String(a.Key))
		e.bytes = append(e.bytes, byte(a.Type))
		switch a.Type {
		case storage.TypeString:
			e.text(m.String(a.Text()))
		case storage.TypeInt, storage.TypeFloat:
			e.bytes = binary.LittleEndian.AppendUint64(e.bytes, a.Bits)
		case storage.TypeBool:
			e.bytes = append(e.bytes, byte(a.Bits))
		case storage.TypeBytes:
			e.raw(m.String(a.Text()))
		case storage.TypeArray, storage.TypeMap:
			enc, repaired := validEncoding(m.String(a.Text()))
			e.repaired = e.repaired || repaired
			e.raw(enc)
		}
	}
}

func (e *encodedEntity) raw(s string) {
	e.bytes = binary.AppendUvarint(e.bytes, uint64(len(s)))
	e.bytes = append(e.bytes, s...)
}

// decodeEntity reads what encodedEntity wrote; text is not copied.
func decodeEntity(enc string) *entity {
	r := entityReader(enc)
	e := &entity{encoding: enc, name: r.text(), version: r.text(), schemaURL: r.text(), dropped: uint32(r.uvarint())}
	e.attrs = make([]attr, r.uvarint())
	for i := range e.attrs {
		a := &e.attrs[i]
		a.key = r.text()
		switch t := storage.Type(r.cut(1)[0]); t {
		case storage.TypeInt:
			a.value = storage.Int(int64(r.fixed64()))
		case storage.TypeFloat:
			a.value = floatOf(r.fixed64())
		case storage.TypeBool:
			a.value = storage.Bool(r.cut(1)[0] != 0)
		case storage.TypeEmpty:
			a.value = storage.Empty()
		default:
			a.value = textValue(t, r.text())
		}
	}
	e.size = 112 + len(enc) + 48*len(e.attrs)
	return e
}

type entityReader string

func (r *entityReader) cut(n int) string {
	s := string(*r)[:n]
	*r = (*r)[n:]
	return s
}

func (r *entityReader) uvarint() uint64 {
	v, n := binary.Uvarint(viewBytes(string(*r)))
	*r = (*r)[n:]
	return v
}

func (r *entityReader) fixed64() uint64 { return binary.LittleEndian.Uint64(viewBytes(r.cut(8))) }
func (r *entityReader) text() string    { return r.cut(int(r.uvarint())) }

// addEntities is add for entities of another table.
func (b *originsBuilder) addEntities(resource, scope *entity) uint32 {
	return b.add(&encodedEntity{bytes: viewBytes(resource.encoding)}, &encodedEntity{bytes: viewBytes(scope.encoding)})
}

// place is place for origins, in the numbers of b. Those that no row of the
// result has are not added: they may be what somebody asked to be deleted.
func (b *originsBuilder) place(a *arrangement, column func(source int) ([]uint32, *origins)) []uint32 {
	out := make([]uint32, a.n)
	for s, to := range a.to {
		origin, of := column(s)
		ids := make([]uint32, len(of.pairs)) // +1; 0: not known yet
		for row, at := range to {
			if at < 0 {
				continue
			}
			id := &ids[origin[row]]
			if *id == 0 {
				pair := of.pairs[origin[row]]
				*id = b.addEntities(of.resources[pair.resource], of.scopes[pair.scope]) + 1
			}
			out[at] = *id - 1
		}
	}
	return out
}

// split gives the resource and the scope of each origin.
func (b *originsBuilder) split(origin []uint32) (resource, scope []uint32) {
	resource, scope = make([]uint32, len(origin)), make([]uint32, len(origin))
	for i, o := range origin {
		resource[i], scope[i] = b.view.pairs[o].resource, b.view.pairs[o].scope
	}
	return resource, scope
}
