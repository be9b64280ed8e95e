package columnar

import (
	"context"
	"math"
	"sync"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// sharedRange is about how many runs of traces are looked at together, so that
// finding shared traces takes the same memory however many there are.
const sharedRange = 1 << 16

// sharedTraces returns for every part of spans the runs of traces that are not
// wholly in one part, of those that are in memory, of those that the part did
// not count, and of all where rows may be hidden.
func (s *snapshot) sharedTraces(ctx context.Context, memory map[uint64]bool) ([][]sidecar.Trace, error) {
	parts := s.version.spans
	total := 0
	masked := make([]bool, len(parts))
	marked := map[uint64]bool{} // fingerprints that are shared whatever else is found
	for fp := range memory {
		marked[fp] = true
	}
	for i, p := range parts {
		masked[i] = len(covering(s.tombstones, storage.SignalSpans, p.MaxLSN, p.PurgedTo)) > 0
		index, _, err := p.openIndex()
		if err != nil {
			return nil, p.failed(err)
		}
		n, err := index.Traces()
		if err != nil {
			return nil, p.failed(err)
		}
		total += n
		edges, err := index.Edges()
		if err != nil {
			return nil, p.failed(err)
		}
		for _, fp := range edges.Excluded {
			marked[fp] = true
		}
	}
	ranges := total/sharedRange + 1
	width := math.MaxUint64/uint64(ranges) + 1 // 0 when there is one
	shared := make([][]sidecar.Trace, len(parts))
	var adding sync.Mutex
	finders := make([]*sharedFinder, maxWorkers())
	err := inParallel(ctx, ranges, func(worker, i int) error {
		f := finders[worker]
		if f == nil {
			f = &sharedFinder{slots: make([]int32, 4*sharedRange)}
			finders[worker] = f
		}
		f.reset()
		from := uint64(i) * width
		for i, p := range parts {
			if err := f.addPart(ctx, p, int32(i), from, from+width-1, masked[i], marked); err != nil {
				return err
			}
		}
		adding.Lock()
		defer adding.Unlock()
		for i := range f.runs {
			if r := &f.runs[i]; f.shared[r.trace] {
				shared[r.part] = append(shared[r.part], r.Trace)
			}
		}
		return nil
	})
	return shared, err
}

// sharedFinder finds the shared ones among the traces of a range of fingerprints.
type sharedFinder struct {
	slots        []int32  // trace+1 by the low bits of its fingerprint, open addressing
	fingerprints []uint64 // per trace
	part         []int32  // per trace: where it was seen first
	shared       []bool   // per trace
	runs         []partRun
}

// partRun is a run of a trace in a part.
type partRun struct {
	sidecar.Trace
	part, trace int32
}

func (f *sharedFinder) reset() {
	clear(f.slots)
	f.fingerprints, f.part, f.shared, f.runs = f.fingerprints[:0], f.part[:0], f.shared[:0], f.runs[:0]
}

// trace is the number of the trace with a fingerprint, and whether it is new.
func (f *sharedFinder) trace(fingerprint uint64) (n int32, added bool) {
	mask := uint64(len(f.slots) - 1)
	at := fingerprint & mask
	for ; f.slots[at] != 0; at = (at + 1) & mask {
		if n := f.slots[at] - 1; f.fingerprints[n] == fingerprint {
			return n, false
		}
	}
	n = int32(len(f.fingerprints))
	f.fingerprints = append(f.fingerprints, fingerprint)
	f.slots[at] = n + 1
	if len(f.fingerprints) > len(f.slots)/2 { // senders may choose ids that do not spread
		f.slots = make([]int32, 2*len(f.slots))
		mask = uint64(len(f.slots) - 1)
		for n, fp := range f.fingerprints {
			at := fp & mask
			for f.slots[at] != 0 {
				at = (at + 1) & mask
			}
			f.slots[at] = int32(n + 1)
		}
	}
	return n, true
}

// addPart adds the runs of a part with fingerprints from first to last.
func (f *sharedFinder) addPart(ctx context.Context, p *livePart, part int32, first, last uint64, masked bool, marked map[uint64]bool) error {
	index, _, err := p.openIndex()
	if err != nil {
		return p.failed(err)
	}
	for block, err := range index.TraceBlocks(first) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return p.failed(err)
		}
		for _, t := range block {
			if t.Fingerprint < first {
				continue
			}
			if t.Fingerprint > last {
				return nil
			}
			n, added := f.trace(t.Fingerprint)
			if added {
				f.part, f.shared = append(f.part, part), append(f.shared, marked[t.Fingerprint])
			}
			f.shared[n] = f.shared[n] || masked || f.part[n] != part
			f.runs = append(f.runs, partRun{t, part, n})
		}
	}
	return nil
}
