package otlp

import "github.com/heddle-io/heddle/storage"

// Logs is a decoded ExportLogsServiceRequest, to be used like Spans.
type Logs struct {
	Message
	Records []Record
}

// Record is one log record as it was sent.
type Record struct {
	TraceID                 storage.TraceID
	SpanID                  storage.SpanID
	TimeNs, ObservedNs      uint64
	SeverityNumber          int32
	Flags, Dropped          uint32
	SeverityText, EventName Text
	Body                    Attr // its Key is empty

	attrs   storage.Range
	bytes   uint32 // no less than the bytes of all its text
	entries uint32 // no less than Attr.Entries of body and attributes
}

// Attrs are the attributes of a record.
func (d *Logs) Attrs(r *Record) []Attr { return d.recordAttrs[r.attrs.From:r.attrs.To] }

// TextBytes is about what the text of a record takes, keys included: never
// less, and little more.
func (r *Record) TextBytes() int { return int(r.bytes) }

// Decode reads an ExportLogsServiceRequest, see Spans.Decode.
func (d *Logs) Decode(body []byte) error { return d.decode(body, true) }

// DecodeData reads LogsData as plog.ProtoMarshaler writes it, see
// Spans.DecodeData.
func (d *Logs) DecodeData(body []byte) error { return d.decode(body, false) }

func (d *Logs) decode(body []byte, deprecated bool) error {
	d.Records = d.Records[:0]
	return d.request(d, body, deprecated)
}

// Release lets go of the request. It returns about how many bytes d itself
// keeps for the next one.
func (d *Logs) Release() int {
	_ = d.start(nil)
	d.Records = d.Records[:0]
	return d.footprint() + 112*cap(d.Records)
}

func (d *Logs) count() int { return len(d.Records) }

func (d *Logs) cut(records int) {
	if records < len(d.Records) {
		d.recordAttrs = d.recordAttrs[:d.Records[records].attrs.From]
		d.Records = d.Records[:records]
	}
}

const recordFields = fields(1<<1 | 1<<2 | 1<<3 | 1<<5 | 1<<6 | 1<<7 | 1<<8 | 1<<9 | 1<<10 | 1<<11 | 1<<12)

func (d *Logs) record(b []byte, pos int) int {
	start, madeBefore := pos, len(d.made)
	d.entries = 0
	r := grown(&d.Records)
	r.Body.Type, r.attrs.From = storage.TypeEmpty, end(d.recordAttrs)
	var num uint64
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case 6<<3 | wireLen:
			pos = d.attr(&d.recordAttrs, b, pos)
		case 1<<3 | wireI64:
			r.TimeNs, pos = fixed64(b, pos)
		case 2<<3 | wireVarint:
			num, pos = varint(b, pos)
			r.SeverityNumber = int32(num)
		case 3<<3 | wireLen:
			r.SeverityText, pos = text(b, pos)
		case 5<<3 | wireLen:
			from, to := length(b, pos)
			if to == bad || d.anyValue(&r.Body, b[:to], from) != to {
				return d.fail("a body")
			}
			pos = to
		case 7<<3 | wireVarint:
			r.Dropped, pos = varint32(b, pos)
		case 8<<3 | wireI32:
			r.Flags, pos = fixed32(b, pos)
		case 9<<3 | wireLen:
			pos = id(r.TraceID[:], b, pos)
		case 10<<3 | wireLen:
			pos = id(r.SpanID[:], b, pos)
		case 11<<3 | wireI64:
			r.ObservedNs, pos = fixed64(b, pos)
		case 12<<3 | wireLen:
			r.EventName, pos = text(b, pos)
		default:
			pos = recordFields.other(b, pos, t)
		}
	}
	r.attrs.To = end(d.recordAttrs)
	r.bytes, r.entries = uint32(len(b)-start+len(d.made)-madeBefore), d.entries
	return pos
}
