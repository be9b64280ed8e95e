package columnar

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// TestVectorsOfRowGroups: the vectors of a row group filter and gather as those
// of the same rows in memory do, for every key, operator and type of value,
// with sparse and dense selections across the borders of pages.
func TestVectorsOfRowGroups(t *testing.T) {
	for seed := range storagetest.Fewer(uint64(8)) {
		r := rand.New(rand.NewPCG(seed, 9))
		rows := []int{1, 64, 65, 300, 1000}[r.IntN(5)]
		spans := openFile(t, spanFile(t, spanTableOf(t, oddTraces(r, rows, 1+r.IntN(60))), 64))
		logs := openFile(t, logFile(t, logTableOf(t, oddLogs(r, rows)), 64))
		if seed%2 == 1 { // dictionaries that several parts had, and overflow
			spans, _ = partsMerged(t, r, []*partFile{spans, openFile(t, spanFile(t, spanTableOf(t, oddTraces(r, rows, 9), manyKeys(r)), 64))}, 4*rows)
			logs, _ = partsMerged(t, r, []*partFile{logs, openFile(t, logFile(t, logTableOf(t, oddLogs(r, rows), manyLogKeys(r)), 64))}, 4*rows)
		}
		t.Run(fmt.Sprint("spans ", seed), func(t *testing.T) {
			memory := spans.spanRows(0)
			compareVectors(t, r, memory.load(memory.all()), func() table { return spans.spanRows(0) }, append(slices.Clone(spanIntrinsics), spans.attrKeys()...))
		})
		t.Run(fmt.Sprint("logs ", seed), func(t *testing.T) {
			memory := logs.logRows(0)
			compareVectors(t, r, memory.load(memory.all()), func() table { return logs.logRows(0) }, append(slices.Clone(logIntrinsics), logs.attrKeys()...))
		})
	}
}

// compareVectors asks a row group and the same rows in memory the same.
func compareVectors(t *testing.T, r *rand.Rand, memory table, open func() table, keys []storage.Key) {
	n := memory.len()
	kept := open() // what it has decoded is used again
	for _, k := range keys {
		for range 8 {
			disk := kept
			if r.IntN(4) == 0 {
				disk = open()
			}
			sel, c := randomSelection(r, n), randomCondition(r, memory.vector(k), n)
			got, want := sel.clone(), sel.clone()
			disk.vector(k).filter(got, c)
			memory.vector(k).filter(want, c)
			if !slices.Equal(got, want) {
				t.Fatalf("%s %+v of rows %v: got %v, want %v", k, *c, sel.rows(), got.rows(), want.rows())
			}
			var a, b gathered
			rows := sel.rows()
			disk.vector(k).gather(rows, &a)
			memory.vector(k).gather(rows, &b)
			x, y := a.column(), b.column()
			for i, row := range rows {
				if x.Value(i) != y.Value(i) && dumpValue(x.Value(i)) != dumpValue(y.Value(i)) {
					t.Fatalf("%s of row %d among %v: got %s, want %s", k, row, rows, dumpValue(x.Value(i)), dumpValue(y.Value(i)))
				}
			}
			if slices.Sort(x.Dict); len(slices.Compact(x.Dict)) != len(x.Dict) {
				t.Fatalf("%s: the entries of the dictionary are not distinct: %q", k, x.Dict)
			}
			times := disk.timesOf(rows, nil)
			if !slices.Equal(times, memory.timesOf(rows, nil)) {
				t.Fatalf("times of rows %v differ", rows)
			}
			if err := disk.err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 10 {
		from := oddEpoch + r.Int64N(100e9) - 10e9
		w := storage.Window{FromNs: from, ToNs: from + r.Int64N(50e9)}
		disk := open()
		if got, want := disk.inWindow(w), memory.inWindow(w); !slices.Equal(got, want) {
			t.Fatalf("window %v: got %v, want %v", w, got.rows(), want.rows())
		}
	}
}

// randomSelection is empty, full, sparse, dense, one page, or the rows beside
// the borders of pages.
func randomSelection(r *rand.Rand, n int) bitmap {
	sel := newBitmap(n)
	keep := func(test func(row int) bool) bitmap {
		for row := range n {
			if test(row) {
				sel.set(row)
			}
		}
		return sel
	}
	switch r.IntN(6) {
	case 0:
		return fullBitmap(n)
	case 1:
		return keep(func(int) bool { return r.IntN(50) == 0 })
	case 2:
		return keep(func(int) bool { return r.IntN(10) > 0 })
	case 3:
		page := r.IntN(n/64 + 1)
		return keep(func(row int) bool { return row/64 == page })
	case 4:
		return keep(func(row int) bool { return row%64 == 0 || row%64 == 63 || row == n-1 })
	}
	return keep(func(int) bool { return r.IntN(200) == 0 })
}

// randomCondition compares with a value that some row has, or with any other.
func randomCondition(r *rand.Rand, v vector, n int) *condition {
	if r.IntN(8) == 0 {
		return existsCondition()
	}
	c := storage.Compare{Op: storage.Op(r.IntN(8)), Value: storage.String(pickOne(r, oddText))}
	switch r.IntN(8) {
	case 0:
		c.Value = storage.Int(pickOne(r, []int64{0, 1, 500, -1, math.MaxInt64, math.MinInt64, oddEpoch}))
	case 1:
		c.Value = storage.Float(pickOne(r, []float64{0, 1.5, math.NaN(), math.Inf(1)}))
	case 2:
		c.Value = storage.Empty()
	default:
		var g gathered
		v.gather(allRows(n), &g)
		column := g.column()
		if value := column.Value(r.IntN(n)); value.Type() != storage.TypeAbsent {
			c.Value = value
		}
	}
	if c.Op == storage.Match || c.Op == storage.NotMatch {
		c.Regexp = regexp.MustCompile("^(?:" + pickOne(r, []string{"", "a.*", ".*0.*", "[^a]*", regexp.QuoteMeta(c.Value.Text())}) + ")$")
		c.AsText = r.IntN(2) == 0
	} else if c.Op <= storage.NotEqual {
		c.AsText = r.IntN(3) == 0
	}
	return compareCondition(c)
}

// manyKeys are spans with more keys than a table has columns for.
func manyKeys(r *rand.Rand) ptrace.Traces {
	td := oddTraces(r, 300, 10)
	n := 0
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				for range 5 {
					oddValue(r, s.Attributes().PutEmpty(fmt.Sprint("one of many ", n%1400)), 0)
					n++
				}
			}
		}
	}
	return td
}

func manyLogKeys(r *rand.Rand) plog.Logs {
	ld := oddLogs(r, 300)
	n := 0
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, rec := range sl.LogRecords().All() {
				for range 5 {
					oddValue(r, rec.Attributes().PutEmpty(fmt.Sprint("one of many ", n%1400)), 0)
					n++
				}
			}
		}
	}
	return ld
}

// failingReader fails one read.
type failingReader struct {
	r          *bytes.Reader
	nth, reads int
}

func (f *failingReader) ReadAt(b []byte, off int64) (int, error) {
	f.reads++
	if f.reads-1 == f.nth {
		return 0, errInjected
	}
	return f.r.ReadAt(b, off)
}

var errInjected = errors.New("injected")

// TestReadersThatFail: whatever read of a part fails, the query that needed it
// says so.
func TestReadersThatFail(t *testing.T) {
	storagetest.Long(t)
	for _, file := range smallFiles(t, 150) {
		want, err := readings(file)
		if err != nil {
			t.Fatal(err)
		}
		reads := 0
		for nth := 0; ; nth += 1 + nth/8 {
			r := &failingReader{r: bytes.NewReader(file), nth: nth}
			p, err := openPart("test", r, int64(len(file)), []zone{{math.MinInt64, math.MaxInt64}}, nil)
			text := ""
			if err == nil {
				text, err = readingsOf(p)
			}
			if err == nil && text != want {
				t.Fatalf("read %d failed and what is read differs without an error", nth)
			}
			if reads = r.reads; nth >= reads {
				break
			}
			if err == nil {
				t.Errorf("read %d of %d failed, and nothing was said", nth, reads)
			}
		}
		if reads < 50 {
			t.Errorf("%d reads", reads)
		}
	}
}
