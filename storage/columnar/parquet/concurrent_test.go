package parquet

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestConcurrentReads: goroutines share a File, first reads included.
func TestConcurrentReads(t *testing.T) {
	data := goldenModel().write(t, rand.New(rand.NewPCG(1, 1)))
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var page Page
			var dict DecodedDict
			for g := range f.RowGroups() {
				for i := range f.Columns() {
					c := f.Chunk(g, i)
					if err := c.ReadPage(0, &page); err != nil {
						t.Error(err)
					}
					if !page.Dictionary {
						continue
					}
					if err := c.ReadDict(&dict); err != nil {
						t.Error(err)
					}
					if err := dict.Check(c, &page); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if f.MemoryBytes() == 0 {
		t.Error("a file without memory")
	}
}
