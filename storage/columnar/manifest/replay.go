package manifest

import (
	"bytes"
	"cmp"
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

// foundEdit is an edit of which a file has a whole frame.
type foundEdit struct {
	Edit
	seq    uint64
	crc    uint32 // of the payload
	frames int    // that it has
	at     int64  // where the first of them is
}

// replay applies every edit of which a frame is whole, in the order of their
// numbers. Whatever is not is skipped byte by byte until something is again.
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
	case h.version != version && h.version != versionOnce:
		return s, fmt.Errorf("%w: it is of version %d", ErrVersion, h.version)
	default:
		s.Seq = h.first - 1
	}
	found, end := r.edits(b, at, h.first)
	for _, e := range found {
		if s.Seq > 0 || h.first > 0 {
			r.LostEdits += e.seq - s.Seq - 1
		}
		s.Seq = e.seq
		r.Misfits += s.apply(&e.Edit)
		r.Edits++
	}
	if s.Seq < h.last {
		r.damage(end, len(b), "an incomplete file")
		r.LostEdits += h.last - s.Seq
		s.Seq = h.last
		return s, nil
	}
	r.TornBytes = int64(len(b) - end)
	// A power cut may take the first frame of the last edit and leave the second.
	if n, d := len(found), len(r.Damage); n > 0 && d > 0 && 0 < h.last && h.last < s.Seq && found[n-1].frames == 1 {
		if before := r.Damage[d-1]; before.Offset+before.Bytes == found[n-1].at {
			r.Damage = r.Damage[:d-1]
			r.TornBytes += before.Bytes
		}
	}
	return s, nil
}

// edits collects what is whole from a place of the file on, in the order of the
// numbers, of which none may be below first. end is where the last frame ends.
func (r *Report) edits(b []byte, at int, first uint64) (found []*foundEdit, end int) {
	known := map[uint64]*foundEdit{}
	end = at
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
		r.damage(end, at, "no valid edit")
		end = at + frameHead + len(payload)
		crc := checksum(payload)
		e, ok := known[seq]
		switch {
		case !ok && seq >= first:
			e = &foundEdit{seq: seq, crc: crc, frames: 1, at: int64(at)}
			if e.Edit, ok = decodeEdit(payload); !ok {
				r.damage(at, end, "an edit that cannot be decoded")
				break
			}
			known[seq] = e
			found = append(found, e)
		case !ok || e.crc != crc:
			r.damage(at, end, "an edit that was there before")
		default:
			e.frames++
		}
		at = end
	}
	slices.SortFunc(found, func(x, y *foundEdit) int { return cmp.Compare(x.seq, y.seq) })
	return found, end
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
