package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
)

// openFiles opens the database and says whether there was one.
func (c *Catalog) openFiles() (found bool, err error) {
	dir := c.options.Dir
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return false, fmt.Errorf("catalog: create: %w", err)
		}
		bytes, err := c.openingBytes()
		if err == nil {
			err = c.checkFree(bytes, "to open")
		}
		if err != nil {
			return false, fmt.Errorf("catalog: open: %w", err)
		}
		err = withLock(dir, func() error {
			found, err = prepare(dir)
			return err
		})
		if err != nil {
			return false, fmt.Errorf("catalog: open: %w", err)
		}
		if c.dir, err = openDir(dir); err != nil {
			return false, fmt.Errorf("catalog: open: %w", err)
		}
	}
	err = c.guarded(func() error {
		c.db, err = badger.Open(c.options.badgerOptions())
		return err
	})
	if err == nil {
		return found, nil
	}
	if c.dir != nil {
		c.dir.Close()
	}
	return false, explain(dir, err)
}

// openingBytes is the free space that badger's Open needs: for the headers of
// new files and for a table of each log that a crash left. A nearly full disk
// must not keep a process from starting, whose retention may make room and
// whose readers need none.
func (c *Catalog) openingBytes() (int64, error) {
	entries, err := os.ReadDir(c.options.Dir)
	if err != nil {
		return 0, err
	}
	bytes, exists := int64(128<<10), false
	for _, e := range entries {
		if exists = exists || e.Name() == badger.ManifestFilename; filepath.Ext(e.Name()) != ".mem" {
			continue
		}
		used, err := usedBytes(filepath.Join(c.options.Dir, e.Name()))
		if err != nil {
			return 0, err
		}
		bytes += 2 * used
	}
	if !exists { // it will be written to
		return c.options.MinFreeBytes, nil
	}
	return min(bytes, c.options.MinFreeBytes), nil
}

// explain says what a failure of badger's Open means. badger tells it in text.
func explain(dir string, err error) error {
	if strings.Contains(err.Error(), "Another process is using this Badger database") {
		return fmt.Errorf("%w: %s: %w; stop that process or use another directory", ErrLocked, dir, err)
	}
	for _, cause := range []error{fs.ErrPermission, fs.ErrNotExist} {
		if errors.Is(err, cause) {
			return fmt.Errorf("catalog: open %s: %w", dir, err)
		}
	}
	if errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("catalog: open %s: %w; %s", dir, err, remedy)
	}
	return fmt.Errorf("%w: open %s: %w; %s", ErrCorrupt, dir, err, remedy)
}

const remedy = "restore the directory from a backup, or move it away to begin with an empty catalog, " +
	"which forgets deletions that were not carried out and saved objects"

// prepare looks at the files before badger does, because of what badger makes
// of them: it does not open when a crash left an empty log behind, and it
// deletes every table when the manifest is missing. A damaged table that the
// manifest does not list is none of ours: the crash came while badger wrote it,
// or removed it, and badger deletes it.
func prepare(dir string) (found bool, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	manifest, tables := false, 0
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch filepath.Ext(e.Name()) {
		case ".mem", ".vlog":
			info, err := e.Info()
			if err != nil {
				return false, err
			}
			if info.Size() == 0 {
				if err := os.Remove(path); err != nil {
					return false, err
				}
			} else if filepath.Ext(path) == ".mem" {
				if err := checkLog(path); err != nil {
					return false, fmt.Errorf("%w; %s", err, remedy)
				}
			}
		case ".sst":
			tables++
			if err := checkTable(path); err != nil && !unlisted(dir, e.Name()) {
				return false, fmt.Errorf("%w; %s", err, remedy)
			}
		}
		manifest = manifest || e.Name() == badger.ManifestFilename
	}
	if tables > 0 && !manifest {
		return false, fmt.Errorf("%w: %s has %d tables and no %s; %s", ErrCorrupt, dir, tables, badger.ManifestFilename, remedy)
	}
	return tables > 0, nil
}

// unlisted says whether a table is surely not in the manifest.
func unlisted(dir, name string) bool {
	f, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if err != nil {
		return false
	}
	defer f.Close()
	m, _, err := badger.ReplayManifestFile(f, 0, badger.DefaultOptions(dir))
	id, ok := table.ParseFileID(name)
	_, listed := m.Tables[id]
	return err == nil && ok && !listed
}
