package columnar

import "github.com/heddle-io/heddle/storage/columnar/parquet"

// A page holds a bounded number of events. Where rows have thousands of them
// each, pages must have fewer rows.

// minPageRows are the fewest rows of a page.
const minPageRows = 64

// maxChildren is how many events, or links, a span may have at most for any
// minPageRows of its kind to fit into a page.
const maxChildren = parquet.MaxPageElements / minPageRows

// pageRowsFor are the rows of a page where no row has more than most events or
// links. usual is how many they are otherwise.
func pageRowsFor(usual, most int) int {
	rows := usual
	for rows > minPageRows && rows*most > parquet.MaxPageElements {
		rows /= 2
	}
	return max(rows/minPageRows, 1) * minPageRows
}

// mostChildren is how many of the owners, which ascend, are the same.
func mostChildren(owner []uint32) (most int) {
	run := 0
	for i, row := range owner {
		if i > 0 && row != owner[i-1] {
			run = 0
		}
		run++
		most = max(most, run)
	}
	return most
}

// mostChildrenOf is how many events or links a span in the parts has, or a
// number below that while all of them fit into one page.
func mostChildrenOf(parts []*partFile) (most int, err error) {
	all := 0
	for _, p := range parts {
		for number := range p.file.RowGroups() {
			all += p.file.Chunk(number, p.fixed.eventTime).Places() + p.file.Chunk(number, p.fixed.linkTrace).Places()
		}
	}
	if all <= parquet.MaxPageElements {
		return 0, nil
	}
	for _, p := range parts {
		for number := range p.file.RowGroups() {
			g := p.group(number)
			most = max(most, mostChildren(g.owners(p.fixed.eventTime, g.all())), mostChildren(g.owners(p.fixed.linkTrace, g.all())))
			if g.failed != nil {
				return 0, g.failed
			}
		}
	}
	return most, nil
}
