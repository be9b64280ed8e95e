package columnar

import (
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// logPart is a part of log records that is being written, as spanPart is of
// spans.
type logPart struct {
	log, body *listKind
	origins   originsBuilder
	budget    int
	schema    partSchema[*arrangedLogs]
}

func newLogPart() *logPart {
	return &logPart{log: newListKind(storage.ScopeLog), body: newListKind(storage.ScopeLog), origins: newOriginsBuilder(), budget: maxColumns}
}

func (p *logPart) addTable(t *logTable) {
	p.addKinds(attrKeys(&t.attrs), attrKeys(&t.body))
	for _, pair := range t.origins.pairs {
		p.origins.addEntities(t.origins.resources[pair.resource], t.origins.scopes[pair.scope])
	}
}

func (p *logPart) addKinds(log, body []columnKey) {
	addColumns(p.body, body, &p.budget)
	addColumns(p.log, log, &p.budget)
}

// arrangedLogs are a row group to be written.
type arrangedLogs struct {
	part    *logPart
	sources []*logTable
	a       *arrangement

	traceIDs []storage.TraceID
	times    []int64
	origin   []uint32
	resource []uint32
	scope    []uint32
	attrs    *arrangedAttrs
	body     *arrangedAttrs
}

func (p *logPart) group(sources []*logTable, a *arrangement) *arrangedLogs {
	g := &arrangedLogs{part: p, sources: sources, a: a}
	g.traceIDs = place(a, nil, func(s int) []storage.TraceID { return sources[s].traceIDs })
	g.times = place(a, nil, func(s int) []int64 { return sources[s].times })
	g.origin = p.origins.place(a, func(s int) ([]uint32, *origins) { return sources[s].origin, &sources[s].origins })
	g.resource, g.scope = p.origins.split(g.origin)
	g.attrs = arrangeAttrs(p.log, a, func(s int) *attrs { return &sources[s].attrs })
	g.body = arrangeAttrs(p.body, a, func(s int) *attrs { return &sources[s].body })
	return g
}

// counts implements arranged: log records have no lists.
func (g *arrangedLogs) counts(string) []uint32 { return nil }

// define fixes the columns: DESIGN.md has the list.
func (p *logPart) define() {
	s := &p.schema
	s.names = names{}
	s.add(parquet.Column{Name: "time", Kind: parquet.Int64, Logical: parquet.TimestampNs}, func(g *arrangedLogs) parquet.Values { return intValues(g.times) })
	s.add(parquet.Column{Name: "observed_time", Kind: parquet.Int64, Logical: parquet.TimestampNs}, func(g *arrangedLogs) parquet.Values {
		return intValues(place(g.a, nil, func(s int) []int64 { return g.sources[s].observed }))
	})
	s.add(parquet.Column{Name: "trace_id", Kind: parquet.Fixed, Length: 16, Optional: true}, func(g *arrangedLogs) parquet.Values { return idValuesPresent(g.traceIDs) })
	s.add(parquet.Column{Name: "span_id", Kind: parquet.Fixed, Length: 8, Optional: true}, func(g *arrangedLogs) parquet.Values {
		return idValuesPresent(place(g.a, nil, func(s int) []storage.SpanID { return g.sources[s].spanIDs }))
	})
	s.add(parquet.Column{Name: "severity_number", Kind: parquet.Int32, Logical: parquet.Uint8}, func(g *arrangedLogs) parquet.Values {
		return byteValues(place(g.a, nil, func(s int) []uint8 { return g.sources[s].severities }))
	})
	p.defineRare()
	s.add(parquet.Column{Name: nameOrigin, Kind: parquet.Int32, Logical: parquet.Uint32}, func(g *arrangedLogs) parquet.Values { return codeValues(g.origin) })
	p.defineBody()
	s.addList("", prefixLog, p.log, func(g *arrangedLogs) *arrangedAttrs { return g.attrs })
	s.add(parquet.Column{Name: "scope.name", Kind: parquet.ByteArray, Logical: parquet.String}, func(g *arrangedLogs) parquet.Values {
		return entityText(p.origins.view.scopes, g.scope, func(e *entity) string { return e.name })
	})
	s.add(parquet.Column{Name: "scope.version", Kind: parquet.ByteArray, Logical: parquet.String}, func(g *arrangedLogs) parquet.Values {
		return entityText(p.origins.view.scopes, g.scope, func(e *entity) string { return e.version })
	})
	s.addEntities(prefixResource, entityKeys(p.origins.view.resources), func() []*entity { return p.origins.view.resources }, func(g *arrangedLogs) []uint32 { return g.resource })
	s.addEntities(prefixScope, entityKeys(p.origins.view.scopes), func() []*entity { return p.origins.view.scopes }, func(g *arrangedLogs) []uint32 { return g.scope })
}

// defineBody adds a column for each type of body. Every record has one body,
// so that the columns say all: there is no shape, and no overflow because the
// budget is never that small.
func (p *logPart) defineBody() {
	p.body.first = len(p.schema.columns)
	for i, c := range p.body.columns {
		k, l := parquetKind(c.typ)
		p.schema.add(parquet.Column{Name: columnName(nameBody, "", c.typ), Kind: k, Logical: l, Optional: true}, func(g *arrangedLogs) parquet.Values {
			return g.body.values(i)
		})
	}
}

func (p *logPart) defineRare() {
	text := func(name string, of func(rareLog) uint32) {
		p.schema.add(parquet.Column{Name: name, Kind: parquet.ByteArray, Logical: parquet.String}, func(g *arrangedLogs) parquet.Values {
			return textValues(placeText(g.a, func(s int) ([]uint32, *dict) { return g.sources[s].rareColumn(of), &g.sources[s].text }))
		})
	}
	number := func(name string, of func(rareLog) uint32) {
		p.schema.add(parquet.Column{Name: name, Kind: parquet.Int32, Logical: parquet.Uint32}, func(g *arrangedLogs) parquet.Values {
			return codeValues(place(g.a, nil, func(s int) []uint32 { return g.sources[s].rareColumn(of) }))
		})
	}
	text("severity_text", func(r rareLog) uint32 { return r.severityText })
	text("event_name", func(r rareLog) uint32 { return r.eventName })
	number("flags", func(r rareLog) uint32 { return r.flags })
	number("dropped_attributes", func(r rareLog) uint32 { return r.dropped })
}

func (t *logTable) rareColumn(of func(rareLog) uint32) []uint32 {
	return spread(t.rare[:t.n], t.rares, of)
}
