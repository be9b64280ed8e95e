package tempo

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/query/traceql"
)

// traceFilter says which spans of a trace are wanted: those that a query
// selects, and some that are above and below them. nil: all of the trace.
type traceFilter struct {
	query    *traceql.Query
	up, down int32 // levels of ancestors and of descendants, allLevels for all
}

const allLevels = math.MaxInt32

// Parameters of a trace. The last three say what is kept beside the spans that
// q selects.
const (
	paramQuery     = "q"
	paramHierarchy = "keep_hierarchy"
	paramAncestors = "ancestor_depth"
	paramMatch     = "match_depth"
)

// ignoredTraceParams tell Tempo where to look for a trace, which is looked for
// everywhere here.
var ignoredTraceParams = []string{"start", "end", "mode", "blockStart", "blockEnd", "rf1After"}

// parseTraceFilter reads what is wanted of a trace. As soon as a part of it is
// wanted, a parameter that is not known is refused: the part would be another
// than the one that is meant, and nobody could tell.
func parseTraceFilter(q url.Values) (*traceFilter, error) {
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if strings.HasPrefix(name, "span_pruning") {
			return nil, bad("%s: spans that look alike are not summed up here; leave it out, and select spans with %s", name, paramQuery)
		}
	}
	if strings.TrimSpace(q.Get(paramQuery)) == "" {
		return nil, nil // all of the trace, and so all that the others could keep
	}
	known := append([]string{paramQuery, paramHierarchy, paramAncestors, paramMatch}, ignoredTraceParams...)
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if !slices.Contains(known, name) {
			return nil, bad("unknown parameter %s: a trace has %s", shorten(name), strings.Join(known, ", "))
		}
	}
	f := new(traceFilter)
	var err error
	if f.query, err = parse(q.Get(paramQuery)); err != nil {
		return nil, err
	}
	if f.query.IsMetrics() {
		return nil, bad("the query computes metrics and selects no spans of a trace: leave the metrics function out, or ask for it at /api/metrics/query_range")
	}
	hierarchy := true
	if text := q.Get(paramHierarchy); text != "" {
		if hierarchy, err = strconv.ParseBool(text); err != nil {
			return nil, bad("invalid %s: %q must be true or false", paramHierarchy, text)
		}
	}
	if f.down, err = levelsParam(q, paramMatch, 0); err != nil {
		return nil, err
	}
	if f.up, err = levelsParam(q, paramAncestors, allLevels); err != nil {
		return nil, err
	}
	if !hierarchy {
		if q.Get(paramAncestors) != "" && f.up > 0 {
			return nil, bad("%s=%s keeps ancestors and %s=false does not: leave one of them out", paramAncestors, q.Get(paramAncestors), paramHierarchy)
		}
		f.up = 0
	}
	return f, nil
}

// levelsParam reads a number of levels; -1 stands for all of them.
func levelsParam(q url.Values, name string, absent int32) (int32, error) {
	text := q.Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	switch {
	case err != nil || n < -1:
		return 0, bad("invalid %s: %q must be a number of levels, or -1 for all", name, text)
	case n == -1:
		return allLevels, nil
	}
	return int32(n), nil
}

// wanted says of every position of a trace whether it is shown.
func (f *traceFilter) wanted(t *trace.Trace) ([]bool, error) {
	selected, err := traceql.Select(f.query, t)
	if err != nil {
		return nil, err
	}
	// How many more levels are wanted above and below a span; -1 where it is
	// not wanted itself. A parent comes before its children.
	up, down := make([]int32, t.Len()), make([]int32, t.Len())
	for p := range up {
		up[p], down[p] = -1, -1
	}
	for _, p := range selected {
		up[p], down[p] = f.up, f.down
	}
	for p := t.Len() - 1; p >= 0; p-- {
		if parent := t.Parents[p]; parent >= 0 {
			up[parent] = max(up[parent], up[p]-1)
		}
	}
	wanted := make([]bool, t.Len())
	for p, parent := range t.Parents {
		if parent >= 0 {
			down[p] = max(down[p], down[parent]-1)
		}
		wanted[p] = up[p] >= 0 || down[p] >= 0
	}
	return wanted, nil
}
