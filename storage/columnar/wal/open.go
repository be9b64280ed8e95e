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
	c, rec, err := recoverLog(fsys, dir, opts)
	if err != nil {
		return nil, Recovery{}, err
	}
	go c.run()
	return c.Log, rec, nil
}

// recoverLog does all of Open but to start the committer.
func recoverLog(fsys vfs.FS, dir string, opts Options) (*committer, Recovery, error) {
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
	s.putAside()
	next := max(s.next, opts.NextLSN)
	if len(s.found) == 0 {
		s.good = next - 1
	}
	l := &Log{fs: fsys, dir: dir, opts: opts, wake: make(chan struct{}, 1), done: make(chan struct{}), next: next, settled: next - 1}
	l.space.L = &l.mu
	l.stats.DurableLSN = s.good
	c := &committer{Log: l, good: s.good, synced: s.good, taken: next - 1, stale: s.stale, pause: firstPause}
	c.begin(s)
	return c, s.rec, nil
}

// begin makes the first segment.
func (c *committer) begin(s *scan) {
	carried, err := s.carry()
	if carried == nil {
		if err := s.settle(); err != nil {
			c.opts.OnError(err)
		}
	}
	for _, found := range s.found {
		if found.frames > 0 {
			c.segments = append(c.segments, found.segment)
		}
	}
	switch {
	case err != nil:
	case carried == nil:
		err = c.reopen()
	case carried.last+1 == c.next:
		c.use(carried)
	default: // LSNs do not go on where they ended
		carried.finish()
		c.segments = append(c.segments, carried.segment)
		err = c.reopen()
	}
	if err != nil {
		c.failure = failed(err)
		c.opts.OnError(c.failure)
	}
}
