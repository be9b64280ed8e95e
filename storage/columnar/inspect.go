package columnar

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/vfs"
)

// Inspection looks at a data directory from outside and never changes what is
// stored there: Stats tells what it has, Verify whether it is whole, ExportParquet
// and ExportOTLPJSON write it down elsewhere.
//
// # Beside a running store
//
// Inspect takes the lock of the directory if it is free, so that no store opens
// it meanwhile. Then nothing moves, and what is only in the log is read from
// there. When a store has the lock, the inspection does without: it sees the
// parts that the manifest lists, which is what a crash would leave, and leaves
// out the log, whose end is being written. Parts that the store replaces by
// merging disappear under the hands of a reader. Whoever reads one file after
// another therefore asks the manifest again when a file is gone, and whoever
// must see each row once, as an export does, opens all files before it reads
// the first.
//
// # What never happens
//
// The packages below repair what they open: the manifest and the log are
// rewritten, damaged files moved. Here they get file systems that refuse changes
// (readOnly) or let them come to nothing (still), and badger, which does its own
// I/O, gets a copy of the catalog. Only LOCK is written to, which has the number
// of the process that holds it.
//
// An Inspection must be used by one goroutine at a time.
type Inspection struct {
	opts InspectOptions
	fs   vfs.FS
	lock io.Closer // nil while another process may have the directory

	running bool
	notes   []string
	state   manifest.State
	report  manifest.Report
	checked Checked
}

// InspectOptions say which directory to look at.
type InspectOptions struct {
	Dir    string
	FS     vfs.FS       // nil: the real one
	Logger *slog.Logger // nil: slog.Default()

	// TempDir is where a copy of the catalog is made, some megabytes, while
	// deletions are read from it. "": the system's.
	TempDir string

	withoutCatalog bool // for stores that keep none in the directory
}

// ErrNoStore says that a directory is missing or has no store in it.
var ErrNoStore = errors.New("columnar: no store")

// Inspect opens a data directory for looking at it. It fails with ErrNoStore
// when there is no store, and with manifest.ErrVersion when a newer program
// wrote it. Damage is no error; Verify tells it. The caller must Close the
// inspection.
func Inspect(opts InspectOptions) (_ *Inspection, err error) {
	if opts.FS == nil {
		opts.FS = vfs.OS
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	x := &Inspection{opts: opts, fs: opts.FS}
	if err := x.look(); err != nil {
		return nil, err
	}
	x.takeLock()
	defer func() {
		if err != nil {
			err = errors.Join(err, x.Close())
		}
	}()
	return x, x.readManifest()
}

// look finds out whether the directory is one of ours.
func (x *Inspection) look() error {
	info, err := x.fs.Stat(x.opts.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no directory %s: check the path", ErrNoStore, x.opts.Dir)
	}
	if err != nil {
		return fmt.Errorf("columnar: data directory: %w", err)
	}
	if !info.IsDir {
		return fmt.Errorf("%w: %s is a file: name the directory that heddle keeps its data in", ErrNoStore, x.opts.Dir)
	}
	for _, name := range []string{"MANIFEST", filepath.Join("data", defaultTenant)} {
		if _, err := x.fs.Stat(x.path(name)); err == nil {
			return nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("columnar: data directory: %w", err)
		}
	}
	segments, err := x.listIn("wal")
	if err != nil {
		return err
	}
	if slices.ContainsFunc(segments, func(name string) bool { return strings.HasSuffix(name, ".wal") }) {
		return nil
	}
	return fmt.Errorf("%w: %s has no MANIFEST, no log and no parts: it is not a directory that heddle stores in; check the path", ErrNoStore, x.opts.Dir)
}

func (x *Inspection) path(name string) string { return filepath.Join(x.opts.Dir, name) }

// relative is a path for people: below the data directory where it is there.
func (x *Inspection) relative(path string) string {
	if rel, err := filepath.Rel(x.opts.Dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// listIn lists the names in a directory below the data directory; there are
// none when it is missing.
func (x *Inspection) listIn(dir string) ([]string, error) {
	names, err := x.fs.ReadDir(x.path(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("columnar: %w", err)
	}
	return names, nil
}

// takeLock takes the lock if there is one and it is free. A directory without
// the file of the lock was never opened by a store since it was made or copied.
func (x *Inspection) takeLock() {
	path := x.path("LOCK")
	if _, err := x.fs.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return
	}
	lock, err := x.fs.Lock(path)
	if err == nil {
		x.lock = lock
		return
	}
	x.running = true
	if errors.Is(err, vfs.ErrLocked) {
		x.note("heddle is running: records that are only in its log, those of about the last seconds, are not included")
	} else {
		x.note("whether heddle is running cannot be told (" + err.Error() + "), so records that are only in the log are not included")
	}
}

func (x *Inspection) note(text string) {
	if !slices.Contains(x.notes, text) {
		x.notes = append(x.notes, text)
	}
}

// readManifest reads the list of parts as it is now.
func (x *Inspection) readManifest() error {
	m, state, report, err := manifest.Open(readOnly{x.fs}, x.opts.Dir)
	if err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	x.state, x.report = state, report
	if err := m.Close(); err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	return nil
}

// Dir is the directory that is looked at.
func (x *Inspection) Dir() string { return x.opts.Dir }

// Running says whether another process has the directory, so that the log was
// not looked at.
func (x *Inspection) Running() bool { return x.running }

// Notes say what a person should know about the completeness of what an
// inspection tells.
func (x *Inspection) Notes() []string { return slices.Clone(x.notes) }

// Close lets stores open the directory again.
func (x *Inspection) Close() error {
	if x.lock == nil {
		return nil
	}
	lock := x.lock
	x.lock = nil
	return lock.Close()
}

// parts lists the parts of the manifest by tenant, signal and arrival.
func (x *Inspection) parts() []manifest.Part {
	list := make([]manifest.Part, 0, len(x.state.Parts))
	for _, p := range x.state.Parts {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b manifest.Part) int {
		return cmp.Or(strings.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Signal, b.Signal), cmp.Compare(a.Hour, b.Hour), strings.Compare(a.ID, b.ID))
	})
	return list
}

func (x *Inspection) livePart(p manifest.Part) *livePart {
	return &livePart{Part: p, disk: new(disk), fs: x.fs, path: partPath(x.opts.Dir, p)}
}

// arrival is when the hour of a part began.
func arrival(p *manifest.Part) time.Time { return time.Unix(p.Hour*3600, 0).UTC() }
