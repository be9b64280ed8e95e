package traceql

import (
	"slices"
	"strings"

	"github.com/heddle-io/heddle/query/trace"
)

// resultShape makes results of evaluated traces.
type resultShape struct {
	most   int // spans per spanset
	fields []access
	names  []Attribute // Name and Key of fields
}

// shapeOf finds the fields that the spans of a result carry: those that the
// query selects, then those that its conditions name. A span has its name and
// duration anyway.
func shapeOf(stages []stage, o SearchOptions) resultShape {
	var fields []field
	add := func(f field) {
		if !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	for _, s := range stages {
		if sel, ok := s.(*selection); ok {
			for _, f := range sel.fields {
				add(f)
			}
		}
	}
	eachField(stages, func(f field) {
		if f.parent || f.intrinsic != inName && f.intrinsic != inDuration && f.intrinsic != inSpanID && !intrinsics[f.intrinsic].trace {
			add(f)
		}
	})
	shape := resultShape{most: o.SpansPerSpanset}
	for _, f := range fields {
		shape.fields = append(shape.fields, access{field: f})
		shape.names = append(shape.names, Attribute{Name: f.String(), Key: f.bare()})
	}
	return shape
}

// eachField calls f with the fields in the conditions of stages.
func eachField(stages []stage, f func(field)) {
	for _, s := range stages {
		switch s := s.(type) {
		case spanset:
			eachSetField(s, f)
		case *group:
			for _, x := range s.by {
				eachExprField(x, f)
			}
		}
	}
}

func eachSetField(s spanset, f func(field)) {
	switch s := s.(type) {
	case *filter:
		eachExprField(s.where, f)
	case *setOp:
		eachSetField(s.l, f)
		eachSetField(s.r, f)
	case *pipeline:
		eachField(s.stages, f)
	case *scalarFilter:
		eachScalarField(s.l, f)
		eachScalarField(s.r, f)
	}
}

func eachScalarField(s scalar, f func(field)) {
	switch s := s.(type) {
	case *aggregate:
		eachExprField(s.arg, f)
	case *scalarOp:
		eachScalarField(s.l, f)
		eachScalarField(s.r, f)
	case *scalarPipe:
		eachField(s.stages, f)
		eachScalarField(s.value, f)
	}
}

func eachExprField(x expr, f func(field)) {
	switch x := x.(type) {
	case *fieldExpr:
		f(x.field)
	case *unaryOp:
		eachExprField(x.x, f)
	case *binaryOp:
		eachExprField(x.l, f)
		eachExprField(x.r, f)
	}
}

// result copies what is to be returned of the trace in v.
func (r *resultShape) result(v *view, sets []spans, newestNs int64) TraceResult {
	out := TraceResult{Summary: v.t.Summarize(), NewestMatchNs: newestNs}
	out.RootName, out.RootService = strings.Clone(out.RootName), strings.Clone(out.RootService)
	for i := range out.Services {
		out.Services[i].Name = strings.Clone(out.Services[i].Name)
	}
	var ids *trace.Identities // found when they are not those of the spans
	for _, set := range sets {
		s := Spanset{Matched: len(set.positions)}
		for i, note := range set.notes {
			later := func(a Attribute) bool { return a.Name == note.Name }
			if !slices.ContainsFunc(set.notes[i+1:], later) { // which is about fewer spans
				s.Attributes = append(s.Attributes, note.clone())
			}
		}
		for _, p := range set.positions[:min(r.most, len(set.positions))] {
			m := r.match(v, p)
			if v.t.Flags[p]&trace.SharedID != 0 {
				if ids == nil {
					found := v.t.Identities()
					ids = &found
				}
				m.SpanID = ids.Span(p)
			}
			s.Spans = append(s.Spans, m)
		}
		out.Spansets = append(out.Spansets, s)
	}
	return out
}

func (r *resultShape) match(v *view, p int32) Match {
	row := v.row(p)
	m := Match{
		SpanID: v.s.SpanIDs[row], Name: strings.Clone(v.s.Name(row)),
		StartNs: v.s.StartsNs[row], DurationNs: v.s.DurationsNs[row],
	}
	for i := range r.fields {
		if x := r.fields[i].value(v, p); !x.IsNil() {
			a := r.names[i]
			a.Value = x
			m.Attributes = append(m.Attributes, a.clone())
		}
	}
	return m
}

// clone returns an attribute that shares no memory with stored spans.
func (a Attribute) clone() Attribute {
	a.Value.str = strings.Clone(a.Value.str)
	return a
}
