package columnar

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
	"github.com/heddle-io/heddle/storage/vfs"
)

// livePart is a part that queries may read. Its files are opened when they are
// first needed and closed when the last version with the part is gone.
type livePart struct {
	manifest.Part
	disk *disk
	fs   vfs.FS
	path string // of the Parquet file, without the suffix

	versions atomic.Int32 // that have it; see version
	restsTo  atomic.Int64 // Unix ns; it is not merged before, because that failed
	decoded  atomic.Int64 // see weight; 0: not known yet

	mu      sync.Mutex // guards what follows
	index   *sidecar.Index
	zones   []zone
	file    *partFile
	readers []vfs.Reader // to be closed
}

const (
	suffixPart  = ".parquet"
	suffixIndex = ".idx"
)

// partPath is where a part is, without the suffix.
func partPath(dir string, p manifest.Part) string {
	t := time.Unix(p.Hour*3600, 0).UTC()
	return filepath.Join(dir, "data", p.Tenant, p.Signal.String(), t.Format("20060102"), t.Format("15"), p.ID)
}

func (p *livePart) bounds() zone { return zone{p.MinNs, p.MaxNs} }

// openIndex returns the index and the zones of the row groups.
func (p *livePart) openIndex() (*sidecar.Index, []zone, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.openIndexLocked()
}

func (p *livePart) openIndexLocked() (*sidecar.Index, []zone, error) {
	if p.index != nil {
		return p.index, p.zones, nil
	}
	index, zones, r, err := p.openIndexFile()
	if err != nil {
		return nil, nil, p.failed(fmt.Errorf("columnar: index of part %s: %w", p.ID, err))
	}
	p.index, p.zones, p.readers = index, zones, append(p.readers, r)
	return index, zones, nil
}

func (p *livePart) openIndexFile() (*sidecar.Index, []zone, vfs.Reader, error) {
	r, err := p.fs.Open(p.path + suffixIndex)
	if err != nil {
		return nil, nil, nil, err
	}
	index, zones, err := p.readIndex(r)
	if err != nil {
		return nil, nil, nil, errors.Join(err, r.Close())
	}
	return index, zones, r, nil
}

func (p *livePart) readIndex(r vfs.Reader) (*sidecar.Index, []zone, error) {
	index, err := sidecar.Open(r, r.Size())
	if err != nil {
		return nil, nil, err
	}
	list, err := index.Zones()
	if err != nil {
		return nil, nil, err
	}
	if len(list) != int(p.Groups) {
		return nil, nil, fmt.Errorf("%w: it has %d row groups, the manifest says %d", errPart, len(list), p.Groups)
	}
	zones := make([]zone, len(list))
	rows := uint64(0)
	for i, z := range list {
		zones[i] = zone{z.MinStartNs, z.MaxStartNs}
		rows += uint64(z.Rows)
	}
	if rows != p.Rows {
		return nil, nil, fmt.Errorf("%w: it has %d rows, the manifest says %d", errPart, rows, p.Rows)
	}
	return index, zones, nil
}

// open returns the Parquet file.
func (p *livePart) open() (*partFile, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file != nil {
		return p.file, nil
	}
	_, zones, err := p.openIndexLocked()
	if err != nil {
		return nil, err
	}
	f, r, err := p.openFile(zones, p.disk.dicts)
	if err != nil {
		return nil, p.failed(err)
	}
	p.file, p.readers = f, append(p.readers, r)
	return f, nil
}

func (p *livePart) openFile(zones []zone, dicts *dictCache) (*partFile, vfs.Reader, error) {
	r, err := p.fs.Open(p.path + suffixPart)
	if err != nil {
		return nil, nil, fmt.Errorf("columnar: part %s: %w", p.ID, err)
	}
	f, err := openPart(p.ID, r, r.Size(), zones, dicts)
	if err != nil {
		return nil, nil, errors.Join(err, r.Close())
	}
	return f, r, nil
}

// rowsOf is the number of rows of a row group.
func (p *livePart) rowsOf(group int) int {
	zones, err := p.index.Zones()
	if err != nil || group >= len(zones) {
		return 0
	}
	return int(zones[group].Rows)
}

// countKeys adds what the index says of the keys in the part.
func (p *livePart) countKeys(k *keyCounter) error {
	index, _, err := p.openIndex()
	if err != nil {
		return err
	}
	keys, err := index.Keys()
	for _, key := range keys {
		k.add(key.Scope, key.Name, key.Type, key.Count)
	}
	return p.failed(err)
}

// failed reports the part if err tells of damage, and returns err.
func (p *livePart) failed(err error) error {
	p.disk.suspect(p, err)
	return err
}

// end closes the files. They are removed if the part was replaced.
func (p *livePart) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, r := range p.readers {
		errs = append(errs, r.Close())
	}
	if p.file != nil {
		p.disk.dicts.forget(p.file)
	}
	p.readers, p.index, p.file = nil, nil, nil
	p.disk.unread(p)
	return errors.Join(errs...)
}

// version is the set of parts at one moment. Queries hold one while they
// read, so that the files of parts that were replaced meanwhile stay.
type version struct {
	holders atomic.Int32 // queries and, for the current one, the disk
	spans   []*livePart  // by arrival, oldest first
	logs    []*livePart
	failed  func(error) // told when closing or removing files fails
}

func newVersion(spans, logs []*livePart, failed func(error)) *version {
	v := &version{spans: spans, logs: logs, failed: failed}
	v.holders.Store(1)
	v.each(func(p *livePart) { p.versions.Add(1) })
	return v
}

func (v *version) each(f func(*livePart)) {
	for _, p := range v.spans {
		f(p)
	}
	for _, p := range v.logs {
		f(p)
	}
}

// hold must be called while the version cannot end: under the lock that
// guards which one is current.
func (v *version) hold() *version {
	v.holders.Add(1)
	return v
}

func (v *version) release() {
	if v.holders.Add(-1) > 0 {
		return
	}
	v.each(func(p *livePart) {
		if p.versions.Add(-1) == 0 {
			if err := p.end(); err != nil {
				v.failed(err)
			}
		}
	})
}
