package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// IsError is the predicate behind the Error flag.
func IsError() storage.Predicate { return storage.Failed() }

// IsErrorBy are the two halves of IsError: spans with the status, which stores
// tend to have counted, and the others that say so by their attribute, which few
// have. No span satisfies both.
func IsErrorBy() [2]storage.Predicate {
	either := storage.Failed()
	return [2]storage.Predicate{either[0], storage.And{either[1], storage.Not{Of: either[0]}}}
}

// Notes say in sentences what a reader must know about the trace; nil when it
// is whole.
func (t *Trace) Notes() (notes []string) {
	note := func(n int, one, many string) {
		switch {
		case n == 1:
			notes = append(notes, one)
		case n > 1:
			notes = append(notes, fmt.Sprintf(many, n))
		}
	}
	note(t.Orphans, "1 span names a parent that is not stored; it stands at the top level.",
		"%d spans name parents that are not stored; they stand at the top level.")
	note(t.Conflicts, "1 span has the id of another span with other content.",
		"%d spans share an id and kind with another span of other content; all are shown.")
	note(t.Duplicates, "1 identical copy of a span was folded.", "%d identical copies of spans were folded.")
	note(t.count(Cycle), "1 parent link closed a loop and was cut.", "%d parent links closed loops and were cut.")
	note(t.count(EndsBeforeStart), "1 span ends before it starts.", "%d spans end before they start.")
	if t.Roots == 0 && t.Len() > 0 {
		notes = append(notes, "The root span is not stored.")
	}
	if t.Segments > 1 {
		notes = append(notes, fmt.Sprintf("This trace id looks reused: %d parts lie far apart in time with no link between them.", t.Segments))
	}
	if skew := t.skewNote(); skew != "" {
		notes = append(notes, skew)
	}
	return notes
}

// maxSkewedHosts bounds how many hosts a note names.
const maxSkewedHosts = 4

// skewNote tells the hosts whose clocks seem wrong, the worst first.
func (t *Trace) skewNote() string {
	var skewed []Host
	for _, h := range t.HostTable {
		if h.SkewNs != 0 {
			skewed = append(skewed, h)
		}
	}
	slices.SortStableFunc(skewed, func(a, b Host) int { return cmp.Compare(abs(b.SkewNs), abs(a.SkewNs)) })
	var text []string
	for _, h := range skewed[:min(len(skewed), maxSkewedHosts)] {
		text = append(text, fmt.Sprintf("%s seems %s", h.Name, skewText(h.SkewNs)))
	}
	if more := len(skewed) - len(text); more > 0 {
		text = append(text, fmt.Sprintf("%d more", more))
	}
	switch len(text) {
	case 0:
		return ""
	case 1:
		return "A clock disagrees: " + text[0] + "."
	}
	return "Clocks disagree: " + strings.Join(text, ", ") + "."
}

func abs(n int64) int64 { return max(n, -n) }

// SpanNotes say what was found about the span at a position; nil when nothing.
func (t *Trace) SpanNotes(p int) (notes []string) {
	f := t.Flags[p]
	for _, n := range []struct {
		flag Flags
		text string
	}{
		{Orphan, "Its parent is not stored."},
		{Conflict, "Another span of this trace has the same id but other content."},
		{SharedID, "It shares its id with the span of the other side of the call, as Zipkin's B3 propagation does."},
		{Cycle, "Its parent link closed a loop and was cut."},
		{EndsBeforeStart, "It ends before it starts: a clock was set back."},
	} {
		if f&n.flag != 0 {
			notes = append(notes, n.text)
		}
	}
	if skew := t.HostTable[t.Hosts[p]].SkewNs; skew != 0 {
		notes = append(notes, fmt.Sprintf("The clock of its host seems %s.", skewText(skew)))
	}
	return notes
}

func (t *Trace) count(flag Flags) (n int) {
	for _, f := range t.Flags {
		if f&flag != 0 {
			n++
		}
	}
	return n
}

// skewText words a correction: a clock that must be moved forward is behind.
func skewText(ns int64) string {
	d := time.Duration(abs(ns))
	// Three digits: it is an estimate.
	for unit := time.Duration(1); unit < d; unit *= 10 {
		if d/unit < 1000 {
			d = d.Round(unit)
			break
		}
	}
	if ns > 0 {
		return d.String() + " behind"
	}
	return d.String() + " ahead"
}
