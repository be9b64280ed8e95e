package parquet

import "errors"

// Buffer reads the bytes of several pages and dictionaries with few reads,
// before they are decoded. It is reused: Reset, Add for everything that will
// be wanted, Read, then ReadPage and ReadDict in any order. All chunks must be
// of one File. It must not be used by several goroutines at once. The zero
// value is ready for use.
type Buffer struct{}

// Reset forgets what was added and read, and keeps the memory.
func (b *Buffer) Reset() {}

// Add asks for pages from to end, end excluded, and for the dictionary if the
// chunk has one and dict is set.
func (b *Buffer) Add(c *Chunk, from, end int, dict bool) error { return errors.ErrUnsupported }

// Read reads all that was added. What is at most gap bytes apart is read
// together, in one read.
func (b *Buffer) Read(gap int) error { return errors.ErrUnsupported }

// ReadDict is Chunk.ReadDict from the buffer, or from the file when the
// dictionary was not added.
func (b *Buffer) ReadDict(c *Chunk, d *DecodedDict) error { return errors.ErrUnsupported }

// ReadPage is Chunk.ReadPage from the buffer, or from the file when the page
// was not added.
func (b *Buffer) ReadPage(c *Chunk, i int, p *Page) error { return errors.ErrUnsupported }
