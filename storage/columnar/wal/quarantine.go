package wal

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/heddle-io/heddle/storage/vfs"
)

// quarantine copies a damaged segment to the folder beside the log's.
func quarantine(fsys vfs.FS, path string, found *foundSegment) DamagedSegment {
	d := DamagedSegment{Name: found.name(), Reason: strings.Join(found.reasons, "; ")}
	dir := filepath.Join(filepath.Dir(filepath.Dir(path)), "quarantine")
	copied, err := copySegment(fsys, path, dir, d)
	if err != nil {
		d.Reason += fmt.Sprintf("; it could not be copied to %s: %v", dir, err)
		return d
	}
	d.Copy = copied
	return d
}

func copySegment(fsys vfs.FS, path, dir string, d DamagedSegment) (string, error) {
	if err := fsys.MkdirAll(dir); err != nil {
		return "", err
	}
	file, err := fsys.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	to := filepath.Join(dir, "wal-"+d.Name)
	// A segment stays until it is released, so it may have been copied before.
	if info, err := fsys.Stat(to); err == nil && info.Bytes == file.Size() {
		return to, nil
	}
	if err := vfs.WriteFile(fsys, to, newFrameReader(file, nil).copyTo); err != nil {
		return "", err
	}
	return to, vfs.WriteFile(fsys, to+".txt", func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %s\n", d.Name, d.Reason)
		return err
	})
}

// copyTo copies the file, with zeros for what cannot be read.
func (r *frameReader) copyTo(w io.Writer) error {
	for r.seek(0); r.off < r.size; r.advance(len(r.rest)) {
		if _, err := w.Write(r.window(1)); err != nil {
			return err
		}
	}
	return nil
}
