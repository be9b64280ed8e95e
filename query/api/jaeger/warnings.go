package jaeger

import (
	"fmt"
	"time"

	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/query/trace"
)

// warningsOf is what reconstruction found wrong with a span, in Jaeger's
// wording where Jaeger has one.
func (v *view) warningsOf(p int32) (found []string) {
	if v.rebuilt == nil {
		return nil
	}
	t := v.rebuilt
	flags, skew := t.Flags[p], t.HostTable[t.Hosts[p]].SkewNs
	if flags&(trace.Conflict|trace.Orphan|trace.Cycle|trace.EndsBeforeStart) == 0 && skew == 0 {
		return nil
	}
	row := t.Rows[p]
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
	return found
}

// traceWarnings is what reconstruction found wrong with the trace.
func (v *view) traceWarnings() []string {
	if v.rebuilt == nil || v.rebuilt.Segments <= 1 {
		return nil
	}
	return []string{fmt.Sprintf("the trace id looks reused: %d parts lie far apart in time", v.rebuilt.Segments)}
}

// allWarnings are those of a span, and with the first also those of the trace,
// where a trace has no place for its own.
func (v *view) allWarnings(p int32) []string {
	found := v.warningsOf(p)
	if p == 0 {
		found = append(found, v.traceWarnings()...)
	}
	return found
}

// warnings appends a list, null when it is empty.
func (e *encoder) warnings(list []string) {
	if len(list) == 0 {
		e.buf = append(e.buf, "null"...)
		return
	}
	e.buf = appendTexts(e.buf, list)
}

func appendTexts(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, text := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsontext.AppendString(b, text)
	}
	return append(b, ']')
}
