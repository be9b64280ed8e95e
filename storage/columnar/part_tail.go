package columnar

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// Parquet puts checksums into page headers only. What is behind the pages, the
// indexes and the footer, has none: a flipped bit in the bounds of a column
// would hide rows from a search without anybody noticing. So the metadata of a
// part has a checksum of its tail, which is all that is behind the pages: the
// length of the tail and its CRC32C, each as eight hexadecimal digits. The
// digits of the checksum count as zeros.

const (
	tailDigits = 8
	// tailUnknown is what stands in the place of both until they are known.
	tailUnknown = "0000000000000000"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// partWriter writes the file of a part.
type partWriter struct {
	*parquet.Writer
	out *tailWriter
}

func newPartWriter(w io.Writer, columns []parquet.Column, o parquet.Options) *partWriter {
	out := &tailWriter{w: w}
	return &partWriter{parquet.NewWriter(out, columns, o), out}
}

// CloseWith is Close unless the metadata could not be made.
func (w *partWriter) CloseWith(meta []parquet.KeyValue, err error) error {
	if err != nil {
		return err
	}
	return w.Close(meta)
}

// Close writes the tail with the metadata and its checksum.
func (w *partWriter) Close(meta []parquet.KeyValue) error {
	w.out.hold = true
	if err := w.Writer.Close(append(meta, parquet.KeyValue{Key: metaTail, Value: tailUnknown})); err != nil {
		return err
	}
	tail := w.out.held
	at := tailValue(tail, tailUnknown)
	if at < 0 {
		return fmt.Errorf("%w: the metadata does not have %s", parquet.ErrInvalid, metaTail)
	}
	value := tail[at : at+2*tailDigits]
	putDigits(value, uint32(len(tail)))
	putDigits(value[tailDigits:], crc32.Checksum(tail, castagnoli))
	_, err := w.out.w.Write(tail)
	return err
}

// tailWriter keeps what is written while hold is set.
type tailWriter struct {
	w    io.Writer
	hold bool
	held []byte
}

func (t *tailWriter) Write(b []byte) (int, error) {
	if t.hold {
		t.held = append(t.held, b...)
		return len(b), nil
	}
	return t.w.Write(b)
}

// tailValue finds the value of metaTail in a tail: the metadata is behind all
// that has text from elsewhere, and this is its last entry.
func tailValue(tail []byte, value string) int {
	entry := metaTail + "\x18\x10" + value // field 2, text, 16 bytes long
	at := bytes.LastIndex(tail, []byte(entry))
	if at < 0 {
		return at
	}
	return at + len(entry) - len(value)
}

func putDigits(to []byte, v uint32) {
	hex.Encode(to, binary.BigEndian.AppendUint32(nil, v))
}

// checkTail compares the tail of a part with its checksum.
func checkTail(f *parquet.File, r io.ReaderAt, size int64) error {
	value, _ := f.Meta(metaTail)
	digits, err := hex.DecodeString(value)
	if err != nil || len(digits) != tailDigits {
		return fmt.Errorf("%w: %s is %q", errPart, metaTail, value)
	}
	length := int64(binary.BigEndian.Uint32(digits))
	if length > size {
		return fmt.Errorf("%w: %s says %d bytes, the file has %d", errPart, metaTail, length, size)
	}
	tail := make([]byte, length)
	if n, err := r.ReadAt(tail, size-length); n < len(tail) {
		return fmt.Errorf("reading the last %d bytes: %w", length, err)
	}
	at := tailValue(tail, value)
	if at < 0 {
		return fmt.Errorf("%w: %s is not in the last %d bytes", errPart, metaTail, length)
	}
	copy(tail[at+tailDigits:], tailUnknown[:tailDigits])
	if crc32.Checksum(tail, castagnoli) != binary.BigEndian.Uint32(digits[4:]) {
		return fmt.Errorf("%w: the checksum of the last %d bytes is wrong", errPart, length)
	}
	return nil
}
