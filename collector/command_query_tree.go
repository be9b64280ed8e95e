package collector

import (
	"fmt"
	"strings"
	"time"

	"github.com/heddle-io/heddle/query/trace"
)

func timeOf(ns int64) string { return time.Unix(0, ns).UTC().Format(tableTime) }

// maxIndented is how deep a tree is drawn by indenting. Deeper spans say how
// deep they are, or a long chain would be mostly blanks.
const maxIndented = 24

func indent(depth int32) string {
	if depth <= maxIndented {
		return strings.Repeat("  ", int(depth))
	}
	return fmt.Sprintf("%s(%d deep) ", strings.Repeat("  ", maxIndented), depth)
}

// barWidth is how many characters stand for the whole trace.
const barWidth = 32

func barHead() string { return "WHEN" + strings.Repeat(" ", barWidth-2) }

// bar draws when a span was in its trace. Every span has at least one character.
func bar(t *trace.Trace, row int) string {
	from, to := t.Spans.StartsNs[row], t.Spans.EndNs(row)
	if to < from {
		from, to = to, from
	}
	place := func(ns int64) int {
		// In floats, because the distance of hostile times may overflow.
		whole := float64(t.EndNs) - float64(t.StartNs)
		if whole <= 0 {
			return 0
		}
		return min(max(int((float64(ns)-float64(t.StartNs))/whole*barWidth+0.5), 0), barWidth)
	}
	a, b := place(from), place(to)
	if b == a {
		a = min(a, barWidth-1)
		b = a + 1
	}
	if t.EndNs <= t.StartNs {
		a, b = 0, barWidth
	}
	return "|" + strings.Repeat(" ", a) + strings.Repeat("=", b-a) + strings.Repeat(" ", barWidth-b) + "|"
}

// remarks says what is wrong with a span.
func remarks(t *trace.Trace, p int) string {
	var list []string
	flags, row := t.Flags[p], t.Rows[p]
	if flags&trace.Error != 0 {
		text := "ERROR"
		if message := t.Spans.Strings[t.Spans.StatusMessages[row]]; message != "" {
			text += ": " + shownText(message, 2*maxShown)
		}
		list = append(list, text)
	}
	if flags&trace.Orphan != 0 {
		list = append(list, fmt.Sprintf("orphan: its parent %s is not stored", t.Spans.ParentIDs[row]))
	}
	for _, f := range []struct {
		flag trace.Flags
		text string
	}{
		{trace.Conflict, "conflict: another span has its id"},
		{trace.Cycle, "its parent link closed a loop"},
		{trace.EndsBeforeStart, "ends before it starts"},
		{trace.Proxy, "proxy"},
	} {
		if flags&f.flag != 0 {
			list = append(list, f.text)
		}
	}
	return strings.Join(list, "; ")
}
