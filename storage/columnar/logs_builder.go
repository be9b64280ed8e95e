package columnar

import (
	"unsafe"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp"
)

// logBuilder is the table of log records that is being filled, as spanBuilder
// is of spans.
type logBuilder struct {
	t       logTable
	origins originsBuilder
	attrs   attrsBuilder
	body    attrsBuilder
	text    dictBuilder
	rareIDs map[rareLog]uint32
	columns *int
	guess   [256]uint32 // shape of the last record with the same origin and severity
}

func newLogBuilder() *logBuilder {
	columns := maxColumns
	bodies := 8 // one column for each type
	b := &logBuilder{columns: &columns, origins: newOriginsBuilder(), attrs: newAttrsBuilder(&columns), body: newAttrsBuilder(&bodies), rareIDs: map[rareLog]uint32{}}
	b.t.zone = emptyZone
	return b
}

func (b *logBuilder) expect(like *logTable) {
	t, n := &b.t, roomFor(like.n)
	t.traceIDs, t.spanIDs = make([]storage.TraceID, 0, n), make([]storage.SpanID, 0, n)
	t.times, t.observed, t.severities = make([]int64, 0, n), make([]int64, 0, n), make([]uint8, 0, n)
	t.origin, t.rare = make([]uint32, 0, n), make([]uint32, 0, n)
	b.attrs.expect(&like.attrs)
	b.body.expect(&like.body)
}

func (b *logBuilder) len() int   { return b.t.n }
func (b *logBuilder) zone() zone { return b.t.zone }

// append adds a record that was checked. It reports whether text had to be
// repaired.
func (b *logBuilder) append(d *otlp.Logs, r *otlp.Record, origin uint32) (repaired bool) {
	t := &b.t
	time := int64(r.TimeNs)
	if time == 0 {
		time = int64(r.ObservedNs)
	}
	severity := enum8(r.SeverityNumber)
	t.traceIDs = append(t.traceIDs, r.TraceID)
	t.spanIDs = append(t.spanIDs, r.SpanID)
	t.times = append(t.times, time)
	t.observed = append(t.observed, int64(r.ObservedNs))
	t.severities = append(t.severities, severity)
	t.origin = append(t.origin, origin)
	t.zone = t.zone.with(time)
	rare, repaired := b.rare(d, r)
	t.rare = append(t.rare, rare)

	guess := &b.guess[(origin*31+uint32(severity))%uint32(len(b.guess))]
	shape, rep := b.attrs.append(&d.Message, d.Attrs(r), *guess)
	*guess, repaired = shape, repaired || rep
	_, rep = b.body.append(&d.Message, unsafe.Slice(&r.Body, 1), lastShape(&b.body))
	repaired = repaired || rep
	t.n++
	return repaired
}

func (b *logBuilder) rare(d *otlp.Logs, r *otlp.Record) (id uint32, repaired bool) {
	severity, rep1 := b.text.code(d.String(r.SeverityText), true)
	event, rep2 := b.text.code(d.String(r.EventName), true)
	key := rareLog{severityText: severity, eventName: event, flags: r.Flags, dropped: r.Dropped}
	id, ok := b.rareIDs[key]
	if !ok {
		id = uint32(len(b.t.rares))
		b.t.rares = append(b.t.rares, key)
		b.rareIDs[key] = id
	}
	return id, rep1 || rep2
}

func (b *logBuilder) snapshot() *logTable {
	t := b.t
	t.origins = b.origins.view
	t.attrs, t.body, t.text = b.attrs.snapshot(), b.body.snapshot(), b.text.dict
	return &t
}

func (b *logBuilder) seal() *logTable {
	t := b.snapshot()
	t.seal()
	t.size = t.bytes()
	return t
}

func (b *logBuilder) bytes() int {
	return int(unsafe.Sizeof(*b)) + b.t.fixedBytes() + b.origins.bytes() + b.attrs.bytes() + b.body.bytes() + b.text.bytes() +
		len(b.rareIDs)*(20+mapEntry)
}
