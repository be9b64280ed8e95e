package columnar

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// TestRandomShapes appends lists whose shape mostly, but not always, is the
// predicted one, and reads them back at random.
func TestRandomShapes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, budget := range []int{maxColumns, 7, 0} { // with few columns most keys overflow
		left := budget
		b := newAttrsBuilder(&left)
		var want []string
		guess := uint32(0)
		for range 3000 {
			m := pcommon.NewMap()
			for k := range r.IntN(8) {
				if r.IntN(6) == 0 {
					continue // an attribute that is not always there
				}
				key := fmt.Sprint("key", k)
				switch r.IntN(8) {
				case 0:
					m.PutInt(key, r.Int64N(5))
				case 1:
					m.PutBool(key, true)
				case 2:
					m.PutEmpty(key)
				default:
					m.PutStr(key, fmt.Sprint("v", r.IntN(9)))
				}
			}
			if r.IntN(9) == 0 {
				guess = uint32(r.IntN(b.view.shapes.len())) // a wrong one
			}
			guess, _ = appendMap(t, &b, m, guess)
			want = append(want, describeMap(m))
		}
		a := b.snapshot()
		at := newCursor(&a)
		for range 4000 {
			row := r.IntN(len(want))
			got := ""
			at.each(row, func(id uint16, index uint32) {
				k, v := a.attr(id, index)
				got += fmt.Sprintf("%s=%s:%s ", k, v.Type(), v.Text())
			})
			if got != want[row] {
				t.Fatalf("budget %d row %d:\n got %s\nwant %s", budget, row, got, want[row])
			}
		}
	}
}

// appendMap appends the attributes of m as a request would bring them.
func appendMap(t *testing.T, b *attrsBuilder, m pcommon.Map, predicted uint32) (shape uint32, repaired bool) {
	td := ptrace.NewTraces()
	m.CopyTo(td.ResourceSpans().AppendEmpty().Resource().Attributes())
	enc, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	var d otlp.Spans
	if err := d.Decode(enc); err != nil {
		t.Fatal(err)
	}
	return b.append(&d.Message, d.ResourceAttrs(&d.Resources[0]), predicted)
}

func describeMap(m pcommon.Map) (s string) {
	for k, v := range m.All() {
		value := storage.ValueOf(v)
		s += fmt.Sprintf("%s=%s:%s ", k, value.Type(), value.Text())
	}
	return s
}

// TestConformanceWithOverflow runs the suite with so few columns that most
// keys are in the overflow column.
func TestConformanceWithOverflow(t *testing.T) {
	storagetest.Long(t)
	for _, columns := range []int{0, 9} {
		t.Run(fmt.Sprint("columns=", columns), func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Store {
				s := open(t, Options{SealRows: 200})
				s.spans.begin = func() *spanBuilder {
					b := newSpanBuilder()
					*b.columns = columns
					return b
				}
				s.logs.begin = func() *logBuilder {
					b := newLogBuilder()
					*b.columns = columns
					return b
				}
				s.spans.open, s.logs.open = s.spans.begin(), s.logs.begin()
				return s
			})
		})
	}
}

func TestOverflowLosesNothing(t *testing.T) {
	s := open(t, Options{})
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	const keys = maxColumns + 500
	for n := range keys {
		span := spans.AppendEmpty()
		span.SetTraceID(pcommon.TraceID{1})
		span.SetSpanID(pcommon.SpanID{2, byte(n >> 8), byte(n)})
		span.Attributes().PutStr("always", "here")
		span.Attributes().PutInt(fmt.Sprint("user.", n), int64(n))
	}
	write(t, s, td)
	if got := s.Overflow(); got.Keys != 501 || got.Values != 501 {
		t.Errorf("Overflow: got %+v, want 501 keys with a value each", got)
	}
	for _, n := range []int{0, maxColumns - 2, maxColumns - 1, keys - 1} {
		k := storage.Key{Scope: storage.ScopeSpan, Name: fmt.Sprint("user.", n)}
		if found := scanned(t, s, storage.Compare{Key: k, Value: storage.Int(int64(n))}); found != 1 {
			t.Errorf("%s is found %d times", k, found)
		}
	}
	infos, err := s.Spans().Keys(context.Background(), storage.AllTime())
	if err != nil || len(infos) != keys+1 {
		t.Errorf("Keys lists %d keys, want %d: %v", len(infos), keys+1, err)
	}
}

func TestDictionaryOfUniqueTextGoesPlain(t *testing.T) {
	var b dictBuilder
	r := rand.New(rand.NewPCG(1, 1))
	var want []string
	var codes []uint32
	for n := range 40_000 {
		s := fmt.Sprintf("%x-%d", r.Uint64(), n)
		if n%10 == 0 && n > 0 {
			s = want[r.IntN(len(want))]
		}
		code, repaired := b.code(s, true)
		if repaired {
			t.Fatal("repaired")
		}
		want, codes = append(want, s), append(codes, code)
	}
	if !b.plain || b.slots != nil || !b.repeated {
		t.Errorf("a dictionary of which nine in ten values are new must drop its table")
	}
	for i, code := range codes {
		if b.at(code) != want[i] {
			t.Fatalf("entry %d: got %q, want %q", i, b.at(code), want[i])
		}
	}
	var few dictBuilder
	for n := range 40_000 {
		few.code(fmt.Sprint(n%6000), true)
	}
	if few.plain || few.len() != 6000 {
		t.Errorf("a dictionary of values that repeat keeps its table: plain %v, %d entries", few.plain, few.len())
	}
}

func FuzzWriteSpans(f *testing.F) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "a")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for n := range byte(3) { // small, or the fuzzer spends its time on minimizing
		span := spans.AppendEmpty()
		span.SetTraceID(pcommon.TraceID{1})
		span.SetSpanID(pcommon.SpanID{n})
		span.Attributes().PutEmptyMap("m").PutEmptySlice("a").AppendEmpty().SetStr("x")
		span.Attributes().PutInt("i", int64(n))
		span.Events().AppendEmpty().Attributes().PutDouble("d", 1)
		span.Links().AppendEmpty().Attributes().PutBool("b", true)
	}
	enc, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(enc)
	f.Add([]byte("\x0a\x02\x12\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		if err != nil {
			return
		}
		s := open(t, Options{SealRows: 3})
		out := write(t, s, td)
		if out.Accepted+out.RejectedCount() != td.SpanCount() {
			t.Fatalf("%d accepted and %d rejected of %d", out.Accepted, out.RejectedCount(), td.SpanCount())
		}
		if n := scanned(t, s, nil); n > out.Accepted { // a start at the end of time is in no window
			t.Fatalf("%d found, %d accepted", n, out.Accepted)
		}
		var ids []storage.TraceID
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					ids = append(ids, span.TraceID())
				}
			}
		}
		n := 0
		for spans, err := range s.Spans().Traces(context.Background(), ids) {
			if err != nil {
				t.Fatal(err)
			}
			rows := make([]int, spans.Len())
			for i := range rows {
				rows[i] = i
			}
			if _, err := spans.ToPdata(rows); err != nil {
				t.Fatalf("what was accepted cannot be read back: %v", err)
			}
			n += spans.Len()
		}
		if n != out.Accepted {
			t.Fatalf("%d read back, %d accepted", n, out.Accepted)
		}
	})
}
