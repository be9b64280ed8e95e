package manifest

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Signal is what the rows of a part are. The numbers are in files.
type Signal uint8

const (
	Spans Signal = 1
	Logs  Signal = 2
)

// String returns the name of the directory of the signal.
func (s Signal) String() string {
	switch s {
	case Spans:
		return "spans"
	case Logs:
		return "logs"
	}
	return fmt.Sprintf("signal(%d)", uint8(s))
}

// Part describes a part: a Parquet file and its index.
type Part struct {
	ID            string // a ULID in text; 1 to 64 letters, digits, '-' and '_'
	Tenant        string // at most 255 bytes of UTF-8
	Signal        Signal
	Hour          int64 // of arrival, hours since 1970: names the directory
	Rows          uint64
	Groups        uint32 // row groups
	MinNs, MaxNs  int64  // of the rows' times, both included
	Bytes         uint64 // of the Parquet file
	IndexBytes    uint64
	Hash          uint64 // xxh64 of the Parquet file
	IndexHash     uint64
	MinLSN        uint64 // of the log records the rows came from
	MaxLSN        uint64
	PurgedTo      uint64 // highest tombstone that was applied to it
	Level         uint8  // of compaction
	FormatVersion uint8  // of the files
}

const (
	maxID     = 64
	maxTenant = 255
	maxKey    = 255
)

// validID is strict because ids become names of files.
func validID(id string) bool {
	if len(id) == 0 || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// check says whether an edit can be written and read at all.
func (e *Edit) check() error {
	for _, p := range e.Add {
		if !validID(p.ID) || len(p.Tenant) > maxTenant || !utf8.ValidString(p.Tenant) {
			return fmt.Errorf("%w: part %q of tenant %q has no valid name", ErrInvalid, p.ID, p.Tenant)
		}
	}
	for key := range e.Set {
		if len(key) > maxKey || !utf8.ValidString(key) {
			return fmt.Errorf("%w: the name of setting %q is too long or not UTF-8", ErrInvalid, key)
		}
	}
	if size := e.size(); size > maxPayload {
		return fmt.Errorf("%w: it has %d bytes, at most %d are allowed; split it", ErrInvalid, size, maxPayload)
	}
	return nil
}

func (e *Edit) empty() bool { return len(e.Add)+len(e.Remove)+len(e.Set) == 0 }

// apply changes the maps of a state, which it makes when there are none. What
// does not fit is no error here: the edit that it refers to may be lost.
func (s *State) apply(e *Edit) (misfits int) {
	if s.Parts == nil {
		s.Parts = map[string]Part{}
	}
	if s.Settings == nil {
		s.Settings = map[string]uint64{}
	}
	for _, id := range e.Remove {
		if _, ok := s.Parts[id]; !ok {
			misfits++
		}
		delete(s.Parts, id)
	}
	for _, p := range e.Add {
		if _, ok := s.Parts[p.ID]; ok {
			misfits++
		}
		s.Parts[p.ID] = p
	}
	for key, v := range e.Set {
		s.Settings[key] = v
	}
	return misfits
}

// appendPart encodes a part: texts with their length, times and the like as
// varints, hashes as they are.
func appendPart(b []byte, p *Part) []byte {
	b = appendText(b, p.ID)
	b = appendText(b, p.Tenant)
	b = append(b, byte(p.Signal), p.Level, p.FormatVersion)
	for _, v := range [...]int64{p.Hour, p.MinNs, p.MaxNs} {
		b = binary.AppendVarint(b, v)
	}
	for _, v := range [...]uint64{p.Rows, uint64(p.Groups), p.Bytes, p.IndexBytes, p.MinLSN, p.MaxLSN, p.PurgedTo} {
		b = binary.AppendUvarint(b, v)
	}
	b = binary.LittleEndian.AppendUint64(b, p.Hash)
	return binary.LittleEndian.AppendUint64(b, p.IndexHash)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func partSize(p *Part) int64 {
	var b [maxID + maxTenant + 160]byte // it always fits: nothing is allocated
	return int64(len(appendPart(b[:0], p)))
}
