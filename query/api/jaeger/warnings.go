package jaeger

import (
	"fmt"
	"time"

	"github.com/heddle-io/heddle/query/trace"
)

// spanWarnings appends what reconstruction found wrong with a span, in
// Jaeger's wording where Jaeger has one, or null.
func (e *encoder) spanWarnings(v *view, p int32) {
	if v.rebuilt == nil {
		e.buf = append(e.buf, "null"...)
		return
	}
	t := v.rebuilt
	flags, skew := t.Flags[p], t.HostTable[t.Hosts[p]].SkewNs
	if flags&(trace.Conflict|trace.Orphan|trace.Cycle|trace.EndsBeforeStart) == 0 && skew == 0 {
		e.buf = append(e.buf, "null"...)
		return
	}
	row := t.Rows[p]
	var found []string
	if flags&trace.Conflict != 0 {
		found = append(found, "duplicate span IDs; skipping clock skew adjustment")
	}
	if flags&trace.Orphan != 0 {
		found = append(found, fmt.Sprintf("parent span ID=%s is not in the trace; skipping clock skew adjustment", t.Spans.ParentIDs[row]))
	}
	if flags&trace.Cycle != 0 {
		found = append(found, fmt.Sprintf("parent span ID=%s closes a cycle; the reference is left out", t.Spans.ParentIDs[row]))
	}
	if flags&trace.EndsBeforeStart != 0 {
		found = append(found, fmt.Sprintf("negative duration of %v is shown as 0", time.Duration(t.Spans.DurationsNs[row])))
	}
	if skew != 0 {
		found = append(found, fmt.Sprintf("clock skew adjustment disabled; not applying calculated delta of %v", time.Duration(skew)))
	}
	e.texts(found)
}

// traceWarnings appends what reconstruction found wrong with the trace, or
// null.
func (e *encoder) traceWarnings(v *view) {
	if v.rebuilt == nil || v.rebuilt.Segments <= 1 {
		e.buf = append(e.buf, "null"...)
		return
	}
	e.texts([]string{fmt.Sprintf("the trace id looks reused: %d parts lie far apart in time", v.rebuilt.Segments)})
}

func (e *encoder) texts(list []string) { e.buf = appendTexts(e.buf, list) }

func appendTexts(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, text := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, text)
	}
	return append(b, ']')
}
