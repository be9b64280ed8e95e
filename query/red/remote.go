package red

import (
	"net/netip"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// Kind says what a node of the graph is.
type Kind uint8

const (
	Service        Kind = iota // sends spans
	Database                   // the others are known from their callers
	Messaging                  // a queue or topic
	Uninstrumented             // ours, as it seems, but without spans
	External                   // somebody else's
)

var kindNames = [...]string{"service", "database", "messaging", "uninstrumented", "external"}

// String returns the name that heddle's APIs use.
func (k Kind) String() string { return kindNames[k] }

// remoteKeys are the attributes that name what a span called; see the package
// documentation.
var remoteKeys = func() (keys []storage.Key) {
	for _, name := range []string{
		"db.system.name", "db.system", "messaging.system", "peer.service", "db.namespace", "db.name",
		"messaging.destination.name", "messaging.destination", "server.address", "net.peer.name",
	} {
		keys = append(keys, storage.Key{Scope: storage.ScopeSpan, Name: name})
	}
	return keys
}()

// remote is what a client, producer or consumer span says of the other side.
type remote struct {
	kind Kind
	name string
}

// naming says how a span names the other side: what it is, and the key of which
// it is the value. Of an address the value decides what it is.
type naming struct {
	kind    Kind
	key     int
	address bool
}

// namingOf decides by which of remoteKeys a span has text under; ok is false
// where it names nothing.
func namingOf(has func(key int) bool) (n naming, ok bool) {
	first := func(keys ...int) int {
		for _, key := range keys {
			if has(key) {
				return key
			}
		}
		return -1
	}
	if system := first(0, 1); system >= 0 {
		return naming{kind: Database, key: orElse(first(3, 4, 5, 8, 9), system)}, true
	}
	if system := first(2); system >= 0 {
		return naming{kind: Messaging, key: orElse(first(6, 7, 3), system)}, true
	}
	if peer := first(3); peer >= 0 {
		return naming{kind: Uninstrumented, key: peer}, true
	}
	if address := first(8, 9); address >= 0 {
		return naming{kind: External, key: address, address: true}, true
	}
	return naming{}, false
}

func orElse(key, otherwise int) int {
	if key < 0 {
		return otherwise
	}
	return key
}

// remote is what has a name.
func (n naming) remote(name string) remote {
	if n.address && isInside(name) {
		return remote{Uninstrumented, name}
	}
	return remote{n.kind, name}
}

// namings has what namingOf says, by the set of keys that have text.
var namings = func() (list [1 << 10]struct {
	naming
	ok bool
}) {
	for set := range list {
		list[set].naming, list[set].ok = namingOf(func(key int) bool { return set>>key&1 != 0 })
	}
	return list
}()

// remoteColumns are the values of remoteKeys of some spans.
type remoteColumns struct {
	columns []storage.Column
	known   [][]int32 // by key, then by kind and dictionary entry: number + 1
	sets    []uint16  // by span: the keys that have text
	ones    []uint16  // scratch: by dictionary entry
}

// read reads the columns of some rows; false: none has a value.
func (r *remoteColumns) read(c storage.TraceColumns, rows []uint32) bool {
	if r.columns == nil {
		r.columns, r.known = make([]storage.Column, len(remoteKeys)), make([][]int32, len(remoteKeys))
	}
	r.sets = sized(r.sets, len(rows))
	clear(r.sets)
	some := false
	for key := range r.columns {
		column := &r.columns[key]
		c.Column(fixedColumns+key, rows, column)
		if len(column.Types) == 0 {
			continue
		}
		some = true
		r.note(key, column)
		r.known[key] = sized(r.known[key], len(kindNames)*len(column.Dict))
		clear(r.known[key])
	}
	return some
}

// note adds a key to the sets of the spans that have text under it.
func (r *remoteColumns) note(key int, c *storage.Column) {
	r.ones = sized(r.ones, len(c.Dict))
	for i, text := range c.Dict {
		if r.ones[i] = 0; text != "" {
			r.ones[i] = 1 << key
		}
	}
	for i, t := range c.Types {
		switch {
		case t == storage.TypeAbsent:
		case t == storage.TypeString:
			r.sets[i] |= r.ones[c.Bits[i]]
		case c.Value(i).Text() != "":
			r.sets[i] |= 1 << key
		}
	}
}

// numberAt is the number of what span i names, -1: nothing. number gives it when
// it is met first.
func (r *remoteColumns) numberAt(i int, number func(remote) int32) int32 {
	n := &namings[r.sets[i]]
	if !n.ok {
		return -1
	}
	c := &r.columns[n.key]
	if c.Types[i] != storage.TypeString {
		return number(n.remote(c.Value(i).Text()))
	}
	known := &r.known[n.key][int(n.kind)*len(c.Dict)+int(c.Bits[i])]
	if *known == 0 {
		*known = number(n.remote(c.Dict[c.Bits[i]])) + 1
	}
	return *known - 1
}

// isInside says whether an address is of a private network.
func isInside(address string) bool {
	if ip, err := netip.ParseAddr(strings.Trim(address, "[]")); err == nil {
		return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
	}
	name := strings.ToLower(strings.TrimSuffix(address, "."))
	if !strings.Contains(name, ".") {
		return true
	}
	for _, suffix := range []string{".local", ".internal", ".svc"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}
