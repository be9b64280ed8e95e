package trace

// segmentGapNs is how long nothing of a trace may run before another root is
// taken for a new use of the same id. Ten minutes is longer than the timeouts
// of calls and shorter than the repetition of jobs that reuse an id.
const segmentGapNs = int64(10 * 60 * 1e9)

// countSegments counts the uses of the id: a new one begins at a root that
// starts long after everything before it has ended. An orphan never begins
// one, for its parent ties it to what came before.
func (b *builder) countSegments() {
	t := b.t
	t.Segments = 1
	end := t.StartNs
	for p := 0; p < t.Len(); p = int(t.Ends[p]) {
		if t.Flags[p]&Root != 0 && p > 0 && t.Spans.StartsNs[t.Rows[p]]-end > segmentGapNs {
			t.Segments++
		}
		for q := p; q < int(t.Ends[p]); q++ {
			end = max(end, t.Spans.EndNs(int(t.Rows[q])))
		}
	}
}
