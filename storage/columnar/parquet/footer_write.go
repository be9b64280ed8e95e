package parquet

import "encoding/binary"

// footer is everything after the row groups: all column indexes, all offset
// indexes, the metadata, its length and the magic number.
func (w *Writer) footer(meta []KeyValue) []byte {
	columnBase := w.offset
	offsetBase := columnBase + int64(len(w.index.columns))

	t := thriftWriter{b: append(w.index.columns, w.index.offsets...)}
	start := len(t.b)
	t.open(0)
	t.i32(1, 1)
	writeSchema(&t, w.columns)
	rows := int64(0)
	for _, g := range w.groups {
		rows += int64(g.rows)
	}
	t.i64(3, rows)
	t.list(4, thriftStruct, len(w.groups))
	for i := range w.groups {
		w.rowGroup(&t, i, columnBase, offsetBase)
	}
	if len(meta) > 0 {
		t.list(5, thriftStruct, len(meta))
		for _, kv := range meta {
			t.open(0)
			t.string(1, kv.Key)
			t.string(2, kv.Value)
			t.close()
		}
	}
	t.string(6, w.options.CreatedBy)
	t.list(7, thriftStruct, len(w.columns))
	for range w.columns {
		t.open(0)
		t.open(1) // the order that the type defines
		t.close()
		t.close()
	}
	t.close()
	t.b = binary.LittleEndian.AppendUint32(t.b, uint32(len(t.b)-start))
	return append(t.b, magic...)
}

func (w *Writer) rowGroup(t *thriftWriter, group int, columnBase, offsetBase int64) {
	g := &w.groups[group]
	chunks := w.chunks[group*len(w.columns) : (group+1)*len(w.columns)]
	var compressed, uncompressed int64
	t.open(0)
	t.list(1, thriftStruct, len(chunks))
	for i := range chunks {
		w.columnChunk(t, &w.columns[i], &chunks[i], columnBase, offsetBase)
		compressed += chunks[i].compressed
		uncompressed += chunks[i].uncompressed
	}
	t.i64(2, uncompressed)
	t.i64(3, int64(g.rows))
	t.i64(5, g.offset)
	t.i64(6, compressed)
	if group < 1<<15 {
		t.field(7, thriftI16)
		t.b = binary.AppendVarint(t.b, int64(group))
	}
	t.close()
}

func (w *Writer) columnChunk(t *thriftWriter, c *Column, m *chunkMeta, columnBase, offsetBase int64) {
	t.open(0)
	t.i64(2, m.offset)
	t.open(3)
	t.i32(1, physical[c.Kind])
	encodings := []int32{m.encoding, encodingRLE}
	if m.encoding == encodingDictionary {
		encodings = append(encodings, encodingPlain)
	}
	t.list(2, thriftI32, len(encodings))
	for _, e := range encodings {
		t.b = binary.AppendVarint(t.b, int64(e))
	}
	if c.List == "" {
		t.list(3, thriftBinary, 1)
	} else {
		t.list(3, thriftBinary, 4)
		t.element(c.List)
		t.element("list")
		t.element("element")
	}
	t.element(c.Name)
	t.i32(4, codecZstd)
	t.i64(5, m.places)
	t.i64(6, m.uncompressed)
	t.i64(7, m.compressed)
	t.i64(9, m.data)
	if m.data != m.offset {
		t.i64(11, m.offset)
	}
	t.field(12, thriftStruct)
	t.b = append(t.b, w.index.statistics[m.statistics.from:m.statistics.end]...)
	t.close()
	t.i64(4, offsetBase+int64(m.offsetIndex.from))
	t.i32(5, int32(m.offsetIndex.len()))
	if m.columnIndex.len() > 0 {
		t.i64(6, columnBase+int64(m.columnIndex.from))
		t.i32(7, int32(m.columnIndex.len()))
	}
	t.close()
}
