package manifest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"sync"
)

// The names that this package uses in the data directory.
const (
	fileName    = "MANIFEST"
	tempName    = "MANIFEST.tmp"
	damagedName = "MANIFEST.damaged-%d"
)

// FS is what a manifest needs of a file system. A method that returns nil has
// done it; of what is not synced a crash may keep any part.
type FS interface {
	// Create makes an empty file, in place of one that has the name.
	Create(name string) (File, error)
	// Open opens a file for reading. Where there is none the error wraps
	// fs.ErrNotExist.
	Open(name string) (File, error)
	// Rename moves a file in place of another, atomically.
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes creations, renames and removals in a directory durable.
	SyncDir(dir string) error
}

// File is an open file. One that was created is written from its start on.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	// Sync makes what was written durable.
	Sync() error
}

// Sentinels. Test with errors.Is.
var (
	// ErrVersion: the manifest is of a format that this program does not
	// know. It is the only damage, if it is one, that Open refuses: going on
	// would lose what the newer program knows.
	ErrVersion = errors.New("manifest: unknown format version, open the data directory with the version of heddle that wrote it or newer")
	// ErrConflict: the edit does not fit the state; nothing was changed.
	ErrConflict = errors.New("manifest: edit does not fit the state")
	// ErrInvalid: the edit has a name that cannot be, or is too large; nothing
	// was changed.
	ErrInvalid = errors.New("manifest: invalid edit")
	// ErrClosed: the manifest was closed.
	ErrClosed = errors.New("manifest: closed")
)

// Edit is an atomic change. Removals come first, so that a part that is both
// removed and added is replaced.
type Edit struct {
	Add    []Part
	Remove []string          // ids of parts that exist
	Set    map[string]uint64 // settings to add or replace
}

// State is what all edits so far amount to. Its maps are shared and must not
// be changed.
type State struct {
	Parts    map[string]Part   // by id
	Settings map[string]uint64 // such as the LSN up to which everything is in parts
	Seq      uint64            // number of the last edit
}

// Manifest is an open manifest. It is safe for concurrent use; edits are
// applied one after the other.
type Manifest struct {
	fs  FS
	dir string

	mu     sync.Mutex
	state  State
	shared bool  // state's maps were given away, copy before changing them
	live   int64 // bytes that the parts would take in a new file

	log    File  // nil: the file must be written anew before it can be appended to
	size   int64 // of log
	redoAt int64 // size at which to try to write it anew
	closed bool

	// damaged is the file as Open found it, until there is a copy of it: before
	// that it must not be replaced. keepAs is the name of the copy.
	damaged []byte
	keepAs  string
}

// redoBytes is the size below which a log is never worth writing anew.
const redoBytes = 2 << 20

// Open reads the manifest in a directory, which must exist. A directory
// without one has an empty state. An error means that reading failed, which
// may pass and therefore must not be taken for damage, or that the version is
// unknown. Damage is not an error but in the report; only then does Open write.
func Open(fs FS, dir string) (*Manifest, State, Report, error) {
	raw, found, err := readFile(fs, filepath.Join(dir, fileName))
	if err != nil {
		return nil, State{}, Report{}, fmt.Errorf("manifest: reading %s: %w", filepath.Join(dir, fileName), err)
	}
	m := &Manifest{fs: fs, dir: dir}
	report := Report{Found: found}
	if m.state, err = replay(raw, &report); err != nil {
		return nil, State{}, Report{}, fmt.Errorf("%w (%s)", err, filepath.Join(dir, fileName))
	}
	for _, p := range m.state.Parts {
		m.live += partSize(&p)
	}
	if report.Damaged() {
		m.damaged = raw
		report.RewriteErr = m.rewrite(Edit{})
		if m.damaged == nil {
			report.KeptAs = m.keepAs
		}
	}
	return m, m.share(), report, nil
}

// State returns the current state.
func (m *Manifest) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.share()
}

func (m *Manifest) share() State {
	m.shared = true
	return m.state
}

// Apply makes an edit durable, then visible. After an error the state is as it
// was before, and the next Apply first writes the file anew: a file that could
// not be written or synced is not trusted again. Until an Apply succeeds a
// crash may still bring the failed edit to light, so the files of the parts it
// adds must not be deleted before, nor those of the parts it removes.
func (m *Manifest) Apply(e Edit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	if err := m.check(&e); err != nil {
		return err
	}
	if m.log == nil {
		return m.rewrite(e)
	}
	if m.size >= m.redoAt && m.size >= 4*m.live {
		err := m.rewrite(e)
		if err == nil || m.log == nil {
			return err
		}
		m.redoAt = m.size + redoBytes // the old file is as good as before
	}
	return m.append(e)
}

// append writes an edit at the end of the log, twice: see DESIGN.md.
func (m *Manifest) append(e Edit) error {
	seq := m.state.Seq + 1
	frame := appendFrame(nil, seq, &e)
	frame = append(frame, frame...)
	_, err := m.log.Write(frame)
	if err == nil {
		err = m.log.Sync()
	}
	if err != nil {
		m.distrust()
		return fmt.Errorf("manifest: appending edit %d: %w", seq, err)
	}
	m.size += int64(len(frame))
	m.apply(&e, seq)
	return nil
}

// distrust gives up the log after a failure.
func (m *Manifest) distrust() {
	if m.log != nil {
		_ = m.log.Close() // nothing depends on it any more
		m.log = nil
	}
}

// apply changes the state in memory.
func (m *Manifest) apply(e *Edit, seq uint64) {
	if m.shared {
		m.state.Parts, m.state.Settings = maps.Clone(m.state.Parts), maps.Clone(m.state.Settings)
		m.shared = false
	}
	for _, id := range e.Remove {
		p := m.state.Parts[id]
		m.live -= partSize(&p)
	}
	for i := range e.Add {
		m.live += partSize(&e.Add[i])
	}
	m.state.apply(e)
	m.state.Seq = seq
}

// check compares an edit with the state.
func (m *Manifest) check(e *Edit) error {
	if err := e.check(); err != nil {
		return err
	}
	removed := make(map[string]bool, len(e.Remove))
	for _, id := range e.Remove {
		if _, ok := m.state.Parts[id]; !ok || removed[id] {
			return fmt.Errorf("%w: there is no part %q to remove", ErrConflict, id)
		}
		removed[id] = true
	}
	added := make(map[string]bool, len(e.Add))
	for _, p := range e.Add {
		if _, ok := m.state.Parts[p.ID]; ok && !removed[p.ID] || added[p.ID] {
			return fmt.Errorf("%w: there is a part %q already", ErrConflict, p.ID)
		}
		added[p.ID] = true
	}
	return nil
}

// Close ends the use of the manifest. Everything applied is durable already.
func (m *Manifest) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.distrust()
	return nil
}
