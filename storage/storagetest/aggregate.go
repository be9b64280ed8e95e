package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// groupLines prints the non-empty cells of groups, sorted. Sums are rounded:
// the order of addition is the backend's.
func groupLines(groups []storage.Group) (list []string) {
	for _, g := range groups {
		var values []string
		for _, v := range g.Values {
			values = append(values, show(v))
		}
		for i, c := range g.Cells {
			if c.Count == 0 {
				continue
			}
			line := fmt.Sprintf("%s cell %d count %d measured %d", strings.Join(values, ","), i, c.Count, c.Measured)
			if c.Measured > 0 {
				if math.Abs(c.Sum) < 1e-9*max(math.Abs(c.Min), math.Abs(c.Max)) {
					c.Sum = 0 // large values cancelled out, what is left is rounding
				}
				line += fmt.Sprintf(" sum %.6g min %v max %v", c.Sum, c.Min, c.Max)
			}
			if c.Histogram != nil {
				line += fmt.Sprintf(" histogram %d zero %d p50 %.3g", c.Histogram.Count(), c.Histogram.Zero, c.Histogram.Quantile(0.5))
			}
			list = append(list, line)
		}
	}
	return sorted(list)
}

// aggregate is the reference.
func (m *model) aggregate(q storage.Aggregation) []storage.Group {
	groups := map[string]*storage.Group{}
	m.rows(q.Window, q.Where, func(r row) {
		var values []storage.Value
		name := ""
		for _, k := range q.By {
			values = append(values, r.value(k))
			name += show(r.value(k)) + "\x00"
		}
		g := groups[name]
		if g == nil {
			g = &storage.Group{Values: values, Cells: make([]storage.Cell, 1)}
			if q.StepNs > 0 {
				g.Cells = make([]storage.Cell, (q.Window.ToNs-firstCell(q)+q.StepNs-1)/q.StepNs)
			}
			groups[name] = g
		}
		cell := &g.Cells[0]
		if q.StepNs > 0 {
			cell = &g.Cells[(r.s.StartsNs[r.i]-firstCell(q))/q.StepNs]
		}
		observe(cell, q, r.value(q.Measure))
	})
	var list []storage.Group
	for _, g := range groups {
		list = append(list, *g)
	}
	return list
}

// firstCell is where the first cell of a window after 1970 begins.
func firstCell(q storage.Aggregation) int64 {
	if q.Aligned {
		return q.Window.FromNs / q.StepNs * q.StepNs
	}
	return q.Window.FromNs
}

func observe(c *storage.Cell, q storage.Aggregation, v storage.Value) {
	c.Count++
	f, ok := v.Number()
	if !ok || math.IsNaN(f) {
		return
	}
	if c.Measured == 0 {
		c.Min, c.Max = f, f
		if q.Histogram {
			c.Histogram = &storage.ExpHistogram{}
		}
	}
	c.Measured++
	c.Sum += f
	c.Min, c.Max = math.Min(c.Min, f), math.Max(c.Max, f)
	if c.Histogram != nil {
		c.Histogram.Observe(f)
	}
}

func testAggregate(e *env) {
	want := e.fill(1200)
	measures := []storage.Key{{}, storage.KeyDuration, storage.KeyStart, storage.KeyName, {Scope: storage.ScopeSpan, Name: "k1"}, {Scope: storage.ScopeEvent, Name: "k2"}}
	for range Fewer(80) {
		q := storage.Aggregation{Window: e.randomWindow(), Where: e.randomPredicate(1), Measure: pick(e.rng, measures), Histogram: e.rng.IntN(2) == 0}
		for range e.rng.IntN(4) {
			q.By = append(q.By, pick(e.rng, everyKey))
		}
		if q.Window != anyTime && e.rng.IntN(2) == 0 {
			q.StepNs = max(1, (q.Window.ToNs-q.Window.FromNs)/(1+e.rng.Int64N(40)))
			if q.Aligned = e.rng.IntN(2) == 0; e.rng.IntN(2) == 0 {
				q.StepNs += minute - q.StepNs%minute // a backend may have sums of whole minutes
			}
		}
		got, err := e.spans.Aggregate(context.Background(), q)
		if err != nil {
			e.Fatalf("Aggregate %+v: %v", q, err)
		}
		ref := want.aggregate(q)
		clause := fmt.Sprintf("Aggregate by %v of %v step %d aligned %v where %s", q.By, q.Measure, q.StepNs, q.Aligned, describe(q.Where))
		e.same(clause, groupLines(got), groupLines(ref))
		if len(got) != len(ref) {
			e.Errorf("%s: there is no group without a span: %d groups, want %d", clause, len(got), len(ref))
		}
		for i := range min(len(got), len(ref)) {
			if len(got[i].Cells) != len(ref[0].Cells) {
				e.Fatalf("%s: a group has one cell per step: %d, want %d", clause, len(got[i].Cells), len(ref[0].Cells))
			}
		}
	}
}

func testAggregateBounds(e *env) {
	td := ptrace.NewTraces()
	for n := range 20 {
		simpleSpan(td, pcommon.TraceID{1}, n, epoch+int64(n))
	}
	e.write(td)
	by := []storage.Key{storage.KeyName}
	window := storage.Window{FromNs: epoch, ToNs: epoch + 100}
	if _, err := e.spans.Aggregate(context.Background(), storage.Aggregation{Window: window, By: by, MaxGroups: 19}); !errors.Is(err, storage.ErrTooLarge) {
		e.Errorf("more than MaxGroups groups fail with ErrTooLarge: got %v", err)
	}
	if got, err := e.spans.Aggregate(context.Background(), storage.Aggregation{Window: window, By: by, MaxGroups: 20}); err != nil || len(got) != 20 {
		e.Errorf("MaxGroups groups are allowed: got %d, %v", len(got), err)
	}
	if _, err := e.spans.Aggregate(context.Background(), storage.Aggregation{Window: storage.Window{FromNs: 0, ToNs: 11_001}, StepNs: 1}); !errors.Is(err, storage.ErrTooLarge) {
		e.Errorf("more than 11,000 cells fail with ErrTooLarge: got %v", err)
	}
	if _, err := e.spans.Aggregate(context.Background(), storage.Aggregation{Window: anyTime, StepNs: 1}); !errors.Is(err, storage.ErrTooLarge) {
		e.Errorf("more than 11,000 cells fail with ErrTooLarge, however long the window: got %v", err)
	}
	if got, err := e.spans.Aggregate(context.Background(), storage.Aggregation{Window: storage.Window{FromNs: epoch + 5, ToNs: epoch + 5}}); err != nil || len(got) != 0 {
		e.Errorf("an empty window has no groups: got %d, %v", len(got), err)
	}
}
