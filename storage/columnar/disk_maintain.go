package columnar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// runClock seals builders that are old, watches the disk, and gives up what the
// retention does not keep, its names, and deletions that were carried out long
// ago.
func (d *disk) runClock(ctx context.Context) {
	defer d.ended.Done()
	t := time.NewTicker(d.opts.tick)
	defer t.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		d.sealOld()
		d.look()
		if n%60 == 0 {
			d.everyMinute()
		}
	}
}

func (d *disk) everyMinute() {
	if err := d.expire(); err != nil {
		d.opts.Logger.Error("giving up what is older than the retention", "error", err)
	}
	if err := d.forgetNames(); err != nil {
		d.opts.Logger.Warn("the catalog keeps names of what is not stored any more", "error", err)
	}
	if err := d.forgetDeletions(); err != nil {
		d.opts.Logger.Warn("the list of deletions keeps what was carried out long ago", "error", err)
	}
	d.poke(d.merge) // an hour may have ended
}

func (d *disk) sealOld() {
	now := d.opts.now()
	s := d.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.heads() {
		if h.openRows() > 0 && now.Sub(h.openSince()) >= d.opts.SealAge {
			s.seal(h)
			d.poke(d.flush)
		}
	}
}

// look finds out whether writes must be refused.
func (d *disk) look() {
	limit := d.opts.Retention.MinFreeBytes
	full := d.measure() && limit > 0 && d.free.Load() < limit/2
	if most := d.opts.Retention.MaxBytes; most > 0 && d.opts.WhenFull == Refuse {
		full = full || d.partBytes() >= most
	}
	if was := d.full.Swap(full); full && !was {
		d.opts.Logger.Error("writes are refused until there is room: " + d.fullness())
	} else if was && !full {
		d.opts.Logger.Info("there is room again: writes are taken")
	}
	large := d.opts.WhenFull == Evict && d.opts.Retention.MaxBytes > 0 && d.partBytes() > d.opts.Retention.MaxBytes
	if full || large || limit > 0 && d.free.Load() < limit {
		if err := d.expire(); err != nil {
			d.opts.Logger.Error("giving up the oldest records to make room", "error", err)
		}
	}
}

// measure looks up how much room there is; false: it cannot be known.
func (d *disk) measure() bool {
	space, err := d.fs.DiskSpace(d.opts.Dir)
	if err == nil {
		d.free.Store(space.FreeBytes)
	}
	return err == nil
}

func (d *disk) fullness() string {
	text := fmt.Sprintf("%d bytes are free on the disk, %d must be", d.free.Load(), max(d.opts.Retention.MinFreeBytes/2, 0))
	if most := d.opts.Retention.MaxBytes; most > 0 {
		text += fmt.Sprintf("; %d bytes are stored, %d may be", d.partBytes(), most)
	}
	return text
}

// partBytes is what all parts take.
func (d *disk) partBytes() (n int64) {
	d.s.mu.RLock()
	defer d.s.mu.RUnlock()
	d.current.each(func(p *livePart) { n += int64(p.Bytes + p.IndexBytes) })
	return n
}

// sortParts sorts by arrival. What merging made is where its oldest records
// were: if it came last, parts of one level would never be neighbours again.
func sortParts(list []*livePart) {
	slices.SortFunc(list, func(a, b *livePart) int {
		return cmp.Or(cmp.Compare(a.Hour, b.Hour), cmp.Compare(a.MinLSN, b.MinLSN), cmp.Compare(a.ID, b.ID))
	})
}

// expire gives up whole hours: those past the age, then the oldest while there
// are too many bytes or too little room. Of the hours that parts still come to,
// it gives up no more parts than it must, or a store that is full within an hour
// would lose everything at once.
func (d *disk) expire() error {
	d.editing.Lock()
	defer d.editing.Unlock()
	d.s.mu.RLock()
	var parts []*livePart
	d.current.each(func(p *livePart) { parts = append(parts, p) })
	d.s.mu.RUnlock()
	// What queries still read is given up already, and will be free.
	left := d.leftBytes()
	d.measure()
	gone := chooseExpired(parts, d.opts.Retention, d.opts.WhenFull == Evict, d.opts.now(), d.free.Load()+left)
	if len(gone) == 0 {
		return nil
	}
	edit := manifest.Edit{}
	rows := uint64(0)
	for _, p := range gone {
		edit.Remove = append(edit.Remove, p.ID)
		rows += p.Rows
	}
	if err := d.apply(edit); err != nil {
		return err
	}
	d.counts.expiredParts.Add(uint64(len(gone)))
	d.counts.expiredRows.Add(rows)
	d.s.mu.Lock()
	for _, p := range gone {
		if p.Signal == manifest.Spans {
			d.s.stats.EvictedSpans += p.Rows
		} else {
			d.s.stats.EvictedLogs += p.Rows
		}
	}
	old := d.replace(gone, nil, 0)
	d.s.mu.Unlock()
	old.release()
	d.opts.Logger.Info("gave up parts that the retention does not keep", "parts", len(gone), "rows", rows)
	return nil
}

// chooseExpired returns the parts that the retention does not keep. evict says
// that room is made by giving up the oldest hours.
func chooseExpired(parts []*livePart, r Retention, evict bool, now time.Time, free int64) (gone []*livePart) {
	parts = slices.Clone(parts)
	sortParts(parts)
	bytes := int64(0)
	for _, p := range parts {
		bytes += int64(p.Bytes + p.IndexBytes)
	}
	lastHour := now.Unix()/3600 - 1 // what came in this hour or the one before is not given up for room on the disk
	for len(parts) > 0 {
		hour := parts[0].Hour
		old := r.MaxAge > 0 && now.Sub(time.Unix((hour+1)*3600, 0)) >= r.MaxAge
		large := evict && r.MaxBytes > 0 && bytes > r.MaxBytes
		crowded := evict && r.MinFreeBytes > 0 && free < r.MinFreeBytes && hour < lastHour
		if !old && !large && !crowded {
			break
		}
		n := 0
		for n < len(parts) && parts[n].Hour == hour && (n == 0 || old || hour < lastHour) {
			size := int64(parts[n].Bytes + parts[n].IndexBytes)
			bytes -= size
			free += size
			n++
		}
		gone, parts = append(gone, parts[:n]...), parts[n:]
	}
	return gone
}

// runMerger merges small parts and carries out deletions.
func (d *disk) runMerger(ctx context.Context) {
	defer d.ended.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.merge:
		}
		for ctx.Err() == nil {
			more, err := d.mergeOne(ctx)
			if err != nil && ctx.Err() == nil {
				d.counts.mergeFailures.Add(1)
				d.opts.Logger.Error("merging parts failed and is tried again later", "error", err)
				break
			}
			if !more {
				break
			}
		}
	}
}

// mergeJob is parts of one signal that become one.
type mergeJob struct {
	parts      []*livePart
	level      uint8
	tombstones []*tombstone // all that are pending

	withoutIndex bool // the indexes of the parts are damaged
}

// mergeOne does the most urgent merge; more is false when there was none.
func (d *disk) mergeOne(ctx context.Context) (more bool, err error) {
	d.merging.Lock()
	defer d.merging.Unlock()
	d.sweep()
	d.examineSuspects(ctx)
	s := d.s
	s.mu.RLock()
	v := d.current.hold()
	tombstones := d.tombstones
	s.mu.RUnlock()
	defer v.release()
	if job := d.chooseJob(v, tombstones); job != nil {
		job.tombstones = tombstones
		return true, d.runMerge(ctx, job)
	}
	return false, d.finishTombstones(tombstones)
}

// chooseJob picks what to do next: signals take turns, and a deletion that is
// late comes before everything. The caller holds merging.
func (d *disk) chooseJob(v *version, tombstones []*tombstone) *mergeJob {
	now := d.opts.now()
	lists := [][]*livePart{awake(v.spans, now), awake(v.logs, now)}
	if d.logsFirst = !d.logsFirst; d.logsFirst {
		slices.Reverse(lists)
	}
	late := slices.DeleteFunc(slices.Clone(tombstones), func(t *tombstone) bool {
		return now.UnixNano() < t.deadlineNs-d.opts.DeleteWithin.Nanoseconds()*3/4
	})
	for _, parts := range lists {
		if job := choosePurge(parts, late); job != nil {
			return job
		}
	}
	for _, parts := range lists {
		job := chooseMerge(parts, d.opts.mergeLimits(), now.Unix()/3600)
		if job == nil {
			job = choosePurge(parts, tombstones)
		}
		if job != nil {
			return job
		}
	}
	return nil
}

// mergeFanIn is how many parts of a level make one of the next.
const mergeFanIn = 8

// chooseMerge picks parts of an hour that are worth merging. nil: none.
//
// While an hour may still get parts, as many of one level as come together are
// merged; a row is written once for each level, of which there are as many as
// the logarithm of the number of parts to the base mergeFanIn. In an hour that
// has ended, what is at most half full is merged: a row is written once more
// by that, and at most one such part is left.
func chooseMerge(parts []*livePart, limits mergeLimits, hourNow int64) *mergeJob {
	for from := 0; from < len(parts); {
		to := from
		for to < len(parts) && parts[to].Hour == parts[from].Hour && parts[to].Tenant == parts[from].Tenant {
			to++
		}
		choose := chooseLevel
		if parts[from].Hour+1 < hourNow {
			choose = chooseSmall
		}
		if job := choose(parts[from:to], limits); job != nil {
			return job
		}
		from = to
	}
	return nil
}

// chooseLevel picks neighbours of one level, mergeFanIn of them or as many as
// fill a part.
func chooseLevel(parts []*livePart, limits mergeLimits) *mergeJob {
	for from := 0; from < len(parts); {
		var sum mergeSize
		level, to, full := parts[from].Level, from, false
		for to < len(parts) && parts[to].Level == level && to-from < maxMergeParts {
			next := sum.plus(parts[to])
			if full = !limits.fits(next); full {
				break
			}
			sum = next
			to++
		}
		switch n := to - from; {
		case n >= mergeFanIn, n >= 2 && full && limits.large(sum):
			return &mergeJob{parts: parts[from:to], level: level + 1}
		case n == 0:
			to++
		}
		from = to
	}
	return nil
}

// chooseSmall picks what is at most half full, as much as fits into a part.
// Any two such parts fit, and what does not fit any more leaves a part that is
// more than half full.
func chooseSmall(parts []*livePart, limits mergeLimits) *mergeJob {
	few := slices.DeleteFunc(slices.Clone(parts), func(p *livePart) bool { return int(p.Rows) > limits.rows/2 })
	if len(few) < 2 { // nothing is opened to weigh it
		return nil
	}
	var job mergeJob
	var sum mergeSize
	for _, p := range few {
		if limits.large(mergeSize{}.plus(p)) {
			continue
		}
		next := sum.plus(p)
		if !limits.fits(next) || len(job.parts) == maxMergeParts {
			break
		}
		sum = next
		job.parts, job.level = append(job.parts, p), max(job.level, p.Level+1)
	}
	if len(job.parts) < 2 {
		return nil
	}
	return &job
}

// maxMergeParts bounds the files that are open for a merge.
const maxMergeParts = 64

// choosePurge picks a part that has to be written anew because a deletion
// applies to it. nil: none.
func choosePurge(parts []*livePart, tombstones []*tombstone) *mergeJob {
	for _, p := range parts {
		if len(covering(tombstones, storage.Signal(p.Signal), p.MaxLSN, p.PurgedTo)) > 0 {
			return &mergeJob{parts: []*livePart{p}, level: p.Level}
		}
	}
	return nil
}

// runMerge writes the part that a job makes and publishes it in place of its
// parts.
func (d *disk) runMerge(ctx context.Context, job *mergeJob) error {
	first := job.parts[0]
	if err := d.roomToMerge(job); err != nil {
		return d.mergeTrouble(ctx, job, err)
	}
	p := manifest.Part{Signal: first.Signal, Hour: first.Hour, Level: job.level, MinLSN: first.MinLSN}
	files := make([]*partFile, len(job.parts))
	rows := uint64(0)
	for i, part := range job.parts {
		p.MinLSN, p.MaxLSN = min(p.MinLSN, part.MinLSN), max(p.MaxLSN, part.MaxLSN)
		rows += part.Rows
		if !job.withoutIndex {
			f, err := part.open()
			if err != nil {
				return d.mergeTrouble(ctx, job, err)
			}
			files[i] = f
			continue
		}
		f, r, err := part.openWithoutIndex()
		if err != nil {
			return err
		}
		defer r.Close()
		files[i] = f
	}
	if err := metaFits(files); err != nil {
		return d.mergeTrouble(ctx, job, err)
	}
	for _, t := range job.tombstones {
		p.PurgedTo = max(p.PurgedTo, t.id)
	}
	for _, part := range job.parts {
		p.PurgedTo = max(p.PurgedTo, part.PurgedTo)
	}
	m := mergeRun{d: d, job: job, files: files, deleted: map[*tombstone]uint64{}}
	write := m.spans
	if p.Signal == manifest.Logs {
		write = m.logs
	}
	p, err := d.writePart(p, func(w io.Writer) (*summary, error) { return write(ctx, w) })
	if errors.Is(err, errNothingLeft) {
		return d.publishMerged(job, nil, m.deleted)
	}
	if err != nil {
		return d.mergeTrouble(ctx, job, err)
	}
	d.counts.foldedSpans.Add(uint64(m.folded))
	d.counts.mergedRows.Add(rows)
	return d.publishMerged(job, &p, m.deleted)
}

// metaFits fails when parts have too much metadata to be one.
func metaFits(files []*partFile) error {
	sum := 0
	for _, f := range files {
		sum += f.metaBytes
	}
	if len(files) > 1 && sum > maxMeta/2 {
		return fmt.Errorf("%w: %d parts have %d bytes of them, half of %d may be merged", errLargeMeta, len(files), sum, maxMeta)
	}
	return nil
}

// roomToMerge fails when the result of a merge, which may be as large as its
// parts, would take room that is needed for what comes in. A deletion is
// carried out as long as it can be.
func (d *disk) roomToMerge(job *mergeJob) error {
	size, reserve := int64(0), max(d.opts.Retention.MinFreeBytes, 0)/2
	for _, p := range job.parts {
		size += int64(p.Bytes + p.IndexBytes)
	}
	if len(job.parts) == 1 {
		reserve = 0
	}
	if !d.measure() || d.free.Load() >= size+reserve {
		return nil
	}
	return fmt.Errorf("columnar: merging %d parts needs about %d bytes, %d are free on the disk and %d must be left", len(job.parts), size, d.free.Load(), reserve)
}

// mergeRest is how long parts are left alone when merging them failed, so that
// one that cannot be read does not keep the others from being merged.
const mergeRest = time.Minute

// largeMetaRest is how long they are when they do not fit together for good.
// Deletions in them wait for that, too.
const largeMetaRest = time.Hour

// mergeTrouble sees to it that a merge which failed does not fail for ever. It
// returns nil when the cause is gone.
func (d *disk) mergeTrouble(ctx context.Context, job *mergeJob, cause error) error {
	if ctx.Err() != nil {
		return cause
	}
	if damaged(cause) && !job.withoutIndex {
		for _, p := range job.parts {
			if changed, err := d.examine(ctx, p); changed || err != nil {
				return err
			}
		}
	}
	rest := mergeRest
	if errors.Is(cause, errLargeMeta) {
		rest = largeMetaRest
	}
	until := d.opts.now().Add(rest).UnixNano()
	for _, p := range job.parts {
		p.restsTo.Store(until)
	}
	return cause
}

// awake are the parts that may be merged now.
func awake(parts []*livePart, now time.Time) (list []*livePart) {
	for _, p := range parts {
		if p.restsTo.Load() <= now.UnixNano() {
			list = append(list, p)
		}
	}
	return list
}

// publishMerged puts the result in place of the parts of a job, unless one of
// them is gone meanwhile: then the result is of no use.
func (d *disk) publishMerged(job *mergeJob, p *manifest.Part, deleted map[*tombstone]uint64) error {
	d.editing.Lock()
	defer d.editing.Unlock()
	edit := manifest.Edit{}
	now := d.manifest.State().Parts
	for _, part := range job.parts {
		if _, ok := now[part.ID]; !ok {
			if p == nil {
				return nil
			}
			d.discard(*p)
			return nil
		}
		edit.Remove = append(edit.Remove, part.ID)
	}
	var added []*livePart
	if p != nil {
		edit.Add = []manifest.Part{*p}
		added = []*livePart{d.newPart(*p)}
	}
	if err := d.apply(edit); err != nil {
		return err
	}
	d.counts.merges.Add(1)
	for t, rows := range deleted {
		t.deleted.Add(rows)
		d.counts.deletedRows.Add(rows)
	}
	d.s.mu.Lock()
	old := d.replace(job.parts, added, storage.Signal(job.parts[0].Signal))
	d.s.mu.Unlock()
	old.release()
	return nil
}

// errNothingLeft says that a merge has no rows left.
var errNothingLeft = errors.New("columnar: every row was deleted")

// merging is a merge under way.
type mergeRun struct {
	d       *disk
	job     *mergeJob
	files   []*partFile
	deleted map[*tombstone]uint64 // rows; one that several name is the oldest's
	folded  int
}

// hide returns the rows that a deletion applies to, nil when there are none.
func hide[T table](m *mergeRun, part int, rows T) (hidden bitmap, err error) {
	p := m.job.parts[part]
	for _, t := range covering(m.job.tombstones, storage.Signal(p.Signal), p.MaxLSN, p.PurgedTo) {
		v := memoryView(rows, []*tombstone{t})
		gone := v.mask()
		if err := v.err(); err != nil {
			return nil, err
		}
		switch {
		case gone == nil:
			continue
		case hidden == nil:
			hidden = newBitmap(rows.len())
		default:
			gone.andNot(hidden)
		}
		m.deleted[t] += uint64(gone.count())
		hidden.or(gone)
	}
	return hidden, nil
}

// deletesFrom says whether rows of a part may be deleted. Then the new part must
// not have anything that only these have, such as their resources.
func (m *mergeRun) deletesFrom(part int) bool {
	p := m.job.parts[part]
	return len(covering(m.job.tombstones, storage.Signal(p.Signal), p.MaxLSN, p.PurgedTo)) > 0
}

func (m *mergeRun) spans(ctx context.Context, w io.Writer) (*summary, error) {
	p := newSpanPart()
	merge, err := newSpanMerge(ctx, m.files, m.d.opts.GroupRows, func(part int, rows *spanRows) (bitmap, error) {
		mask, err := hide[spanSource](m, part, rows)
		if m.deletesFrom(part) {
			p.addShown(rows, mask)
		} else {
			p.addPart(m.files[part])
		}
		return mask, err
	})
	if err != nil {
		return nil, err
	}
	merge.keepTwins = m.d.opts.keepTwins
	merge.bound(m.d.opts.groupBytes())
	groups, split, err := merge.groups()
	if err != nil {
		return nil, err
	}
	p.define()
	most, err := mostChildrenOf(m.files)
	if err != nil {
		return nil, err
	}
	out := newPartWriter(w, p.schema.parquet(), parquet.Options{Level: mergedParts.Level, PageRows: pageRowsFor(cmp.Or(m.d.opts.pageRows, mergedParts.PageRows), most)})
	s := newSummary()
	for i := range groups {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sources, a, err := merge.arrange(&groups[i])
		if err != nil {
			return nil, err
		}
		if a.n == 0 {
			continue
		}
		g := p.group(sources, a)
		if err := writeGroup(out, &p.schema, a.n, g); err != nil {
			return nil, err
		}
		s.addSpans(g, split)
	}
	m.folded = merge.folded
	if len(s.contents.Zones) == 0 {
		return nil, errNothingLeft
	}
	return s, out.CloseWith(p.meta())
}

func (m *mergeRun) logs(ctx context.Context, w io.Writer) (*summary, error) {
	p := newLogPart()
	merge, err := newLogMerge(ctx, m.files, m.d.opts.GroupRows, func(part int, rows *logRows) (bitmap, error) {
		mask, err := hide[logSource](m, part, rows)
		if m.deletesFrom(part) {
			p.addShown(rows, mask)
		} else {
			p.addPart(m.files[part])
		}
		return mask, err
	})
	if err != nil {
		return nil, err
	}
	merge.bound(m.d.opts.groupBytes())
	groups := merge.groups()
	if len(groups) == 0 {
		return nil, errNothingLeft
	}
	p.define()
	out := newPartWriter(w, p.schema.parquet(), parquet.Options{Level: mergedParts.Level, PageRows: cmp.Or(m.d.opts.pageRows, mergedParts.PageRows)})
	s := newSummary()
	for _, group := range groups {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sources, a, err := merge.arrange(group)
		if err != nil {
			return nil, err
		}
		g := p.group(sources, a)
		if err := writeGroup(out, &p.schema, a.n, g); err != nil {
			return nil, err
		}
		s.addLogs(g)
	}
	return s, out.CloseWith(p.meta())
}
