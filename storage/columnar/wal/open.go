package wal

import (
	"fmt"

	"github.com/heddle-io/heddle/storage/vfs"
)

// Open opens the log in a directory, which it makes when missing, and tells
// what it found there. It reads all of the log, repairs the end, and begins a
// new segment.
//
// Damage is never an error: it is told in Recovery, and a damaged segment is
// copied to the folder quarantine beside dir. Nor is a disk on which the new
// segment cannot be begun: the log is then open, can be replayed, and refuses
// with ErrFailed until that works. Errors are invalid options, a directory
// that cannot be listed, a segment that this process may not open, and one that
// a newer version wrote.
//
// The caller should Replay next, and must Close in the end.
func Open(fsys vfs.FS, dir string, opts Options) (*Log, Recovery, error) {
	opts = opts.withDefaults()
	if err := opts.Validate(); err != nil {
		return nil, Recovery{}, err
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, Recovery{}, fmt.Errorf("wal: %w", err)
	}
	s, err := scanSegments(fsys, dir)
	if err != nil {
		return nil, Recovery{}, err
	}
	s.repair(opts.OnError)

	next := max(s.next, opts.NextLSN)
	if len(s.found) == 0 {
		s.good = next - 1
	}
	l := &Log{fs: fsys, dir: dir, opts: opts, wake: make(chan struct{}, 1), done: make(chan struct{}), next: next, settled: next - 1}
	l.space.L = &l.mu
	for _, found := range s.found {
		if found.frames > 0 {
			l.segments = append(l.segments, found.segment)
		}
	}
	l.stats.DurableLSN = s.good
	c := &committer{Log: l, good: s.good, synced: s.good, taken: next - 1, stale: s.stale, pause: firstPause}
	if err := c.reopen(); err != nil {
		l.failure = failed(err)
		opts.OnError(l.failure)
	}
	go c.run()
	return l, s.rec, nil
}
