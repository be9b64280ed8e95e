package traceql

import (
	"fmt"

	"github.com/heddle-io/heddle/query/trace"
)

// Select evaluates a search on one trace and returns the positions of the
// spans that it selects, ascending; none when the trace does not match.
func Select(q *Query, t *trace.Trace) ([]int32, error) {
	if q.IsMetrics() {
		return nil, fmt.Errorf("%w: it computes metrics and selects no spans", ErrWrongKind)
	}
	e := newEngine(q.spans.stages)
	sets, err := e.evaluate(t)
	if err != nil || len(sets) == 0 {
		return nil, err
	}
	return unite(&e.v, sets), nil
}
