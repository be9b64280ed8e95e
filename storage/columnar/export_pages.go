package columnar

import "github.com/heddle-io/heddle/storage/columnar/parquet"

// exportPageBytes is how large the pages of an export should be at most, before
// compression: readers hold some of every column they read.
const exportPageBytes = 8 << 20

// pageSizer chooses the rows of an export's pages from the parts that it is
// made of. All pages of a file have the same number of rows, so that the largest
// column decides.
type pageSizer struct {
	children    int              // the most events or links that a row has
	bytesPerRow float64          // of the largest column, in row groups that have more of it than a page
	bytes       map[string]int64 // of columns, in all parts
	rows        int64            // of all parts
}

// add looks at a part.
func (s *pageSizer) add(f *partFile) {
	if s.bytes == nil {
		s.bytes = map[string]int64{}
	}
	for number, group := range f.file.RowGroups() {
		s.rows += int64(group.Rows)
		for id, column := range f.file.Columns() {
			bytes := f.file.Chunk(number, id).UncompressedBytes()
			s.bytes[column.List+"."+column.Name] += bytes
			if bytes > exportPageBytes {
				s.bytesPerRow = max(s.bytesPerRow, float64(bytes)/float64(group.Rows))
			}
		}
	}
}

// addChildren looks at the events and links of a row group of a part.
func (s *pageSizer) addChildren(f *partFile, number int) error {
	g := f.group(number)
	s.children = max(s.children, mostChildren(g.owners(f.fixed.eventTime, g.all())), mostChildren(g.owners(f.fixed.linkTrace, g.all())))
	return g.failed
}

// options are those of the file.
func (s *pageSizer) options() parquet.Options {
	largest := s.bytesPerRow
	for _, bytes := range s.bytes {
		largest = max(largest, float64(bytes)/float64(max(s.rows, 1)))
	}
	rows := mergedParts.PageRows
	for rows > minPageRows && float64(rows)*largest > exportPageBytes {
		rows /= 2
	}
	return parquet.Options{Level: mergedParts.Level, PageRows: pageRowsFor(rows, s.children)}
}
