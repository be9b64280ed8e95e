package manifest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Report is what Open found.
type Report struct {
	Found bool // there was a file
	Edits int  // that were read and applied

	// TornBytes is the length of an end that makes no sense: an Apply that a
	// crash interrupted, and that therefore never returned nil.
	TornBytes int64

	Damage    []Damage
	LostEdits uint64 // known to be missing by their numbers; damage at the start can hide more
	Misfits   int    // parts that were removed without being there, or added twice: signs of lost edits

	KeptAs     string // where the damaged file was copied to
	RewriteErr error  // why the damaged file could not be replaced; the next Apply tries again
}

// Damage is a range of the file without a valid edit, though it is not the end.
type Damage struct {
	Offset, Bytes int64
	Reason        string
}

// Damaged says whether edits are or may be lost that were durable once. The
// state should then be compared with the files that there are.
func (r *Report) Damaged() bool { return len(r.Damage) > 0 || r.LostEdits > 0 }

func (r *Report) String() string {
	if !r.Found {
		return "no manifest"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d edits", r.Edits)
	if r.TornBytes > 0 {
		fmt.Fprintf(&b, ", an unfinished one of %d bytes dropped", r.TornBytes)
	}
	for _, d := range r.Damage {
		fmt.Fprintf(&b, "; %d bytes at %d: %s", d.Bytes, d.Offset, d.Reason)
	}
	if r.LostEdits > 0 {
		fmt.Fprintf(&b, "; at least %d edits lost", r.LostEdits)
	}
	if r.Misfits > 0 {
		fmt.Fprintf(&b, "; %d parts do not fit", r.Misfits)
	}
	if r.KeptAs != "" {
		fmt.Fprintf(&b, "; damaged file kept as %s", r.KeptAs)
	}
	if r.RewriteErr != nil {
		fmt.Fprintf(&b, "; not replaced: %v", r.RewriteErr)
	}
	return b.String()
}

// replay applies every edit of a file that is whole. Whatever is not is
// skipped byte by byte until something is again.
func replay(b []byte, r *Report) (State, error) {
	s := State{Parts: map[string]Part{}, Settings: map[string]uint64{}}
	if !r.Found {
		return s, nil
	}
	h, ok := headerOf(b)
	at := headerSize
	switch {
	case !ok:
		at = 0
		r.Damage = append(r.Damage, Damage{Reason: "no valid header"})
	case h.version != version:
		return s, fmt.Errorf("%w: it is of version %d", ErrVersion, h.version)
	default:
		s.Seq = h.first - 1
	}
	bad := at // where the bytes begin that are not explained yet
	for at < len(b) {
		seq, payload, ok := frameOf(b[at:])
		if !ok {
			next := bytes.Index(b[at+1:], []byte(frameMagic))
			if next < 0 {
				break
			}
			at += 1 + next
			continue
		}
		r.damage(bad, at, "no valid edit")
		bad = at + frameHead + len(payload)
		if r.replay(&s, seq, payload, at, bad) {
			if s.Seq > 0 || h.first > 0 {
				r.LostEdits += seq - s.Seq - 1
			}
			s.Seq = seq
		}
		at = bad
	}
	if s.Seq < h.last {
		r.damage(bad, len(b), "an incomplete file")
		r.LostEdits += h.last - s.Seq
		s.Seq = h.last
	} else {
		r.TornBytes = int64(len(b) - bad)
	}
	return s, nil
}

// replay applies the edit at a place of the file, if it is one.
func (r *Report) replay(s *State, seq uint64, payload []byte, from, to int) bool {
	e, ok := decodeEdit(payload)
	if !ok {
		r.damage(from, to, "an edit that cannot be decoded")
		return false
	}
	if seq <= s.Seq {
		r.damage(from, to, "an edit that was there before")
		return false
	}
	r.Misfits += s.apply(&e)
	r.Edits++
	return true
}

func (r *Report) damage(from, to int, reason string) {
	if to > from {
		r.Damage = append(r.Damage, Damage{int64(from), int64(to - from), reason})
	}
}

// Reconcile compares the state with the names of files, which begin with the
// id of their part up to the first dot; directories before it are ignored. It
// returns the names whose part does not exist, and the ids of parts that no
// name belongs to, both sorted. A part has more than one file, so the names
// should be of one kind.
func (s State) Reconcile(names []string) (orphans, missing []string) {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		id := name[strings.LastIndexAny(name, `/\`)+1:]
		id, _, _ = strings.Cut(id, ".")
		if _, ok := s.Parts[id]; !ok {
			orphans = append(orphans, name)
		}
		seen[id] = true
	}
	for id := range s.Parts {
		if !seen[id] {
			missing = append(missing, id)
		}
	}
	slices.Sort(orphans)
	slices.Sort(missing)
	return orphans, missing
}
