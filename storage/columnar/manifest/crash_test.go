package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// run applies edits until the file system is down, and returns how many
// returned nil. An edit that fails is tried again.
func run(t *testing.T, fs *memFS, list []Edit) (acked int) {
	t.Helper()
	m, s, _, err := Open(fs, "d")
	if err != nil {
		t.Fatal(err)
	}
	if !same(s, after(nil)) {
		t.Fatal("not empty")
	}
	for i, e := range list {
		for tries := 0; ; tries++ {
			err := m.Apply(e)
			if err == nil {
				break
			}
			if !errors.Is(err, errFault) {
				t.Fatal(err)
			}
			if !same(m.State(), after(list[:i])) {
				t.Fatalf("edit %d failed and changed the state", i)
			}
			if fs.down {
				return i
			}
			if tries > 0 {
				t.Fatalf("edit %d failed again after one fault: %v", i, err)
			}
		}
		if i == 4 { // a restart in between
			m.Close()
			if m, s, _, err = Open(fs, "d"); err != nil || !same(s, after(list[:i+1])) {
				t.Fatal(err, s)
			}
		}
	}
	return len(list)
}

// TestPowerCutAnywhere cuts the power at every change of the file system,
// loses what was not synced in several ways, and opens what is left.
func TestPowerCutAnywhere(t *testing.T) {
	list := edits()
	whole := newMemFS()
	run(t, whole, list)
	for at := 1; at <= whole.ops+1; at++ {
		for _, effect := range []bool{false, true} {
			fs := newMemFS()
			fs.failAt, fs.after, fs.down = at, effect, true
			acked := run(t, fs, list)
			for _, keep := range []float64{0, 0.3, 0.9, 1} {
				for _, names := range []bool{false, true} {
					left := fs.crash(keep, names)
					m, s, r := mustOpen(t, left, "d")
					where := fmt.Sprintf("cut at %q (effect %v), %v of the rest and new names %v", fs.log[min(at, len(fs.log))-1], effect, keep, names)
					if !same(s, after(list[:acked])) && (acked == len(list) || !same(s, after(list[:acked+1]))) {
						t.Fatalf("%s: after %d edits there are %v", where, acked, s)
					}
					if r.Damaged() || r.Misfits > 0 {
						t.Fatalf("%s: taken for damage: %v", where, &r)
					}
					if err := m.Apply(Edit{Add: []Part{part(99)}}); err != nil {
						t.Fatalf("%s: %v", where, err)
					}
					_, s, _ = mustOpen(t, left.crash(0, false), "d")
					if _, ok := s.Parts[part(99).ID]; !ok {
						t.Fatalf("%s: what was applied afterwards is lost", where)
					}
				}
			}
		}
	}
}

// TestOneFaultAnywhere lets every change fail once. The next Apply must get
// over it, and what it makes durable must be all.
func TestOneFaultAnywhere(t *testing.T) {
	list := edits()
	whole := newMemFS()
	run(t, whole, list)
	for at := 1; at <= whole.ops; at++ {
		for _, effect := range []bool{false, true} {
			fs := newMemFS()
			fs.failAt, fs.after = at, effect
			if acked := run(t, fs, list); acked != len(list) {
				t.Fatal(acked)
			}
			_, s, r := mustOpen(t, fs.crash(0, false), "d")
			if !same(s, after(list)) || r.Damaged() || r.TornBytes > 0 {
				t.Fatalf("a fault at %q (effect %v): %v %v", fs.log[at-1], effect, s, &r)
			}
		}
	}
}

// TestFailedRewritingIsNoFailure: when there is no room for a new file the old
// one goes on.
func TestFailedRewritingIsNoFailure(t *testing.T) {
	fs := newMemFS()
	m, _, _ := mustOpen(t, fs, "d")
	apply := func(i int) {
		t.Helper()
		if err := m.Apply(Edit{Add: []Part{part(i)}}); err != nil {
			t.Fatal(err)
		}
		if err := m.Apply(Edit{Remove: []string{part(i).ID}}); err != nil {
			t.Fatal(err)
		}
	}
	i := 0
	for apply(i); m.size < m.redoAt; {
		i++
		apply(i)
	}
	fs.failAt = fs.ops + 1
	size := m.size
	apply(i)
	if !strings.HasPrefix(fs.log[fs.failAt-1], "create") || m.size <= size || m.redoAt < size+redoBytes {
		t.Errorf("%q failed, the log has %d bytes, the next attempt is at %d", fs.log[fs.failAt-1], m.size, m.redoAt)
	}
}

// written is a manifest with its edits in one file, and where each ends.
func written(t testing.TB) (b []byte, ends []int, list []Edit) {
	fs := newMemFS()
	m, _, _ := mustOpen(t, fs, "d")
	list = edits()
	for _, e := range list {
		if err := m.Apply(e); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, len(fs.names["d/MANIFEST"].data))
	}
	return fs.names["d/MANIFEST"].data, ends, list
}

func withFile(b []byte) *memFS {
	fs := newMemFS()
	fs.names["d/MANIFEST"] = &inode{b, b}
	fs.durable["d/MANIFEST"] = fs.names["d/MANIFEST"]
	return fs
}

// twins are the places of the second frames of edits.
func twins(ends []int) (from []int) {
	before := headerSize
	for _, end := range ends {
		from = append(from, (before+end)/2)
		before = end
	}
	return from
}

func TestTruncatedAnywhere(t *testing.T) {
	b, ends, list := written(t)
	second := twins(ends)
	for n := range b {
		fs := withFile(bytes.Clone(b[:n]))
		_, s, r := mustOpen(t, fs, "d")
		whole, from := 0, 0
		for whole < len(ends) && second[whole] <= n {
			from = second[whole]
			if ends[whole] <= n {
				from = ends[whole]
			}
			whole++
		}
		if !same(s, after(list[:whole])) {
			t.Fatalf("%d bytes: %v", n, s)
		}
		if whole == 0 { // the file was never this short
			if !r.Damaged() || fs.damagedFiles() != 1 {
				t.Fatalf("%d bytes: %v", n, &r)
			}
			continue
		}
		torn := int64(n - from)
		if n < ends[0] { // the file began with more than one edit
			torn = min(torn, r.TornBytes)
		}
		if r.Damaged() || r.TornBytes != torn || fs.damagedFiles() > 0 || fs.ops > 0 {
			t.Fatalf("%d bytes: %v", n, &r)
		}
	}
}

// TestFlippedAnywhere: every edit is there twice, so that one flipped bit takes
// none.
func TestFlippedAnywhere(t *testing.T) {
	b, ends, list := written(t)
	second := twins(ends)
	for i := range b {
		for _, bit := range []byte{1, 0x80} {
			bad := bytes.Clone(b)
			bad[i] ^= bit
			fs := withFile(bad)
			m, s, r := mustOpen(t, fs, "d")
			if !same(s, after(list)) || r.LostEdits > 0 || r.Misfits > 0 {
				t.Fatalf("byte %d: %v, %v", i, &r, s)
			}
			if i >= ends[len(ends)-2] { // as if it was not acknowledged yet
				if r.Damaged() || r.TornBytes != int64(len(b)-second[len(second)-1]) {
					t.Fatalf("byte %d: %v", i, &r)
				}
				continue
			}
			reportsAndHeals(t, m, s, r, fs, bad)
		}
	}
}

// TestFlippedTwice damages both frames of an edit.
func TestFlippedTwice(t *testing.T) {
	b, ends, list := written(t)
	second := twins(ends)
	for hit, from := range second {
		size := ends[hit] - from
		for i := range size {
			bad := bytes.Clone(b)
			bad[from-size+i] ^= 0x80
			bad[from+i] ^= 1
			fs := withFile(bad)
			m, s, r := mustOpen(t, fs, "d")
			without := append(append([]Edit{}, list[:hit]...), list[hit+1:]...)
			// The first Apply writes the file anew, with an edit without
			// parts at its start.
			if !same(s, after(without)) && (hit > 0 || !same(s, after(list))) {
				t.Fatalf("byte %d of edit %d: %v", i, hit, s)
			}
			if hit == len(list)-1 {
				if r.Damaged() || r.TornBytes != int64(len(b)-ends[hit-1]) {
					t.Fatalf("byte %d of the last edit: %v", i, &r)
				}
				continue
			}
			if r.LostEdits != 1 && hit > 0 || r.TornBytes > 0 {
				t.Fatalf("byte %d of edit %d: %v", i, hit, &r)
			}
			reportsAndHeals(t, m, s, r, fs, bad)
		}
	}
}

// reportsAndHeals: damage is reported, the file is kept, and all is well from
// then on.
func reportsAndHeals(t *testing.T, m *Manifest, s State, r Report, fs *memFS, bad []byte) {
	t.Helper()
	if !r.Damaged() || r.RewriteErr != nil || r.TornBytes > 0 {
		t.Fatal(&r)
	}
	if kept := fs.names[r.KeptAs]; kept == nil || !bytes.Equal(kept.data, bad) {
		t.Fatalf("the damaged file is not kept: %v", &r)
	}
	if err := m.Apply(Edit{Add: []Part{part(99)}}); err != nil {
		t.Fatal(err)
	}
	_, again, r := mustOpen(t, fs.crash(0, false), "d")
	if !same(again, m.State()) || again.Seq != m.State().Seq || r.Damaged() || len(again.Parts) != len(s.Parts)+1 {
		t.Fatalf("opening again: %v", &r)
	}
}

// TestTornOutOfOrder: a power cut may leave the second frame of an edit and
// take the first. That is no damage.
func TestTornOutOfOrder(t *testing.T) {
	b, ends, list := written(t)
	second := twins(ends)
	at, from := ends[len(ends)-2], second[len(second)-1]
	for i := at; i < from; i++ {
		b[i] = 0
	}
	if _, s, r := mustOpen(t, withFile(b), "d"); r.Damaged() || r.TornBytes != int64(from-at) || !same(s, after(list)) {
		t.Fatal(&r)
	}
}

// TestDamagedAndFull: damage is reported and the state served even if nothing
// can be written; the damaged file is not replaced before there is a copy.
func TestDamagedAndFull(t *testing.T) {
	b, ends, _ := written(t)
	b[ends[1]+30] ^= 1
	for at := 1; at < 10; at++ {
		fs := withFile(bytes.Clone(b))
		fs.failAt, fs.down = at, true
		m, s, r := mustOpen(t, fs, "d")
		if !r.Damaged() || len(s.Parts) == 0 {
			t.Fatal(&r)
		}
		if len(fs.log) < at {
			continue // all of it went well
		}
		if !errors.Is(r.RewriteErr, errFault) || !errors.Is(m.Apply(Edit{}), errFault) {
			t.Fatal(r.RewriteErr)
		}
		for _, names := range []bool{false, true} {
			left := fs.crash(0.5, names)
			if current := left.names["d/MANIFEST"]; !bytes.Equal(current.data, b) {
				kept := false
				for name, n := range left.names {
					kept = kept || strings.Contains(name, ".damaged-") && bytes.Equal(n.data, b)
				}
				if !kept {
					t.Fatalf("after %q the damaged file is lost", fs.log)
				}
			}
		}
		fs.failAt = 0
		if err := m.Apply(Edit{Add: []Part{part(99)}}); err != nil {
			t.Fatal(err)
		}
		_, again, r := mustOpen(t, fs.crash(0, false), "d")
		if r.Damaged() || !same(again, m.State()) {
			t.Fatal(&r)
		}
		if fs.damagedFiles() != 1 {
			t.Fatalf("%d damaged files are kept", fs.damagedFiles())
		}
	}
}

func TestLostFrames(t *testing.T) {
	b, ends, list := written(t)
	for from := range ends {
		for to := from + 1; to < len(ends); to++ {
			cut := append(bytes.Clone(b[:ends[from]]), b[ends[to]:]...)
			if to == len(ends)-1 {
				continue // nothing shows that there was more
			}
			_, s, r := mustOpen(t, withFile(cut), "d")
			if r.LostEdits != uint64(to-from) || !r.Damaged() || !same(s, after(append(append([]Edit{}, list[:from+1]...), list[to+1:]...))) {
				t.Fatalf("edits %d to %d are cut out: %v", from+1, to, &r)
			}
		}
	}
	// An edit counts once, however often and wherever it is there.
	twice := append(bytes.Clone(b), b[ends[1]:ends[2]]...)
	if _, s, r := mustOpen(t, withFile(twice), "d"); !same(s, after(list)) || r.Damaged() {
		t.Fatal(&r)
	}
	// Another one of its number is damage.
	other := appendFrame(bytes.Clone(b), 3, &Edit{Set: map[string]uint64{"x": 1}})
	if _, s, r := mustOpen(t, withFile(other), "d"); !same(s, after(list)) || !r.Damaged() {
		t.Fatal(&r)
	}
}

func TestUnknownVersion(t *testing.T) {
	b, _, _ := written(t)
	b[8] = version + 1
	n := headerSize - 4
	copy(b[n:], appendCRC(b[:n]))
	fs := withFile(b)
	if _, _, _, err := Open(fs, "d"); !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "d/MANIFEST") || fs.ops > 0 {
		t.Error(err)
	}
}

func appendCRC(b []byte) []byte {
	c := checksum(b)
	return []byte{byte(c), byte(c >> 8), byte(c >> 16), byte(c >> 24)}
}

func FuzzReplay(f *testing.F) {
	b, ends, _ := written(f)
	f.Add(b)
	f.Add(b[:ends[2]+9])
	f.Add(append(bytes.Clone(b[:ends[1]]), b[ends[2]:]...))
	golden, err := os.ReadFile("testdata/MANIFEST.v1")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := Report{Found: true}
		s, err := replay(b, &r)
		if err != nil {
			return
		}
		_ = r.String()
		// What was read can be written and read again.
		fs := withFile(b)
		m, _, _ := mustOpen(t, fs, "d")
		if err := m.Apply(Edit{}); err != nil {
			t.Fatal(err)
		}
		_, again, r := mustOpen(t, fs, "d")
		if !same(s, again) || r.Damaged() {
			t.Fatalf("%v became %v: %v", s, again, &r)
		}
	})
}

func FuzzEdit(f *testing.F) {
	for _, e := range edits() {
		f.Add(appendEdit(nil, &e))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, ok := decodeEdit(b)
		if !ok {
			return
		}
		if err := e.check(); err != nil {
			t.Fatal(err)
		}
		again, ok := decodeEdit(appendEdit(nil, &e))
		if !ok || !same(after([]Edit{e}), after([]Edit{again})) || e.size() < len(appendEdit(nil, &e)) {
			t.Fatal(e, again)
		}
	})
}
