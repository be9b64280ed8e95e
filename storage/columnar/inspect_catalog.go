package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/heddle-io/heddle/storage/catalog"
)

// errBusyCatalog says that the catalog was written all the time.
var errBusyCatalog = errors.New("columnar: the catalog changes all the time and could not be copied")

// withCatalog calls f with a copy of the catalog as it is now. It fails with
// fs.ErrNotExist when there is no catalog.
func (x *Inspection) withCatalog(ctx context.Context, f func(*catalog.Catalog) error) (err error) {
	if x.opts.withoutCatalog {
		return nil
	}
	dir, err := os.MkdirTemp(x.opts.TempDir, "heddle-catalog-*")
	if err != nil {
		return fmt.Errorf("columnar: a place for a copy of the catalog: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := x.copyCatalog(ctx, dir); err != nil {
		return err
	}
	c, err := catalog.Open(catalog.Options{Dir: dir, Logger: x.opts.Logger})
	if err != nil {
		return fmt.Errorf("columnar: a copy of %s: %w", x.path("catalog"), err)
	}
	return errors.Join(f(c), c.Close())
}

// A store that runs writes its catalog when a part is flushed and when somebody
// saves something, for some milliseconds each.
const (
	catalogTries = 100
	catalogPause = 50 * time.Millisecond
)

// copyCatalog copies the catalog while its store may be writing it. After
// copying it reads everything again: if nothing has changed, the copy is what
// was on disk between the two passes, as a process that was killed then would
// have left it.
func (x *Inspection) copyCatalog(ctx context.Context, to string) error {
	for range catalogTries {
		copied, err := x.readCatalog(to)
		if err == nil && !x.running {
			return nil
		}
		if err == nil {
			var now map[string]uint64
			if now, err = x.readCatalog(""); err == nil && equalFiles(copied, now) {
				return nil
			}
		}
		if err != nil && (!x.running || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
		if _, err := x.fs.Stat(x.path("catalog")); err != nil {
			return fmt.Errorf("columnar: catalog: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(catalogPause):
		}
	}
	return errBusyCatalog
}

func equalFiles(a, b map[string]uint64) bool {
	if len(a) != len(b) {
		return false
	}
	for name, hash := range a {
		if other, ok := b[name]; !ok || other != hash {
			return false
		}
	}
	return true
}

// readCatalog reads every file of the catalog and returns hashes of them by
// name. to is where to copy them, or "".
func (x *Inspection) readCatalog(to string) (map[string]uint64, error) {
	names, err := x.fs.ReadDir(x.path("catalog"))
	if err != nil {
		return nil, fmt.Errorf("columnar: catalog: %w", err)
	}
	if to != "" {
		if err := emptyDir(to); err != nil {
			return nil, err
		}
	}
	files := map[string]uint64{}
	for _, name := range names {
		if name == "LOCK" {
			continue
		}
		path := filepath.Join(x.path("catalog"), name)
		if info, err := x.fs.Stat(path); err == nil && info.IsDir {
			continue
		}
		if files[name], err = x.readCatalogFile(path, to, name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

func (x *Inspection) readCatalogFile(path, to, name string) (hash uint64, err error) {
	r, err := x.fs.Open(path)
	if err != nil {
		return 0, fmt.Errorf("columnar: catalog: %w", err)
	}
	defer r.Close()
	h := xxhash.New()
	var out io.Writer = h
	if to != "" {
		// Owner only: what people asked to be deleted is nobody else's business.
		f, err := os.OpenFile(filepath.Join(to, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return 0, fmt.Errorf("columnar: copying the catalog: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = io.MultiWriter(h, f)
	}
	if _, err := io.Copy(out, io.NewSectionReader(r, 0, r.Size())); err != nil {
		return 0, fmt.Errorf("columnar: reading %s: %w", path, err)
	}
	return h.Sum64(), nil
}

// deletions reads all tombstones of a tenant. Those that were carried out
// count, too: a part that was opened before may still have what they deleted.
// A directory that never had a catalog has none.
func (x *Inspection) deletions(ctx context.Context, tenant string) (list []*tombstone, pending int, err error) {
	err = x.withCatalog(ctx, func(c *catalog.Catalog) error {
		all, err := c.Tombstones().List(tenant)
		for _, t := range all {
			list = append(list, newTombstone(t))
			if t.Pending() {
				pending++
			}
		}
		return err
	})
	return list, pending, err
}

// sizeOf counts the files directly in a directory.
func (x *Inspection) sizeOf(dir string) (files int, bytes int64, err error) {
	names, err := x.listIn(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		info, err := x.fs.Stat(filepath.Join(x.path(dir), name))
		if err == nil && !info.IsDir { // what is gone meanwhile takes no space
			files++
			bytes += info.Bytes
		}
	}
	return files, bytes, nil
}
