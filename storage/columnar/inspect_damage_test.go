package columnar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/storagetest"
	"github.com/heddle-io/heddle/storage/vfs"
)

// damagedStore is the store that the tests damage: three parts of each signal,
// and more requests that are only in the log, which has several segments.
func damagedStore(t testing.TB) image {
	o := diskOptions()
	o.segmentBytes = 20_000
	return fillDisk(t, o, func(s *Store) {
		m := newMesh()
		for range 4 {
			writeMesh(t, s, m)
		}
	})
}

// flip inverts a bit of a file in the middle.
func (i image) flip(t testing.TB, at int, having ...string) {
	path := i.first(t, having...)
	b := slices.Clone(i[path])
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0x10
	i[path] = b
}

// flipEdit inverts a bit in frames of the manifest, counted from its end. Each
// edit has two.
func (i image) flipEdit(t testing.TB, fromEnd ...int) {
	var frames []int
	b := i["/data/MANIFEST"]
	for at := range b {
		if bytes.HasPrefix(b[at:], []byte("\xff\xfeHM")) {
			frames = append(frames, at)
		}
	}
	for _, n := range fromEnd {
		i.flip(t, frames[len(frames)-n]+30, "MANIFEST")
	}
}

// described is a finding in short: severity, kind, file and place.
func described(list []Finding) (texts []string) {
	for _, f := range list {
		file := f.File
		if id := stem(filepath.Base(file)); id != "" {
			file = strings.TrimPrefix(strings.Replace(file, id, "ID", 1), "data/default/")
		}
		texts = append(texts, strings.TrimSuffix(fmt.Sprintf("%s %s %s: %s", f.Severity, f.Kind, file, f.Place), ": "))
	}
	return texts
}

// TestVerifyFindsDamage damages a store in every way that there is, and wants
// this damage to be found and nothing else.
func TestVerifyFindsDamage(t *testing.T) {
	whole := damagedStore(t)
	spanPart := whole.first(t, "spans", suffixPart)
	spanIndex := whole.first(t, "spans", suffixIndex)
	segments := slices.DeleteFunc(slices.Sorted(maps.Keys(whole)), func(p string) bool { return !strings.Contains(p, "/wal/") })
	if len(segments) < 4 {
		t.Fatalf("segments: %q", segments)
	}
	const hour = "spans/20260801/10/ID"
	for _, c := range []struct {
		name   string
		damage func(i image)
		want   []string // a place may go on
	}{
		{"nothing", func(image) {}, nil},

		{"page", func(i image) { i[spanPart] = flipColumn(t, i[spanPart], "span_id", false) },
			[]string{`damage part-page ` + hour + `.parquet: row group 0, column "span_id", page 0 at `}},
		{"dictionary", func(i image) { i[spanPart] = flipColumn(t, i[spanPart], "name", true) },
			[]string{`damage part-page ` + hour + `.parquet: row group 0, column "name", dictionary at `}},
		{"page of a list", func(i image) { i[spanPart] = flipColumn(t, i[spanPart], "events.time", false) },
			[]string{`damage part-page ` + hour + `.parquet: row group 0, column "events.time", page 0 at `}},
		{"end of the footer", func(i image) { i.flip(t, -1, "spans", suffixPart) }, []string{"damage part-footer " + hour + ".parquet: footer at "}},
		{"name of the writer", func(i image) {
			i[spanPart] = bytes.Replace(i[spanPart], []byte("heddle.signal"), []byte("heddle.Signal"), 1)
		},
			[]string{"damage part-hash " + hour + ".parquet"}},
		{"short part", func(i image) { i[spanPart] = i[spanPart][:1000] }, []string{"damage part-size " + hour + ".parquet"}},
		{"long part", func(i image) { i[spanPart] = append(slices.Clip(i[spanPart]), 0) }, []string{"damage part-size " + hour + ".parquet"}},
		{"missing part", func(i image) { delete(i, spanPart) }, []string{"damage part-missing " + hour + ".parquet"}},

		{"index", func(i image) { i.flip(t, 60, "spans", suffixIndex) }, []string{"damage index-damaged " + hour + ".idx: "}},
		{"short index", func(i image) { i[spanIndex] = i[spanIndex][:100] }, []string{"damage index-size " + hour + ".idx"}},
		{"missing index", func(i image) { delete(i, spanIndex) }, []string{"damage index-missing " + hour + ".idx"}},
		{"missing index of logs", func(i image) { delete(i, i.first(t, "logs", suffixIndex)) }, []string{"damage index-missing logs/20260801/10/ID.idx"}},

		{"frame of an edit", func(i image) { i.flipEdit(t, 4) }, []string{"damage manifest-damaged MANIFEST: bytes "}},
		{"edit", func(i image) { i.flipEdit(t, 4, 3) },
			[]string{"damage manifest-damaged MANIFEST: bytes ", "damage orphan "}},
		{"frame of the last edit", func(i image) { i.flipEdit(t, 1) }, []string{"notice manifest-torn MANIFEST"}},
		{"last edit", func(i image) { i.flipEdit(t, 2, 1) }, []string{"notice manifest-torn MANIFEST", "damage orphan logs/20260801/10/ID.idx", "damage log-lost wal"}},
		{"header of the manifest", func(i image) { i.flip(t, 3, "MANIFEST") }, []string{"damage manifest-damaged MANIFEST: bytes "}},
		{"missing manifest", func(i image) { delete(i, "/data/MANIFEST") },
			slices.Concat([]string{"damage manifest-missing MANIFEST"}, slices.Repeat([]string{"damage orphan logs/20260801/10/ID.idx"}, 3), slices.Repeat([]string{"damage orphan " + hour + ".idx"}, 3))},

		{"frame", func(i image) { i.flip(t, 5000, segments[1]) }, []string{"damage log-damaged wal/" + filepath.Base(segments[1])}},
		{"header of a segment", func(i image) { i.flip(t, 9, segments[1]) }, []string{"notice log-damaged wal/" + filepath.Base(segments[1])}},
		{"missing segment", func(i image) { delete(i, segments[1]) }, []string{"damage log-lost wal"}},
		{"missing first segments", func(i image) { delete(i, segments[0]); delete(i, segments[1]) }, []string{"damage log-lost wal"}},
		{"torn end", func(i image) {
			last := segments[len(segments)-1]
			i[last] = append(slices.Clip(bytes.TrimRight(i[last], "\x00")), 1, 2, 3)
		}, []string{"notice log-torn wal"}},
		{"unknown requests", func(i image) {
			i.edit(t, func(m *vfs.Mem) {
				log, _, err := wal.Open(m, "/data/wal", wal.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for _, signal := range []uint8{1, 9} {
					if _, err := log.Enqueue(signal, 0, "default", []byte{0xff}); err != nil {
						t.Fatal(err)
					}
				}
				if err := log.Close(); err != nil {
					t.Fatal(err)
				}
			})
		}, []string{"damage log-record wal: request at position ", "damage log-record wal: request at position "}},

		{"orphans", func(i image) {
			dir := filepath.Dir(spanPart)
			i[dir+"/01KORPHAN.parquet"], i[dir+"/01KORPHAN.idx"], i[dir+"/01KTEMP.parquet.tmp"], i[dir+"/notes.txt"] = nil, nil, nil, nil
		}, []string{"notice orphan " + hour + ".idx", "notice leftover " + hour + ".parquet.tmp"}},
		{"what was set aside", func(i image) {
			i["/data/quarantine/01KBAD.parquet"], i["/data/quarantine/01KBAD.idx"], i["/data/quarantine/01KBAD.txt"] = nil, nil, []byte("2026-08-01T00:00:00Z\nwrong checksum\n{ID:01KBAD}\n")
			i["/data/quarantine/wal-1.wal"], i["/data/quarantine/wal-1.wal.txt"] = nil, []byte("1.wal: torn\n")
			i["/data/MANIFEST.damaged-1"], i["/data/MANIFEST.tmp"] = nil, nil
		}, []string{"notice manifest-copy MANIFEST.damaged-1", "notice leftover MANIFEST.tmp", "notice quarantine quarantine/ID.idx", "notice quarantine quarantine/wal-1.wal"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(whole)
			c.damage(files)
			found, _ := findings(t, files.mem(t), "/data")
			got := described(found)
			if len(got) != len(c.want) {
				t.Fatalf("found %q, want %q", got, c.want)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(got[i], want) || found[i].Problem == "" {
					t.Errorf("found %q, want %q", got[i], want)
				}
				if found[i].Severity == Damage && found[i].Remedy == "" && found[i].Kind != "catalog-damaged" {
					t.Errorf("%s has no remedy", got[i])
				}
			}
		})
	}
}

// TestVerifyFindsEveryFlippedBit flips bits all over the files of parts.
func TestVerifyFindsEveryFlippedBit(t *testing.T) {
	storagetest.Long(t)
	o := diskOptions()
	whole := fillDisk(t, o, nil)
	for _, having := range [][]string{{"spans", suffixPart}, {"spans", suffixIndex}, {"logs", suffixPart}, {"logs", suffixIndex}} {
		path := whole.first(t, having...)
		several := 0
		for at := 0; at < len(whole[path]); at += 1 + len(whole[path])/60 {
			files := maps.Clone(whole)
			files.flip(t, at, having...)
			found, _ := findings(t, files.mem(t), "/data")
			if len(found) == 0 {
				t.Fatalf("%s: bit flipped at %d of %d was not found", path, at, len(whole[path]))
			}
			for _, f := range found {
				if f.Severity != Damage || "/data/"+f.File != path {
					t.Fatalf("%s flipped at %d: %s", path, at, f)
				}
			}
			if len(found) > 1 {
				several++
			}
		}
		if several > 5 { // a flip in the footer may misplace several columns
			t.Errorf("%s: %d flips were reported more than once", path, several)
		}
	}
}

// flipColumn inverts a bit in the first page of a column, or in its dictionary.
func flipColumn(t testing.TB, b []byte, name string, dict bool) []byte {
	t.Helper()
	f, err := parquet.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	list, leaf, ok := strings.Cut(name, ".")
	if !ok {
		list, leaf = "", name
	}
	id, ok := f.Column(list, leaf)
	if !ok {
		t.Fatalf("there is no column %q", name)
	}
	pages, err := f.Chunk(0, id).Pages()
	if err != nil {
		t.Fatal(err)
	}
	at := pages[0].Offset + int64(pages[0].Bytes) - 1
	if dict {
		at = pages[0].Offset - 1
	}
	b = slices.Clone(b)
	b[at] ^= 4
	return b
}

// edit changes the image by what f does to a file system with it.
func (i image) edit(t testing.TB, f func(m *vfs.Mem)) {
	m := i.mem(t)
	f(m)
	clear(i)
	i.read(t, m, "/")
}

// forge replaces a part of spans by one that is written in another way, and
// lists it as it is.
func (i image) forge(t testing.TB, order func(*spanTable) *arrangement, change func(*sidecar.Contents), describe func(*manifest.Part)) {
	t.Helper()
	s, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Spans().WriteSpans(context.Background(), newMesh().request(6, 30)); err != nil {
		t.Fatal(err)
	}
	table := s.spans.open.seal()
	p := newSpanPart()
	p.addTable(table)
	p.define()
	var data, index bytes.Buffer
	w := newPartWriter(&data, p.schema.parquet(), flushedParts)
	g := p.group([]*spanTable{table}, order(table))
	err = writeGroup(w, &p.schema, g.a.n, g)
	sum := newSummary()
	sum.addSpans(g, nil)
	contents := sum.finish()
	change(contents)
	if err = errors.Join(err, w.CloseWith(p.meta()), sidecar.Write(&index, contents)); err != nil {
		t.Fatal(err)
	}
	i.edit(t, func(m *vfs.Mem) {
		list, state, _, err := manifest.Open(manifestFS{m}, "/data")
		if err != nil {
			t.Fatal(err)
		}
		path := i.first(t, "spans", suffixPart)
		part := state.Parts[stem(filepath.Base(path))]
		part.Bytes, part.Hash = uint64(data.Len()), xxhash.Sum64(data.Bytes())
		part.IndexBytes, part.IndexHash = uint64(index.Len()), xxhash.Sum64(index.Bytes())
		part.Rows, part.Groups = uint64(table.n), 1
		part.MinNs, part.MaxNs = table.zone.minNs, table.zone.maxNs
		describe(&part)
		if err := errors.Join(list.Apply(manifest.Edit{Remove: []string{part.ID}, Add: []manifest.Part{part}}), list.Close(),
			replaceFile(m, path, data.Bytes()), replaceFile(m, strings.TrimSuffix(path, suffixPart)+suffixIndex, index.Bytes())); err != nil {
			t.Fatal(err)
		}
	})
}

func replaceFile(m *vfs.Mem, path string, b []byte) error {
	return vfs.WriteFile(m, path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// TestVerifyComparesRowsAndIndex forges parts whose files are whole and do not
// fit each other, or are not as the format promises.
func TestVerifyComparesRowsAndIndex(t *testing.T) {
	storagetest.Long(t)
	whole := damagedStore(t)
	arrival := func(t *spanTable) *arrangement {
		to := make([]int32, t.n)
		for i := range to {
			to[i] = int32(i)
		}
		return &arrangement{n: t.n, to: [][]int32{to}}
	}
	same, asIs := func(*sidecar.Contents) {}, func(*manifest.Part) {}
	const file = "spans/20260801/10/ID"
	for _, c := range []struct {
		name     string
		order    func(*spanTable) *arrangement
		change   func(*sidecar.Contents)
		describe func(*manifest.Part)
		want     string
	}{
		{"as it should be", sealOrder, same, asIs, ""},
		{"unordered rows", arrival, same, asIs, "damage part-contents " + file + ".parquet: row group 0, row "},
		{"traces elsewhere", sealOrder, func(c *sidecar.Contents) { c.Traces[3].FirstRow-- }, asIs, "damage index-disagrees " + file + ".idx: traces"},
		{"too few traces", sealOrder, func(c *sidecar.Contents) { c.Traces = c.Traces[:4] }, asIs, "damage index-disagrees " + file + ".idx: traces"},
		{"other counts of keys", sealOrder, func(c *sidecar.Contents) { c.Keys[0].Count++ }, asIs, "damage index-disagrees " + file + ".idx: keys"},
		{"a key too much", sealOrder, func(c *sidecar.Contents) {
			c.Keys = append(c.Keys, sidecar.Key{Scope: storage.ScopeSpan, Name: "nowhere", Type: storage.TypeInt, Count: 1})
		}, asIs, "damage index-disagrees " + file + ".idx: keys"},
		{"other rates", sealOrder, func(c *sidecar.Contents) { c.RED.Cells = c.RED.Cells[1:] }, asIs, "damage index-disagrees " + file + ".idx: RED"},
		{"other durations", sealOrder, func(c *sidecar.Contents) { c.Zones[0].MaxDurationNs++ }, asIs, "damage index-disagrees " + file + ".idx: row group 0"},
		{"empty filter", sealOrder, func(c *sidecar.Contents) { c.Filters[0] = sidecar.NewFilter(nil, 8, 0) }, asIs, "damage index-disagrees " + file + ".idx: row group 0"},
		{"no filter", sealOrder, func(c *sidecar.Contents) { c.Filters[0] = nil }, asIs, ""},
		{"other rows in the manifest", sealOrder, same, func(p *manifest.Part) { p.Rows++ }, "damage index-disagrees " + file + ".idx"},
		{"newer format", sealOrder, same, func(p *manifest.Part) { p.FormatVersion++ }, "damage part-format " + file + ".parquet"},
		{"ahead of the log", sealOrder, same, func(p *manifest.Part) { p.MaxLSN += 1000 }, "damage manifest-part MANIFEST: part "},
		{"no position", sealOrder, same, func(p *manifest.Part) { p.MinLSN = 0 }, "damage manifest-part MANIFEST: part "},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(whole)
			files.forge(t, c.order, c.change, c.describe)
			found, _ := findings(t, files.mem(t), "/data")
			got := described(found)
			if c.want == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || c.want == "" || !strings.HasPrefix(got[0], c.want) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}

// TestVerifyTellsWhatTheDiskDoesNotGive fails the reading of a file.
func TestVerifyTellsWhatTheDiskDoesNotGive(t *testing.T) {
	files := damagedStore(t)
	bad := files.first(t, "spans", suffixPart)
	faulty := vfs.Inject(files.mem(t), func(op vfs.Op) error {
		if op.Kind == vfs.OpRead && op.Path == bad {
			return errors.New("input/output error")
		}
		return nil
	})
	found, checked := findings(t, faulty, "/data")
	if len(found) != 1 || found[0].Kind != "unreadable" || !strings.Contains(found[0].Problem, "input/output error") || checked.Damage != 1 {
		t.Errorf("found %v, %+v", found, checked)
	}
}

func TestVerifyChecksTheCatalog(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(dir string) error
		want   string
	}{
		"whole":   {func(string) error { return nil }, ""},
		"missing": {os.RemoveAll, "damage catalog-missing catalog"},
		"damaged": {func(dir string) error { return os.Remove(filepath.Join(dir, "MANIFEST")) }, "damage catalog-damaged catalog"},
	} {
		t.Run(name, func(t *testing.T) {
			o := diskOptions()
			o.FS, o.Dir = vfs.OS, t.TempDir()
			fillDisk(t, o, nil)
			if err := c.damage(filepath.Join(o.Dir, "catalog")); err != nil {
				t.Fatal(err)
			}
			found, _ := findings(t, vfs.OS, o.Dir)
			if got := strings.Join(described(found), "\n"); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// TestVerifyEndsWithItsConsumer breaks off and cancels.
func TestVerifyEndsWithItsConsumer(t *testing.T) {
	files := damagedStore(t)
	for path := range files {
		if strings.HasSuffix(path, suffixIndex) {
			delete(files, path)
		}
	}
	x := inspect(t, files.mem(t), "/data")
	defer x.Close()
	n := 0
	for _, err := range x.Verify(t.Context(), nil) {
		if n++; err != nil || n > 2 {
			t.Fatal(n, err)
		}
		if n == 2 {
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, last = range x.Verify(ctx, nil) {
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("ended with %v", last)
	}
}

func TestVerifyTellsItsProgress(t *testing.T) {
	x := inspect(t, damagedStore(t).mem(t), "/data")
	defer x.Close()
	var done, total int64
	for f, err := range x.Verify(t.Context(), func(d, all int64) {
		if d < done || d > all || total != 0 && all != total {
			t.Fatalf("%d of %d after %d of %d", d, all, done, total)
		}
		done, total = d, all
	}) {
		t.Error(f, err)
	}
	if done != total || total == 0 {
		t.Errorf("ended at %d of %d", done, total)
	}
	if c := x.Checked(); c.Parts != 6 || c.Rows != 900 || c.LogRecords < 8 || c.LogSegments == 0 || c.Damage+c.Notices > 0 {
		t.Errorf("%+v", c)
	}
}
