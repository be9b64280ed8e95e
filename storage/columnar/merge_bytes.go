package columnar

import (
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// What a merge holds in memory is bounded in bytes, because rows say little: a
// span may have a value of 64 KiB, or ten thousand events. All parts of a merge
// together take at most mergeBytes when they are decoded, whatever a row group
// needs of them, and a row group of the result groupBytes. Before anything is
// decoded, both are estimated from what the footers say.

// mergeBytes is the most that the parts of a merge may take when all of them
// are decoded. A part that takes more than half of it is left alone. The floor
// lets a store with little memory merge parts of ordinary spans.
func (o DiskOptions) mergeBytes() int64 { return max(2*o.MaxMemoryBytes, 64<<20) }

// groupBytes is the most that a row group that merging makes may take when it
// is decoded. By default that is somewhat more than 65,536 ordinary spans take.
// Writing a column takes several times its size, so a row group that is hardly
// more than one large column must be much smaller than mergeBytes.
func (o DiskOptions) groupBytes() int64 { return o.mergeBytes() / 8 }

// mergeLimits bound the part that a merge makes.
type mergeLimits struct {
	rows  int
	bytes int64 // decoded
}

func (o DiskOptions) mergeLimits() mergeLimits { return mergeLimits{o.PartRows, o.mergeBytes()} }

// mergeSize is what some parts come to.
type mergeSize struct {
	rows  int
	bytes int64 // decoded
}

func (s mergeSize) plus(p *livePart) mergeSize {
	return mergeSize{s.rows + int(p.Rows), s.bytes + p.weight()}
}

func (m mergeLimits) fits(s mergeSize) bool { return s.rows <= m.rows && s.bytes <= m.bytes }

// large says whether it is more than half of what a part may be.
func (m mergeLimits) large(s mergeSize) bool { return s.rows > m.rows/2 || s.bytes > m.bytes/2 }

// weight is about what the part takes when it is decoded. One that cannot be
// opened weighs nothing: merging it will tell why.
func (p *livePart) weight() int64 {
	if n := p.decoded.Load(); n > 0 {
		return n
	}
	f, err := p.open()
	if err != nil {
		return 0
	}
	n := int64(0)
	for number := range f.file.RowGroups() {
		n += f.decodedBytes(number)
	}
	n = max(n, 1)
	p.decoded.Store(n)
	return n
}

// decodedBytes is about what a row group takes as a table in memory, rather
// more than less. It needs nothing but the footer.
func (p *partFile) decodedBytes(number int) (n int64) {
	entities, ok := p.file.Column("", "scope.name")
	for id, c := range p.file.Columns() {
		if ok && c.List == "" && id >= entities {
			continue // is for others, see addEntities
		}
		n += decodedChunk(p.file.Chunk(number, id), c)
	}
	return n
}

// decodedChunk estimates a column. Before compression text is in the chunk as
// it is, once for each value or once for each entry of a dictionary; numbers
// may take next to nothing there and have their width in memory.
func decodedChunk(c *parquet.Chunk, column parquet.Column) int64 {
	values := int64(c.Places() - c.Nulls())
	switch column.Kind {
	case parquet.ByteArray:
		return c.UncompressedBytes() + 8*values // an offset and a code each
	case parquet.Fixed:
		return int64(column.Length) * int64(c.Places())
	case parquet.Int32:
		if column.List == "" { // elements have an owner as well
			return 4 * values
		}
	}
	return 8 * values
}

// chunked cuts a list into runs of at most so many elements and bytes. An
// element that is larger is alone.
func chunked[T any](list []T, most int, bytes int64, size func(T) int64) (runs [][]T) {
	from, sum := 0, int64(0)
	for i, v := range list {
		n := size(v)
		if i > from && (i-from >= most || sum+n > bytes) {
			runs = append(runs, list[from:i:i])
			from, sum = i, 0
		}
		sum += n
	}
	if from < len(list) {
		runs = append(runs, list[from:])
	}
	return runs
}
