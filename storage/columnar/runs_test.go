package columnar

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

func TestRuns(t *testing.T) {
	for _, test := range []struct {
		rows []uint32
		want runs
	}{
		{nil, nil},
		{[]uint32{3}, runs{{3, 4}}},
		{[]uint32{0, 1, 2, 5, 7, 8}, runs{{0, 3}, {5, 6}, {7, 9}}},
	} {
		got := runsOf(test.rows)
		if !slices.Equal(got, test.want) || got.len() != len(test.rows) {
			t.Errorf("%v: got %v with %d rows, want %v", test.rows, got, got.len(), test.want)
		}
	}
	list := runs{{0, 3}, {5, 6}, {7, 9}}
	for row, want := range map[int]int{0: 3, 2: 3, 3: 2, 5: 2, 6: 1, 8: 1, 9: 0} {
		if got := list.begin(row); len(got) != want {
			t.Errorf("from row %d on: got %v, want %d runs", row, got, want)
		}
	}
	if got := between(4, 4); got != nil {
		t.Errorf("no rows are %v", got)
	}
}

// TestScatteredRows: rows that lie apart, decoded without those between them, are
// the same as among all rows, parents and lists of events included.
func TestScatteredRows(t *testing.T) {
	storagetest.Long(t)
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 31))
			n := []int{1, 64, 200, 1000}[r.IntN(4)]
			spans := openFile(t, spanFile(t, spanTableOf(t, oddTraces(r, n, 1+r.IntN(60))), 64))
			logs := openFile(t, logFile(t, logTableOf(t, oddLogs(r, n)), 64))
			for range 8 {
				rows := randomSelection(r, spans.spanRows(0).n).rows()
				if len(rows) > 0 {
					part, whole := spans.spanRows(0), spans.spanRows(0)
					got, want := part.spans(rows), whole.load(whole.all()).spans(rows)
					if part.err() != nil || whole.err() != nil {
						t.Fatal(part.err(), whole.err())
					}
					for i := range rows {
						if a, b := spanText(t, got, i), spanText(t, want, i); a != b {
							t.Fatalf("row %d of %v:\n got %s\nwant %s", rows[i], rows, a, b)
						}
					}
				}
				rows = randomSelection(r, logs.logRows(0).n).rows()
				part, whole := logs.logRows(0), logs.logRows(0)
				got, want := part.records(rows), whole.load(whole.all()).records(rows)
				if part.err() != nil || whole.err() != nil {
					t.Fatal(part.err(), whole.err())
				}
				if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); len(rows) > 0 && a != b {
					t.Fatalf("rows %v:\n got %s\nwant %s", rows, a, b)
				}
			}
		})
	}
}

// TestParentsElsewhere: the parent of a wanted row is not wanted itself, before
// it, after it and among other runs; one outside of the row group is damage.
func TestParentsElsewhere(t *testing.T) {
	file := openFile(t, spanFile(t, spanTableOf(t, oddTraces(rand.New(rand.NewPCG(1, 2)), 300, 40)), 64))
	rows := file.spanRows(0)
	for _, test := range []struct {
		rows    runs
		offsets []int64
		want    runs
	}{
		{runs{{10, 12}}, []int64{0, -1}, runs{{10, 12}}},
		{runs{{10, 12}}, []int64{-3, 0}, runs{{7, 12}}},
		{runs{{10, 12}, {20, 21}}, []int64{0, 4, 0}, runs{{10, 16}, {20, 21}}},
		{runs{{10, 12}, {20, 21}}, []int64{0, 0, -9}, runs{{10, 21}}},
		{runs{{10, 11}, {20, 21}, {30, 31}}, []int64{0, 0, -25}, runs{{5, 31}}},
		{runs{{10, 11}, {20, 21}}, []int64{15, 0}, runs{{10, 26}}},
		{runs{{0, 1}}, []int64{-1}, nil},
		{runs{{5, 6}}, []int64{int64(rows.n)}, nil},
	} {
		got, ok := rows.aroundParents(test.rows, test.offsets)
		if ok != (test.want != nil) || !slices.Equal(got, test.want) {
			t.Errorf("%v with parents at %v: got %v, %v, want %v", test.rows, test.offsets, got, ok, test.want)
		}
	}
}

// TestCheapestFirst: what leaves nothing comes before everything, and what
// needs little reading for what it removes before what needs much.
func TestCheapestFirst(t *testing.T) {
	storagetest.Long(t)
	is := func(k storage.Key, v storage.Value) storage.Predicate {
		return storage.Compare{Key: k, Op: storage.Equal, Value: v}
	}
	rare := storage.Key{Scope: storage.ScopeSpan, Name: "user.id"}
	event := storage.Key{Scope: storage.ScopeEvent, Name: "exception.type"}
	part := meshPart(t)
	user, service := firstValue(part, rare), is(storage.KeyService, firstValue(part, storage.KeyService))
	some, none := is(rare, user), is(rare, storage.String("nobody"))
	late := is(event, storage.String("x"))
	ready := prepare(part.spanRows(0), storage.And{storage.Not{Of: service}, late, service, some, none})
	if ready.kept != 0 {
		t.Errorf("%v of the rows may satisfy something that nobody has", ready.kept)
	}
	var got []string
	for _, p := range ready.parts {
		text := ""
		if p.op == opNot {
			text, p = "not ", p.parts[0]
		}
		got = append(got, text+fmt.Sprint(p.cond.compare))
	}
	if got[0] != fmt.Sprint(none) && got[0] != fmt.Sprint(late) {
		t.Errorf("first comes %v, want what nobody has", got[0])
	}
	at := func(text string, p storage.Predicate) int { return slices.Index(got, text+fmt.Sprint(p)) }
	if some, service, not := at("", some), at("", service), at("not ", service); some < 0 || !(some < service && service < not) {
		t.Errorf("the order is %v", got)
	}
}
