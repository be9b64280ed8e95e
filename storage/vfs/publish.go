package vfs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// TempSuffix ends the names of files that are being written. Who opens a
// directory may remove such files: they are what a crash left behind.
const TempSuffix = ".tmp"

// WriteFile publishes a file: after a crash there is, under path, what was
// there before or all that write wrote. It writes to path+TempSuffix, syncs,
// renames and syncs the directory. When it returns nil the file is durable.
//
// With an error the file at path may be the old one or, when only the last
// step failed, the new one. Two calls for one path must not overlap. What
// write is given is buffered.
func WriteFile(fsys FS, path string, write func(w io.Writer) error) error {
	temp := path + TempSuffix
	if err := writeTemp(fsys, temp, write); err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, ignoreMissing(fsys.Remove(temp))))
	}
	if err := fsys.Rename(temp, path); err != nil {
		return fmt.Errorf("publish %s: %w", path, errors.Join(err, ignoreMissing(fsys.Remove(temp))))
	}
	if err := fsys.SyncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("publish %s: %w", path, err)
	}
	return nil
}

func writeTemp(fsys FS, temp string, write func(w io.Writer) error) error {
	if err := ignoreMissing(fsys.Remove(temp)); err != nil {
		return err
	}
	f, err := fsys.Create(temp)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(f, 64<<10)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// ReadFile reads a whole file. It refuses one of more than maxBytes before it
// allocates anything.
func ReadFile(fsys FS, path string, maxBytes int64) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Size() > maxBytes {
		return nil, fmt.Errorf("read %s: it has %d bytes, more than the %d that are expected at most", path, f.Size(), maxBytes)
	}
	data := make([]byte, f.Size())
	if n, err := f.ReadAt(data, 0); n < len(data) {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}
