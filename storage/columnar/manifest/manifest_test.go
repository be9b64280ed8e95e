package manifest

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/heddle-io/heddle/storage/storagetest"
)

func part(n int) Part {
	return Part{ID: fmt.Sprintf("01JABCDEFGHJKMNPQRST%06d", n), Tenant: "default", Signal: Spans, Hour: 490_000 + int64(n), Rows: 65_536, Groups: 1,
		MinNs: 1_764_000_000_000_000_000 + int64(n), MaxNs: 1_764_000_010_000_000_000, Bytes: 3_200_000, IndexBytes: 140_000,
		Hash: 0x9E3779B97F4A7C15 * uint64(n+1), IndexHash: ^uint64(n), MinLSN: uint64(n) * 100, MaxLSN: uint64(n)*100 + 99, FormatVersion: 1}
}

// edits are what a store does: seals, compacts, purges, drops.
func edits() []Edit {
	odd := Part{ID: "x", Tenant: "tenant/ü", Signal: Logs, Hour: -5, Rows: math.MaxUint64, Groups: math.MaxUint32, MinNs: math.MinInt64,
		MaxNs: math.MaxInt64, PurgedTo: math.MaxUint64, Level: 255, FormatVersion: 255}
	purged := part(2)
	purged.PurgedTo = 7
	return []Edit{
		{Set: map[string]uint64{"next tombstone": 1}},
		{Add: []Part{part(0), part(1)}, Set: map[string]uint64{"lsn spans": 199}},
		{Add: []Part{part(2)}, Set: map[string]uint64{"lsn spans": 299}},
		{Add: []Part{odd}, Set: map[string]uint64{"lsn logs": math.MaxUint64}},
		{},
		{Remove: []string{part(0).ID, part(1).ID}, Add: []Part{part(3)}},
		{Remove: []string{part(2).ID}, Add: []Part{purged}},
		{Remove: []string{odd.ID}},
	}
}

// after is the state after the first n edits, as it should be.
func after(list []Edit) State {
	s := State{Parts: map[string]Part{}, Settings: map[string]uint64{}}
	for i := range list {
		s.apply(&list[i])
	}
	return s
}

func same(a, b State) bool { return maps.Equal(a.Parts, b.Parts) && maps.Equal(a.Settings, b.Settings) }

func mustOpen(t testing.TB, fs FS, dir string) (*Manifest, State, Report) {
	t.Helper()
	m, s, r, err := Open(fs, dir)
	if err != nil {
		t.Fatal(err)
	}
	return m, s, r
}

func TestEditsAreKept(t *testing.T) {
	dir := t.TempDir()
	m, s, r := mustOpen(t, osFS{}, dir)
	if r.Found || r.Damaged() || !same(s, after(nil)) {
		t.Fatal(r, s)
	}
	list := edits()
	for i, e := range list {
		before := m.State()
		if !same(before, after(list[:i])) {
			t.Fatalf("before edit %d: %v", i, before)
		}
		if err := m.Apply(e); err != nil {
			t.Fatal(err)
		}
		if !same(before, after(list[:i])) {
			t.Fatalf("edit %d changed a state that was given away", i)
		}
		if i%3 == 2 { // once in a while the process ends
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			m, s, r = mustOpen(t, osFS{}, dir)
			if !same(s, after(list[:i+1])) || s.Seq != before.Seq+1 && i > 2 || !r.Found || r.Damaged() || r.TornBytes > 0 || r.Misfits > 0 {
				t.Fatalf("after edit %d: %v\n%v", i, s, &r)
			}
		}
	}
	m.Close()
	if err := m.Apply(Edit{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 1 || filepath.Base(names[0]) != "MANIFEST" {
		t.Error(names)
	}
}

func TestEditsThatDoNotFit(t *testing.T) {
	m, _, _ := mustOpen(t, newMemFS(), "d")
	if err := m.Apply(Edit{Add: []Part{part(0)}}); err != nil {
		t.Fatal(err)
	}
	want := m.State()
	named := func(id, tenant string) []Part { return []Part{{ID: id, Tenant: tenant}} }
	for name, test := range map[string]struct {
		e    Edit
		want error
	}{
		"part exists":         {Edit{Add: []Part{part(0)}}, ErrConflict},
		"part twice":          {Edit{Add: []Part{part(1), part(1)}}, ErrConflict},
		"no such part":        {Edit{Remove: []string{part(1).ID}}, ErrConflict},
		"removed twice":       {Edit{Remove: []string{part(0).ID, part(0).ID}}, ErrConflict},
		"replaced twice":      {Edit{Remove: []string{part(0).ID}, Add: []Part{part(0), part(0)}}, ErrConflict},
		"no id":               {Edit{Add: named("", "a")}, ErrInvalid},
		"id is a path":        {Edit{Add: named("../x", "a")}, ErrInvalid},
		"id with a dot":       {Edit{Add: named("a.b", "a")}, ErrInvalid},
		"id too long":         {Edit{Add: named(strings.Repeat("a", 65), "a")}, ErrInvalid},
		"tenant not UTF-8":    {Edit{Add: named("a", "\xff\xfeHM")}, ErrInvalid},
		"tenant too long":     {Edit{Add: named("a", strings.Repeat("a", 256))}, ErrInvalid},
		"setting too long":    {Edit{Set: map[string]uint64{strings.Repeat("a", 256): 1}}, ErrInvalid},
		"setting not UTF-8":   {Edit{Set: map[string]uint64{"\xff": 1}}, ErrInvalid},
		"one fits, one not":   {Edit{Add: []Part{part(5), part(0)}}, ErrConflict},
		"too large":           {Edit{Add: make([]Part, 2_000_000)}, ErrInvalid},
		"setting with a part": {Edit{Remove: []string{"q"}, Set: map[string]uint64{"a": 1}}, ErrConflict},
	} {
		if err := m.Apply(test.e); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if got := m.State(); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: the state changed to %v", name, got)
		}
	}
}

func TestHistoryIsDropped(t *testing.T) {
	storagetest.Long(t)
	fs := newMemFS()
	m, _, _ := mustOpen(t, fs, "d")
	var live []Part
	for i := range 300 {
		live = append(live, part(i))
	}
	if err := m.Apply(Edit{Add: live}); err != nil {
		t.Fatal(err)
	}
	largest, renames := 0, 0
	for i := 300; i < 20_000; i++ {
		if err := m.Apply(Edit{Add: []Part{part(i)}, Remove: []string{part(i - 300).ID}, Set: map[string]uint64{"lsn": uint64(i)}}); err != nil {
			t.Fatal(err)
		}
		largest = max(largest, len(fs.names["d/MANIFEST"].data))
	}
	for _, op := range fs.log {
		if strings.HasPrefix(op, "rename") {
			renames++
		}
	}
	if largest > redoBytes+1000 || renames < 3 || renames > 6 {
		t.Errorf("the log grew to %d bytes and was written anew %d times", largest, renames)
	}
	want := m.State()
	if want.Parts[part(19_999).ID] != part(19_999) || len(want.Parts) != 300 {
		t.Error("wrong state")
	}
	_, got, r := mustOpen(t, fs, "d")
	if !reflect.DeepEqual(got, want) || r.Damaged() || r.TornBytes > 0 {
		t.Error("another state was read", &r)
	}
	if _, ok := fs.names["d/MANIFEST.tmp"]; ok {
		t.Error("a temporary file is left")
	}
}

// TestManyPartsAreNoHistory: a large log without garbage is left alone.
func TestManyPartsAreNoHistory(t *testing.T) {
	fs := newMemFS()
	m, _, _ := mustOpen(t, fs, "d")
	for i := range 300 {
		var e Edit
		for j := range 100 {
			e.Add = append(e.Add, part(i*100+j))
		}
		if err := m.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	renames := 0
	for _, op := range fs.log {
		if strings.HasPrefix(op, "rename") {
			renames++
		}
	}
	if size := len(fs.names["d/MANIFEST"].data); renames != 1 || size < 2*redoBytes {
		t.Errorf("%d bytes were written anew %d times", size, renames)
	}
	if want := after(nil); m.live <= 0 || same(m.State(), want) {
		t.Error(m.live)
	}
}

func TestReconcile(t *testing.T) {
	s := State{Parts: map[string]Part{"A": {}, "B": {}, "C": {}}}
	orphans, missing := s.Reconcile([]string{"t/spans/20261125/10/B.parquet", "Z.parquet", "A", `c:\d\X.idx`, "B.idx", ""})
	if !slices.Equal(orphans, []string{"", "Z.parquet", `c:\d\X.idx`}) || !slices.Equal(missing, []string{"C"}) {
		t.Errorf("%q %q", orphans, missing)
	}
}

func TestConcurrentUse(t *testing.T) {
	fs := newMemFS()
	m, _, _ := mustOpen(t, fs, "d")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				if err := m.Apply(Edit{Add: []Part{part(i*100 + j)}}); err != nil {
					t.Error(err)
				}
				if s := m.State(); len(s.Parts) == 0 {
					t.Error("no parts")
				}
			}
		})
	}
	wg.Wait()
	if _, s, _ := mustOpen(t, fs, "d"); len(s.Parts) != 400 {
		t.Error(len(s.Parts))
	}
}

var update = flag.Bool("update", false, "write testdata anew")

// TestGolden reads what each version was when it was published. None of them
// may be written anew.
func TestGolden(t *testing.T) {
	fs := newMemFS()
	m, _, _ := mustOpen(t, fs, "d")
	for _, e := range edits()[:6] {
		if err := m.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	written := fs.names["d/MANIFEST"].data
	current := fmt.Sprintf("testdata/MANIFEST.v%d", version)
	if *update {
		if err := os.WriteFile(current, written, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"testdata/MANIFEST.v1", current} {
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		old := withFile(golden)
		m, s, r := mustOpen(t, old, "d")
		if !same(s, after(edits()[:6])) || r.Damaged() || r.TornBytes > 0 {
			t.Error(file, s, &r)
		}
		if err := m.Apply(edits()[6]); err != nil {
			t.Fatal(file, err)
		}
		if _, s, r := mustOpen(t, old.crash(0, false), "d"); !same(s, after(edits()[:7])) || r.Damaged() {
			t.Error(file, s, &r)
		}
		if file == current && !slices.Equal(golden, written) {
			t.Error("this version writes other bytes than the golden file has: that needs a new version")
		}
	}
}

func BenchmarkApply(b *testing.B) {
	fs := newMemFS()
	m, _, _ := mustOpen(b, fs, "d")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := m.Apply(Edit{Add: []Part{part(i)}}); err != nil {
			b.Fatal(err)
		}
		if i >= 1000 {
			if err := m.Apply(Edit{Remove: []string{part(i - 1000).ID}}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	fs := newMemFS()
	m, _, _ := mustOpen(b, fs, "d")
	for i := range 10_000 {
		if err := m.Apply(Edit{Add: []Part{part(i)}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		mustOpen(b, fs, "d")
	}
	b.ReportMetric(float64(len(fs.names["d/MANIFEST"].data))/10_000, "B/part")
}
