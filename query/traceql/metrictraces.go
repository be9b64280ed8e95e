package traceql

import (
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// collector takes the spans that a metric's source selects of one trace.
type collector interface {
	add(v *view, sets []spans) error
}

type source struct {
	engine *engine
	to     collector
}

// traceScan evaluates metrics on every trace that may have spans for them.
type traceScan struct {
	e       *metricsEngine
	where   bound
	sources []source
	done    map[storage.TraceID]struct{}
}

func (e *metricsEngine) newTraceScan(list []*metric) *traceScan {
	s := &traceScan{e: e, where: noSpan, done: map[storage.TraceID]struct{}{}}
	for _, m := range list {
		s.where = s.where.or(boundStages(m.source, e.known))
		var to collector = e.compared[m]
		if m.compare == nil {
			to = newTraceCollector(e.groups[m])
		}
		s.sources = append(s.sources, source{newEngine(m.source), to})
	}
	return s
}

// run reads the traces that may have spans for the metrics in a slice of the
// window, newest first, and evaluates all metrics on those that were not read
// for another slice. All of their spans in the whole window are counted.
func (s *traceScan) run(slice storage.Window) error {
	if s.where.none {
		return nil
	}
	e := s.e
	var pending []storage.TraceID
	for batch, err := range e.reader.Scan(e.until, storage.Scan{Window: slice, Where: s.where.where}) {
		if err != nil {
			return err
		}
		e.meter.stats.SpansScanned += batch.Scanned
		for _, id := range batch.TraceIDs {
			if _, ok := s.done[id]; ok {
				continue
			}
			s.done[id] = struct{}{}
			if pending = append(pending, id); len(pending) >= e.meter.chunk {
				if err := s.evaluate(pending); err != nil {
					return err
				}
				if pending = pending[:0]; e.meter.over() {
					return nil
				}
			}
		}
		if e.meter.over() {
			return nil
		}
	}
	return s.evaluate(pending)
}

func (s *traceScan) evaluate(ids []storage.TraceID) error {
	if len(ids) == 0 {
		return nil
	}
	e := s.e
	traces, err := trace.Fetch(e.until, e.reader, ids)
	if err != nil {
		return err
	}
	e.meter.fetched(traces)
	for _, t := range traces {
		if err := e.until.Err(); err != nil {
			return err
		}
		for _, s := range s.sources {
			sets, err := s.engine.evaluate(t)
			if err != nil {
				return err
			}
			if err := s.to.add(&s.engine.v, sets); err != nil {
				return err
			}
		}
	}
	return e.steps.progress(e)
}

// traceCollector counts and measures spans into groups.
type traceCollector struct {
	g      *groups
	by     []access
	arg    term
	weight *spanWeights
	values []Value // scratch
}

func newTraceCollector(g *groups) *traceCollector {
	c := &traceCollector{g: g, weight: newSpanWeights(g.e.extrapolate), values: make([]Value, len(g.m.by))}
	for _, f := range g.m.by {
		c.by = append(c.by, access{field: f})
	}
	if g.m.arg != nil {
		c.arg = compileTerm(g.m.arg)
	}
	return c
}

func (c *traceCollector) add(v *view, sets []spans) error {
	g := c.g
	for _, set := range sets {
		for _, p := range set.positions {
			row := v.row(p)
			start := v.s.StartsNs[row]
			if !g.e.o.Window.Contains(start) {
				continue
			}
			for i := range c.by {
				c.values[i] = c.by[i].value(v, p)
			}
			n, err := g.group(c.values)
			if err != nil {
				return err
			}
			x := Value{}
			if c.arg != nil {
				x = c.arg.value(v, p)
			}
			cell := g.e.cell(start)
			g.observe(n, cell, x, c.weight.of(v, row))
			if g.exemplars != nil && g.exemplars.wantsAt(cell) {
				g.exemplars.add(n, cell, x, Exemplar{TraceID: v.t.ID, SpanID: v.s.SpanIDs[row], TimeNs: start})
			}
		}
	}
	return nil
}
