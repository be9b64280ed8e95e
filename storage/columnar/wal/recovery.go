package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/heddle-io/heddle/storage/vfs"
)

// Recovery is what Open found.
type Recovery struct {
	Segments int
	Frames   uint64 // that Replay will deliver
	Bytes    int64  // of them
	FirstLSN uint64 // of them; 0 when there are none
	LastLSN  uint64

	// Follows is the last LSN that was in the log before what is left of it, 0
	// when that is not known. Up to there the caller must have everything.
	Follows uint64

	// TornBytes were being written when the power was cut or the process
	// killed, and are no whole frames. Nobody was promised them, with
	// Durability Interval and None beyond what those promise. This is normal.
	TornBytes int64

	// Lost are frames that were on the disk and are there no more. They may
	// have been released, if the caller knows of them.
	Lost []Range

	// Damaged are the segments in which something is wrong. What can be read
	// of them is delivered.
	Damaged []DamagedSegment
}

// Range is a range of LSNs, both ends included.
type Range struct{ From, To uint64 }

// DamagedSegment tells what is wrong with a segment.
type DamagedSegment struct {
	Name   string
	Reason string
	// Copy is where the segment was copied to, as it was found, with a text
	// file of the reason beside it. Empty when that failed; Reason says why.
	Copy string
}

// Clean reports whether nothing is damaged or lost.
func (r Recovery) Clean() bool { return len(r.Lost) == 0 && len(r.Damaged) == 0 }

// scan goes through all segments, in order.
type scan struct {
	fs    vfs.FS
	dir   string
	found []*foundSegment
	stale []string // files that are of no use
	rec   Recovery
	buf   []byte

	last uint64 // up to here every LSN was met, was given up, or is lost
	good uint64 // last LSN that was in the log
	next uint64 // above everything that was ever assigned, as far as the files tell
}

// foundSegment is a segment as it was found.
type foundSegment struct {
	*segment
	size      int64
	follows   uint64 // see header
	headerErr error
	reasons   []string // what is wrong
	dirty     bool     // there are bytes behind the last frame
	torn      bool     // they are to be cut off
	ioErr     error    // why some of it could not be read

	synced uint64          // last LSN of it, or before it, that is known to have been synced
	tail   []framePosition // the frames above that
}

type framePosition struct {
	lsn uint64
	at  int64
}

// add counts a frame in.
func (s *foundSegment) add(f frame, end int64) {
	s.last, s.bytes = f.LSN, end
	s.frames++
	s.synced = max(s.synced, f.synced)
	s.tail = append(s.tail, framePosition{f.LSN, end - int64(f.bytes)})
	for len(s.tail) > 0 && s.tail[0].lsn <= s.synced {
		s.tail = s.tail[1:]
	}
}

func (s *foundSegment) damaged(format string, args ...any) {
	s.reasons = append(s.reasons, fmt.Sprintf(format, args...))
}

// scanSegments reads everything and changes nothing.
func scanSegments(fsys vfs.FS, dir string) (*scan, error) {
	s := &scan{fs: fsys, dir: dir}
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("wal: list segments: %w", err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, segmentSuffix+vfs.TempSuffix) {
			s.stale = append(s.stale, name) // a crash came while a segment was begun
		}
		first, ok := parseSegmentName(name)
		if !ok {
			continue
		}
		found := &foundSegment{segment: &segment{first: first, last: first - 1, bytes: headerBytes}}
		if err := s.readHeader(found); err != nil {
			return nil, err
		}
		s.found = append(s.found, found)
	}
	for i, found := range s.found {
		if i == 0 {
			s.last = found.follows
			if found.headerErr == nil {
				s.rec.Follows = found.follows
			}
		}
		s.readFrames(i, found)
	}
	s.rec.Segments = len(s.found)
	s.next = max(s.next, s.last+1)
	return s, nil
}

// readHeader fails for what a newer version wrote, and for what another try
// can read: damage is no reason not to start.
func (s *scan) readHeader(found *foundSegment) error {
	found.follows = found.first - 1
	file, err := s.fs.Open(filepath.Join(s.dir, found.name()))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return fmt.Errorf("wal: %w; let this process open the file and start again", err)
	}
	if err != nil {
		found.headerErr = err
		if info, err := s.fs.Stat(filepath.Join(s.dir, found.name())); err == nil {
			found.size = info.Bytes
		} else {
			found.size = unknownBytes
		}
		return nil
	}
	defer file.Close()
	found.size = file.Size()
	b := make([]byte, headerBytes)
	if n, err := file.ReadAt(b, 0); n < len(b) {
		found.headerErr = fmt.Errorf("%w: %w", errDamagedHeader, err)
		return nil
	}
	h, err := decodeHeader(b, found.first)
	if errors.Is(err, errNewerVersion) {
		return fmt.Errorf("wal: %s: %w; start that version, or move the file away and lose what is in it", found.name(), err)
	}
	if found.headerErr = err; err == nil {
		found.marker, found.follows = h.marker, h.follows
	}
	return nil
}

// limit is the last LSN that the i-th segment can have: what is behind it was
// given up when the next one was begun.
func (s *scan) limit(i int) uint64 {
	if i+1 == len(s.found) {
		return math.MaxUint64
	}
	return s.found[i+1].follows
}

func (s *scan) readFrames(i int, found *foundSegment) {
	s.checkGap(i, found)
	s.good = max(s.good, found.follows)
	s.last = max(s.last, found.first-1)
	found.synced = found.follows
	limit, isLast := s.limit(i), i+1 == len(s.found)
	if found.headerErr != nil {
		found.damaged("%v", found.headerErr)
	}
	file, err := s.fs.Open(filepath.Join(s.dir, found.name()))
	if err != nil {
		found.damaged("it cannot be opened: %v", err)
		found.ioErr = err
		s.unknown(found, isLast)
		return
	}
	defer file.Close()
	r := newFrameReader(file, s.buf)
	defer func() { s.buf, found.ioErr = r.buf, r.ioErr }()
	r.seek(headerBytes)
	r.marker, r.last = found.marker, found.first-1
	if found.headerErr != nil {
		marker, ok := r.findMarker(found.first)
		if !ok {
			found.damaged("no frame was found in it")
			s.unknown(found, isLast)
			return
		}
		found.marker, r.marker = marker, marker
	}
	for found.last < limit {
		f, err := r.next()
		if err != nil || f.LSN > limit {
			break
		}
		s.checkHole(found, f, r.ioErr)
		s.last, s.good = f.LSN, f.LSN
		found.add(f, r.off)
		s.rec.Frames++
		s.rec.Bytes += int64(f.bytes)
		if s.rec.FirstLSN == 0 {
			s.rec.FirstLSN = f.LSN
		}
		s.rec.LastLSN = f.LSN
	}
	found.dirty = max(r.dirtyEnd, r.unreadableEnd) > found.bytes
	switch {
	case r.unreadableEnd > found.bytes:
		found.damaged("its end cannot be read: %v", r.ioErr)
		s.unknown(found, isLast)
	case isLast && found.dirty:
		found.torn = true
		s.rec.TornBytes += r.dirtyEnd - found.bytes
	}
}

// unknown provides for frames that may be behind the last one known. Perhaps
// they can be read next time: their LSNs must not be used again, nor must the
// next segment say that they were given up.
func (s *scan) unknown(found *foundSegment, isLast bool) {
	if !isLast {
		return
	}
	s.next = s.last + 2 // not this one's name again
	if behind := found.size - found.bytes; behind > frameBytes {
		s.next += uint64(behind / frameBytes)
		s.good = s.next - 1
	}
}

// unknownBytes is taken for the size of a file that cannot even be asked for it.
const unknownBytes = 1 << 30

// checkGap looks for frames missing between a segment and the one before.
func (s *scan) checkGap(i int, found *foundSegment) {
	if found.follows <= s.last {
		return
	}
	lost := Range{s.last + 1, found.follows}
	s.lose(lost)
	if before := s.found[i-1]; before.dirty {
		before.damaged("the frames with LSN %d to %d at its end are damaged", lost.From, lost.To)
	}
}

// checkHole looks at what is between a frame and the one before.
func (s *scan) checkHole(found *foundSegment, f frame, ioErr error) {
	if f.skipped == 0 {
		return
	}
	why := ""
	if ioErr != nil {
		why = fmt.Sprintf(" (%v)", ioErr)
	}
	// A power cut may take a frame and leave one that was written behind it,
	// but only when neither was synced.
	lost := Range{s.last + 1, min(f.LSN-1, f.synced)}
	switch {
	case lost.From <= lost.To:
		s.lose(lost)
		found.damaged("the frames with LSN %d to %d are damaged%s", lost.From, lost.To, why)
	case f.LSN == s.last+1:
		found.damaged("%d bytes before LSN %d are no frame%s", f.skipped, f.LSN, why)
	default:
		s.rec.TornBytes += f.skipped
	}
}

func (s *scan) lose(lost Range) {
	if n := len(s.rec.Lost); n > 0 && s.rec.Lost[n-1].To+1 == lost.From {
		s.rec.Lost[n-1].To = lost.To
		return
	}
	s.rec.Lost = append(s.rec.Lost, lost)
}

// putAside copies damaged segments to quarantine and lists what is of no use.
func (s *scan) putAside() {
	for _, found := range s.found {
		path := filepath.Join(s.dir, found.name())
		keep := found.frames > 0 || found.ioErr != nil // it may be readable next time
		if len(found.reasons) > 0 {
			d := quarantine(s.fs, path, found)
			s.rec.Damaged = append(s.rec.Damaged, d)
			keep = keep || d.Copy == ""
		}
		if !keep {
			s.stale = append(s.stale, found.name())
		}
	}
}
