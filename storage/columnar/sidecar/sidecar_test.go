package sidecar

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// everything is what can be read from an index, in its order.
func everything(x *Index) (c *Contents, err error) {
	c = &Contents{Extra: map[string][]byte{}}
	note := func(e error) { err = errors.Join(err, e) }
	var e error
	c.Zones, e = x.Zones()
	note(e)
	for group := range c.Zones {
		f, e := x.LoadFilter(group)
		note(e)
		c.Filters = append(c.Filters, f)
	}
	for traces, e := range x.TraceBlocks(0) {
		note(e)
		c.Traces = append(c.Traces, traces...)
	}
	c.Keys, e = x.Keys()
	note(e)
	if red, e := x.RED(); e != nil {
		note(e)
	} else {
		c.RED.Series = red.Series
		for m, e := range red.Scan(math.MinInt64, math.MaxInt64) {
			note(e)
			for i := 0; e == nil && i < len(m.Series); i++ {
				cell := REDCell{Series: m.Series[i], Minute: m.Minute, Measures: m.Measures[i]}
				note(m.MergeHistogram(i, &cell.Histogram))
				c.RED.Cells = append(c.RED.Cells, cell)
			}
		}
	}
	if edges, e := x.Edges(); e != nil {
		note(e)
	} else {
		c.Edges = *edges
	}
	names, e := x.ExtraNames()
	note(e)
	for _, name := range names {
		blob, _, e := x.Extra(name)
		note(e)
		c.Extra[name] = blob
	}
	return c, err
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	for name, c := range map[string]*Contents{"empty": {}, "sample": sample()} {
		t.Run(name, func(t *testing.T) {
			b := encode(t, c)
			x := open(t, b)
			if err := x.Verify(); err != nil {
				t.Fatal(err)
			}
			got := must[*Contents](t)(everything(x))
			if again := encode(t, got); !bytes.Equal(again, b) {
				t.Errorf("writing what was read gives %d bytes that differ from the %d written", len(again), len(b))
			}
			if !reflect.DeepEqual(append([]Zone{}, c.Zones...), got.Zones) {
				t.Errorf("zones %v", got.Zones)
			}
			for i, f := range c.Filters {
				if !reflect.DeepEqual(f == nil, got.Filters[i] == nil) || f != nil && !slices.Equal(f.blocks, got.Filters[i].blocks) {
					t.Errorf("filter %d differs", i)
				}
			}
			want := slices.Clone(c.Traces)
			slices.SortFunc(want, compareTraces)
			if !slices.Equal(want, got.Traces) || must[int](t)(x.Traces()) != len(want) {
				t.Errorf("%d runs read, %d written", len(got.Traces), len(want))
			}
			keys := slices.Clone(c.Keys)
			slices.SortFunc(keys, compareKeys)
			if !slices.Equal(keys, got.Keys) {
				t.Errorf("keys %v", got.Keys)
			}
			if a, b := redByName(&c.RED), redByName(&got.RED); !reflect.DeepEqual(a, b) {
				t.Errorf("RED: %v\nwant %v", b, a)
			}
			if got.Edges.AllFailed != c.Edges.AllFailed {
				t.Errorf("the edges have all failures: %v, written %v", got.Edges.AllFailed, c.Edges.AllFailed)
			}
			if a, b := edgesByName(&c.Edges), edgesByName(&got.Edges); !reflect.DeepEqual(a, b) {
				t.Errorf("edges %v\nwant %v", b, a)
			}
			for name, blob := range c.Extra {
				if !bytes.Equal(blob, got.Extra[name]) {
					t.Errorf("extra %q is %q", name, got.Extra[name])
				}
			}
			if _, ok, err := x.Extra("none"); ok || err != nil {
				t.Error("a blob that is not there", ok, err)
			}
		})
	}
}

type namedCell struct {
	Series
	minute int64
}

func redByName(r *REDContents) map[namedCell]REDCell {
	cells := map[namedCell]REDCell{}
	for _, c := range r.Cells {
		key := namedCell{r.Series[c.Series], c.Minute}
		c.Series = 0
		cells[key] = c
	}
	return cells
}

type namedEdge struct {
	caller, callee string
	minute         int64
}

func edgesByName(e *Edges) map[namedEdge][2]uint64 {
	edges := map[namedEdge][2]uint64{}
	for _, c := range e.List {
		edges[namedEdge{e.Names[c.Caller], e.Names[c.Callee], c.Minute}] = [2]uint64{c.Calls, c.Errors}
	}
	return edges
}

func TestOrderDoesNotMatter(t *testing.T) {
	want := encode(t, sample())
	c := sample()
	r := rand.New(rand.NewPCG(1, 1))
	shuffle(r, c.Traces)
	shuffle(r, c.Keys)
	shuffle(r, c.RED.Cells)
	shuffle(r, c.Edges.List)
	shuffle(r, c.Edges.Excluded)
	series := slices.Clone(c.RED.Series)
	shuffle(r, series)
	for i, cell := range c.RED.Cells {
		c.RED.Cells[i].Series = uint32(slices.Index(series, c.RED.Series[cell.Series]))
	}
	c.RED.Series = series
	before := slices.Clone(c.Traces)
	if got := encode(t, c); !bytes.Equal(got, want) {
		t.Error("the same contents in another order give another file")
	}
	if !slices.Equal(before, c.Traces) || !slices.Equal(series, c.RED.Series) {
		t.Error("Write changed what it was given")
	}
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

func TestContradictionsAreRefused(t *testing.T) {
	one := storage.ExpHistogram{Zero: 1}
	cell := REDCell{Minute: 1, Measures: Measures{Count: 1}, Histogram: one}
	zones := []Zone{{Rows: 10}}
	for name, c := range map[string]Contents{
		"filters without groups":  {Filters: []*Filter{nil}},
		"run in no group":         {Traces: []Trace{{1, Run{0, 0, 1}}}},
		"run without rows":        {Zones: zones, Traces: []Trace{{1, Run{0, 0, 0}}}},
		"run beyond its group":    {Zones: zones, Traces: []Trace{{1, Run{0, 9, 2}}}},
		"run beyond all":          {Zones: zones, Traces: []Trace{{1, Run{0, math.MaxUint32, 1}}}},
		"key twice":               {Keys: []Key{{1, "a", 1, 5}, {1, "a", 1, 6}}},
		"series twice":            {RED: REDContents{Series: []Series{{"a", "b", 1, 1}, {"a", "b", 1, 1}}}},
		"cell of no series":       {RED: REDContents{Cells: []REDCell{cell}}},
		"cell twice":              {RED: REDContents{Series: []Series{{}}, Cells: []REDCell{cell, cell}}},
		"cell without spans":      {RED: REDContents{Series: []Series{{}}, Cells: []REDCell{{}}}},
		"cell without histogram":  {RED: REDContents{Series: []Series{{}}, Cells: []REDCell{{Measures: Measures{Count: 1}}}}},
		"minimum above maximum":   {RED: REDContents{Series: []Series{{}}, Cells: []REDCell{{Measures: Measures{Count: 1, MinNs: 1}, Histogram: one}}}},
		"bucket of no number":     {RED: REDContents{Series: []Series{{}}, Cells: []REDCell{{Measures: Measures{Count: 1}, Histogram: storage.ExpHistogram{Offset: 2000, Counts: []uint64{1}}}}}},
		"name of this package":    {Extra: map[string][]byte{allFailedExtra: nil}},
		"edge between nobody":     {Edges: Edges{List: []Edge{{}}}},
		"edge twice":              {Edges: Edges{Names: []string{"a"}, List: []Edge{{}, {Calls: 1}}}},
		"name of an edge twice":   {Edges: Edges{Names: []string{"a", "a"}}},
		"more groups than can be": {Zones: make([]Zone, MaxGroups+1)},
	} {
		var b bytes.Buffer
		if err := Write(&b, &c); !errors.Is(err, ErrInvalid) || b.Len() > 0 {
			t.Errorf("%s: %v, %d bytes written", name, err, b.Len())
		}
	}
}

type failingWriter struct{ left int }

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func TestWriterFails(t *testing.T) {
	c := sample()
	size := len(encode(t, c))
	for left := 0; left < size; left += 1 + left/9 {
		if err := Write(&failingWriter{left}, c); !errors.Is(err, io.ErrClosedPipe) {
			t.Fatalf("after %d bytes: %v", left, err)
		}
	}
}

// failingReader fails with an error that is not the file's fault.
type failingReader struct {
	io.ReaderAt
	fail bool
}

var errDisk = errors.New("input/output error")

func (r *failingReader) ReadAt(b []byte, off int64) (int, error) {
	if r.fail {
		return 0, errDisk
	}
	return r.ReaderAt.ReadAt(b, off)
}

func TestReadErrorsAreNoCorruption(t *testing.T) {
	b := encode(t, sample())
	r := &failingReader{bytes.NewReader(b), true}
	if _, err := Open(r, int64(len(b))); !errors.Is(err, errDisk) || errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	r.fail = false
	x := must[*Index](t)(Open(r, int64(len(b))))
	r.fail = true
	if _, err := everything(x); !errors.Is(err, errDisk) || errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	if err := x.Verify(); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	if _, err := x.Lookup(1); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	r.fail = false // nothing was remembered
	if err := x.Verify(); err != nil {
		t.Fatal(err)
	}
	must[*Contents](t)(everything(x))
}

var update = flag.Bool("update", false, "write testdata anew")

// TestGolden reads what version 1 was when it was published, when it got coarse
// tables, and when its edges got to count all failures: both are extras, which
// readers that do not know them pass over. None must ever be written anew.
func TestGolden(t *testing.T) {
	want := encode(t, sample())
	published := open(t, must[[]byte](t)(os.ReadFile("testdata/v1.idx")))
	coarse := open(t, must[[]byte](t)(os.ReadFile("testdata/v1-coarse.idx")))
	for _, x := range []*Index{published, coarse} {
		if err := x.Verify(); err != nil {
			t.Fatal(err)
		}
		c := must[*Contents](t)(everything(x))
		if c.Edges.AllFailed {
			t.Error("the edges of an earlier golden file claim to count all failures")
		}
		c.Edges.AllFailed = true
		if !bytes.Equal(encode(t, c), want) {
			t.Error("an earlier golden file does not say what it said")
		}
	}
	if table, err := published.CoarseRED(UnnamedTotals); table != nil || err != nil {
		t.Error("the first golden file has coarse tables: ", err)
	}
	if table, err := coarse.CoarseRED(UnnamedTotals); table == nil || err != nil {
		t.Error("the second golden file has no coarse tables: ", err)
	}
	const file = "testdata/v1-failed.idx"
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := must[[]byte](t)(os.ReadFile(file))
	x := open(t, b)
	if err := x.Verify(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encode(t, must[*Contents](t)(everything(x))), want) {
		t.Error("the golden file does not say what it said")
	}
	if !bytes.Equal(b, want) {
		t.Error("this version writes other bytes than the golden file has: that needs a new version")
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	b := encode(t, sample())
	x := open(t, b)
	s := x.sections[sectionKeys]
	b[s.offset+3] ^= 1
	_, err := open(t, b).Keys()
	var c *CorruptError
	if !errors.As(err, &c) || c.Section != "keys" || c.Offset != s.offset || !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	if !strings.Contains(err.Error(), "section keys at byte") || !strings.Contains(err.Error(), "rebuild") {
		t.Error(err)
	}
}

func TestMinuteOf(t *testing.T) {
	for ns, want := range map[int64]int64{0: 0, 1: 0, 60e9 - 1: 0, 60e9: 1, -1: -1, -60e9: -1, -60e9 - 1: -2, math.MinInt64: -153722868} {
		if got := MinuteOf(ns); got != want {
			t.Errorf("minute of %d is %d, want %d", ns, got, want)
		}
	}
}
