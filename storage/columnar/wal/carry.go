package wal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// # The end of the log after a crash
//
// Frames at the end of the last segment may be in the page cache only: the
// process was killed before it synced them, or a sync failed and then it was
// killed. In the second case the kernel takes them for clean, so syncing the
// file now would say nil and do nothing. They are nevertheless recovered and
// will be relied on, and the next segment's header will say that they are
// there. So they are written again: the next segment begins with them, and
// follows the last frame that is known to have been synced. What the old
// segment has above that is void, also what was torn.

// carry begins the next segment with the frames at the end of the last one
// that may not be on the disk. It returns nil when there is nothing to carry,
// or when the end of the log is damaged and must stay what it is.
func (s *scan) carry() (*segmentWriter, error) {
	if len(s.found) == 0 {
		return nil, nil
	}
	last := s.found[len(s.found)-1]
	if len(last.reasons) > 0 || len(last.tail) == 0 {
		return nil, nil
	}
	h := header{marker: newMarker(), first: max(last.first, last.synced+1), follows: last.synced}
	seg := &segment{first: h.first, last: last.last, frames: uint64(len(last.tail)), marker: h.marker}
	w, err := seg.create(s.fs, s.dir, h, func(w io.Writer) error { return s.copyTail(last, h, w) })
	if err != nil {
		return nil, fmt.Errorf("begin a segment with the end of the last: %w", err)
	}
	last.frames -= seg.frames
	last.last, last.bytes = h.first-1, last.tail[0].at
	return w, nil
}

func (s *scan) copyTail(last *foundSegment, h header, w io.Writer) error {
	file, err := s.fs.Open(filepath.Join(s.dir, last.name()))
	if err != nil {
		return err
	}
	defer file.Close()
	r := newFrameReader(file, s.buf)
	r.seek(last.tail[0].at)
	r.marker, r.last = last.marker, last.tail[0].lsn-1
	before := h.first - 1
	var b []byte
	for range last.tail {
		f, err := r.next()
		if err != nil {
			return fmt.Errorf("%s cannot be read again: %w", last.name(), err)
		}
		// The space of frames that were torn, so that the LSNs are believed.
		b = append(b[:0], make([]byte, (f.LSN-before-1)*frameBytes)...)
		start := len(b)
		b = appendFrame(b, f.LSN, f.Signal, f.Codec, string(f.tenant), [][]byte{f.Payload})
		finishFrames(b[start:], h.marker, h.follows)
		if _, err := w.Write(b); err != nil {
			return err
		}
		before = f.LSN
	}
	return nil
}

// settle is the second best where carry did nothing: it cuts off what is torn
// and syncs the rest in place.
func (s *scan) settle() error {
	if len(s.found) == 0 {
		return nil
	}
	last := s.found[len(s.found)-1]
	if last.frames == 0 {
		return nil
	}
	file, err := s.fs.OpenAppend(filepath.Join(s.dir, last.name()))
	if err == nil {
		if last.torn {
			// If this fails, the header of the next segment says the same.
			_ = file.Truncate(last.bytes)
		}
		err = errors.Join(file.Sync(), file.Close())
	}
	if err != nil {
		return fmt.Errorf("wal: sync %s: %w; a power cut may take what was recovered", last.name(), err)
	}
	return nil
}
