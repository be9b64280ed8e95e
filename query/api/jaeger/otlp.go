package jaeger

import (
	"iter"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// warningsAttribute is where Jaeger keeps what is wrong with an OTLP span.
const warningsAttribute = "@jaeger@warnings"

// chunksOf returns a function that yields a trace as OTLP, each chunk encoded no
// longer than chunkBytes unless it is a single span.
func chunksOf(raw bool) func(t *trace.Trace) iter.Seq2[ptrace.Traces, error] {
	var of tracesOf
	var s *storage.Spans
	return func(t *trace.Trace) iter.Seq2[ptrace.Traces, error] {
		if t.Spans != s { // traces that were fetched together share one
			s, of = t.Spans, tracesOf{}
		}
		v := of.view(t, raw)
		return v.chunks(s)
	}
}

// chunks yields a view as OTLP.
func (v *view) chunks(s *storage.Spans) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		var size ptrace.ProtoMarshaler
		const most = 4096
		n := 256
		for from := 0; from < len(v.rows); {
			to := min(from+n, len(v.rows))
			td, err := v.otlp(s, from, to)
			if err != nil {
				yield(td, err)
				return
			}
			// A little less than what would fit, so that the next one does.
			bytes := size.TracesSize(td)
			fits := max(1, min(most, (to-from)*(chunkBytes*7/8)/max(1, bytes)))
			if n = fits; bytes > chunkBytes && to-from > 1 {
				n = min(n, (to-from)/2)
				continue
			}
			if !yield(td, nil) {
				return
			}
			from = to
		}
	}
}

// otlp returns the positions [from, to) of a view. What reconstruction found is
// on it as Jaeger has it: parents as they were linked, shared span ids apart,
// no negative durations, warnings as an attribute.
func (v *view) otlp(s *storage.Spans, from, to int) (ptrace.Traces, error) {
	rows := make([]int, 0, to-from)
	for _, row := range v.rows[from:to] {
		rows = append(rows, int(row))
	}
	td, err := s.ToPdata(rows)
	if err != nil || v.rebuilt == nil {
		return td, err
	}
	positions := grouped(s, v.rows[from:to])
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				p := int32(from) + positions[0]
				positions = positions[1:]
				span.SetSpanID(v.spanID(s, p))
				span.SetParentSpanID(v.parentID(s, p))
				if span.EndTimestamp() < span.StartTimestamp() {
					span.SetEndTimestamp(span.StartTimestamp())
				}
				if warnings := v.allWarnings(p); len(warnings) > 0 {
					list := span.Attributes().PutEmptySlice(warningsAttribute)
					for _, text := range warnings {
						list.AppendEmpty().SetStr(text)
					}
				}
			}
		}
	}
	return td, nil
}

// grouped returns the indices of rows in the order in which ToPdata has them.
func grouped(s *storage.Spans, rows []uint32) []int32 {
	type group struct{ resource, scope uint32 }
	members := map[group][]int32{}
	scopes := map[uint32][]uint32{}
	var resources []uint32
	for i, row := range rows {
		g := group{s.Resources[row], s.Scopes[row]}
		if members[g] == nil {
			if scopes[g.resource] == nil {
				resources = append(resources, g.resource)
			}
			scopes[g.resource] = append(scopes[g.resource], g.scope)
		}
		members[g] = append(members[g], int32(i))
	}
	order := make([]int32, 0, len(rows))
	for _, resource := range resources {
		for _, scope := range scopes[resource] {
			order = append(order, members[group{resource, scope}]...)
		}
	}
	return order
}
