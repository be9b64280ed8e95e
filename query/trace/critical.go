package trace

import (
	"cmp"
	"slices"
)

// CriticalPath says which span the caller of a trace was waiting for, at every
// moment of its first root (Trace.First).
//
// It is found from the end. A span waits for the child that finished last;
// before that child began, for the one that finished last until then; and so
// on. What is left between its children is the span's own time. A child is cut
// to the time of its parent, one that was still running when a later one of
// the path began held nobody up, and a consumer is not waited for by its
// producer. Times are corrected for the estimated clock skew.
//
// The segments cover the root without gap or overlap: their durations add up to
// its duration.
type CriticalPath struct {
	Root     int // position of the span whose time is covered
	StartNs  int64
	EndNs    int64
	Segments []PathSegment // ascending in time, none empty
}

// PathSegment is a time during which one span was what the trace waited for.
type PathSegment struct {
	Position   int32
	StartNs    int64 // corrected for skew
	DurationNs int64
}

// SelfNs adds the segments up by position; positions that are not on the path
// are left out.
func (c *CriticalPath) SelfNs() map[int32]int64 {
	self := make(map[int32]int64, len(c.Segments))
	for _, s := range c.Segments {
		self[s.Position] += s.DurationNs
	}
	return self
}

// pathFrame is a span on the path and the time for which it is.
type pathFrame struct {
	position   int32
	from, toNs int64
}

// CriticalPath finds the path. A root that ends before it starts has none.
// It takes O(n log n) time whatever the shape of the tree.
func (t *Trace) CriticalPath() CriticalPath {
	root := t.First()
	path := CriticalPath{Root: root, StartNs: t.correctedStart(root), EndNs: t.correctedEnd(root)}
	if path.EndNs <= path.StartNs {
		path.EndNs = path.StartNs
		return path
	}
	stack := []pathFrame{{int32(root), path.StartNs, path.EndNs}}
	var children []pathFrame
	for len(stack) > 0 {
		f := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		children = t.waitedFor(f, children[:0])
		until := f.toNs
		for _, c := range children {
			if c.toNs > until {
				continue
			}
			path.add(f.position, c.toNs, until)
			stack = append(stack, c)
			until = c.from
		}
		path.add(f.position, f.from, until)
	}
	slices.SortFunc(path.Segments, func(a, b PathSegment) int { return cmp.Compare(a.StartNs, b.StartNs) })
	return path
}

func (c *CriticalPath) add(position int32, from, to int64) {
	if to > from {
		c.Segments = append(c.Segments, PathSegment{position, from, to - from})
	}
}

// waitedFor appends the children that the span of a frame may have waited for,
// cut to the frame, the one that ends last first; of several the longest.
func (t *Trace) waitedFor(f pathFrame, list []pathFrame) []pathFrame {
	producer := t.Spans.Kinds[t.Rows[f.position]] == kindProducer
	for c := f.position + 1; c < t.Ends[f.position]; c = t.Ends[c] {
		if producer && t.Spans.Kinds[t.Rows[c]] == kindConsumer {
			continue
		}
		from, to := max(t.correctedStart(int(c)), f.from), min(t.correctedEnd(int(c)), f.toNs)
		if from < to {
			list = append(list, pathFrame{c, from, to})
		}
	}
	slices.SortFunc(list, func(a, b pathFrame) int {
		return cmp.Or(cmp.Compare(b.toNs, a.toNs), cmp.Compare(a.from, b.from), cmp.Compare(a.position, b.position))
	})
	return list
}

func (t *Trace) correctedStart(position int) int64 {
	return t.Spans.StartsNs[t.Rows[position]] + t.HostTable[t.Hosts[position]].SkewNs
}

func (t *Trace) correctedEnd(position int) int64 {
	return t.Spans.EndNs(int(t.Rows[position])) + t.HostTable[t.Hosts[position]].SkewNs
}

// CorrectedExtent returns the earliest start and the latest end after
// correction for the estimated clock skew.
func (t *Trace) CorrectedExtent() (startNs, endNs int64) {
	startNs, endNs = t.correctedStart(0), t.correctedStart(0)
	for p := range t.Rows {
		start := t.correctedStart(p)
		startNs = min(startNs, start)
		endNs = max(endNs, start, t.correctedEnd(p))
	}
	return startNs, endNs
}
