package columnar

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// Keys of the metadata of a part; DESIGN.md has their encodings.
const (
	metaFormat  = "heddle.format"
	metaSignal  = "heddle.signal"
	metaLists   = "heddle.lists"
	metaOrigins = "heddle.origins"
	metaTail    = "heddle.tail"
)

// partFormat is the version of the layout of parts. A reader must know it.
const (
	partFormat       = "1"
	partFormatNumber = 1
)

// errPart says that a part's metadata is not what was written.
var errPart = errors.New("columnar: damaged metadata of a part")

// errFormat says that a part is of a format that this program does not know.
// That is no damage: the part must stay where it is.
var errFormat = errors.New("columnar: a newer heddle wrote this part: open the data directory with that one")

// maxMeta bounds one entry of the metadata, decompressed, when a part is written
// and when it is read. A builder is sealed at half of it (builderBytes), and
// parts that have more than that together are not merged. The other half is for
// the request that fills a builder, and for what merging adds to numbers.
const maxMeta = 256 << 20

// errLargeMeta says that a part would have more metadata than a reader takes.
var errLargeMeta = errors.New("columnar: too many different resources or orders of attributes for one part")

// pack compresses an entry of the metadata, which should be text.
func pack(b []byte) string {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		panic(err) // the options are valid
	}
	return base64.StdEncoding.EncodeToString(w.EncodeAll(b, nil))
}

func unpack(f *parquet.File, key string) (*metaReader, error) {
	text, ok := f.Meta(key)
	if !ok {
		return nil, fmt.Errorf("%w: there is no %s", errPart, key)
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errPart, key, err)
	}
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxMeta))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if b, err = r.DecodeAll(b, nil); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errPart, key, err)
	}
	return &metaReader{rest: viewString(b)}, nil
}

// appendList describes a kind of attribute lists.
func appendList(b []byte, kind *listKind) []byte {
	b = binary.AppendUvarint(b, uint64(len(kind.columns)))
	for i, c := range kind.columns {
		b = binary.AppendUvarint(b, uint64(kind.first+i))
		b = append(b, byte(c.typ))
		b = appendText(b, c.key)
	}
	b = binary.AppendUvarint(b, uint64(kind.shapes.len()))
	for i := range uint32(kind.shapes.len()) {
		ids := kind.shapes.at(i)
		b = binary.AppendUvarint(b, uint64(len(ids)))
		for _, id := range ids {
			b = binary.AppendUvarint(b, uint64(id))
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// listColumns are the attribute columns of one kind of lists in an open part.
type listColumns struct {
	list     string      // of the file's columns
	keys     []columnKey // of the columns
	columns  []int       // of the file, per key
	overflow int         // of the file; noColumn: there is none
	shapes   shapeList
}

// lists reads a kind of attribute lists in a file with so many columns.
func (r *metaReader) lists(list string, columns int) (l listColumns) {
	l.list = list
	for range r.count() {
		column := r.uvarint()
		if column >= uint64(columns) {
			r.bad = true
		}
		l.columns = append(l.columns, int(column))
		typ := storage.Type(r.byte())
		if typ == storage.TypeAbsent || typ > storage.TypeEmpty {
			r.bad = true
		}
		l.keys = append(l.keys, columnKey{r.text(), typ})
	}
	for range r.count() {
		for range r.count() {
			id := r.uvarint()
			if id >= uint64(len(l.keys)) && id != overflowID {
				r.bad = true
			}
			l.shapes.ids = append(l.shapes.ids, uint16(id))
		}
		l.shapes.ends = append(l.shapes.ends, uint32(len(l.shapes.ids)))
	}
	if l.shapes.len() == 0 || l.shapes.ends[0] != 0 {
		r.bad = true // shape 0 is empty
	}
	return l
}

func appendOrigins(b []byte, o *origins) []byte {
	for _, list := range [][]*entity{o.resources, o.scopes} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, e := range list {
			b = appendText(b, e.encoding)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(o.pairs)))
	for _, p := range o.pairs {
		b = binary.AppendUvarint(b, uint64(p.resource))
		b = binary.AppendUvarint(b, uint64(p.scope))
	}
	return b
}

func (r *metaReader) origins() (o origins) {
	for _, list := range []*[]*entity{&o.resources, &o.scopes} {
		for range r.count() {
			enc := r.text()
			if !validEntity(enc) {
				r.bad = true
				return o
			}
			*list = append(*list, decodeEntity(enc))
		}
	}
	for range r.count() {
		p := origin{uint32(r.uvarint()), uint32(r.uvarint())}
		if int(p.resource) >= len(o.resources) || int(p.scope) >= len(o.scopes) {
			r.bad = true
		}
		o.pairs = append(o.pairs, p)
	}
	return o
}

// validEntity says whether decodeEntity can read enc.
func validEntity(enc string) bool {
	r := metaReader{rest: enc}
	for range 3 {
		r.text()
	}
	r.uvarint()
	for range r.count() {
		r.text()
		switch t := storage.Type(r.byte()); t {
		case storage.TypeInt, storage.TypeFloat:
			r.cut(8)
		case storage.TypeBool:
			r.cut(1)
		case storage.TypeEmpty:
		case storage.TypeString, storage.TypeBytes, storage.TypeArray, storage.TypeMap:
			r.text()
		default:
			r.bad = true
		}
	}
	return !r.bad && r.rest == ""
}

// metaReader reads what the append functions above wrote. What it returns
// after bad was set means nothing.
type metaReader struct {
	rest string
	bad  bool
}

func (r *metaReader) cut(n uint64) string {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *metaReader) uvarint() uint64 {
	v, n := binary.Uvarint(viewBytes(r.rest))
	if n <= 0 {
		r.bad, r.rest = true, ""
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// count is a number of things of at least one byte each that follow.
func (r *metaReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return 0
	}
	return int(n)
}

func (r *metaReader) byte() byte {
	if s := r.cut(1); s != "" {
		return s[0]
	}
	return 0
}

func (r *metaReader) text() string { return r.cut(r.uvarint()) }

// end says whether everything was read and was good.
func (r *metaReader) end(key string) error {
	if r.bad || r.rest != "" {
		return fmt.Errorf("%w: %s", errPart, key)
	}
	return nil
}

// meta returns the metadata of the part. With errLargeMeta it is complete, but
// no part may have it.
func (p *spanPart) meta() ([]parquet.KeyValue, error) {
	lists := appendList(nil, p.span)
	lists = appendList(lists, p.event)
	lists = appendList(lists, p.link)
	return partMeta(storage.SignalSpans, lists, &p.origins.view)
}

func (p *logPart) meta() ([]parquet.KeyValue, error) {
	lists := appendList(nil, p.log)
	lists = appendList(lists, p.body)
	return partMeta(storage.SignalLogs, lists, &p.origins.view)
}

func partMeta(signal storage.Signal, lists []byte, o *origins) (meta []parquet.KeyValue, err error) {
	origins := appendOrigins(nil, o)
	if max(len(lists), len(origins)) > maxMeta {
		err = fmt.Errorf("%w: %d bytes of orders, %d of resources and scopes, a part may have %d of each", errLargeMeta, len(lists), len(origins), maxMeta)
	}
	return []parquet.KeyValue{
		{Key: metaFormat, Value: partFormat}, {Key: metaSignal, Value: signal.String()},
		{Key: metaLists, Value: pack(lists)}, {Key: metaOrigins, Value: pack(origins)},
	}, err
}
