package storagetest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// epoch is where random spans start, Unix ns.
const epoch = int64(1_700_000_000_000_000_000)

// hour is how far they spread.
const hour = int64(3_600_000_000_000)

const minute = hour / 60

var (
	services = []string{"front", "cart", "pay", "db", ""}
	names    = []string{"GET /", "GET /cart", "charge", "select", ""}
	words    = []string{"a", "b", "ab", "", "500", "-1", "true", "1.5", "é", "zz"}
	keyNames = []string{"k0", "k1", "k2", "k3", "k4", "http.status", "k0.x"}
)

// randomTraces returns n spans of few traces under few resources, with values
// from a small vocabulary so that predicates hit. Some spans come twice, some
// attribute lists have a key twice.
func randomTraces(r *rand.Rand, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	for left := n; left > 0; {
		rs := td.ResourceSpans().AppendEmpty()
		if s := pick(r, services); s != "" {
			rs.Resource().Attributes().PutStr("service.name", s)
		}
		randomMap(r, rs.Resource().Attributes(), 2)
		rs.SetSchemaUrl(pick(r, []string{"", "https://example.org/1"}))
		for range 1 + r.IntN(2) {
			ss := rs.ScopeSpans().AppendEmpty()
			ss.Scope().SetName(pick(r, []string{"", "lib", "envoy"}))
			ss.Scope().SetVersion(pick(r, []string{"", "1.2"}))
			randomMap(r, ss.Scope().Attributes(), 1)
			for range 1 + r.IntN(12) {
				randomSpan(r, ss.Spans().AppendEmpty())
				if r.IntN(20) == 0 {
					last := ss.Spans().At(ss.Spans().Len() - 1)
					last.CopyTo(ss.Spans().AppendEmpty())
				}
			}
			left -= ss.Spans().Len()
		}
	}
	return duplicateKeys(td)
}

func randomSpan(r *rand.Rand, s ptrace.Span) {
	s.SetTraceID(pcommon.TraceID{1, byte(r.IntN(30))})
	s.SetSpanID(pcommon.SpanID{2, byte(r.IntN(40))})
	if r.IntN(4) > 0 {
		s.SetParentSpanID(pcommon.SpanID{2, byte(r.IntN(45))})
	}
	start := epoch + r.Int64N(hour)
	s.SetStartTimestamp(pcommon.Timestamp(start))
	s.SetEndTimestamp(pcommon.Timestamp(start + r.Int64N(1000) - 50))
	s.SetName(pick(r, names))
	s.SetKind(ptrace.SpanKind(r.IntN(6)))
	s.Status().SetCode(ptrace.StatusCode(r.IntN(3)))
	s.Status().SetMessage(pick(r, []string{"", "", "boom"}))
	s.TraceState().FromRaw(pick(r, []string{"", "", "v=1"}))
	s.SetFlags(uint32(r.IntN(2)))
	s.SetDroppedAttributesCount(uint32(r.IntN(2)))
	randomMap(r, s.Attributes(), 6)
	if r.IntN(4) == 0 {
		randomError(r, s.Attributes().PutEmpty("error"))
		if r.IntN(4) == 0 {
			randomError(r, s.Attributes().PutEmpty(secondError))
		}
	}
	for range max(0, r.IntN(5)-2) {
		e := s.Events().AppendEmpty()
		e.SetName(pick(r, []string{"exception", "retry", ""}))
		e.SetTimestamp(pcommon.Timestamp(start + r.Int64N(100)))
		e.SetDroppedAttributesCount(uint32(r.IntN(2)))
		randomMap(r, e.Attributes(), 3)
	}
	for range max(0, r.IntN(5)-3) {
		l := s.Links().AppendEmpty()
		l.SetTraceID(pcommon.TraceID{3, byte(r.IntN(5))})
		l.SetSpanID(pcommon.SpanID{4, byte(r.IntN(5))})
		l.SetFlags(uint32(r.IntN(3)))
		l.TraceState().FromRaw(pick(r, []string{"", "v=2"}))
		randomMap(r, l.Attributes(), 2)
	}
}

// randomError sets what a span says of itself, often that it failed.
func randomError(r *rand.Rand, v pcommon.Value) {
	switch r.IntN(4) {
	case 0:
		v.SetBool(true)
	case 1:
		v.SetStr("true")
	default:
		randomValue(r, v, 0)
	}
}

func randomMap(r *rand.Rand, m pcommon.Map, most int) {
	for range r.IntN(most + 1) {
		randomValue(r, m.PutEmpty(pick(r, keyNames)), 0)
	}
	if most > 2 && r.IntN(10) == 0 {
		randomValue(r, m.PutEmpty(firstOfTwo), 0)
		randomValue(r, m.PutEmpty(secondOfTwo), 0)
	}
}

func randomValue(r *rand.Rand, v pcommon.Value, depth int) {
	kind := r.IntN(12)
	if depth > 1 {
		kind = r.IntN(8)
	}
	switch kind {
	case 0, 1, 2, 3:
		v.SetStr(pick(r, words))
	case 4, 5:
		v.SetInt(pick(r, []int64{0, 1, -1, 500, 1<<53 + 1, math.MaxInt64, math.MinInt64}))
	case 6:
		v.SetDouble(pick(r, []float64{0, 1, 1.5, -1, 500, 1 << 53, math.NaN(), math.Inf(1), math.Inf(-1)}))
	case 7:
		v.SetBool(r.IntN(2) == 0)
	case 8:
		v.SetEmptyBytes().FromRaw([]byte(pick(r, []string{"", "a", "\xff\x00"})))
	case 9:
		s := v.SetEmptySlice()
		for range r.IntN(3) {
			randomValue(r, s.AppendEmpty(), depth+1)
		}
	case 10:
		m := v.SetEmptyMap()
		for range r.IntN(3) {
			randomValue(r, m.PutEmpty(pick(r, keyNames)), depth+1)
		}
	}
}

// pdata has no way to put a key twice into a map, a request has. The second of
// these keys is renamed to the first in the encoding, and secondError to error.
const (
	firstOfTwo  = "twice-here"
	secondOfTwo = "twice-hErE"
	secondError = "eRRoR"
)

func duplicateKeys(td ptrace.Traces) ptrace.Traces {
	enc, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		panic(err)
	}
	enc = bytes.ReplaceAll(bytes.ReplaceAll(enc, []byte(secondOfTwo), []byte(firstOfTwo)), []byte(secondError), []byte("error"))
	out, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(enc)
	if err != nil {
		panic(err)
	}
	return out
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// simpleSpan adds a span that differs by n, for tests that count.
func simpleSpan(td ptrace.Traces, trace pcommon.TraceID, n int, startNs int64) ptrace.Span {
	var spans ptrace.SpanSlice
	if td.ResourceSpans().Len() == 0 {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "front")
		spans = rs.ScopeSpans().AppendEmpty().Spans()
	} else {
		spans = td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	}
	s := spans.AppendEmpty()
	s.SetTraceID(trace)
	s.SetSpanID(pcommon.SpanID{9, byte(n >> 16), byte(n >> 8), byte(n)})
	s.SetName(fmt.Sprint("span ", n))
	s.SetStartTimestamp(pcommon.Timestamp(startNs))
	s.SetEndTimestamp(pcommon.Timestamp(startNs + 1000))
	s.Attributes().PutInt("n", int64(n))
	return s
}
