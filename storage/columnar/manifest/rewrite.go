package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
)

const (
	partsPerFrame = 64        // of a new file: damage to one frame costs no more
	writeBytes    = 256 << 10 // written at once
)

// rewrite writes the state and an edit as a new file and puts it in place of
// the old one. Up to the rename a failure leaves the old file as it was and
// m.log usable if it was; from there on nobody knows which of the two a crash
// would leave, so that m.log is given up.
func (m *Manifest) rewrite(e Edit) error {
	if err := m.keepDamaged(); err != nil {
		return err
	}
	temp := filepath.Join(m.dir, tempName)
	f, size, seq, err := m.writeNew(temp, &e)
	if err != nil {
		_ = m.fs.Remove(temp) // the next attempt would replace it anyway
		return fmt.Errorf("manifest: writing %s: %w", temp, err)
	}
	m.distrust()
	err = m.fs.Rename(temp, filepath.Join(m.dir, fileName))
	if err == nil {
		err = m.fs.SyncDir(m.dir)
	}
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("manifest: putting %s in place: %w", temp, err)
	}
	m.log, m.size = f, size
	m.redoAt = max(redoBytes, 2*size)
	m.apply(&e, seq)
	return nil
}

// writeNew writes and syncs a new file. Its edits get new numbers, so that a
// reader notices when one is missing.
func (m *Manifest) writeNew(name string, e *Edit) (f File, size int64, seq uint64, err error) {
	edits := m.state.edits()
	if !e.empty() {
		edits = append(edits, *e)
	}
	f, err = m.fs.Create(name)
	if err != nil {
		return nil, 0, 0, err
	}
	last := m.state.Seq + uint64(len(edits))
	b := appendHeader(nil, m.state.Seq+1, last)
	for i := range 2 * len(edits) { // first all of them, then all again
		at := i % len(edits)
		b = appendFrame(b, m.state.Seq+1+uint64(at), &edits[at])
		if len(b) >= writeBytes || at == len(edits)-1 {
			if _, err = f.Write(b); err != nil {
				break
			}
			size += int64(len(b))
			b = b[:0]
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, 0, err
	}
	return f, size, last, nil
}

// edits are a state as edits of limited size, of which there is at least one.
func (s *State) edits() []Edit {
	edits := []Edit{{Set: s.Settings}}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(s.Parts)), partsPerFrame) {
		var e Edit
		for _, id := range ids {
			e.Add = append(e.Add, s.Parts[id])
		}
		edits = append(edits, e)
	}
	return edits
}

// maxDamaged bounds the damaged files that are kept. A file system that breaks
// more of them needs another cure.
const maxDamaged = 1000

// keepDamaged copies what Open found damaged under a free name. It is a copy
// and no rename: there must be a manifest at all times.
func (m *Manifest) keepDamaged() error {
	if m.damaged == nil {
		return nil
	}
	if m.keepAs == "" {
		name, err := m.damagedName()
		if err != nil {
			return err
		}
		m.keepAs = name // also of the next attempt, should this one fail
	}
	err := writeFile(m.fs, m.keepAs, m.damaged)
	if err == nil {
		err = m.fs.SyncDir(m.dir)
	}
	if err != nil {
		return fmt.Errorf("manifest: keeping the damaged file as %s: %w", m.keepAs, err)
	}
	m.damaged = nil
	return nil
}

// damagedName is a free name, or that of the same damage found before.
func (m *Manifest) damagedName() (string, error) {
	for n := 1; n <= maxDamaged; n++ {
		name := filepath.Join(m.dir, fmt.Sprintf(damagedName, n))
		old, taken, err := readFile(m.fs, name)
		if err != nil {
			return "", fmt.Errorf("manifest: looking for a name for the damaged file: %w", err)
		}
		if !taken || bytes.Equal(old, m.damaged) {
			return name, nil
		}
	}
	return "", fmt.Errorf("manifest: there are %d damaged manifests in %s already; move them away", maxDamaged, m.dir)
}

func writeFile(fs FS, name string, b []byte) error {
	f, err := fs.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func readFile(fsys FS, name string) (b []byte, found bool, err error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	b, err = io.ReadAll(io.NewSectionReader(f, 0, math.MaxInt64))
	return b, true, errors.Join(err, f.Close())
}
