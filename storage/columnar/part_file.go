package columnar

import (
	"fmt"
	"io"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// partFile is a part that is open for reading: what the queries that read it
// share. Nothing in it changes but what is remembered.
type partFile struct {
	values originCache

	name     string
	file     *parquet.File
	dicts    *dictCache // shared with other parts; nil: none
	signal   storage.Signal
	origins  origins
	services []string // per origin, of spans
	zones    []zone   // per row group

	metaBytes int // of its metadata, decompressed

	fixed  fixedColumns
	attrs  listColumns // of spans or log records
	events listColumns
	links  listColumns
	body   listColumns // of log records
}

// fixedColumns are the numbers of the columns that every part has.
type fixedColumns struct {
	time, origin, shape                                                    int
	traceID, spanID, parentOffset, farParent, duration, kind, status, name int
	statusMessage, traceState, flags                                       int
	droppedAttributes, droppedEvents, droppedLinks                         int
	eventTime, eventName, eventDropped, eventShape                         int
	linkTrace, linkSpan, linkState, linkFlags, linkDropped, linkShape      int
	observed, severity, severityText, eventNameOfLog                       int
}

// openPart reads the footer of a part. zones are the time ranges of its row
// groups, dicts keeps decoded dictionaries.
func openPart(name string, r io.ReaderAt, size int64, zones []zone, dicts *dictCache) (*partFile, error) {
	f, err := parquet.Open(r, size)
	if err != nil {
		return nil, fmt.Errorf("columnar: part %s: %w", name, err)
	}
	p := &partFile{name: name, file: f, zones: zones, dicts: dicts}
	if err := p.checkFormat(); err != nil {
		return nil, fmt.Errorf("columnar: part %s: %w", name, err)
	}
	if err := checkTail(f, r, size); err != nil {
		return nil, fmt.Errorf("columnar: part %s: %w", name, err)
	}
	if err := p.readMeta(); err != nil {
		return nil, fmt.Errorf("columnar: part %s: %w", name, err)
	}
	return p, nil
}

// checkFormat refuses a part that another heddle wrote, and a file that is no
// part.
func (p *partFile) checkFormat() error {
	v, ok := p.file.Meta(metaFormat)
	switch {
	case !ok:
		return fmt.Errorf("%w: there is no %s", errPart, metaFormat)
	case v != partFormat:
		return fmt.Errorf("%w: its format is %q, this heddle reads %q", errFormat, v, partFormat)
	}
	return nil
}

func (p *partFile) readMeta() error {
	if len(p.zones) != len(p.file.RowGroups()) {
		return fmt.Errorf("%w: it has %d row groups, not %d", errPart, len(p.file.RowGroups()), len(p.zones))
	}
	r, err := unpack(p.file, metaOrigins)
	if err != nil {
		return err
	}
	p.metaBytes = len(r.rest)
	p.origins = r.origins()
	if err := r.end(metaOrigins); err != nil {
		return err
	}
	if len(p.origins.pairs) == 0 {
		return fmt.Errorf("%w: it has no origins", errPart)
	}
	if r, err = unpack(p.file, metaLists); err != nil {
		return err
	}
	p.metaBytes += len(r.rest)
	columns := len(p.file.Columns())
	p.attrs = r.lists("", columns)
	find := p.findSpanColumns
	switch v, _ := p.file.Meta(metaSignal); v {
	case storage.SignalSpans.String():
		p.signal = storage.SignalSpans
		p.events, p.links = r.lists(listEvents, columns), r.lists(listLinks, columns)
	case storage.SignalLogs.String():
		p.signal = storage.SignalLogs
		p.body = r.lists("", columns)
		find = p.findLogColumns
	default:
		return fmt.Errorf("%w: its signal is %q", errPart, v)
	}
	if err := r.end(metaLists); err != nil {
		return err
	}
	for i := range p.origins.pairs {
		p.services = append(p.services, p.origins.resource(uint32(i)).service())
	}
	return find()
}

// wanted is a column that must be there.
type wantedColumn struct {
	list, name string
	kind       parquet.Kind
	to         *int
}

func (p *partFile) find(columns []wantedColumn) error {
	for _, w := range columns {
		id, ok := p.file.Column(w.list, w.name)
		if !ok || p.file.Columns()[id].Kind != w.kind || w.kind == parquet.Fixed && p.file.Columns()[id].Length != idBytesOf(w.name) {
			return fmt.Errorf("%w: column %q of list %q is missing or of another kind", errPart, w.name, w.list)
		}
		*w.to = id
	}
	for _, l := range []*listColumns{&p.attrs, &p.events, &p.links, &p.body} {
		for i, id := range l.columns {
			c := p.file.Columns()[id]
			if k, _ := parquetKind(l.keys[i].typ); c.Kind != k || c.List != l.list {
				return fmt.Errorf("%w: column %q does not hold attributes of type %s", errPart, c.Name, l.keys[i].typ)
			}
		}
	}
	return nil
}

// idBytesOf is the length of the ids in a column.
func idBytesOf(name string) int {
	if name == "trace_id" {
		return len(storage.TraceID{})
	}
	return len(storage.SpanID{})
}

func (p *partFile) findSpanColumns() error {
	f := &p.fixed
	return p.find([]wantedColumn{
		{"", "start", parquet.Int64, &f.time}, {"", nameOrigin, parquet.Int32, &f.origin}, {"", nameShape, parquet.Int32, &f.shape},
		{"", nameOverflow, parquet.ByteArray, &p.attrs.overflow},
		{"", "trace_id", parquet.Fixed, &f.traceID}, {"", "span_id", parquet.Fixed, &f.spanID}, {"", nameParentOffset, parquet.Int32, &f.parentOffset}, {"", nameFarParent, parquet.Fixed, &f.farParent},
		{"", "duration_ns", parquet.Int64, &f.duration}, {"", "kind", parquet.Int32, &f.kind}, {"", "status", parquet.Int32, &f.status},
		{"", "name", parquet.ByteArray, &f.name}, {"", "status_message", parquet.ByteArray, &f.statusMessage},
		{"", "trace_state", parquet.ByteArray, &f.traceState}, {"", "flags", parquet.Int32, &f.flags},
		{"", "dropped_attributes", parquet.Int32, &f.droppedAttributes}, {"", "dropped_events", parquet.Int32, &f.droppedEvents},
		{"", "dropped_links", parquet.Int32, &f.droppedLinks},
		{listEvents, "time", parquet.Int64, &f.eventTime}, {listEvents, "name", parquet.ByteArray, &f.eventName},
		{listEvents, "dropped_attributes", parquet.Int32, &f.eventDropped}, {listEvents, nameShape, parquet.Int32, &f.eventShape},
		{listEvents, nameOverflow, parquet.ByteArray, &p.events.overflow},
		{listLinks, "trace_id", parquet.Fixed, &f.linkTrace}, {listLinks, "span_id", parquet.Fixed, &f.linkSpan},
		{listLinks, "trace_state", parquet.ByteArray, &f.linkState}, {listLinks, "flags", parquet.Int32, &f.linkFlags},
		{listLinks, "dropped_attributes", parquet.Int32, &f.linkDropped}, {listLinks, nameShape, parquet.Int32, &f.linkShape},
		{listLinks, nameOverflow, parquet.ByteArray, &p.links.overflow},
	})
}

func (p *partFile) findLogColumns() error {
	f := &p.fixed
	p.body.overflow = noColumn
	return p.find([]wantedColumn{
		{"", "time", parquet.Int64, &f.time}, {"", nameOrigin, parquet.Int32, &f.origin}, {"", nameShape, parquet.Int32, &f.shape},
		{"", nameOverflow, parquet.ByteArray, &p.attrs.overflow},
		{"", "observed_time", parquet.Int64, &f.observed}, {"", "trace_id", parquet.Fixed, &f.traceID}, {"", "span_id", parquet.Fixed, &f.spanID},
		{"", "severity_number", parquet.Int32, &f.severity}, {"", "severity_text", parquet.ByteArray, &f.severityText},
		{"", "event_name", parquet.ByteArray, &f.eventNameOfLog}, {"", "flags", parquet.Int32, &f.flags},
		{"", "dropped_attributes", parquet.Int32, &f.droppedAttributes},
	})
}

// noColumn is the number of a column that is not there.
const noColumn = -1
