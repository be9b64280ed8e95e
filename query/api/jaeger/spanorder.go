package jaeger

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/heddle-io/heddle/query/api/jaeger/proto/expressionv1"
	"github.com/heddle-io/heddle/storage"
)

// spanKey is the place of a span in every order of a search for spans. Spans
// with the same key are duplicates that differ in something else.
type spanKey struct {
	StartNs, DurationNs int64
	Trace               storage.TraceID
	Span                storage.SpanID
}

func keyOf(s *storage.Spans, row int) spanKey {
	return spanKey{s.StartsNs[row], s.DurationsNs[row], s.TraceIDs[row], s.SpanIDs[row]}
}

// spanOrder is an order of spans, the most significant term first.
type spanOrder []orderTerm

type orderTerm struct {
	field   string
	descend bool
}

func (t orderTerm) String() string {
	if t.descend {
		return t.field + " desc"
	}
	return t.field + " asc"
}

// sortables compare keys by the fields that an order may name.
var sortables = map[string]func(a, b *spanKey) int{
	"startTime": func(a, b *spanKey) int { return cmp.Compare(a.StartNs, b.StartNs) },
	"duration":  func(a, b *spanKey) int { return cmp.Compare(a.DurationNs, b.DurationNs) },
	"traceID":   func(a, b *spanKey) int { return bytes.Compare(a.Trace[:], b.Trace[:]) },
	"spanID":    func(a, b *spanKey) int { return bytes.Compare(a.Span[:], b.Span[:]) },
}

func (o spanOrder) compare(a, b spanKey) int {
	for _, t := range o {
		if c := sortables[t.field](&a, &b); c != 0 {
			if t.descend {
				return -c
			}
			return c
		}
	}
	return 0
}

// defaultOrder completes every order. The last term is not Jaeger's: it tells
// duplicates of different length apart.
var defaultOrder = spanOrder{{"startTime", true}, {"traceID", false}, {"spanID", false}, {"duration", false}}

// sortTerm is SpanSortOrder, of either protocol.
type sortTerm interface {
	GetExpression() *expressionv1.Expression
	GetDirection() string
}

func sortTerms[T sortTerm](list []T) []sortTerm {
	terms := make([]sortTerm, len(list))
	for i, t := range list {
		terms[i] = t
	}
	return terms
}

func newSpanOrder(list []sortTerm) (spanOrder, error) {
	var o spanOrder
	bad := func(i int, format string, args ...any) error {
		return badRequestError{fmt.Errorf("invalid parameter: order_by[%d]%s", i, fmt.Sprintf(format, args...))}
	}
	for i, t := range list {
		f := t.GetExpression().GetField()
		if _, ok := sortables[f.GetName()]; !ok || f.GetLevel() != "span" {
			return nil, bad(i, ".expression: must be a field of the level span, one of startTime, duration, traceID, spanID")
		}
		if o.has(f.GetName()) {
			return nil, bad(i, ".expression: names %s again", f.GetName())
		}
		d := t.GetDirection()
		if d != "" && d != "asc" && d != "desc" {
			return nil, bad(i, ".direction: %q is neither asc nor desc", d)
		}
		o = append(o, orderTerm{f.GetName(), d == "desc"})
	}
	for _, t := range defaultOrder {
		if !o.has(t.field) {
			o = append(o, t)
		}
	}
	return o, nil
}

func (o spanOrder) has(field string) bool {
	return slices.ContainsFunc(o, func(t orderTerm) bool { return t.field == field })
}

func (o spanOrder) String() string {
	terms := make([]string, len(o))
	for i, t := range o {
		terms[i] = t.String()
	}
	return strings.Join(terms, ", ")
}

// from narrows a window to what does not come before a key.
func (o spanOrder) from(w storage.Window, after spanKey) storage.Window {
	switch o[0] {
	case orderTerm{"startTime", true}:
		if after.StartNs < w.ToNs {
			w.ToNs = after.StartNs + 1
		}
	case orderTerm{"startTime", false}:
		w.FromNs = max(w.FromNs, after.StartNs)
	}
	return w
}

func (o spanOrder) newestFirst() bool { return o[0] == orderTerm{"startTime", true} }
