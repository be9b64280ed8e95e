package parquet

import "bytes"

// schemaElement is one element of the footer's list, which is the schema depth
// first.
type schemaElement struct {
	kind, length, repetition, children, converted int32
	hasKind                                       bool
	logical, bits                                 int
	name                                          []byte
}

func (r *thriftReader) schemaElement() (e schemaElement) {
	e.repetition, e.converted = repetitionRequired, -1
	r.fields(func(id int) bool {
		switch id {
		case 1:
			e.kind, e.hasKind = r.i32(), true
		case 2:
			e.length = r.i32()
		case 3:
			e.repetition = r.i32()
		case 4:
			e.name = r.binary()
		case 5:
			e.children = r.i32()
		case 6:
			e.converted = r.i32()
		case 10:
			if r.expect(thriftStruct) {
				r.logicalType(&e)
			}
		default:
			return false
		}
		return true
	})
	return e
}

func (r *thriftReader) logicalType(e *schemaElement) {
	r.fields(func(id int) bool {
		e.logical = id
		if id != logicalInteger || r.kind != thriftStruct {
			return false
		}
		r.fields(func(id int) bool {
			if id == 1 && r.kind == thriftByte {
				e.bits = int(r.byte())
				return true
			}
			return false
		})
		return true
	})
}

// schema reads the list of elements. It returns "" or what is wrong.
func (f *File) schema(r *thriftReader) string {
	left := r.list(thriftStruct)
	next := func() schemaElement {
		left--
		return r.schemaElement()
	}
	if left < 1 {
		return "there is no schema"
	}
	root := next()
	var names nameArena
	for top := root.children; top > 0; top-- {
		if left < 1 || r.bad {
			return "the schema ends too early"
		}
		e := next()
		if e.children == 0 {
			if reason := f.leaf(&names, extent{}, &e); reason != "" {
				return reason
			}
			continue
		}
		if left < 3 {
			return "the schema ends too early"
		}
		list := names.add(e.name)
		middle, element := next(), next()
		if e.children != 1 || e.converted != convertedList || e.repetition != repetitionRequired ||
			middle.children != 1 || middle.repetition != repetitionRepeated || !bytes.Equal(middle.name, []byte("list")) ||
			element.children < 1 || element.repetition != repetitionRequired || !bytes.Equal(element.name, []byte("element")) {
			return "a group is not a list of structs"
		}
		for ; element.children > 0; element.children-- {
			if left < 1 || r.bad {
				return "the schema ends too early"
			}
			e := next()
			if reason := f.leaf(&names, list, &e); reason != "" {
				return reason
			}
		}
	}
	if r.bad || left != 0 {
		return "the schema is not readable"
	}
	names.assign(f.columns)
	if err := checkColumns(f.columns); err != nil {
		return err.Error()
	}
	return ""
}

// nameArena collects names, which become substrings of one string: they are
// most of what a column costs in memory.
type nameArena struct {
	text   []byte
	leaves [][2]extent // list and name
}

func (a *nameArena) add(name []byte) extent {
	from := len(a.text)
	a.text = append(a.text, name...)
	return extent{from, len(a.text)}
}

func (a *nameArena) assign(columns []Column) {
	text := string(a.text)
	for i, l := range a.leaves {
		columns[i].List, columns[i].Name = text[l[0].from:l[0].end], text[l[1].from:l[1].end]
	}
}

func (f *File) leaf(names *nameArena, list extent, e *schemaElement) string {
	c := Column{Optional: e.repetition == repetitionOptional}
	if !e.hasKind || e.children != 0 || e.repetition > repetitionOptional || len(f.columns) == MaxColumns {
		return "a leaf is neither required nor optional, or there are too many"
	}
	found := false
	for k, p := range physical {
		if p == e.kind {
			c.Kind, found = Kind(k), true
		}
	}
	if !found {
		return "a leaf has an unknown type"
	}
	if c.Kind == Fixed {
		c.Length = int(e.length)
	}
	for l := range logicals {
		x := &logicals[l]
		if e.logical != 0 && x.field == e.logical && x.kind == c.Kind && (x.bits == 0 || int(x.bits) == e.bits) {
			c.Logical = Logical(l)
		}
	}
	if e.logical != 0 && c.Logical == None {
		return "a leaf has an unknown logical type"
	}
	names.leaves = append(names.leaves, [2]extent{list, names.add(e.name)})
	f.columns = append(f.columns, c)
	return ""
}
