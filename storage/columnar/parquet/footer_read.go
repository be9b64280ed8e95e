package parquet

import (
	"math"
	"slices"
)

// parse reads the footer. It returns "" or what is wrong. Everything it
// allocates is proportional to the footer.
func (f *File) parse(footer []byte) string {
	r := &thriftReader{b: footer}
	var reason string
	rows := int64(-1)
	set := func(s string) {
		if reason == "" {
			reason = s
		}
	}
	r.fields(func(id int) bool {
		switch id {
		case 2:
			if f.columns != nil {
				set("there are two schemas")
			} else {
				set(f.schema(r))
			}
		case 3:
			rows = r.i64()
		case 4:
			set(f.rowGroups(r))
		case 5:
			for n := r.list(thriftStruct); n > 0 && !r.bad; n-- {
				f.meta = append(f.meta, r.keyValue())
			}
		case 6:
			f.createdBy = string(r.binary())
		default:
			return false
		}
		if reason != "" {
			r.fail()
		}
		return true
	})
	switch {
	case reason != "":
		return reason
	case r.bad || len(r.b) > 0:
		return "the metadata is not readable"
	case f.columns == nil:
		return "there is no schema"
	case rows != int64(f.rows):
		return "the rows of the row groups are not those of the file"
	}
	f.chunks, f.bounds = slices.Clip(f.chunks), slices.Clip(f.bounds)
	f.pages = make([]pageOf, len(f.groups))
	f.sorted = make([]uint32, len(f.columns))
	for i := range f.sorted {
		f.sorted[i] = uint32(i)
	}
	slices.SortFunc(f.sorted, func(a, b uint32) int { return compareNames(&f.columns[a], &f.columns[b]) })
	return ""
}

func (r *thriftReader) keyValue() (kv KeyValue) {
	r.fields(func(id int) bool {
		switch id {
		case 1:
			kv.Key = string(r.binary())
		case 2:
			kv.Value = string(r.binary())
		default:
			return false
		}
		return true
	})
	return kv
}

func (f *File) rowGroups(r *thriftReader) string {
	if f.columns == nil || f.groups != nil {
		return "row groups are not where they belong"
	}
	for n := r.list(thriftStruct); n > 0 && !r.bad; n-- {
		first := len(f.chunks)
		rows, reason := int64(-1), ""
		r.fields(func(id int) bool {
			switch id {
			case 1:
				have := r.list(thriftStruct)
				if have != len(f.columns) || len(f.chunks) != first {
					reason = "a row group does not have every column once"
				}
				for i := 0; i < have && reason == "" && !r.bad; i++ {
					reason = f.columnChunk(r, len(f.groups), i)
				}
			case 3:
				rows = r.i64()
			default:
				return false
			}
			if reason != "" {
				r.fail()
			}
			return true
		})
		switch {
		case reason != "":
			return reason
		case r.bad:
			return "a row group is not readable"
		case rows < 1 || rows > math.MaxInt32 || len(f.chunks) != first+len(f.columns):
			return "a row group has no rows, too many, or not every column"
		}
		for i := range f.chunks[first:] {
			c := &f.chunks[first+i]
			if c.places < rows || f.columns[i].List == "" && c.places != rows {
				return "a column does not have the rows of its row group"
			}
		}
		f.groups = append(f.groups, RowGroup{FirstRow: f.rows, Rows: int(rows)})
		f.rows += int(rows)
	}
	return ""
}

// columnChunk reads one ColumnChunk and appends it to chunks.
func (f *File) columnChunk(r *thriftReader, group, column int) string {
	c := Chunk{file: f, group: uint32(group), column: uint32(column)}
	kind, codec, data, dictionary := int32(-1), int32(-1), int64(-1), int64(-1)
	var low, high []byte
	r.fields(func(id int) bool {
		switch id {
		case 3:
			if !r.expect(thriftStruct) {
				break
			}
			r.fields(func(id int) bool {
				switch id {
				case 1:
					kind = r.i32()
				case 4:
					codec = r.i32()
				case 5:
					c.places = r.i64()
				case 6:
					c.uncompressed = r.i64()
				case 7:
					c.bytes = r.i64()
				case 9:
					data = r.i64()
				case 11:
					dictionary = r.i64()
				case 12:
					if r.expect(thriftStruct) {
						c.nulls, low, high = r.statistics()
					}
				default:
					return false
				}
				return true
			})
		case 4:
			c.locations.offset = r.i64()
		case 5:
			c.locations.bytes = uint32(max(0, r.i32()))
		case 6:
			c.index.offset = r.i64()
		case 7:
			c.index.bytes = uint32(max(0, r.i32()))
		default:
			return false
		}
		return true
	})
	if r.bad {
		return "a column chunk is not readable"
	}
	c.offset = data
	if dictionary >= 0 {
		c.offset = dictionary
		if dictionary >= data || data-dictionary > math.MaxInt32 {
			return "a dictionary is not before its pages"
		}
		c.dictBytes = uint32(data - dictionary)
	}
	switch {
	case kind != physical[f.columns[column].Kind]:
		return "a column chunk does not have the type of its column"
	case codec != codecZstd:
		return "a column chunk has an unknown codec"
	case c.bytes < int64(c.dictBytes) || c.bytes > math.MaxInt32 || !f.inside(c.offset, c.bytes) ||
		!f.inside(c.locations.offset, int64(c.locations.bytes)) || !f.inside(c.index.offset, int64(c.index.bytes)):
		return "a column chunk is not inside the file"
	case c.uncompressed < 0 || c.nulls < 0 || c.nulls > c.places:
		return "the counts of a column chunk are impossible"
	}
	c.setBounds(low, high)
	f.chunks = append(f.chunks, c)
	return ""
}

// inside says whether a part is between the magic number and the footer. What
// has no bytes may be anywhere.
func (f *File) inside(offset, bytes int64) bool {
	return bytes == 0 || offset >= int64(len(magic)) && offset <= f.footer && bytes <= f.footer-offset
}

func (r *thriftReader) statistics() (nulls int64, low, high []byte) {
	r.fields(func(id int) bool {
		switch id {
		case 3:
			nulls = r.i64()
		case 5:
			high = r.binary()
		case 6:
			low = r.binary()
		default:
			return false
		}
		return true
	})
	if low == nil || high == nil {
		low, high = nil, nil
	}
	return nulls, low, high
}
