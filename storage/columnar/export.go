package columnar

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/vfs"
)

// ExportOptions say what to export. The zero value of a filter lets everything
// pass.
type ExportOptions struct {
	Signal  storage.Signal  // SignalSpans or SignalLogs; a file has one of them
	Tenant  string          // "": the default tenant
	Window  storage.Window  // of starts of spans or times of records; zero: all
	Service string          // text of the resource's service.name
	TraceID storage.TraceID // zero: all

	// IncludeDeleted exports what was asked to be deleted and is still on
	// disk, and does without the catalog, which has the orders to delete.
	IncludeDeleted bool

	// Progress, unless nil, is told often how much of the parts was written.
	Progress func(doneBytes, totalBytes int64)

	groupRows, batchRows int // 0: the defaults of a store
}

// ExportResult counts what was exported.
type ExportResult struct {
	Parts   int    // that had such rows, those made from the log included
	Rows    uint64 // that were written
	Deleted uint64 // that were left out because they were asked to be deleted
}

// ErrDeletionsUnknown says that the orders to delete cannot be read, so that an
// export could give away what somebody asked to be forgotten.
var ErrDeletionsUnknown = errors.New("columnar: it cannot be told what was asked to be deleted")

// exportJob is an export under way.
type exportJob struct {
	x          *Inspection
	o          ExportOptions
	where      storage.Predicate // nil: everything
	parts      []*livePart       // by arrival
	tombstones []*tombstone
	held       []vfs.Reader // see pin
	done       int64        // bytes of parts
	total      int64
	result     ExportResult
}

// newExport chooses the parts. Unless it fails, the job must be closed.
//
// Parts are chosen before the deletions are read, and deletions count when they
// were carried out meanwhile, too: then none can fall between the two.
func (x *Inspection) newExport(ctx context.Context, o ExportOptions) (_ *exportJob, err error) {
	if o.Signal != storage.SignalSpans && o.Signal != storage.SignalLogs {
		return nil, fmt.Errorf("columnar: export of signal %v: choose spans or logs", o.Signal)
	}
	orDefault(&o.Tenant, defaultTenant)
	orDefault(&o.Window, storage.Window{FromNs: math.MinInt64, ToNs: math.MaxInt64})
	orDefault(&o.groupRows, DefaultDiskOptions().GroupRows)
	orDefault(&o.batchRows, DefaultDiskOptions().PartRows)
	j := &exportJob{x: x, o: o, where: o.predicate()}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.close())
		}
	}()
	if x.running {
		err = j.pin()
	} else {
		j.choose()
	}
	if err != nil {
		return nil, err
	}
	if !o.IncludeDeleted {
		j.tombstones, _, err = x.deletions(ctx, o.Tenant)
		if err != nil && ctx.Err() == nil {
			return nil, fmt.Errorf("%w: %w", ErrDeletionsUnknown, err)
		}
		if err != nil {
			return nil, err
		}
	}
	late, err := x.logParts(ctx, o.Signal, j.tombstones)
	if err != nil {
		return nil, err
	}
	for _, p := range late {
		if storage.Signal(p.Signal) == o.Signal && o.Tenant == defaultTenant && j.overlaps(&p.Part) {
			j.parts = append(j.parts, p)
		}
	}
	for _, p := range j.parts {
		j.total += int64(p.Bytes)
	}
	return j, nil
}

func (o *ExportOptions) predicate() storage.Predicate {
	var all storage.And
	if o.Service != "" {
		all = append(all, storage.Compare{Key: storage.KeyService, Op: storage.Equal, Value: storage.String(o.Service)})
	}
	if !o.TraceID.IsEmpty() {
		all = append(all, storage.Compare{Key: storage.KeyTraceID, Op: storage.Equal, Value: storage.Bytes(o.TraceID[:])})
	}
	if all == nil {
		return nil
	}
	return all
}

func (j *exportJob) overlaps(p *manifest.Part) bool {
	return p.MaxNs >= j.o.Window.FromNs && p.MinNs < j.o.Window.ToNs
}

// choose picks the parts of the manifest that may have such rows.
func (j *exportJob) choose() {
	j.parts = nil
	for _, p := range j.x.parts() {
		if storage.Signal(p.Signal) == j.o.Signal && p.Tenant == j.o.Tenant && j.overlaps(&p) {
			j.parts = append(j.parts, j.x.livePart(p))
		}
	}
}

// pinTries is how often the parts are chosen anew because one of them was
// merged while they were opened.
const pinTries = 20

// pin chooses the parts beside a running store and opens the files of all: so
// they stay as they were together, whatever is merged while they are read.
func (j *exportJob) pin() error {
	for range pinTries {
		if err := j.x.readManifest(); err != nil {
			return err
		}
		j.choose()
		pins := &pinnedFS{FS: j.x.fs, files: map[string]vfs.Reader{}}
		err := j.openAll(pins)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := j.close(); err != nil {
			return err
		}
	}
	return fmt.Errorf("columnar: heddle merges parts faster than they can be opened: try again, or export a shorter time")
}

func (j *exportJob) openAll(pins *pinnedFS) error {
	for _, p := range j.parts {
		for _, suffix := range []string{suffixPart, suffixIndex} {
			r, err := j.x.fs.Open(p.path + suffix)
			if err != nil {
				return fmt.Errorf("columnar: part %s of %d: %w", p.ID, len(j.parts), err)
			}
			pins.files[p.path+suffix] = r
			j.held = append(j.held, r)
		}
		p.fs = pins
	}
	return nil
}

// pinnedFS gives files that are open already.
type pinnedFS struct {
	vfs.FS
	files map[string]vfs.Reader
}

func (f *pinnedFS) Open(path string) (vfs.Reader, error) {
	if r, ok := f.files[path]; ok {
		return pinnedFile{r}, nil
	}
	return f.FS.Open(path)
}

// pinnedFile stays open when it is closed.
type pinnedFile struct{ vfs.Reader }

func (pinnedFile) Close() error { return nil }

// close closes the files that were held.
func (j *exportJob) close() error {
	var errs []error
	for _, r := range j.held {
		errs = append(errs, r.Close())
	}
	j.held = nil
	return errors.Join(errs...)
}

// advance tells that so much of the parts is done.
func (j *exportJob) advance(bytes int64) {
	j.done += bytes
	if j.o.Progress != nil {
		j.o.Progress(min(j.done, j.total), j.total)
	}
}

// hideRows returns the rows of a row group that are not exported, nil when all
// are. Only the pass that writes counts what was deleted.
func hideRows[T table](j *exportJob, p *livePart, group int, rows T, count bool) (bitmap, error) {
	n := rows.len()
	misses, err := j.misses(p, group, rows.bounds())
	if err != nil {
		return nil, err
	}
	if misses {
		return fullBitmap(n), nil
	}
	sel := rows.inWindow(j.o.Window)
	filter(rows, j.where, sel)
	if err := rows.err(); err != nil {
		return nil, err
	}
	v := memoryView(rows, covering(j.tombstones, j.o.Signal, p.MaxLSN, p.PurgedTo))
	if mask := v.mask(); mask != nil {
		deleted := sel.clone()
		deleted.and(mask)
		if count {
			j.result.Deleted += uint64(deleted.count())
		}
		sel.andNot(mask)
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	if sel.count() == n {
		return nil, nil
	}
	hidden := fullBitmap(n)
	hidden.andNot(sel)
	return hidden, nil
}

// misses says whether a row group has no such rows, as far as that can be told
// without reading them.
func (j *exportJob) misses(p *livePart, group int, z zone) (bool, error) {
	if w := j.o.Window; z.maxNs < w.FromNs || z.minNs >= w.ToNs {
		return true, nil
	}
	if j.where == nil {
		return false, nil
	}
	out, err := j.excludedByIndex(p, group)
	if damaged(err) { // the rows will say
		return false, nil
	}
	return out, err
}

func (j *exportJob) excludedByIndex(p *livePart, group int) (bool, error) {
	index, _, err := p.openIndex()
	if err != nil {
		return false, err
	}
	if !j.o.TraceID.IsEmpty() && j.o.Signal == storage.SignalSpans {
		runs, err := index.Lookup(fingerprint(j.o.TraceID))
		if err != nil {
			return false, err
		}
		there := false
		for _, r := range runs {
			there = there || int(r.Group) == group
		}
		if !there {
			return true, nil
		}
	}
	out := excluded(j.where, func(hash uint64) bool {
		may, e := index.MayContain(group, hash)
		err = errors.Join(err, e)
		return may
	})
	return out, err
}

// open opens a part, also one whose index is of no use. Unless it fails, done
// must be called in the end.
func (j *exportJob) open(p *livePart) (f *partFile, done func() error, err error) {
	if f, err = p.open(); err == nil {
		return f, p.end, nil
	}
	if damaged(err) {
		if f, r, other := p.openWithoutIndex(); other == nil {
			j.x.note("the index of a part is damaged, the part was exported without it: verify tells more")
			return f, func() error { return errors.Join(r.Close(), p.end()) }, nil
		}
	}
	return nil, nil, j.explain(p, errors.Join(err, p.end()))
}

// eachPart opens one part after another and calls f.
func (j *exportJob) eachPart(ctx context.Context, f func(p *livePart, file *partFile) error) error {
	for _, p := range j.parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		file, done, err := j.open(p)
		if err != nil {
			return err
		}
		if err = errors.Join(f(p, file), done()); err != nil {
			return j.explain(p, err)
		}
	}
	return nil
}

// explain says what to do about a part that cannot be exported.
func (j *exportJob) explain(p *livePart, err error) error {
	if damaged(err) {
		return fmt.Errorf("columnar: part %s is damaged, verify tells where; choose a time without it or restore it first: %w", j.x.relative(p.path), err)
	}
	return err
}
