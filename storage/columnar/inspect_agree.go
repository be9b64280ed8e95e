package columnar

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
	"github.com/heddle-io/heddle/storage/vfs"
)

// agree compares the rows of a part with each other, with its index and with
// the manifest. Both files are as they were written, so what it finds is a
// mistake of the program that wrote them.
func (c *partCheck) agree(data vfs.Reader, index *sidecar.Index) {
	a := agreement{partCheck: c, index: index, keys: newKeyCounter()}
	var err error
	if a.zones, err = index.Zones(); err != nil {
		c.unreadable(c.p.path+suffixIndex, err)
		return
	}
	p := &c.p.Part
	zones, rows, all := make([]zone, len(a.zones)), uint64(0), emptyZone
	for i, z := range a.zones {
		zones[i] = zone{z.MinStartNs, z.MaxStartNs}
		rows += uint64(z.Rows)
		all = all.join(zones[i])
	}
	if rows != p.Rows || len(zones) != int(p.Groups) || all != (zone{p.MinNs, p.MaxNs}) {
		a.disagrees("", fmt.Sprintf("it has %d rows in %d row groups from %d to %d ns, the manifest says %d in %d from %d to %d",
			rows, len(zones), all.minNs, all.maxNs, p.Rows, p.Groups, p.MinNs, p.MaxNs))
		return
	}
	f, err := openPart(p.ID, data, data.Size(), zones, nil)
	if err != nil {
		c.contradiction("", err.Error())
		return
	}
	if f.signal != storage.Signal(p.Signal) {
		c.contradiction("", fmt.Sprintf("it has %s, the manifest says %s", f.signal, p.Signal))
		return
	}
	for group := range zones {
		if c.over() || !a.group(f, group) {
			return
		}
	}
	for _, compare := range []func(){a.compareTraces, a.compareKeys, a.compareRED} {
		compare()
	}
}

// contradiction reports columns that do not fit each other.
func (c *partCheck) contradiction(place, problem string) {
	c.damage("part-contents", c.rel(c.p, suffixPart), place, problem, remedyPart(&c.p.Part))
}

// agreement collects what the index of a part should say.
type agreement struct {
	*partCheck
	index *sidecar.Index
	zones []sidecar.Zone
	runs  []sidecar.Trace
	keys  *keyCounter
	spans uint64
}

func (a *agreement) disagrees(section, problem string) {
	a.damage("index-disagrees", a.rel(a.p, suffixIndex), section, problem+": answers from it are wrong", "a mistake of the heddle that wrote it: please report it; the part itself can be exported")
}

// group looks at a row group; false: it contradicts itself, so that comparing
// further makes no sense.
func (a *agreement) group(f *partFile, group int) bool {
	place := fmt.Sprintf("row group %d", group)
	z := sidecar.Zone{MinStartNs: math.MaxInt64, MaxStartNs: math.MinInt64}
	var hashes filterHashes
	var row int
	var err error
	if f.signal == storage.SignalSpans {
		rows := f.spanRows(group)
		t := rows.load(rows.all())
		err = rows.err()
		if err == nil {
			row = a.spanGroup(t, uint32(group), &z, &hashes)
		}
	} else {
		rows := f.logRows(group)
		t := rows.load(rows.all())
		err = rows.err()
		if err == nil {
			row = a.logGroup(t, &z, &hashes)
		}
	}
	if err != nil {
		a.contradiction(place, err.Error())
		return false
	}
	if row > 0 {
		a.contradiction(fmt.Sprintf("%s, row %d", place, row), "it is not in order behind the row before: traces may be shown without some of their rows")
		return false
	}
	if z != a.zones[group] {
		a.disagrees(place, fmt.Sprintf("it says that the rows lie within %+v, they lie within %+v", a.zones[group], z))
	}
	filter, err := a.index.LoadFilter(group)
	if err != nil {
		a.unreadable(a.p.path+suffixIndex, err)
		return false
	}
	missing := 0
	for _, h := range hashes.hashes {
		if filter != nil && !filter.MayContain(h) {
			missing++
		}
	}
	if missing > 0 {
		a.disagrees(place, fmt.Sprintf("its filter does not know %d values that the rows have", missing))
	}
	return true
}

// spanGroup returns the first row that is out of order, 0 when there is none.
func (a *agreement) spanGroup(t *spanTable, group uint32, z *sidecar.Zone, h *filterHashes) (unordered int) {
	a.spans += uint64(t.n)
	*z = sidecar.Zone{Rows: uint32(t.n), MinStartNs: t.times[0], MaxStartNs: t.times[0], MinDurationNs: t.durations[0], MaxDurationNs: t.durations[0]}
	from, firstNs := 0, int64(math.MinInt64) // of the trace before: traces are in the order of their first spans
	seen := map[storage.TraceID]bool{}
	last := map[uint32]int{} // row of each origin in the trace: its spans are by start
	for i := range t.n {
		z.MinStartNs, z.MaxStartNs = min(z.MinStartNs, t.times[i]), max(z.MaxStartNs, t.times[i])
		z.MinDurationNs, z.MaxDurationNs = min(z.MinDurationNs, t.durations[i]), max(z.MaxDurationNs, t.durations[i])
		switch {
		case i == from && (t.times[i] < firstNs || seen[t.traceIDs[i]]),
			i > from && t.times[i] < firstNs:
			return i
		case i == from:
			firstNs, seen[t.traceIDs[i]] = t.times[i], true
			clear(last)
		}
		if before, ok := last[t.origin[i]]; ok && cmp.Or(cmp.Compare(t.times[before], t.times[i]), bytes.Compare(t.spanIDs[before][:], t.spanIDs[i][:])) > 0 {
			return i
		}
		last[t.origin[i]] = i
		if i+1 == t.n || t.traceIDs[i+1] != t.traceIDs[i] {
			a.runs = append(a.runs, sidecar.Trace{Fingerprint: fingerprint(t.traceIDs[i]), Run: sidecar.Run{Group: group, FirstRow: uint32(from), Rows: uint32(i + 1 - from)}})
			from = i + 1
		}
	}
	t.countKeys(a.keys, fullBitmap(t.n))
	h.addText(storage.KeyName, storage.TypeString, t.names, &t.name)
	h.addOrigins(&t.origins, t.origin)
	h.addAttrs(storage.ScopeSpan, &t.attrs)
	h.addAttrs(storage.ScopeEvent, &t.events.attrs)
	h.addAttrs(storage.ScopeLink, &t.links.attrs)
	return 0
}

// logGroup is spanGroup for log records, which are in order of stream and time.
func (a *agreement) logGroup(t *logTable, z *sidecar.Zone, h *filterHashes) (unordered int) {
	*z = sidecar.Zone{Rows: uint32(t.n), MinStartNs: t.times[0], MaxStartNs: t.times[0]}
	seen := make([]bool, len(t.origins.resources))
	last := uint32(0)
	for i := range t.n {
		z.MinStartNs, z.MaxStartNs = min(z.MinStartNs, t.times[i]), max(z.MaxStartNs, t.times[i])
		stream := t.origins.pairs[t.origin[i]].resource
		if i > 0 && (stream == last && t.times[i] < t.times[i-1] || stream != last && seen[stream]) {
			return i
		}
		seen[stream], last = true, stream
		if id := t.traceIDs[i]; !id.IsEmpty() {
			h.add(storage.KeyTraceID, storage.TypeBytes, viewString(id[:]))
		}
	}
	t.countKeys(a.keys, fullBitmap(t.n))
	h.addOrigins(&t.origins, t.origin)
	h.addAttrs(storage.ScopeLog, &t.attrs)
	return 0
}

// addAttrs adds the text of attribute lists.
func (f *filterHashes) addAttrs(scope storage.Scope, a *attrs) {
	for i := range a.columns {
		if c := &a.columns[i]; textual(c.typ) {
			f.addText(storage.Key{Scope: scope, Name: c.key}, c.typ, c.codes, &c.dict)
		}
	}
	for i := range a.overflow.keys {
		f.addValue(storage.Key{Scope: scope, Name: a.overflow.key.at(a.overflow.keys[i])}, a.overflow.value(uint32(i)))
	}
}

func (a *agreement) compareTraces() {
	slices.SortFunc(a.runs, func(x, y sidecar.Trace) int {
		return cmp.Or(cmp.Compare(x.Fingerprint, y.Fingerprint), cmp.Compare(x.Group, y.Group), cmp.Compare(x.FirstRow, y.FirstRow))
	})
	n := 0
	for block, err := range a.index.TraceBlocks(0) {
		if err != nil {
			a.unreadable(a.p.path+suffixIndex, err)
			return
		}
		if n+len(block) > len(a.runs) || !slices.Equal(block, a.runs[n:n+len(block)]) {
			a.disagrees("traces", fmt.Sprintf("from run %d on the traces are elsewhere", n))
			return
		}
		n += len(block)
	}
	if n != len(a.runs) {
		a.disagrees("traces", fmt.Sprintf("it has %d runs of traces, the rows have %d", n, len(a.runs)))
	}
}

func (a *agreement) compareKeys() {
	list, err := a.index.Keys()
	if err != nil {
		a.unreadable(a.p.path+suffixIndex, err)
		return
	}
	said := map[sidecar.Key]uint64{}
	for _, k := range list {
		n := k.Count
		k.Count = 0
		said[k] = n
	}
	for key, counts := range a.keys.counts {
		for t, n := range counts {
			k := sidecar.Key{Scope: key.Scope, Name: key.Name, Type: storage.Type(t)}
			if n != said[k] {
				a.disagrees("keys", fmt.Sprintf("it counts %d values of type %s under %s, the rows have %d", said[k], storage.Type(t), key, n))
				return
			}
			delete(said, k)
		}
	}
	for k, n := range said {
		a.disagrees("keys", fmt.Sprintf("it counts %d values under %s, the rows have none", n, storage.Key{Scope: k.Scope, Name: k.Name}))
		return
	}
}

func (a *agreement) compareRED() {
	red, err := a.index.RED()
	if err != nil {
		a.unreadable(a.p.path+suffixIndex, err)
		return
	}
	n := uint64(0)
	for m, err := range red.Scan(math.MinInt64, math.MaxInt64) {
		if err != nil {
			a.unreadable(a.p.path+suffixIndex, err)
			return
		}
		for i := range m.Measures {
			n += m.Measures[i].Count
		}
	}
	if n != a.spans {
		a.disagrees("RED", fmt.Sprintf("its rates count %d spans, there are %d", n, a.spans))
	}
}
