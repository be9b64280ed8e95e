package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Replay calls fn with every record that is in the log and has an LSN of from
// or above, in order. A record's payload is good until fn returns. An error of
// fn ends the replay and is returned. progress, unless nil, is told now and
// then how much of the log was read.
//
// It reads with one buffer of some MiB, or the size of the largest frame. It
// may run beside everything but Close; fn may call Release, too: what is
// released meanwhile may or may not be delivered.
func (l *Log) Replay(from uint64, progress func(doneBytes, totalBytes int64), fn func(Record) error) error {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	segments, total := l.replayable(from)
	p := player{log: l, from: from, fn: fn, tenants: map[string]string{}}
	p.progress = func(read int64) { progress(p.done+read, total) }
	for _, seg := range segments {
		if err := p.play(seg); err != nil {
			return err
		}
		p.done += seg.bytes
		p.progress(0)
	}
	return nil
}

// replayable is a copy of the segments that have frames from an LSN on.
func (l *Log) replayable(from uint64) (segments []segment, total int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, seg := range l.segments {
		if seg.last >= seg.first && seg.last >= from {
			segments = append(segments, *seg)
			total += seg.bytes
		}
	}
	return segments, total
}

type player struct {
	log      *Log
	from     uint64
	fn       func(Record) error
	progress func(read int64)
	done     int64 // bytes of the segments before
	buf      []byte
	tenants  map[string]string
}

func (p *player) play(seg segment) error {
	file, err := p.log.fs.Open(filepath.Join(p.log.dir, seg.name()))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && p.log.isReleased(seg.last) {
			return nil
		}
		return fmt.Errorf("wal: replay: %w", err)
	}
	defer file.Close()
	r := newFrameReader(file, p.buf)
	defer func() { p.buf = r.buf }()
	r.seek(headerBytes)
	r.marker, r.last = seg.marker, seg.first-1
	told := int64(0)
	frames := uint64(0)
	for r.last < seg.last {
		f, err := r.next()
		if err != nil {
			break
		}
		frames++
		if f.LSN >= p.from {
			f.Tenant = p.tenant(f.tenant)
			if err := p.fn(f.Record); err != nil {
				return err
			}
		}
		if r.off-told >= readBytes {
			told = r.off
			p.progress(told)
		}
	}
	if frames != seg.frames {
		// Open has told what is damaged. This is something else.
		return fmt.Errorf("wal: replay %s: %d frames were read, there should be %d; the disk gives wrong data or the file was changed", seg.name(), frames, seg.frames)
	}
	return nil
}

// tenant returns a string that was made before, mostly.
func (p *player) tenant(name []byte) string {
	if s, ok := p.tenants[string(name)]; ok {
		return s
	}
	const keep = 1000
	s := string(name)
	if len(p.tenants) < keep {
		p.tenants[s] = s
	}
	return s
}

func (l *Log) isReleased(lsn uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return lsn <= l.released
}
