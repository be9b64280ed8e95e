package storagetest

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// everyKey is every intrinsic, and attributes that random spans have or not.
var everyKey = append([]storage.Key{
	storage.KeyTraceID, storage.KeySpanID, storage.KeyParentID, storage.KeyName, storage.KeyKind, storage.KeyStatus,
	storage.KeyStatusMessage, storage.KeyTraceState, storage.KeyStart, storage.KeyDuration,
	storage.KeyScopeName, storage.KeyScopeVersion, storage.KeyEventName, storage.KeyService,
}, attributeKeys()...)

func attributeKeys() (keys []storage.Key) {
	for _, s := range []storage.Scope{storage.ScopeResource, storage.ScopeInstrumentation, storage.ScopeSpan, storage.ScopeEvent, storage.ScopeLink} {
		for _, n := range append([]string{firstOfTwo, "nobody.has.this"}, keyNames...) {
			keys = append(keys, storage.Key{Scope: s, Name: n})
		}
	}
	return keys
}

// scanDumps scans and returns the found rows as text, sorted.
func (e *env) scanDumps(w storage.Window, p storage.Predicate, columns ...storage.Key) []string {
	e.Helper()
	var list []string
	scanned := 0
	for b, err := range e.spans.Scan(context.Background(), storage.Scan{Window: w, Where: p, Columns: columns}) {
		if err != nil {
			e.Fatalf("Scan: %v", err)
		}
		if len(b.Columns) != len(columns) || len(b.SpanIDs) != b.Len() || len(b.StartsNs) != b.Len() || len(b.DurationsNs) != b.Len() {
			e.Fatalf("Scan: slices of a batch are parallel: %d rows, %d columns asked for, %d there", b.Len(), len(columns), len(b.Columns))
		}
		scanned += b.Scanned
		for i := range b.Len() {
			line := scanLine(b.TraceIDs[i], b.SpanIDs[i], b.StartsNs[i], b.DurationsNs[i])
			for k, c := range b.Columns {
				line += " " + columns[k].String() + "=" + show(c.Value(i))
			}
			list = append(list, line)
		}
		for k, c := range b.Columns {
			if d := slices.Clone(c.Dict); len(slices.Compact(sorted(d))) != len(c.Dict) {
				e.Fatalf("Column: the contents of Dict are distinct: %s has %d entries, %q", columns[k], len(c.Dict), c.Dict)
			}
		}
	}
	if scanned < len(list) {
		e.Errorf("Batch.Scanned counts all rows looked at: %d scanned, %d found", scanned, len(list))
	}
	return sorted(list)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func scanLine(trace storage.TraceID, span storage.SpanID, start, duration int64) string {
	return fmt.Sprintf("%x %x %d %d", trace, span, start, duration)
}

// lines is what scanDumps should find.
func (m *model) lines(w storage.Window, p storage.Predicate, columns ...storage.Key) (list []string) {
	m.rows(w, p, func(r row) {
		line := scanLine(r.s.TraceIDs[r.i], r.s.SpanIDs[r.i], r.s.StartsNs[r.i], r.s.DurationsNs[r.i])
		for _, k := range columns {
			line += " " + k.String() + "=" + show(r.value(k))
		}
		list = append(list, line)
	})
	return sorted(list)
}

func testWindows(e *env) {
	td := ptrace.NewTraces()
	for n := range 10 {
		simpleSpan(td, pcommon.TraceID{1}, n, epoch+int64(n))
	}
	simpleSpan(td, pcommon.TraceID{1}, 10, 0)
	simpleSpan(td, pcommon.TraceID{1}, 11, math.MaxInt64-1).SetEndTimestamp(math.MaxInt64)
	e.write(td)
	for _, c := range []struct {
		w    storage.Window
		want int
	}{
		{storage.Window{FromNs: epoch + 2, ToNs: epoch + 5}, 3},
		{storage.Window{FromNs: epoch + 2, ToNs: epoch + 3}, 1},
		{storage.Window{FromNs: epoch + 2, ToNs: epoch + 2}, 0},
		{storage.Window{FromNs: epoch + 5, ToNs: epoch + 2}, 0},
		{storage.Window{FromNs: 0, ToNs: 1}, 1},
		{storage.Window{FromNs: math.MinInt64, ToNs: 0}, 0},
		{storage.Window{FromNs: math.MaxInt64 - 1, ToNs: math.MaxInt64}, 1},
		{storage.AllTime(), 12},
	} {
		if n := len(e.scanDumps(c.w, nil)); n != c.want {
			e.Errorf("a window is from inclusive, to exclusive: %v has %d spans, want %d", c.w, n, c.want)
		}
	}
}

// everyOp is every operator.
var everyOp = []storage.Op{storage.Equal, storage.NotEqual, storage.Less, storage.LessEqual, storage.Greater, storage.GreaterEqual, storage.Match, storage.NotMatch}

func testTypePairs(e *env) {
	td := everyField()
	want := &model{}
	want.add(td)
	e.write(td)
	s := want.all[0]
	for _, scope := range []storage.Scope{storage.ScopeResource, storage.ScopeInstrumentation, storage.ScopeSpan, storage.ScopeEvent, storage.ScopeLink} {
		for _, a := range s.List(s.Attributes[0]) {
			key := storage.Key{Scope: scope, Name: s.Strings[a.Key]}
			for _, b := range s.List(s.Attributes[0]) {
				if (scope != storage.ScopeSpan || testing.Short()) && e.rng.IntN(12) > 0 {
					continue // all pairs in one scope, some in the others: there are many
				}
				for _, op := range everyOp {
					for _, asText := range []bool{false, true} {
						if asText && op >= storage.Less && op <= storage.GreaterEqual {
							continue
						}
						p := storage.Compare{Key: key, Op: op, Value: s.Value(b), AsText: asText}
						if op >= storage.Match {
							if a.Key != b.Key {
								continue
							}
							p.Regexp = regexp.MustCompile(`^(?:.*[15t].*)$`)
						}
						e.same("Compare of every type pair: "+describe(p), e.scanDumps(anyTime, p), want.lines(anyTime, p))
					}
				}
			}
		}
	}
}

func testRandomPredicates(e *env) {
	want := e.fill(1200)
	for range Fewer(200) {
		w := e.randomWindow()
		p := e.randomPredicate(3)
		e.same("Scan finds what the predicate is true of: "+describe(p), e.scanDumps(w, p), want.lines(w, p))
	}
	for _, k := range everyKey {
		for range Fewer(8) {
			p := e.randomCompare(k)
			e.same("Scan finds what the comparison is true of: "+describe(p), e.scanDumps(anyTime, p), want.lines(anyTime, p))
		}
		p := storage.Exists{Key: k}
		e.same("Scan finds what has the key: "+describe(p), e.scanDumps(anyTime, p), want.lines(anyTime, p))
	}
}

func (e *env) randomWindow() storage.Window {
	if e.rng.IntN(3) == 0 {
		return anyTime
	}
	from := epoch + e.rng.Int64N(hour)
	return storage.Window{FromNs: from, ToNs: from + e.rng.Int64N(hour)}
}

func (e *env) randomPredicate(depth int) storage.Predicate {
	if depth == 0 || e.rng.IntN(3) == 0 {
		k := pick(e.rng, everyKey)
		if e.rng.IntN(4) == 0 {
			return storage.Exists{Key: k}
		}
		return e.randomCompare(k)
	}
	var list []storage.Predicate
	for range e.rng.IntN(4) {
		list = append(list, e.randomPredicate(depth-1))
	}
	switch e.rng.IntN(5) {
	case 0, 1:
		return storage.And(list)
	case 2, 3:
		return storage.Or(list)
	}
	return storage.Not{Of: e.randomPredicate(depth - 1)}
}

// randomCompare compares with a value that the key may have, or any other.
func (e *env) randomCompare(k storage.Key) storage.Compare {
	r := e.rng
	v := pcommon.NewValueEmpty()
	randomValue(r, v, 0)
	c := storage.Compare{Key: k, Op: storage.Op(r.IntN(8)), Value: storage.ValueOf(v)}
	if r.IntN(3) > 0 {
		switch k {
		case storage.KeyTraceID:
			c.Value = storage.Bytes([]byte{1, byte(r.IntN(30)), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
		case storage.KeySpanID, storage.KeyParentID:
			c.Value = storage.Bytes([]byte{2, byte(r.IntN(40)), 0, 0, 0, 0, 0, 0})
		case storage.KeyName:
			c.Value = storage.String(pick(r, names))
		case storage.KeyKind, storage.KeyStatus:
			c.Value = pick(r, []storage.Value{storage.Int(r.Int64N(5)), storage.Float(1.5), storage.Float(2)})
		case storage.KeyStatusMessage:
			c.Value = storage.String("boom")
		case storage.KeyTraceState:
			c.Value = storage.String("v=1")
		case storage.KeyStart:
			c.Value = storage.Int(epoch + r.Int64N(hour))
		case storage.KeyDuration:
			c.Value = pick(r, []storage.Value{storage.Int(r.Int64N(1000) - 50), storage.Float(r.Float64() * 900)})
		case storage.KeyEventName:
			c.Value = storage.String(pick(r, []string{"exception", "retry", ""}))
		case storage.KeyService:
			c.Value = storage.String(pick(r, services))
		}
	}
	c.AsText = r.IntN(4) == 0 && (c.Op < storage.Less || c.Op > storage.GreaterEqual)
	if c.Op >= storage.Match {
		c.Regexp = regexp.MustCompile(pick(r, []string{`^(?:a.*)$`, `^(?:.*[0-9])$`, `^(?:)$`, `^(?:GET .*|front)$`, `^(?:.*)$`}))
	}
	return c
}

func describe(p storage.Predicate) string {
	switch p := p.(type) {
	case storage.Compare:
		if p.Regexp != nil {
			return fmt.Sprintf("(%s op %d /%s/ text %v)", p.Key, p.Op, p.Regexp, p.AsText)
		}
		return fmt.Sprintf("(%s op %d %s text %v)", p.Key, p.Op, show(p.Value), p.AsText)
	case storage.Not:
		return "not" + describe(p.Of)
	case storage.Exists:
		return "(has " + p.Key.String() + ")"
	case storage.And:
		return describeAll("and", p)
	case storage.Or:
		return describeAll("or", p)
	}
	return fmt.Sprint(p)
}

func describeAll(what string, list []storage.Predicate) string {
	s := what + "("
	for _, p := range list {
		s += describe(p)
	}
	return s + ")"
}

func testNewestLeft(e *env) {
	e.fill(12_000) // enough for several batches out of one table
	for n := range 20 {
		w, p := e.randomWindow(), e.randomPredicate(1)
		if n == 0 {
			w, p = anyTime, nil
		}
		bound, last := int64(math.MaxInt64), int64(storage.NoneLeft)
		for b, err := range e.spans.Scan(context.Background(), storage.Scan{Window: w, Where: p}) {
			if err != nil {
				e.Fatal(err)
			}
			for _, s := range b.StartsNs {
				if s > bound {
					e.Fatalf("Batch.NewestLeftNs: no later batch starts after it: %d came after the bound %d", s, bound)
				}
			}
			bound = min(bound, b.NewestLeftNs)
			last = b.NewestLeftNs
		}
		if last != storage.NoneLeft {
			e.Fatalf("Batch.NewestLeftNs is math.MinInt64 on the last batch: got %d", last)
		}
	}
}

func testProjection(e *env) {
	want := e.fill(600)
	e.same("projection of every key", e.scanDumps(anyTime, nil, everyKey...), want.lines(anyTime, nil, everyKey...))
	for range Fewer(60) {
		w, p := e.randomWindow(), e.randomPredicate(2)
		var columns []storage.Key
		for range e.rng.IntN(4) {
			columns = append(columns, pick(e.rng, everyKey))
		}
		e.same("projection after "+describe(p), e.scanDumps(w, p, columns...), want.lines(w, p, columns...))
	}
}
