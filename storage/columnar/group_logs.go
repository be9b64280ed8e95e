package columnar

import (
	"github.com/heddle-io/heddle/storage"
)

// logRows is a row group of log records.
type logRows struct {
	*rowGroup
}

var _ logSource = (*logRows)(nil)

func (p *partFile) logRows(number int) *logRows { return &logRows{rowGroup: p.group(number)} }

func (t *logRows) vector(k storage.Key) vector {
	p, f := t.part, &t.part.fixed
	column := func(id int, typ storage.Type) vector { return &columnVector{c: t.column(id), typ: typ} }
	if k.Scope == storage.ScopeLog {
		return t.attrVector(&p.attrs, k.Name)
	}
	switch k {
	case storage.KeyTime:
		return column(f.time, storage.TypeInt)
	case storage.KeySeverity:
		return column(f.severity, storage.TypeInt)
	case storage.KeySeverityText:
		return column(f.severityText, storage.TypeString)
	case storage.KeyEventName:
		return column(f.eventNameOfLog, storage.TypeString)
	case storage.KeyBody:
		return t.attrVector(&p.body, "")
	}
	return t.rowGroup.vector(k)
}

func (t *logRows) countKeys(k *keyCounter, sel bitmap) {
	t.countOrigins(k, sel)
	t.countColumns(k, storage.ScopeLog, &t.part.attrs, sel)
}

func (t *logRows) records(rows []uint32) *storage.Logs {
	if len(rows) == 0 {
		return (&logTable{}).records(nil)
	}
	return t.load(runsOf(rows)).records(upTo[uint32](len(rows)))
}

// load decodes some rows as a table in memory.
func (t *logRows) load(rows runs) *logTable {
	f, p := &t.part.fixed, t.part
	out := &logTable{}
	out.n, out.zone = rows.len(), t.zone
	out.traceIDs, out.spanIDs = ids[storage.TraceID](t.column(f.traceID), rows), ids[storage.SpanID](t.column(f.spanID), rows)
	out.times, out.observed = ints[int64](t.column(f.time), rows), ints[int64](t.column(f.observed), rows)
	out.severities = ints[uint8](t.column(f.severity), rows)
	out.origin, out.origins = t.checked(ints[uint32](t.column(f.origin), rows), len(p.origins.pairs)), p.origins
	t.loadRare(out, rows)
	out.attrs = t.loadAttrs(&p.attrs, t.column(f.shape), rows)
	out.body = t.loadBody(rows)
	return out
}

// loadBody decodes the bodies: every record has one, in the column of its type.
func (t *logRows) loadBody(rows runs) attrs {
	l, n := &t.part.body, rows.len()
	a := attrs{shapes: shapeList{ends: []uint32{0}}, shapeOf: make([]uint32, n), columns: make([]column, len(l.keys))}
	for i, key := range l.keys {
		a.shapes.ids = append(a.shapes.ids, uint16(i))
		a.shapes.ends = append(a.shapes.ends, uint32(i+1))
		c := &a.columns[i]
		*c = column{key: key.key, typ: key.typ}
		column := t.column(l.columns[i])
		row := 0
		column.stream(rows, func(p *decodedPage, from, to int) {
			for place := from; place < to; place++ {
				if _, ok := p.index(place); ok {
					a.shapeOf[row] = uint32(i + 1)
					c.count++
				}
				row++
			}
		})
		column.load(c, rows)
	}
	if t.failed != nil {
		return attrs{shapes: shapeList{ends: []uint32{0}}, shapeOf: make([]uint32, n)}.ranked()
	}
	return a.ranked()
}

func (t *logRows) loadRare(out *logTable, rows runs) {
	f, n := &t.part.fixed, rows.len()
	severities, severity := t.column(f.severityText).text(rows, n)
	events, event := t.column(f.eventNameOfLog).text(rows, n)
	flags, dropped := ints[uint32](t.column(f.flags), rows), ints[uint32](t.column(f.droppedAttributes), rows)
	var text dictBuilder
	byRare := map[rareLog]uint32{}
	for i := range n {
		r := rareLog{flags: flags[i], dropped: dropped[i]}
		r.severityText, _ = text.code(severity.at(severities[i]), false)
		r.eventName, _ = text.code(event.at(events[i]), false)
		id, ok := byRare[r]
		if !ok {
			id = uint32(len(out.rares))
			out.rares = append(out.rares, r)
			byRare[r] = id
		}
		out.rare = append(out.rare, id)
	}
	out.text = text.dict
}
