package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/heddle-io/heddle/storage/vfs"
)

// The tests of damage work on three segments with three frames each, and one
// write a frame.
var testMarker = [4]byte{0xf0, 0x0d, 0x01, 0x02}

const testFrameBytes = frameBytes + len("default") + 1000

func testSegment(first uint64, frames int) []byte { return testSegmentOf(first, frames, 1000) }

func testSegmentOf(first uint64, frames, size int) []byte {
	b := header{marker: testMarker, first: first, follows: first - 1}.encode()
	for lsn := first; lsn < first+uint64(frames); lsn++ {
		start := len(b)
		b = appendFrame(b, lsn, 1, 1, "default", [][]byte{[]byte(payloadOf(int(lsn), size))})
		finishFrames(b[start:], testMarker, lsn-1)
	}
	return b
}

type files map[string][]byte

func threeSegments() files {
	return files{segmentName(1): testSegment(1, 3), segmentName(4): testSegment(4, 3), segmentName(7): testSegment(7, 3)}
}

func (f files) on(t testing.TB) *vfs.Mem {
	t.Helper()
	mem := vfs.NewMem()
	must(t, mem.MkdirAll("data/wal"))
	for name, data := range f {
		must(t, vfs.WriteFile(mem, filepath.Join("data/wal", name), func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		}))
	}
	return mem
}

// at is the offset of a frame in its segment, from 0.
func at(frame int) int { return headerBytes + frame*testFrameBytes }

func TestDamage(t *testing.T) {
	const one, four, seven = "00000000000000000001.wal", "00000000000000000004.wal", "00000000000000000007.wal"
	flip := func(name string, offset int) func(files) {
		return func(f files) { f[name][offset] ^= 0x10 }
	}
	zero := func(name string, from, to int) func(files) {
		return func(f files) { clear(f[name][from:to]) }
	}
	cut := func(name string, size int) func(files) {
		return func(f files) { f[name] = f[name][:size] }
	}
	add := func(name string, b []byte) func(files) {
		return func(f files) { f[name] = append(f[name], b...) }
	}
	cases := []struct {
		name    string
		do      func(files)
		missing []uint64 // of LSN 1 to 9
		lost    []Range
		damaged []string
		torn    int64

		aside     bool // what is damaged has no frames left, and is no part of the log any more
		forgotten bool // nothing of what is lost is left
	}{
		{name: "none", do: func(files) {}},
		{name: "space behind the last frame", do: add(seven, make([]byte, 5<<20))},
		{name: "space behind another frame", do: add(one, make([]byte, 5<<20))},
		{name: "the last frame is cut", do: cut(seven, at(3)-1), missing: []uint64{9}, torn: int64(testFrameBytes) - 1},
		{name: "the last frame's head is cut", do: cut(seven, at(2)+5), missing: []uint64{9}, torn: 5},
		{name: "the last frame is wrong", do: flip(seven, at(2)+100), missing: []uint64{9}, torn: int64(testFrameBytes)},
		{name: "the last frame is zero at its end", do: zero(seven, at(3)-100, at(3)), missing: []uint64{9}, torn: int64(testFrameBytes) - 100},
		{name: "something behind the last frame", do: add(seven, []byte("torn\x00\x00")), torn: 4},
		{name: "the marker behind the last frame", do: add(seven, testMarker[:]), torn: 4},
		{name: "a frame of before behind the last", do: add(seven, testSegment(8, 1)[headerBytes:]), torn: int64(testFrameBytes)},
		{name: "a frame in the middle of the last segment", do: flip(seven, at(1)+100), missing: []uint64{8}, lost: []Range{{8, 8}}, damaged: []string{seven}},
		{name: "payload", do: flip(one, at(1)+100), missing: []uint64{2}, lost: []Range{{2, 2}}, damaged: []string{one}},
		{name: "marker", do: flip(one, at(1)), missing: []uint64{2}, lost: []Range{{2, 2}}, damaged: []string{one}},
		{name: "length", do: flip(one, at(1)+4), missing: []uint64{2}, lost: []Range{{2, 2}}, damaged: []string{one}},
		{name: "huge length", do: flip(one, at(1)+7), missing: []uint64{2}, lost: []Range{{2, 2}}, damaged: []string{one}},
		{name: "crc", do: flip(one, at(1)+frameCRC), missing: []uint64{2}, lost: []Range{{2, 2}}, damaged: []string{one}},
		{name: "lsn", do: flip(one, at(1)+frameBody), missing: []uint64{2}, lost: []Range{{2, 2}}, damaged: []string{one}},
		{name: "first frame", do: flip(four, at(0)+50), missing: []uint64{4}, lost: []Range{{4, 4}}, damaged: []string{four}},
		{name: "end of a segment", do: flip(one, at(2)+50), missing: []uint64{3}, lost: []Range{{3, 3}}, damaged: []string{one}},
		{name: "two places", do: func(f files) { f[one][at(0)+9] ^= 1; f[four][at(2)+9] ^= 1 }, missing: []uint64{1, 6},
			lost: []Range{{1, 1}, {6, 6}}, damaged: []string{one, four}},
		{name: "over two segments", do: func(f files) { f[one][at(2)+9] ^= 1; f[four][at(0)+9] ^= 1 }, missing: []uint64{3, 4},
			lost: []Range{{3, 4}}, damaged: []string{one, four}},
		{name: "a sector is zero", do: zero(one, at(1)-256, at(1)+256), missing: []uint64{1, 2}, lost: []Range{{1, 2}}, damaged: []string{one}},
		{name: "a segment is cut", do: cut(one, at(1)), missing: []uint64{2, 3}, lost: []Range{{2, 3}}},
		{name: "a segment is cut within a frame", do: cut(one, at(1)+10), missing: []uint64{2, 3}, lost: []Range{{2, 3}}, damaged: []string{one}},
		{name: "a segment is missing", do: func(f files) { delete(f, four) }, missing: []uint64{4, 5, 6}, lost: []Range{{4, 6}}},
		{name: "the first segment is missing", do: func(f files) { delete(f, one) }, missing: []uint64{1, 2, 3}},
		{name: "a segment is empty", do: cut(four, 0), missing: []uint64{4, 5, 6}, lost: []Range{{4, 6}}, damaged: []string{four}, aside: true},
		{name: "a segment is zero", do: zero(four, 0, at(3)), missing: []uint64{4, 5, 6}, lost: []Range{{4, 6}}, damaged: []string{four}, aside: true},
		{name: "the header of the first", do: flip(one, 0), damaged: []string{one}},
		{name: "the header of another", do: flip(four, 13), damaged: []string{four}},
		{name: "the header of the last", do: flip(seven, headerBytes-1), damaged: []string{seven}},
		{name: "header and first frame", do: zero(four, 0, at(0)+20), missing: []uint64{4}, lost: []Range{{4, 4}}, damaged: []string{four}},
		{name: "two segments changed places", do: func(f files) { f[one], f[four] = f[four], f[one] }, missing: []uint64{1, 2, 3, 4, 5, 6},
			lost: []Range{{1, 6}}, damaged: []string{one, four}, aside: true, forgotten: true},
		{name: "garbage between frames", do: func(f files) {
			f[one] = slices.Insert(f[one], at(1), []byte("garbage")...)
		}, damaged: []string{one}},
		{name: "other files", do: func(f files) {
			f["notes.txt"], f["1.wal"], f["0000000000000000000x.wal"], f["00000000000000000000.wal"] = nil, nil, nil, nil
			f[segmentName(20)+vfs.TempSuffix] = []byte("half a header")
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := threeSegments()
			c.do(f)
			mem := f.on(t)
			var want []string
			for lsn := uint64(1); lsn <= 9; lsn++ {
				if !slices.Contains(c.missing, lsn) {
					want = append(want, fmt.Sprintf("%d=record %[1]d ", lsn))
				}
			}
			for round := range 3 {
				l, rec := open(t, mem, Options{NextLSN: 10})
				var damaged []string
				for _, d := range rec.Damaged {
					damaged = append(damaged, d.Name)
					checkQuarantine(t, mem, d, f[d.Name])
				}
				if !slices.Equal(damaged, c.damaged) || !slices.Equal(rec.Lost, c.lost) {
					t.Errorf("round %d: lost %v, want %v; damaged %+v, want %v", round, rec.Lost, c.lost, rec.Damaged, c.damaged)
				}
				if round == 0 && rec.TornBytes != c.torn || round > 0 && rec.TornBytes != 0 {
					t.Errorf("round %d: %d torn bytes, want %d at first", round, rec.TornBytes, c.torn)
				}
				if got := replay(t, l, 1); !slices.Equal(got, want) {
					t.Errorf("round %d: got %v, want %v", round, got, want)
				}
				if rec.Frames != uint64(len(want)) {
					t.Errorf("round %d: %d frames were found, %d delivered", round, rec.Frames, len(want))
				}
				lsn := addNew(t, l)
				want = append(want, fmt.Sprintf("%d=new", lsn))
				if int(lsn) != 10+round {
					t.Errorf("round %d: LSN %d", round, lsn)
				}
				must(t, l.Close())
				if c.aside {
					c.damaged = nil
				}
				if c.forgotten {
					c.lost = nil
				}
			}
			l, _ := open(t, mem, Options{})
			must(t, l.Rotate())
			l.Release(13)
			if got := replay(t, l, 1); len(got) > 0 {
				t.Errorf("after release: %v", got)
			}
			must(t, l.Close())
		})
	}
}

func addNew(t testing.TB, l *Log) uint64 { return add(t, l, "new") }

func checkQuarantine(t *testing.T, fsys vfs.FS, d DamagedSegment, original []byte) {
	t.Helper()
	data, err := vfs.ReadFile(fsys, d.Copy, 1<<30)
	if err != nil || !bytes.Equal(data, original) {
		t.Errorf("the copy of %s in quarantine differs: %v", d.Name, err)
	}
	reason, err := vfs.ReadFile(fsys, d.Copy+".txt", 1<<20)
	if err != nil || d.Reason == "" || !strings.Contains(string(reason), d.Reason) || filepath.Dir(d.Copy) != filepath.FromSlash("data/quarantine") {
		t.Errorf("reason %q of %+v: %v", reason, d, err)
	}
}

func TestANewerVersionIsRefused(t *testing.T) {
	f := threeSegments()
	b := f[segmentName(4)]
	binary.LittleEndian.PutUint32(b[8:], headerVersion+1)
	binary.LittleEndian.PutUint32(b[headerBytes-4:], crc32.Checksum(b[:headerBytes-4], castagnoli))
	mem := f.on(t)
	if _, _, err := Open(mem, "data/wal", Options{}); !errors.Is(err, errNewerVersion) || !strings.Contains(err.Error(), segmentName(4)) {
		t.Error(err)
	}
	if names, _ := mem.ReadDir("data/wal"); len(names) != 3 {
		t.Errorf("files were changed: %v", names)
	}
}

// TestAPayloadIsNeverTakenForFrames: a payload that holds a segment of another
// log, or of this one, is found by looking for frames when its own is damaged.
func TestAPayloadIsNeverTakenForFrames(t *testing.T) {
	b := header{marker: testMarker, first: 1, follows: 0}.encode()
	other := bytes.ReplaceAll(testSegment(1, 3)[headerBytes:], testMarker[:], []byte{9, 9, 9, 9})
	b = appendFrame(b, 1, 1, 1, "evil", [][]byte{other})
	b = appendFrame(b, 2, 1, 1, "default", [][]byte{[]byte("good")})
	finishFrames(b[headerBytes:], testMarker, 0)
	b[headerBytes+frameCRC] ^= 1
	l, rec := open(t, files{segmentName(1): b}.on(t), Options{})
	if got := replay(t, l, 1); !slices.Equal(got, []string{"2=good"}) || rec.TornBytes == 0 {
		t.Error(got, rec)
	}
	must(t, l.Close())
}

// TestUnreadableSectors: what cannot be read is reported; what is behind it is
// delivered; and it is not taken for void, since it may be readable next time.
func TestUnreadableSectors(t *testing.T) {
	const size = 10_000
	second, third := int64(headerBytes+size+5000), int64(headerBytes+2*size+2000)
	for _, c := range []struct {
		name    string
		segment string
		offset  int64
		missing string
	}{
		{"in the middle", segmentName(1), second, "2=record 2 "},
		{"at the end of a segment", segmentName(4), third, "6=record 6 "},
		{"at the end of all", segmentName(7), third, "9=record 9 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := files{
				segmentName(1): testSegmentOf(1, 3, size),
				segmentName(4): testSegmentOf(4, 3, size),
				segmentName(7): testSegmentOf(7, 3, size),
			}.on(t)
			fsys := vfs.Inject(mem, func(op vfs.Op) error {
				if op.Kind == vfs.OpRead && filepath.Base(op.Path) == c.segment && op.Offset <= c.offset && op.Offset+op.Bytes > c.offset {
					return syscall.EIO
				}
				return nil
			})
			var want []string
			for lsn := 1; lsn <= 9; lsn++ {
				want = append(want, fmt.Sprintf("%d=record %[1]d ", lsn))
			}
			readable := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return s == c.missing })
			l, rec := open(t, fsys, Options{})
			if len(rec.Damaged) != 1 || rec.Damaged[0].Name != c.segment || !strings.Contains(rec.Damaged[0].Reason, syscall.EIO.Error()) {
				t.Errorf("%+v", rec)
			}
			if got := replay(t, l, 1); !slices.Equal(got, readable) {
				t.Errorf("got %v, want %v", got, readable)
			}
			lsn := add(t, l, "new")
			must(t, l.Close())

			l, rec = open(t, mem, Options{}) // the cable was loose
			want = append(want, fmt.Sprintf("%d=new", lsn))
			if got := replay(t, l, 1); !slices.Equal(got, want) {
				t.Errorf("readable again: got %v, want %v; %+v", got, want, rec)
			}
			must(t, l.Close())
		})
	}
}

// TestAnUnreadableSegment: nothing of it is delivered, and nothing is thrown away.
func TestAnUnreadableSegment(t *testing.T) {
	for _, kind := range []vfs.OpKind{vfs.OpOpen, vfs.OpRead} {
		for _, name := range []string{segmentName(1), segmentName(4), segmentName(7)} {
			mem := threeSegments().on(t)
			fsys := vfs.Inject(mem, func(op vfs.Op) error {
				if op.Kind == kind && filepath.Base(op.Path) == name {
					return syscall.EIO
				}
				return nil
			})
			l, rec := open(t, fsys, Options{})
			if got := replay(t, l, 1); len(got) != 6 || len(rec.Damaged) != 1 || rec.Damaged[0].Name != name {
				t.Errorf("%v of %s: got %v, %+v", kind, name, got, rec)
			}
			lsn := add(t, l, "new")
			must(t, l.Close())
			l, rec = open(t, mem, Options{})
			if got := replay(t, l, 1); len(got) != 10 || len(rec.Damaged) != 0 || lsn <= 9 {
				t.Errorf("%v of %s: readable again: got %v, %+v", kind, name, got, rec)
			}
			must(t, l.Close())
		}
	}
}

func TestOpenWithoutPermission(t *testing.T) {
	mem := threeSegments().on(t)
	fsys := vfs.Inject(mem, vfs.FailNth(1, syscall.EACCES, vfs.OpOpen))
	if _, _, err := Open(fsys, "data/wal", Options{}); !errors.Is(err, syscall.EACCES) {
		t.Error(err)
	}
}
