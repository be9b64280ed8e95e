package wal

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/storage/vfs"
)

const segmentSuffix = ".wal"

// segmentName sorts as the first LSN does.
func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentSuffix) }

func parseSegmentName(name string) (first uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && first > 0 && segmentName(first) == name
}

// segment is a segment that has frames to be replayed, or that is being
// written. Log.mu guards last and bytes of the latter; the rest is at rest.
type segment struct {
	first, last uint64 // last is first-1 while there are none
	frames      uint64
	bytes       int64 // up to the end of the last frame
	marker      [4]byte
}

func (s *segment) name() string { return segmentName(s.first) }

// reserveBytes is how much disk space is reserved at once, so that a sync need
// not allocate any.
const reserveBytes = 8 << 20

// segmentWriter is the segment that is being written. Only the committer has it.
type segmentWriter struct {
	*segment
	file     vfs.File
	reserved int64
	unsynced bool
}

// createSegment makes a segment that is ready to be written. It replaces one of
// the same name, which must be of no use any more.
func createSegment(fsys vfs.FS, dir string, first, follows uint64) (*segmentWriter, error) {
	h := header{marker: newMarker(), first: first, follows: follows}
	s := &segment{first: first, last: first - 1, marker: h.marker}
	return s.create(fsys, dir, h, func(io.Writer) error { return nil })
}

// create publishes the segment with frames, which may be none.
func (s *segment) create(fsys vfs.FS, dir string, h header, frames func(io.Writer) error) (*segmentWriter, error) {
	path := filepath.Join(dir, s.name())
	err := vfs.WriteFile(fsys, path, func(w io.Writer) error {
		if _, err := w.Write(h.encode()); err != nil {
			return err
		}
		return frames(w)
	})
	if err != nil {
		return nil, err
	}
	f, err := fsys.OpenAppend(path)
	if err != nil {
		return nil, err
	}
	s.bytes = f.Size()
	return &segmentWriter{segment: s, file: f}, nil
}

func (s *segmentWriter) write(frames []byte, limit int64) error {
	if end := s.file.Size() + int64(len(frames)); end > s.reserved {
		n := max(min(reserveBytes, limit-s.file.Size()), int64(len(frames)))
		s.reserved = s.file.Size() + n
		// Only for speed. If there is no space left, the write will say so.
		_ = s.file.Preallocate(n)
	}
	_, err := s.file.Write(frames)
	s.unsynced = s.unsynced || err == nil
	return err
}

// finish ends a segment whose frames are synced or given up.
func (s *segmentWriter) finish() {
	// Both only give back what is reserved and the file handle.
	_ = s.file.Truncate(s.bytes)
	_ = s.file.Close()
}
