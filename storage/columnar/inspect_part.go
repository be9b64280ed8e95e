package columnar

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cespare/xxhash/v2"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
	"github.com/heddle-io/heddle/storage/vfs"
)

// maxPlaces bounds the findings for one file: where a whole region of a disk is
// bad the rest of the list helps nobody.
const maxPlaces = 10

func remedyPart(p *manifest.Part) string {
	return fmt.Sprintf("restore both files of the part from a backup; without one heddle moves the part to quarantine when it meets the damage, and its %d rows are not shown any more", p.Rows)
}

const remedyIndex = "the Parquet file beside it has everything: heddle writes the index anew when it meets the damage"

// verifyPart checks the files of a part. It returns false when the part was
// replaced meanwhile.
func (v *verification) verifyPart(p manifest.Part) bool {
	x := v.x
	c := &partCheck{verification: v, p: x.livePart(p)}
	data, dataOK := c.open(suffixPart, p.Bytes, "part", remedyPart(&p))
	index, indexOK := c.open(suffixIndex, p.IndexBytes, "index", remedyIndex)
	defer func() {
		for _, r := range []vfs.Reader{data, index} {
			if r != nil {
				_ = r.Close() // it was only read
			}
		}
	}()
	if c.gone {
		return false
	}
	x.checked.Parts++
	x.checked.Rows += p.Rows
	x.checked.Bytes += p.Bytes + p.IndexBytes
	if p.FormatVersion != partFormatNumber {
		v.damage("part-format", c.rel(c.p, suffixPart), "", fmt.Sprintf("it is of format %d, this heddle reads %d", p.FormatVersion, partFormatNumber), "verify with the version of heddle that wrote it or newer")
		return true
	}
	v.verifyPlacement(c)
	var idx *sidecar.Index
	if indexOK {
		idx = c.verifyIndex(index)
	}
	if dataOK {
		if c.verifyData(data) && idx != nil {
			c.agree(data, idx)
		}
	}
	return true
}

// partCheck is the check of one part.
type partCheck struct {
	*verification
	p    *livePart
	gone bool
}

// open opens a file of the part and compares its size. ok is false when there
// is nothing to check further.
func (c *partCheck) open(suffix string, bytes uint64, kind, remedy string) (r vfs.Reader, ok bool) {
	path := c.p.path + suffix
	r, err := c.x.fs.Open(path)
	if err != nil && !c.gone && c.vanished(&c.p.Part) {
		c.gone = true
	}
	switch {
	case c.gone:
		return r, false
	case errors.Is(err, fs.ErrNotExist):
		c.damage(kind+"-missing", c.x.relative(path), "", fmt.Sprintf("the manifest lists it, with %d rows, and it is not there", c.p.Rows), remedy)
		return nil, false
	case err != nil:
		c.unreadable(path, err)
		return nil, false
	case uint64(r.Size()) != bytes:
		c.damage(kind+"-size", c.x.relative(path), "", fmt.Sprintf("it has %d bytes, %d were written", r.Size(), bytes), remedy)
		return r, false
	}
	return r, true
}

// hashes says whether a file has the content that was written. false with nil:
// it has not.
func (c *partCheck) hashes(r vfs.Reader, want uint64) (bool, error) {
	h := xxhash.New()
	buf := make([]byte, 256<<10)
	for at := int64(0); at < r.Size(); {
		if err := c.ctx.Err(); err != nil {
			return false, err
		}
		n, err := r.ReadAt(buf[:min(int64(len(buf)), r.Size()-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if n == 0 {
			break
		}
		_, _ = h.Write(buf[:n]) // never fails
		at += int64(n)
		c.advance(int64(n))
	}
	return h.Sum64() == want, nil
}

// verifyPlacement compares what the manifest says about a part with itself.
func (v *verification) verifyPlacement(c *partCheck) {
	p := &c.p.Part
	if p.MinLSN == 0 || p.MinLSN > p.MaxLSN || p.MinNs > p.MaxNs || p.Rows == 0 {
		v.damage("manifest-part", "MANIFEST", "part "+p.ID, fmt.Sprintf("its description contradicts itself: %+v", *p), remedyManifest)
		return
	}
	if signal := storage.Signal(p.Signal); signal < signals && p.MaxLSN > v.x.persisted()[signal] {
		v.damage("manifest-part", "MANIFEST", "part "+p.ID, fmt.Sprintf("it has what came up to position %d of the log, but the manifest says that parts have it up to %d: at the next start the rest is stored twice", p.MaxLSN, v.x.persisted()[signal]), remedyManifest)
	}
}

// verifyIndex returns the index if it is whole.
func (c *partCheck) verifyIndex(r vfs.Reader) *sidecar.Index {
	file := c.rel(c.p, suffixIndex)
	same, err := c.hashes(r, c.p.IndexHash)
	if err != nil {
		if c.ctx.Err() == nil {
			c.unreadable(c.p.path+suffixIndex, err)
		}
		return nil
	}
	defer c.advance(r.Size())
	index, err := sidecar.Open(r, r.Size())
	if err == nil {
		err = index.Verify()
	}
	if bad := new(sidecar.CorruptError); errors.As(err, &bad) {
		c.damage("index-damaged", file, fmt.Sprintf("%s at %d", bad.Section, bad.Offset), bad.Reason+": queries that need it fail", remedyIndex)
		return nil
	}
	if err != nil {
		c.unreadable(c.p.path+suffixIndex, err)
		return nil
	}
	if !same {
		c.damage("index-hash", file, "", "its content is not what was written, at a place that has no checksum of its own", remedyIndex)
		return nil
	}
	return index
}

// verifyData says whether the Parquet file is what was written.
func (c *partCheck) verifyData(r vfs.Reader) bool {
	file := c.rel(c.p, suffixPart)
	same, err := c.hashes(r, c.p.Hash)
	if err != nil {
		if c.ctx.Err() == nil {
			c.unreadable(c.p.path+suffixPart, err)
		}
		return false
	}
	f, err := parquet.Open(r, r.Size())
	if err != nil {
		c.badPlace(err, "no row of it can be read")
		return false
	}
	found := 0
	for group := range f.RowGroups() {
		for err := range pageErrors(f, group, c.advance) {
			if c.over() {
				return false
			}
			if found++; found <= maxPlaces {
				c.badPlace(err, "its rows are lost in this column, and queries that need it fail")
			}
		}
	}
	switch {
	case found > maxPlaces:
		c.damage("part-page", file, "", fmt.Sprintf("%d more places are damaged", found-maxPlaces), remedyPart(&c.p.Part))
	case found == 0 && !same:
		c.damage("part-hash", file, "", "its content is not what was written, at a place that has no checksum of its own", remedyPart(&c.p.Part))
	}
	return found == 0 && same
}

// badPlace reports damage of the Parquet file.
func (c *partCheck) badPlace(err error, meaning string) {
	bad := new(parquet.CorruptError)
	if !errors.As(err, &bad) {
		c.unreadable(c.p.path+suffixPart, err)
		return
	}
	kind, place := "part-page", fmt.Sprintf("row group %d, column %q, page %d at %d", bad.Group, bad.Column, bad.Page, bad.Offset)
	switch {
	case bad.Group < 0:
		kind, place = "part-footer", fmt.Sprintf("footer at %d", bad.Offset)
	case bad.Page == -1:
		place = fmt.Sprintf("row group %d, column %q, dictionary at %d", bad.Group, bad.Column, bad.Offset)
	case bad.Page < 0:
		place = fmt.Sprintf("row group %d, column %q at %d", bad.Group, bad.Column, bad.Offset)
	}
	c.damage(kind, c.rel(c.p, suffixPart), place, bad.Reason+": "+meaning, remedyPart(&c.p.Part))
}

// pageErrors decodes every page of a row group, with its checksum and the range
// of its codes, and yields what fails. advance is told the bytes of each column.
func pageErrors(f *parquet.File, group int, advance func(bytes int64)) func(yield func(error) bool) {
	return func(yield func(error) bool) {
		starts, err := f.PageStarts(group)
		if err != nil {
			yield(err)
			return
		}
		var page parquet.Page
		var dict parquet.DecodedDict
		for id := range f.Columns() {
			chunk := f.Chunk(group, id)
			if _, err := chunk.Pages(); err != nil && !yield(err) {
				return
			}
			if chunk.DictionaryEncoded() {
				if err := chunk.ReadDict(&dict); err != nil {
					if !yield(err) {
						return
					}
					continue // without it codes mean nothing
				}
			}
			for i := range starts {
				err := chunk.ReadPage(i, &page)
				if err == nil && page.Dictionary {
					err = dict.Check(chunk, &page)
				}
				if err != nil && !yield(err) {
					return
				}
			}
			advance(chunk.CompressedBytes())
		}
	}
}
