package columnar

import (
	"unsafe"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// Names of the columns that heddle reads and that mean nothing to others.
const (
	nameOrigin   = "heddle.origin"   // where the row comes from: a number in the metadata's list
	nameShape    = "heddle.shape"    // the order of its attributes: a number in the metadata's list
	nameOverflow = "heddle.overflow" // attributes that have no column, an OTLP KeyValueList
)

// Names of the columns that say which span is the parent: at most one of them
// has a value.
const (
	nameParentOffset = "parent_offset"      // rows from the span to its parent
	nameFarParent    = "far_parent_span_id" // of a parent that is not in the row group
)

// arranged is a row group to be written.
type arranged interface {
	// counts are the elements of a list per row.
	counts(list string) []uint32
}

// partColumn is a column of a part and how to get its values for a row group.
type partColumn[G arranged] struct {
	parquet.Column
	values func(group G) parquet.Values
}

// partSchema are the columns of a part, in their order.
type partSchema[G arranged] struct {
	columns []partColumn[G]
	names   names
}

func (s *partSchema[G]) add(c parquet.Column, values func(group G) parquet.Values) {
	c.Name = s.names.unique(c.List, c.Name)
	s.columns = append(s.columns, partColumn[G]{c, values})
}

// addList adds the columns of attribute lists. attrs finds them in a group.
func (s *partSchema[G]) addList(list, prefix string, kind *listKind, attrs func(group G) *arrangedAttrs) {
	s.add(parquet.Column{List: list, Name: nameShape, Kind: parquet.Int32, Logical: parquet.Uint32}, func(g G) parquet.Values {
		return codeValues(attrs(g).shapes)
	})
	s.add(parquet.Column{List: list, Name: nameOverflow, Kind: parquet.ByteArray, Optional: true}, func(g G) parquet.Values {
		return attrs(g).overflow()
	})
	kind.first = len(s.columns)
	for i, c := range kind.columns {
		k, l := parquetKind(c.typ)
		s.add(parquet.Column{List: list, Name: columnName(prefix, c.key, c.typ), Kind: k, Logical: l, Optional: true}, func(g G) parquet.Values {
			return attrs(g).values(i)
		})
	}
}

// addEntities adds the attributes of resources or scopes, for other readers:
// heddle has them from the metadata. entities lists those of the part, by the
// numbers that of gives for each row of a group.
func (s *partSchema[G]) addEntities(prefix string, keys []columnKey, entities func() []*entity, of func(group G) []uint32) {
	for _, key := range keys {
		k, l := parquetKind(key.typ)
		s.add(parquet.Column{Name: columnName(prefix, key.key, key.typ), Kind: k, Logical: l, Optional: true}, func(g G) parquet.Values {
			return entityValues(key, entities(), of(g))
		})
	}
}

// entityValues spreads the values of a few entities over the rows.
func entityValues(key columnKey, entities []*entity, of []uint32) parquet.Values {
	v := parquet.Values{Present: newBitmap(len(of))}
	var d dict
	has, codes, nums := make([]bool, len(entities)), make([]uint32, len(entities)), make([]uint64, len(entities))
	for i, e := range entities {
		value := e.lookup(key.key)
		if has[i] = value.Type() == key.typ; !has[i] {
			continue
		}
		switch key.typ {
		case storage.TypeInt:
			nums[i] = uint64(value.Int())
		case storage.TypeFloat:
			nums[i] = floatBits(value)
		case storage.TypeBool:
			codes[i] = boolBit(value.Bool())
		case storage.TypeEmpty:
		default:
			codes[i] = uint32(len(d.ends))
			d.text = append(d.text, value.Str()...)
			d.ends = append(d.ends, uint32(len(d.text)))
		}
	}
	n := 0
	for row, e := range of {
		if has[e] {
			bitmap(v.Present).set(row)
			n++
		}
	}
	if key.typ == storage.TypeInt || key.typ == storage.TypeFloat {
		v.Nums = make([]uint64, 0, n)
		for _, e := range of {
			if has[e] {
				v.Nums = append(v.Nums, nums[e])
			}
		}
	} else {
		v.Codes = make([]uint32, 0, n)
		for _, e := range of {
			if has[e] {
				v.Codes = append(v.Codes, codes[e])
			}
		}
	}
	v.Dict = d.parquet()
	return v
}

// entityKeys lists the attributes of entities, in the order of their coming,
// as far as they get a column each.
func entityKeys(entities []*entity) (keys []columnKey) {
	seen := map[columnKey]bool{}
	for _, e := range entities {
		for _, a := range e.attrs {
			key := columnKey{a.key, a.value.Type()}
			if !seen[key] && len(keys) < maxEntityColumns {
				seen[key] = true
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// maxEntityColumns bounds the columns for attributes of resources, and of
// scopes. What is beyond is in the metadata alone.
const maxEntityColumns = 200

func writeGroup[G arranged](w *partWriter, s *partSchema[G], rows int, g G) error {
	if err := w.StartRowGroup(rows); err != nil {
		return err
	}
	for i := range s.columns {
		v := s.columns[i].values(g)
		if list := s.columns[i].List; list != "" {
			v.Counts = g.counts(list)
		}
		if err := w.Write(i, v); err != nil {
			return err
		}
	}
	return w.EndRowGroup()
}

func (s *partSchema[G]) parquet() []parquet.Column {
	list := make([]parquet.Column, len(s.columns))
	for i := range s.columns {
		list[i] = s.columns[i].Column
	}
	return list
}

// codeValues are small numbers that every row has.
func codeValues(codes []uint32) parquet.Values {
	nums := make([]uint64, len(codes))
	for i, c := range codes {
		nums[i] = uint64(c)
	}
	return parquet.Values{Nums: nums}
}

func byteValues(bytes []uint8) parquet.Values {
	nums := make([]uint64, len(bytes))
	for i, b := range bytes {
		nums[i] = uint64(b)
	}
	return parquet.Values{Nums: nums}
}

// intValues shares the memory of ints.
func intValues(ints []int64) parquet.Values {
	return parquet.Values{Nums: unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(ints))), len(ints))}
}

// idValues shares the memory of ids.
func idValues[T ~[8]byte | ~[16]byte](ids []T) parquet.Values {
	var id T
	return parquet.Values{Fixed: unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(ids))), len(ids)*len(id))}
}

// idValuesPresent leaves out ids that are zero, which mean none.
func idValuesPresent[T ~[8]byte | ~[16]byte](ids []T) parquet.Values {
	var none T
	v := parquet.Values{Present: newBitmap(len(ids))}
	some := make([]T, 0, len(ids))
	for i, id := range ids {
		if id != none {
			bitmap(v.Present).set(i)
			some = append(some, id)
		}
	}
	v.Fixed = idValues(some).Fixed
	return v
}

func textValues(codes []uint32, d *dict) parquet.Values {
	return parquet.Values{Codes: codes, Dict: d.parquet()}
}

// spread gives every row the number of what it refers to.
func spread[R any](refs []uint32, table []R, of func(R) uint32) []uint32 {
	values := make([]uint32, len(table))
	for i, r := range table {
		values[i] = of(r)
	}
	out := make([]uint32, len(refs))
	for row, ref := range refs {
		out[row] = values[ref]
	}
	return out
}
