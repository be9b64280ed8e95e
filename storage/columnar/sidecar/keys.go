package sidecar

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

func compareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
}

func encodeKeys(keys []Key) ([]byte, error) {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, compareKeys)
	names := make([]string, len(keys))
	for i, k := range keys {
		if i > 0 && compareKeys(keys[i-1], k) == 0 {
			return nil, invalid("the key %d.%s occurs twice with type %v", k.Scope, k.Name, k.Type)
		}
		names[i] = k.Name
	}
	b := appendStrings(nil, names)
	for _, k := range keys {
		b = append(b, byte(k.Scope), byte(k.Type))
		b = binary.AppendUvarint(b, k.Count)
	}
	return b, nil
}

// Keys reads the keys that occur in the part, by (scope, name, type). A newer
// heddle may have written scopes and types that this one has no name for.
func (x *Index) Keys() ([]Key, error) {
	b, err := x.head(sectionKeys)
	if err != nil {
		return nil, err
	}
	keys, at, ok := decodeKeys(b)
	if !ok {
		return nil, x.corruptHead(sectionKeys, at)
	}
	return keys, nil
}

func decodeKeys(b []byte) (keys []Key, at int, ok bool) {
	c := cursor{b: b}
	names := c.strings()
	keys = make([]Key, len(names))
	for i, name := range names {
		keys[i] = Key{storage.Scope(c.byte()), name, storage.Type(c.byte()), c.uvarint()}
	}
	return keys, c.at, c.done()
}
